// An elastic network: guests that come and go in it, scw-flexip pool, and what holds after each run of it.
import assert from "node:assert/strict";
import { join } from "node:path";
import { type Cloud, LOCATION, type Network } from "./cloud.ts";
import type { Ended } from "./run-command.ts";
import { Vm } from "./vm.ts";

export const SPARE = 2;
export const MAX = 20;
const LOOK_MS = 10;

export type Guest = { readonly vm: Vm; readonly host: string; readonly address: string };

/** Runs the product's command on the front-end. */
export function pool(cloud: Cloud, ...words: string[]): Promise<Ended> {
  const executable = join(LOCATION, "var/remotes/ipam/scw-flexip/scw-flexip");
  return cloud.oned.try([executable, "pool", ...words, "--one-location", LOCATION]);
}

export class ElasticNetwork {
  readonly #cloud: Cloud;
  readonly #network: Network;

  constructor(cloud: Cloud, network: Network) {
    this.#cloud = cloud;
    this.#network = network;
  }

  /** A pool run, and what holds after it while `leased` addresses are taken. Nothing else may be paid for. */
  async fill(leased: number, spare = SPARE): Promise<void> {
    const { code, stdout, stderr } = await this.#pool(spare);
    const leases = Object.keys(await this.#cloud.leases(this.#network)).length;
    const ranges = (await this.#cloud.ranges(this.#network)).length;
    assert.equal(leases, leased);
    const free = Math.min(spare, MAX - leased);
    assert.equal(code, free < spare ? 3 : 0, stderr);
    assert.equal(this.#cloud.paid(), ranges, stdout + stderr);
    assert.ok(ranges <= MAX, stdout + stderr);
    assert.ok(ranges - leases >= free, stdout + stderr);
  }

  async isLeftAsItIs(): Promise<void> {
    const known = await this.#ranges();
    this.#cloud.simulator.clearRequests();
    const { code, stdout, stderr } = await this.#pool();
    assert.deepEqual([code, stdout], [0, ""], stderr);
    assert.deepEqual(await this.#ranges(), known);
    assert.deepEqual(new Set(this.#cloud.simulator.calls()), new Set(["list"]));
  }

  /** That many guests, as many at a time as there are spare addresses; pool runs while the last ones still start. */
  async arrive(count: number): Promise<Guest[]> {
    const guests: Guest[] = [];
    while (guests.length < count) guests.push(...(await this.#start(SPARE, guests.length % 4 === 0 ? "h1" : "h2")));
    for (const { vm } of guests) await vm.until("running");
    return guests;
  }

  /** That many guests at once, for which pool made room before. */
  async rush(count: number): Promise<Guest[]> {
    await this.fill(Object.keys(await this.#cloud.leases(this.#network)).length, count);
    const guests = await this.#start(count, "h2");
    for (const { vm } of guests) await vm.until("running");
    return guests;
  }

  /** They end while pool runs; what is still attached it leaves for the next run. */
  async leave(guests: readonly Guest[]): Promise<void> {
    const ids = guests.map(({ vm }) => vm.id).join(",");
    const [, { code, stderr }] = await Promise.all([
      this.#cloud.oned.run("onevm", "terminate", "--hard", ids),
      this.#pool(),
    ]);
    assert.ok(code === 0 || code === 3, stderr);
    for (const { vm } of guests) await vm.until("done");
    await this.#cloud.simulator.account.settled();
  }

  /** Looks at the bill and at each guest again and again. */
  watch() {
    const lost = new Set<string>();
    let mostPaid = 0;
    const timer = setInterval(() => {
      mostPaid = Math.max(mostPaid, this.#cloud.paid());
      for (const { address, host, vm } of watch.guests) {
        const server = this.#cloud.simulator.account.byAddress(address)?.server_id;
        if (server !== this.#cloud.host(host).serverId) lost.add(`VM ${vm.id} lost ${address}`);
      }
    }, LOOK_MS);
    const end = () => {
      clearInterval(timer);
      return { mostPaid, lost: [...lost] };
    };
    const watch: { guests: readonly Guest[]; end: typeof end } = { guests: [], end };
    return watch;
  }

  /** What is more than `spare` free ranges it gives back at once. */
  #pool(spare = SPARE): Promise<Ended> {
    const wish = ["--spare", String(spare), "--max", String(MAX), "--shrink-after", "0m"];
    return pool(this.#cloud, this.#network.name, ...wish);
  }

  async #start(count: number, host: string): Promise<Guest[]> {
    const words = ["create", "--hold", "--multiple", String(count), this.#cloud.vmFile([this.#network])];
    const ids = idsIn(await this.#cloud.oned.run("onevm", ...words));
    const holders = Object.entries(await this.#cloud.leases(this.#network));
    const deployed = this.#cloud.oned.run("onevm", "deploy", ids.join(","), host);
    await Promise.all([deployed, this.fill(holders.length)]);
    return ids.map((id) => {
      const [address = ""] = holders.find(([, holder]) => holder === `vm ${id}`) ?? [];
      return { vm: new Vm(this.#cloud, id), host, address };
    });
  }

  async #ranges(): Promise<string[]> {
    return (await this.#cloud.ranges(this.#network)).map((range) => `${range.text("AR_ID")} ${range.text("IP")}`);
  }
}

/** The numbers in lines of "ID: 7". */
export function idsIn(said: string): number[] {
  return [...said.matchAll(/ID: (\d+)/g)].map(([, id]) => Number(id));
}
