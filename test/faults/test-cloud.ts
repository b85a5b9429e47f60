// A cloud for one run of a fault: a front-end, hosts, an account, and what OpenNebula knows. Around it live addresses
// that no fault may touch.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { firstHost } from "../../driver/addresses.ts";
import { ownershipTags } from "../../driver/flexible-ip/ownership.ts";
import { Oned } from "../cloud/oned.ts";
import { addNic, Pool, type Range, settleGuest, type Vm } from "../cloud/pool.ts";
import type { FlexibleIps } from "../fakes/flexible-ips.ts";
import type { FlexibleIpSeed } from "../fakes/seeds.ts";
import { type Machine, OTHER_PROJECT, PROJECT, Rig, type RunOptions, type RunResult, serverIdOf } from "../rig.ts";

export const CLOUD = "one";
const LIMITS = { TIMEOUT: "60", HOOK_TIMEOUT: "60" };
/** For faults that last: the shortest times that the driver takes. */
export const SHORT = { TIMEOUT: "5", HOOK_TIMEOUT: "5" };
export const HOSTS = ["h1", "h2"] as const;
export type HostName = (typeof HOSTS)[number];

/** How the built executable is started: with what around it. The product knows nothing of any of it. */
export type Launch = RunOptions & {
  /** A shell line in which "$@" is the executable with its parameters: `ulimit -n 32; exec "$@"`. */
  readonly shell?: string;
};

export type RangeOptions = {
  readonly dual?: boolean;
  readonly adopted?: boolean;
  readonly forAliases?: boolean;
  readonly on?: HostName;
};

export class TestCloud {
  readonly rig: Rig;
  readonly account: FlexibleIps;
  readonly pool = new Pool();
  /** Flexible IPs that somebody bought himself, with the tags he gave them. */
  readonly adoptable = new Map<string, readonly string[]>();
  /** Flexible IPs that nothing may be done to: others', and those of other guests. */
  readonly untouchable = new Set<string>();
  /** Flexible IPs of a running guest whose other NICs are worked on: their tags may change, nothing else. */
  readonly serving = new Set<string>();
  /** Everything that was run: no secret may be in it. */
  readonly results: RunResult[] = [];
  /** A range that is free, for actions that are about something else than the fault. */
  readonly spare: Range;
  readonly neighbour: Range;
  readonly foreignId: string;
  readonly server = serverIdOf;
  #count = 0;

  private constructor(rig: Rig) {
    this.rig = rig;
    this.account = rig.simulator.account;
    this.spare = this.range();
    this.neighbour = this.range({ on: "h1" });
    settleGuest(this.vm([this.neighbour]), "h1");
    const serverId = this.server("h1");
    this.foreignId = this.#add({ tags: ownershipTags("two", "created", randomUUID()), serverId }).id;
    const own = this.#add({ tags: ["by-hand"], serverId });
    const others = this.#add({ projectId: OTHER_PROJECT, serverId });
    for (const id of [this.foreignId, own.id, others.id, ...this.neighbour.ids, ...this.spare.ids]) {
      this.untouchable.add(id);
    }
  }

  static async start(): Promise<TestCloud> {
    return new TestCloud(await Rig.start({ maxPageSize: 4 }));
  }

  /** OpenNebula as one front-end runs it: its actions are started like that. */
  oned({ shell, ...how }: Launch = {}, frontEnd: Machine = this.rig.frontEnd): Oned<RunResult> {
    const { rig } = this;
    const options = { ...how, settings: { ...LIMITS, ...how.settings } };
    const run = async (machine: Machine, file: string, parameters: string[], document: string): Promise<RunResult> => {
      // Rig.run starts a file of the machine's root: with a shell around it, that is no file of the machine.
      const line = ["-c", shell ?? "", "sh", join(machine.root, file), ...parameters];
      const result = await (shell === undefined
        ? rig.run(machine, file, parameters, document, options)
        : rig.run({ ...machine, root: "/" }, "bin/sh", line, document, options));
      this.results.push(result);
      return result;
    };
    return new Oned(this.pool, {
      ipam: (action, document) => run(frontEnd, `ipam/scw-flexip/${action}`, ["7"], document),
      hook: (host, hook, document) => run(rig.host(host), `vnm/bridge/${hook}.d/01-scw-flexip`, [], document),
    });
  }

  /** A registered range with its flexible IP, or both of a dual-stack one, free or attached to a host. */
  range({ dual = false, adopted = false, forAliases = false, on }: RangeOptions = {}): Range {
    const intent = randomUUID();
    const tags = ownershipTags(CLOUD, adopted ? "adopted" : "created", intent);
    const serverId = on === undefined ? null : this.server(on);
    const one = this.#add({ tags: adopted ? ["by-hand", ...tags] : tags, serverId });
    if (adopted) this.adoptable.set(one.id, ["by-hand"]);
    const attributes = {
      ...{ IPAM_MAD: "scw-flexip", TYPE: "IP4", SIZE: "1", IP: one.ip, MAC: one.mac, USED_LEASES: "0" },
      ...{ EXTERNAL_IP: one.ip, SCW_FLEXIBLE_IP_ID: one.id, SCW_FLEXIP_INTENT: intent },
      ...(forAliases ? { SCW_FLEXIP_ALIAS: "YES" } : {}),
    };
    if (!dual) return this.pool.addRange(attributes);
    const two = this.#add({ tags, ip: this.#prefix(), mac: null });
    return this.pool.addRange({
      ...{ ...attributes, TYPE: "IP4_6_STATIC", PREFIX_LENGTH: "64", SCW_FLEXIBLE_IP6_ID: two.id },
      IP6: firstHost(two.ip.replace("/64", "")),
    });
  }

  /** A range whose address somebody typed: the one of a flexible IP that nobody registered. */
  handWritten(): Range {
    const { id, ip, mac } = this.#add({ tags: ["by-hand"] });
    return this.pool.addRange({ TYPE: "IP4", SIZE: "1", IP: ip, MAC: mac }, [id]);
  }

  /** A flexible IP that somebody bought himself, which no range has. */
  bought(isIpv6 = false): { id: string; ip: string } {
    const tags = ["by-hand"];
    const added = this.#add({ tags, ...(isIpv6 ? { ip: this.#prefix(), mac: null } : {}) });
    this.adoptable.set(added.id, tags);
    return added;
  }

  /** A VM that has the leases of these ranges, one NIC on each, and ran before. */
  vm(ranges: readonly Range[]): Vm {
    const vm = this.pool.addVm({ hasRun: true });
    for (const range of ranges) {
      addNic(vm, range);
      range.holder = { vm: vm.id };
    }
    return vm;
  }

  /** Adds a tag to a range's flexible IP. */
  tag({ ids: [id = ""] }: Range, tag: string): void {
    this.account.set(id, { tags: [...(this.account.get(id)?.tags ?? []), tag] });
  }

  /** Whether all flexible IPs of a range are attached to that host, or free. */
  isOn({ ids }: Range, place: HostName | "free"): boolean {
    const wanted = place === "free" ? ["ready", null] : ["attached", this.server(place)];
    return ids.every((id) => {
      const { status, server_id: server } = this.account.get(id) ?? {};
      return status === wanted[0] && server === wanted[1];
    });
  }

  /** Whether a flexible IP is deleted, or a bought one without our tags. */
  isGivenBack(id: string): boolean {
    const now = this.account.get(id);
    return this.adoptable.has(id) ? now?.tags.some((tag) => /^scw-flexip(:|$)/.test(tag)) === false : now === undefined;
  }

  #add(seed: FlexibleIpSeed): { id: string; ip: string; mac: string } {
    this.#count += 1;
    const mac = `52:54:00:aa:00:${this.#count.toString(16).padStart(2, "0")}`;
    const { id, ip_address: ip } = this.account.add({ projectId: PROJECT, mac, ...seed });
    return { id, ip, mac };
  }

  #prefix(): string {
    return `2001:db8:702:${(0x100 + this.#count).toString(16)}::/64`;
  }
}
