// Hosts of one cloud, each with the executable that is shipped, and an account: what the tests of the hooks play on.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ownershipTags } from "../../driver/flexible-ip/ownership.ts";
import { secretsIn } from "../cloud/invariants.ts";
import { placeOf } from "../cloud/place.ts";
import { type Fields, ipamDocument, type NicFields, PASSWORD, vmDocument } from "../documents.ts";
import type { CallName, FaultHandle, SimulatorOptions } from "../fakes/flexible-ip-server.ts";
import type { FlexibleIps } from "../fakes/flexible-ips.ts";
import type { FlexibleIpSeed } from "../fakes/seeds.ts";
import { InProcessRig } from "../in-process/rig.ts";
import { type Hook, PROJECT, type Rig, type RunOptions, type RunResult } from "../rig.ts";

export const HOOKS = ["pre", "post", "clean"] as const;
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
export class Stage {
  readonly rig: InProcessRig | Rig;
  readonly account: FlexibleIps;
  readonly #isManual: boolean;
  #count = 0;

  constructor(rig: InProcessRig | Rig, options: SimulatorOptions = {}) {
    this.rig = rig;
    this.account = rig.simulator.account;
    this.#isManual = options.settle === "manual";
  }

  static async start(t: TestContext, options: SimulatorOptions = {}): Promise<Stage> {
    const rig = await InProcessRig.start(options);
    t.after(() => rig.stop());
    return new Stage(rig, options);
  }

  /** An IPv4 flexible IP of the project that nobody has tagged. */
  add(seed: FlexibleIpSeed = {}): Address {
    this.#count += 1;
    const mac = `52:54:00:aa:00:${this.#count.toString(16).padStart(2, "0")}`;
    const attached = seed.serverId === undefined || seed.status !== undefined ? {} : { status: "attached" as const };
    const { id, ip_address: ip } = this.account.add({
      projectId: PROJECT,
      mac,
      ...(seed.serverId === null ? {} : attached),
      ...seed,
    });
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

  server(host: string): string {
    return this.rig.host(host).serverId;
  }

  async hook(host: string, hook: Hook, vm: string, options: RunOptions = {}): Promise<RunResult> {
    // A hook that waits for what never comes ends long before a person gives up.
    const settings = { HOOK_TIMEOUT: "60", ...options.settings };
    const result = await this.rig.hook(host, hook, vm, { ...options, settings });
    const written = result.stdout + result.stderr + this.rig.logs();
    assert.deepEqual(
      secretsIn(written, { "the token": this.rig.simulator.token, "the guest's password": PASSWORD }),
      [],
    );
    return result;
  }

  async succeed(host: string, hook: Hook, vm: string, options: RunOptions = {}): Promise<RunResult> {
    const result = await this.hook(host, hook, vm, options);
    assert.equal(result.code, 0, result.stderr);
    return result;
  }

  /** The one line that the user reads. */
  async fail(host: string, hook: Hook, vm: string, options: RunOptions = {}): Promise<string> {
    const result = await this.hook(host, hook, vm, options);
    assert.equal(result.code, 1, result.stderr);
    assert.equal(result.stdout, "");
    assert.equal(result.plain.length, 1, result.stderr);
    return result.plain[0] ?? "";
  }

  async ipam(action: "get_address" | "free_address", { id, ip, mac }: Address): Promise<void> {
    const range = { TYPE: "IP4", SIZE: "1", IP: ip, MAC: mac, SCW_FLEXIBLE_IP_ID: id, SCW_FLEXIP_ALIAS: "YES" };
    const lease = action === "get_address" ? { SIZE: "1" } : { MAC: mac, IP: ip, SIZE: "1" };
    const result = await this.rig.ipam(action, ipamDocument(range, lease));
    assert.equal(result.code, 0, result.stderr);
  }

  /** The VM starts on h1, is moved to h2 and ends there, and the address is where the VM is. */
  async expectServed(address: Address, vm: string): Promise<void> {
    for (const [host, hook, place] of [
      ["h1", "pre", "h1"],
      ["h2", "post", "h2"],
      ["h2", "clean", "free"],
    ] as const) {
      await this.succeed(host, hook, vm);
      await this.expect([address, place]);
    }
  }

  async expect(...expected: readonly Expected[]): Promise<void> {
    if (this.#isManual) this.account.settleAll();
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

/** A test on a stage of its own. */
export function onStage(name: string, play: (stage: Stage) => Promise<void>, options: SimulatorOptions = {}): void {
  test(name, async (t) => play(await Stage.start(t, options)));
}

/** A VM with one public NIC, whose guest runs on h1. */
export async function runningOnH1(t: TestContext): Promise<{ stage: Stage; address: Address; vm: string }> {
  const stage = await Stage.start(t);
  const address = stage.range({ serverId: stage.server("h1") });
  return { stage, address, vm: vmDocument([nic("0", address)]) };
}

export function nic(id: string, { id: flexibleIpId, ip, mac }: Address, more: Fields = {}): NicFields {
  return { NIC_ID: id, IP: ip, MAC: mac, EXTERNAL_IP: ip, SCW_FLEXIBLE_IP_ID: flexibleIpId, ...more };
}

export function dualNic(id: string, address: Address, prefix: Address): NicFields {
  return nic(id, address, { IP6: firstHost(prefix), PREFIX_LENGTH: "64", SCW_FLEXIBLE_IP6_ID: prefix.id });
}

export function aliasOf(parentId: string, id: string, address: Address, more: Fields = {}): NicFields {
  return { ...nic(id, address, { PARENT_ID: parentId, SCW_FLEXIP_ALIAS: "YES", ...more }), alias: "YES" };
}

export function privateNic(id: string, more: Fields = {}): NicFields {
  return { NIC_ID: id, IP: `10.1.2.${id}`, MAC: `02:00:0a:01:02:0${id}`, ...more };
}

export function firstHost({ ip }: Address): string {
  return ip.replace("::/64", "::1");
}
