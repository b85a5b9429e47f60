// A front-end with an account, and what the tests of the IPAM actions ask of it.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import type { JournalState } from "../../driver/state/journal.ts";
import { wholeJournal } from "../cloud/journal.ts";
import { type Fields, ipamDocument, rangeOf, readTemplate } from "../documents.ts";
import type { SimulatorOptions } from "../fakes/flexible-ip-server.ts";
import type { FlexibleIps } from "../fakes/flexible-ips.ts";
import { InProcessRig } from "../in-process/rig.ts";
import { type AnyRig, type IpamAction, Rig, type RunOptions, type RunResult } from "../rig.ts";

export type Range = Readonly<Record<string, string>>;
type Play = (frontEnd: FrontEnd, rig: InProcessRig) => Promise<void>;
type Wire = ReturnType<FlexibleIps["all"]>[number];

export const MAC = "52:54:00:0a:0b:0c";

/** A test on a front-end of its own, in this process: its name, options of the simulator where it needs some, its body. */
export function onFrontEnd(name: string, ...given: [Play] | [SimulatorOptions, Play]): void {
  const [options, play] = given.length === 1 ? [{}, given[0]] : given;
  test(name, async (t) => {
    const rig = await InProcessRig.start(options);
    t.after(() => rig.stop());
    await play(new FrontEnd(rig), rig);
  });
}

/** A test on a front-end of its own, with the built executable. */
export function onExecutable(name: string, play: (frontEnd: FrontEnd, rig: Rig) => Promise<void>): void {
  test(name, async (t) => {
    const rig = await Rig.start();
    t.after(() => rig.stop());
    await play(new FrontEnd(rig), rig);
  });
}

export class FrontEnd {
  readonly account: FlexibleIps;
  readonly #rig: AnyRig;

  constructor(rig: AnyRig) {
    this.#rig = rig;
    this.account = rig.simulator.account;
  }

  /** Runs an action, which succeeds, on what oned sends for a range. Returns its answer. */
  async succeed(action: IpamAction, range: Fields, options: RunOptions = {}): Promise<RunResult> {
    const result = await this.#rig.ipam(action, documentFor(action, range), options);
    assert.equal(result.code, 0, result.stderr);
    assert.deepEqual(result.plain, []);
    if (!["register_address_range", "get_address"].includes(action)) assert.equal(result.stdout, "");
    return result;
  }

  /** Runs an action, which fails with one line for the user that matches all `words` and has a next move. */
  async fail(action: IpamAction, range: Fields, ...words: readonly RegExp[]): Promise<void> {
    assertFailed(await this.#rig.ipam(action, documentFor(action, range), { settings: { TIMEOUT: "5" } }), ...words);
  }

  /** The range of a registration that succeeds, as oned sends it from then on. */
  async register(fields: Fields = {}): Promise<Range> {
    const { stdout } = await this.succeed("register_address_range", fields);
    return rangeOf(readTemplate(stdout, "AR"));
  }

  /** Registers a range and leases its address. */
  async lease(fields: Fields = {}): Promise<Range> {
    const range = await this.register(fields);
    await this.succeed("get_address", range);
    return range;
  }

  /** Attaches the range's flexible IPs to a host, behind the driver's back; both share the virtual MAC. */
  attach(range: Range): void {
    const { serverId } = this.#rig.host("alpha");
    for (const id of idsOf(range)) this.account.set(id, { status: "attached", serverId, mac: range.MAC ?? null });
  }

  get journal(): JournalState {
    return wholeJournal(this.#rig.frontEnd.stateFile);
  }

  /** The account holds the flexible IPs of these ranges and no other, and no registration is owed. */
  expectOnly(...ranges: readonly Range[]): void {
    const left = this.account.all().map(({ ip_address }) => ip_address);
    assert.deepEqual(left.sort(), ranges.map(({ IP = "" }) => IP).sort());
    if (existsSync(this.#rig.frontEnd.stateFile)) assert.deepEqual(this.journal.intents, {});
  }

  /** Fails unless the flexible IP carries the tags of a range of ours. */
  owned(id: string | undefined, origin: "created" | "adopted"): Wire {
    const one = this.account.get(id ?? "");
    assert.ok(one !== undefined, `${id} is gone`);
    const [intent = "", ...tags] = one.tags.filter((tag) => tag.startsWith("scw-flexip")).toReversed();
    assert.deepEqual(tags.toReversed(), ["scw-flexip", "scw-flexip:cloud=one", `scw-flexip:${origin}`]);
    assert.match(intent, /^scw-flexip:intent=[0-9a-f-]{36}$/);
    return one;
  }
}

/**
 * What oned sends: what the user typed to register, the size alone to get_address, the address to the other actions on
 * a lease.
 */
export function documentFor(action: IpamAction, range: Fields = {}): string {
  if (action === "register_address_range") {
    return ipamDocument({ IPAM_MAD: "scw-flexip", TYPE: "IP4", SIZE: "1", ...range });
  }
  if (action === "unregister_address_range") return ipamDocument(range);
  return ipamDocument(range, action === "get_address" ? { SIZE: "1" } : { IP: range.IP, SIZE: "1" });
}

export function idsOf(range: Range): string[] {
  return [range.SCW_FLEXIBLE_IP_ID, range.SCW_FLEXIBLE_IP6_ID].filter((id) => id !== undefined);
}

export function idOf(range: Range): string {
  return range.SCW_FLEXIBLE_IP_ID ?? "";
}

/** Exit code 1, no answer, one line for the user that matches all of `words` and has a next move. */
export function assertFailed({ code, stdout, plain, stderr }: RunResult, ...words: readonly RegExp[]): void {
  assert.deepEqual({ code, stdout, lines: plain.length }, { code: 1, stdout: "", lines: 1 }, stderr);
  for (const word of [/; \S/, ...words]) assert.match(plain[0] ?? "", word);
}
