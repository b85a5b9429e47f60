// Hosts of one cloud and an account: what the tests of the hooks play on.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Hook } from "../../driver/actions.ts";
import { ownershipTags } from "../../driver/flexible-ip/ownership.ts";
import { placeOf } from "../cloud/place.ts";
import { type Fields, type NicFields, vmDocument } from "../documents.ts";
import type { CallName, FaultHandle, SimulatorOptions } from "../fakes/flexible-ip-server.ts";
import type { FlexibleIps } from "../fakes/flexible-ips.ts";
import type { FlexibleIpSeed } from "../fakes/seeds.ts";
import { InProcessRig } from "../in-process/rig.ts";
import { type AnyRig, PROJECT, Rig, type RunOptions, type RunResult } from "../rig.ts";

export const MARKED = { ATTACH: "YES" };
export const INTENT = "0a11ce00-0000-4000-8000-0000000000c0";
// Each test has a rig of its own.
export const BESIDE = { concurrency: 4 };
// Nobody listens on this port, and only root could.
export const UNREACHABLE = { API_URL: "http://127.0.0.1:1", HOOK_TIMEOUT: "5" };

/** A flexible IP as a test knows it: `ip` is an IPv4, or an IPv6 /64. */
export type Address = { readonly id: string; readonly ip: string; readonly mac: string };
/** Where an address is to be, with which MAC: its own unless given. */
type Expected = readonly [address: Address, place: string, mac?: string];

/** Hosts, an account, and what a user would look at: where each address is. */
export class Stage<R extends AnyRig = InProcessRig> {
  readonly rig: R;
  readonly account: FlexibleIps;
  #count = 0;

  constructor(rig: R) {
    this.rig = rig;
    this.account = rig.simulator.account;
  }

  /** An IPv4 flexible IP of the project that nobody has tagged; attached where it has a server. */
  add(seed: FlexibleIpSeed = {}): Address {
    this.#count += 1;
    const mac = `52:54:00:aa:00:${this.#count.toString(16).padStart(2, "0")}`;
    const status = typeof seed.serverId === "string" ? "attached" : "ready";
    const { id, ip_address: ip } = this.account.add({ projectId: PROJECT, mac, status, ...seed });
    return { id, ip, mac };
  }

  /** The IPv4 flexible IP of a range of cloud one. */
  range(seed: FlexibleIpSeed = {}): Address {
    return this.add({ tags: ownershipTags("one", "created", INTENT), ...seed });
  }

  /** The IPv6 flexible IP of a dual-stack range, which has no virtual MAC of its own. */
  prefix(): Address {
    this.#count += 1;
    const ip = `2001:db8:702:${this.#count.toString(16)}::/64`;
    const { id } = this.account.add({ projectId: PROJECT, ip, tags: ownershipTags("one", "created", INTENT) });
    return { id, ip, mac: "none" };
  }

  /** The address of a guest that runs on a host, and its VM. */
  guestOn(host: string): { address: Address; vm: string } {
    const address = this.range({ serverId: this.server(host) });
    return { address, vm: vmDocument([nic("0", address)]) };
  }

  server(host: string): string {
    return this.rig.host(host).serverId;
  }

  async succeed(host: string, hook: Hook, vm: string, options: RunOptions = {}): Promise<RunResult> {
    const result = await this.rig.hook(host, hook, vm, options);
    assert.equal(result.code, 0, result.stderr);
    return result;
  }

  /** The one line that the user reads. */
  async fail(host: string, hook: Hook, vm: string, options: RunOptions = {}): Promise<string> {
    const { code, stdout, plain, stderr } = await this.rig.hook(host, hook, vm, options);
    assert.deepEqual({ code, stdout, lines: plain.length }, { code: 1, stdout: "", lines: 1 }, stderr);
    return plain[0] ?? "";
  }

  /** Once all is settled, each address is where it must be. */
  async expect(...expected: readonly Expected[]): Promise<void> {
    await this.rig.settled();
    assert.deepEqual(
      expected.map(([address]) => this.#shown(address)),
      expected.map(([address, place, mac = address.mac]) => `${address.ip}: ${place}, MAC ${mac}`),
    );
  }

  /** The next such call is refused with a status that passes, and the hook asked to wait a second. */
  refuseOnce(call: CallName): FaultHandle {
    return this.rig.simulator.fault({ call, do: { kind: "status", status: 503, headers: { "Retry-After": "1" } } });
  }

  count(call: CallName): number {
    return this.rig.simulator.calls().filter((made) => made === call).length;
  }

  /** The calls that change something. */
  writes(): CallName[] {
    return this.rig.simulator.calls().filter((call) => call !== "get" && call !== "list");
  }

  #shown({ id, ip }: Address): string {
    const now = this.account.get(id);
    return `${ip}: ${placeOf(now, this.rig.hosts)}, MAC ${now?.mac_address?.mac_address ?? "none"}`;
  }
}

type Play = (stage: Stage) => Promise<void>;

/** A test on a stage of its own: its name, options of the simulator where it needs some, its body. */
export function onStage(name: string, ...given: [Play] | [SimulatorOptions, Play]): void {
  const [options, play] = given.length === 1 ? [{}, given[0]] : given;
  test(name, async (t) => {
    const rig = await InProcessRig.start(options);
    t.after(() => rig.stop());
    await play(new Stage(rig));
  });
}

/** A test on a stage of its own whose hosts have the built executable. */
export function onExecutable(name: string, play: (stage: Stage<Rig>, t: TestContext) => Promise<void>): void {
  test(name, async (t) => {
    const rig = await Rig.start();
    t.after(() => rig.stop());
    await play(new Stage(rig), t);
  });
}

export function nic(id: string, { id: flexibleIpId, ip, mac }: Address, more: Fields = {}): NicFields {
  return { NIC_ID: id, IP: ip, MAC: mac, EXTERNAL_IP: ip, SCW_FLEXIBLE_IP_ID: flexibleIpId, ...more };
}

/** The NIC of a range that somebody typed: it names no flexible IP. */
export function handWrittenNic(id: string, { ip, mac }: Address): NicFields {
  return { NIC_ID: id, IP: ip, MAC: mac };
}

export function dualNic(id: string, address: Address, { id: flexibleIp6Id, ip }: Address): NicFields {
  return nic(id, address, {
    IP6: ip.replace("::/64", "::1"),
    PREFIX_LENGTH: "64",
    SCW_FLEXIBLE_IP6_ID: flexibleIp6Id,
  });
}

export function aliasOf(parentId: string, id: string, address: Address, more: Fields = {}): NicFields {
  return { ...nic(id, address, { PARENT_ID: parentId, SCW_FLEXIP_ALIAS: "YES", ...more }), alias: "YES" };
}
