// Elastic networks: guests come and go in waves, and scw-flexip pool keeps free ranges ready for the next ones.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { LOCATION, type Network } from "../cloud.ts";
import { scenes } from "../stage.ts";
import { until } from "../until.ts";
import { Vm } from "../vm.ts";

const SPARE = 2;
const MAX = 20;
const LOOK_MS = 10;

type Guest = { readonly vm: Vm; readonly host: string; readonly address: string };

// Attaches and detaches take long enough for a pool run to come in between.
scenes("elastic networks", { settle: { recorded: 0.03 } }, (cloud) => {
  test("30 guests come and go in waves: 2 free ranges at most 20 paid, and no guest loses its address", async () => {
    const network = await cloud().addNetwork("elastic");
    const watch = watched();
    await poolOf(network, 0);
    let guests = await arrive(network, 10);
    watch.guests = guests;
    await changesNothing(network);
    guests = [...guests, ...(await rush(network, 10))];
    watch.guests = guests;
    assert.deepEqual([guests.length, cloud().paid()], [MAX, MAX]);
    const refused = await cloud().oned.try(["onevm", "create", "--hold", cloud().vmFile([network])]);
    assert.notEqual(refused.code, 0, "the maximum is reached, and all addresses are taken");

    watch.guests = guests.slice(15);
    await leave(network, guests.slice(0, 15));
    await poolOf(network, 5);
    assert.equal(cloud().paid(), 5 + SPARE);
    guests = [...guests.slice(15), ...(await rush(network, 10))];
    watch.guests = guests;
    assert.equal(cloud().paid(), 15 + SPARE);

    watch.guests = [];
    await leave(network, guests);
    await poolOf(network, 0);
    await changesNothing(network);
    assert.equal(cloud().paid(), SPARE);
    assert.deepEqual(watch.end(), { mostPaid: MAX, lost: [] });
  });

  test("what a VM on hold or a hold has is never given back, nor what a VM takes meanwhile", async () => {
    const paid = cloud().paid();
    const network = await cloud().addNetwork("taken");
    const grow = ["--spare", "4", "--max", "6"];
    assert.equal((await pool(network.name, ...grow)).code, 0);
    const waiting = await cloud().createVm([network]);
    const held = (await cloud().ranges(network)).at(-1)?.text("IP") ?? "";
    await cloud().oned.run("onevnet", "hold", network.name, held);
    assert.equal((await pool(network.name, ...grow)).code, 0);
    assert.equal(cloud().paid(), paid + 6);
    const shrinking = pool(network.name, "--spare", "0", "--max", "6", "--shrink-after", "0m");
    await until("a range was given back", () => cloud().paid() < paid + 6 || undefined);
    const late = idsIn(
      await cloud().oned.run("onevm", "create", "--hold", "--multiple", "2", cloud().vmFile([network])),
    );
    const { code, stdout, stderr } = await shrinking;
    assert.equal(code, 0, stdout + stderr);
    const leases = await cloud().leases(network);
    const holders = [waiting.id, ...late].map((id) => `vm ${id}`);
    assert.deepEqual(Object.values(leases).sort(), ["hold", ...holders].sort(), stdout + stderr);
    assert.equal((await pool(network.name, "--spare", "0", "--max", "6", "--shrink-after", "0m")).code, 0);
    assert.deepEqual(await cloud().leases(network), leases);
    assert.deepEqual(
      Object.keys(leases).map((address) => cloud().whereIs(address)),
      Object.keys(leases).map(() => "nowhere"),
    );
    assert.equal(cloud().paid(), paid + 2 + late.length);
  });

  test("networks that declare what they want are filled without being named, and others are left alone", async () => {
    const declared = await cloud().addNetwork("declared", declaration("1", "2"));
    const other = await cloud().addNetwork("undeclared");
    const kept = await cloud().addRange(other);
    const paid = cloud().paid();
    const sizes = async () => [(await cloud().ranges(declared)).length, (await cloud().ranges(other)).length];
    const first = await pool();
    assert.equal(first.code, 0, first.stderr);
    assert.deepEqual([await sizes(), cloud().paid()], [[1, 1], paid + 1]);
    const guests = [await cloud().createVm([declared]), ...(await nextVm(declared, 0))];
    const full = await pool();
    assert.equal(full.code, 3, full.stderr);
    assert.match(full.stderr, /declared: 1 more would be wanted, but 2 is the maximum/);
    assert.deepEqual([await sizes(), cloud().paid()], [[2, 1], paid + 2]);
    for (const vm of guests) await vm.terminate();
    await cloud().oned.run("onevnet", "update", declared.name, cloud().file(declaration("0", "2")), "--append");
    const last = await pool();
    assert.equal(last.code, 0, last.stderr);
    assert.deepEqual([await sizes(), cloud().paid()], [[0, 1], paid]);
    assert.equal((await cloud().ranges(other))[0]?.text("IP"), kept.text("IP"));
  });

  /** One more VM on hold, once a pool run has made room for it. */
  async function nextVm(network: Network, exit: number): Promise<Vm[]> {
    assert.equal((await pool()).code, exit);
    return [await cloud().createVm([network])];
  }

  function pool(...words: string[]) {
    const executable = join(LOCATION, "var/remotes/ipam/scw-flexip/scw-flexip");
    return cloud().oned.try([executable, "pool", ...words, "--one-location", LOCATION]);
  }

  /** A pool run that keeps `spare` ranges free and gives back at once what is more. */
  function elastic({ name }: Network, spare = SPARE) {
    return pool(name, "--spare", String(spare), "--max", String(MAX), "--shrink-after", "0m");
  }

  /** A pool run of an elastic network, and what holds after each while `leased` of its addresses are taken. */
  async function poolOf(network: Network, leased: number, spare = SPARE): Promise<void> {
    const { code, stdout, stderr } = await elastic(network, spare);
    const leases = Object.keys(await cloud().leases(network)).length;
    const ranges = (await cloud().ranges(network)).length;
    assert.equal(leases, leased);
    const free = Math.min(spare, MAX - leased);
    assert.equal(code, free < spare ? 3 : 0, stderr);
    assert.equal(cloud().paid(), ranges, stdout + stderr);
    assert.ok(ranges <= MAX, stdout + stderr);
    assert.ok(ranges - leases >= free, stdout + stderr);
  }

  async function changesNothing(network: Network): Promise<void> {
    const known = (await cloud().ranges(network)).map((range) => [range.text("AR_ID"), range.text("IP")]);
    cloud().simulator.clearRequests();
    const { code, stdout, stderr } = await elastic(network);
    assert.deepEqual([code, stdout], [0, ""], stderr);
    assert.deepEqual(
      (await cloud().ranges(network)).map((range) => [range.text("AR_ID"), range.text("IP")]),
      known,
    );
    assert.deepEqual(new Set(cloud().simulator.calls()), new Set(["list"]));
  }

  /** That many guests, as many at a time as there are spare addresses; pool runs while the last ones still start. */
  async function arrive(network: Network, count: number): Promise<Guest[]> {
    const guests: Guest[] = [];
    while (guests.length < count) guests.push(...(await start(network, SPARE, guests.length % 4 === 0 ? "h1" : "h2")));
    for (const { vm } of guests) await vm.until("running");
    return guests;
  }

  /** That many guests at once, for which pool made room before. */
  async function rush(network: Network, count: number): Promise<Guest[]> {
    await poolOf(network, Object.keys(await cloud().leases(network)).length, count);
    const guests = await start(network, count, "h2");
    for (const { vm } of guests) await vm.until("running");
    return guests;
  }

  /** Guests that are starting, and a pool run meanwhile. */
  async function start(network: Network, count: number, host: string): Promise<Guest[]> {
    const words = ["create", "--hold", "--multiple", String(count), cloud().vmFile([network])];
    const ids = idsIn(await cloud().oned.run("onevm", ...words));
    const holders = Object.entries(await cloud().leases(network));
    const deployed = cloud().oned.run("onevm", "deploy", ids.join(","), host);
    await Promise.all([deployed, poolOf(network, holders.length)]);
    return ids.map((id) => {
      const [address = ""] = holders.find(([, holder]) => holder === `vm ${id}`) ?? [];
      return { vm: new Vm(cloud(), id), host, address };
    });
  }

  /** They end while pool runs; what is still attached it leaves for the next run. */
  async function leave(network: Network, guests: readonly Guest[]): Promise<void> {
    await cloud().oned.run("onevm", "terminate", "--hard", guests.map(({ vm }) => vm.id).join(","));
    const { code, stderr } = await elastic(network);
    assert.ok(code === 0 || code === 3, stderr);
    for (const { vm } of guests) await vm.until("done");
    await cloud().simulator.account.settled();
  }

  /** Looks at the bill and at each guest again and again. */
  function watched() {
    const lost = new Set<string>();
    let mostPaid = 0;
    const timer = setInterval(() => {
      mostPaid = Math.max(mostPaid, cloud().paid());
      for (const { address, host, vm } of watch.guests) {
        const server = cloud().simulator.account.byAddress(address)?.server_id;
        if (server !== cloud().host(host).serverId) lost.add(`VM ${vm.id} lost ${address}`);
      }
    }, LOOK_MS);
    const end = () => {
      clearInterval(timer);
      return { mostPaid, lost: [...lost] };
    };
    const watch: { guests: readonly Guest[]; end: typeof end } = { guests: [], end };
    return watch;
  }
});

function declaration(spare: string, max: string) {
  return [
    ["SCW_FLEXIP_SPARE", spare],
    ["SCW_FLEXIP_MAX", max],
    ["SCW_FLEXIP_SHRINK_AFTER", "0m"],
  ] as const;
}

function idsIn(said: string): number[] {
  return [...said.matchAll(/ID: (\d+)/g)].map(([, id]) => Number(id));
}
