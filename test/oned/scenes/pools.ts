// Elastic networks: guests come and go in waves, and scw-flexip pool keeps free ranges ready for the next ones.
import assert from "node:assert/strict";
import { Cloud, type Network } from "../cloud.ts";
import type { Ended } from "../oned.ts";
import { scenesOn } from "../stage.ts";
import { until } from "../until.ts";
import type { Vm } from "../vm.ts";

const SPARE = 2;
const MAX = 20;
const DECLARATION = `SCW_FLEXIP_SPARE="${SPARE}"\nSCW_FLEXIP_MAX="${MAX}"\nSCW_FLEXIP_SHRINK_AFTER="0m"`;

type Guest = { readonly vm: Vm; readonly host: string; readonly address: string };

// The recorded delays and the default HOOK_TIMEOUT of 1200 s, both this much shorter. A pool run comes in between.
const SCALE = 0.03;
const settings = { HOOK_TIMEOUT: String(1_200 * SCALE) };
const scene = scenesOn(() => Cloud.start({ settle: { recorded: SCALE }, settings }));

scene("30 guests come and go, 16 at once on one host: at most 20 are paid, and none is cut off", async (cloud) => {
  const network = await cloud.addNetwork("elastic", DECLARATION);
  const watch = watchGuests(cloud);
  await fill(cloud, network);
  // They come as many at a time as there are spare addresses; pool runs while they start.
  const early = [...(await arrive(cloud, network, SPARE, "h1")), ...(await arrive(cloud, network, SPARE, "h2"))];
  watch.guests = early;
  await fill(cloud, network, 16);
  const many = await arrive(cloud, network, 16, "h2");
  watch.guests = [...early, ...many];
  assert.equal(cloud.paid(), MAX);
  assert.equal(cloud.host("h2").guests().length, 16 + SPARE);
  const refused = await cloud.oned.try("onevm", "create", "--hold", cloud.vmFile([network]));
  assert.notEqual(refused.code, 0, "the maximum is reached, and all addresses are taken");

  watch.guests = early;
  await leave(cloud, network, many);
  await fill(cloud, network);
  assert.equal(cloud.paid(), early.length + SPARE);
  await fill(cloud, network, 10);
  const late = await arrive(cloud, network, 10, "h2");
  watch.guests = [...early, ...late];
  assert.equal(cloud.paid(), early.length + late.length + SPARE);

  watch.guests = [];
  await leave(cloud, network, [...early, ...late]);
  await fill(cloud, network);
  assert.equal(cloud.paid(), SPARE);
  assert.deepEqual(watch.end(), { mostPaid: MAX, lost: [] });
});

scene("what a VM on hold or a hold has is never given back, nor what a VM takes meanwhile", async (cloud) => {
  const paid = cloud.paid();
  const network = await cloud.addNetwork("taken");
  const grow = () => cloud.oned.scwFlexip("pool", network.name, "--spare", "4", "--max", "6");
  const shrink = () => pool(cloud, network, 0);
  assert.equal((await grow()).code, 0);
  const waiting = await cloud.createVm([network]);
  const held = (await cloud.ranges(network)).at(-1)?.text("IP") ?? "";
  await cloud.oned.run("onevnet", "hold", network.name, held);
  assert.equal((await grow()).code, 0);
  assert.equal(cloud.paid(), paid + 6);

  const shrinking = shrink();
  await until("a range was given back", () => cloud.paid() < paid + 6);
  const late = await cloud.createVms(2, network);
  const { code, stdout, stderr } = await shrinking;
  assert.equal(code, 0, stdout + stderr);
  const leases = await cloud.leases(network);
  const holders = ["hold", ...[waiting, ...late].map(({ id }) => `vm ${id}`)];
  assert.deepEqual(Object.values(leases).sort(), holders.sort(), stdout + stderr);
  assert.equal((await shrink()).code, 0);
  assert.deepEqual(await cloud.leases(network), leases);
  for (const address of Object.keys(leases)) assert.equal(cloud.whereIs(address), "free", "paid for, and free");
  assert.equal(cloud.paid(), paid + holders.length);
});

/** As the network declares, unless another number of free ranges is named. What is more it gives back at once. */
function pool(cloud: Cloud, { name }: Network, spare?: number): Promise<Ended> {
  const wish = [name, "--spare", String(spare), "--max", String(MAX), "--shrink-after", "0m"];
  return cloud.oned.scwFlexip("pool", ...(spare === undefined ? [] : wish));
}

/** A pool run, and what holds after it, whoever comes or goes meanwhile. Nothing else may be paid for. */
async function fill(cloud: Cloud, network: Network, wanted?: number): Promise<void> {
  const { code, stdout, stderr } = await pool(cloud, network, wanted);
  const spare = wanted ?? SPARE;
  const leased = Object.keys(await cloud.leases(network)).length;
  const ranges = (await cloud.ranges(network)).length;
  const free = Math.min(spare, MAX - leased);
  assert.equal(code, free < spare ? 3 : 0, stderr);
  assert.equal(cloud.paid(), ranges, stdout + stderr);
  assert.ok(ranges <= MAX && ranges - leased >= free, stdout + stderr);
}

/** That many guests at once, for which there is room; pool runs while they start. */
async function arrive(cloud: Cloud, network: Network, count: number, host: string): Promise<Guest[]> {
  const vms = await cloud.createVms(count, network);
  const ids = vms.map(({ id }) => id).join(",");
  await Promise.all([cloud.oned.run("onevm", "deploy", ids, host), fill(cloud, network)]);
  for (const vm of vms) await vm.until("running");
  const addresses = Object.entries(await cloud.leases(network));
  return vms.map((vm) => {
    const [address = ""] = addresses.find(([, holder]) => holder === `vm ${vm.id}`) ?? [];
    return { vm, host, address };
  });
}

/** They end while pool runs; what is still attached it leaves for the next run. */
async function leave(cloud: Cloud, network: Network, guests: readonly Guest[]): Promise<void> {
  const ids = guests.map(({ vm }) => vm.id).join(",");
  const terminated = cloud.oned.run("onevm", "terminate", "--hard", ids);
  const [{ code, stderr }] = await Promise.all([pool(cloud, network), terminated]);
  assert.ok(code === 0 || code === 3, stderr);
  for (const { vm } of guests) await vm.until("done");
  await cloud.simulator.account.settled();
}

/** Looks at the bill and at each guest again and again. */
function watchGuests(cloud: Cloud) {
  const lost = new Set<string>();
  let mostPaid = 0;
  const timer = setInterval(() => {
    mostPaid = Math.max(mostPaid, cloud.paid());
    for (const { address, host } of watch.guests) if (cloud.whereIs(address) !== host) lost.add(address);
  }, 10);
  const end = () => {
    clearInterval(timer);
    return { mostPaid, lost: [...lost] };
  };
  const watch: { guests: readonly Guest[]; end: typeof end } = { guests: [], end };
  return watch;
}
