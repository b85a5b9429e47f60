// A cloud for one run of a fault: a front-end, hosts, an account, and what oned would know of it. A range is registered
// only once the driver has answered it and exited with 0. Around it live addresses that no fault may touch.
import { firstHost } from "../../driver/addresses.ts";
import { ownershipTags } from "../../driver/flexible-ip/ownership.ts";
import { type Fields, ipamDocument, type NicFields, rangeOf, readTemplate, vmDocument } from "../documents.ts";
import type { SimulatorOptions } from "../fakes/flexible-ip-server.ts";
import type { FlexibleIps } from "../fakes/flexible-ips.ts";
import type { FlexibleIpSeed } from "../fakes/seeds.ts";
import { type Hook, type IpamAction, OTHER_PROJECT, PROJECT, Rig, type RunResult } from "../rig.ts";
import { type Launch, launch } from "./launch.ts";
import { idOf, idsOf, isOurTag, nic, type Range } from "./ranges.ts";

export const CLOUD = "one";
export const INTENT = "0a11ce00-0000-4000-8000-0000000000c0";
const LIMITS = { TIMEOUT: "60", HOOK_TIMEOUT: "60" };
/** For faults that last: the shortest times that the driver takes. */
export const SHORT = { TIMEOUT: "5", HOOK_TIMEOUT: "5" };
export type HostName = "h1" | "h2" | "h3";
const HOSTS = ["h1", "h2", "h3"] as const;

/** A VM and where its guest is: `undefined` while it is off, or on its way. */
export type Guest = { readonly id: string; readonly nics: readonly NicFields[]; host: HostName | undefined };

export class World {
  readonly rig: Rig;
  readonly account: FlexibleIps;
  readonly ranges = new Map<string, Range>();
  /** Who has the lease of an address. */
  readonly leases = new Map<string, Guest>();
  readonly guests: Guest[] = [];
  /** Flexible IPs that somebody bought himself, with the tags he gave them. */
  readonly adoptable = new Map<string, readonly string[]>();
  /** Flexible IPs that nothing may be done to: others', and those of other guests. */
  readonly untouchable = new Set<string>();
  /** Flexible IPs of a running guest whose other NICs are worked on: their tags may change, nothing else. */
  readonly serving = new Set<string>();
  /** How many ranges were registered. */
  registrations = 0;
  /** Everything that was run, for the secrets' sake. */
  readonly results: RunResult[] = [];
  /** A range that is free, for actions that are about something else than the fault. */
  readonly spare: Range;
  readonly neighbour: Range;
  readonly foreignId: string;
  readonly #ends: (() => unknown)[] = [];
  #count = 0;

  private constructor(rig: Rig) {
    this.rig = rig;
    this.account = rig.simulator.account;
    this.spare = this.range();
    this.neighbour = this.range({ on: "h1" });
    this.guest("7", [nic("0", this.neighbour)], "h1");
    const attached = { status: "attached", serverId: this.server("h1") } as const;
    this.foreignId = this.#add({ tags: ownershipTags("two", "created", INTENT), ...attached }).id;
    const own = this.#add({ tags: ["by-hand"], ...attached });
    const others = this.#add({ projectId: OTHER_PROJECT, ...attached });
    for (const id of [this.foreignId, own.id, others.id, idOf(this.neighbour), idOf(this.spare)]) {
      this.untouchable.add(id);
    }
  }

  static async start(options: SimulatorOptions = {}): Promise<World> {
    return new World(await Rig.start({ maxPageSize: 4, ...options }));
  }

  async stop(): Promise<void> {
    for (const end of this.#ends.toReversed()) await end();
    await this.rig.stop();
  }

  /** Has this done before the world ends. */
  atEnd(work: () => unknown): void {
    this.#ends.push(work);
  }

  server(host: HostName): string {
    return this.rig.host(host).serverId;
  }

  hostOf(serverId: string | null | undefined): HostName | undefined {
    return HOSTS.find((host) => this.server(host) === serverId);
  }

  /** A registered range with its flexible IP, or both of a dual-stack one, free or attached to a host. */
  range(options: { dual?: boolean; adopted?: boolean; on?: HostName | undefined } = {}): Range {
    const origin = options.adopted === true ? "adopted" : "created";
    const tags = ownershipTags(CLOUD, origin, INTENT);
    const place = options.on === undefined ? {} : ({ status: "attached", serverId: this.server(options.on) } as const);
    const one = this.#add({ tags: options.adopted === true ? ["by-hand", ...tags] : tags, ...place });
    if (options.adopted === true) this.adoptable.set(one.id, ["by-hand"]);
    let range: Range = {
      ...{ AR_ID: "0", IPAM_MAD: "scw-flexip", TYPE: "IP4", SIZE: "1", IP: one.ip, MAC: one.mac },
      ...{ EXTERNAL_IP: one.ip, SCW_FLEXIBLE_IP_ID: one.id, USED_LEASES: "0" },
    };
    if (options.dual === true) {
      const two = this.account.add({
        projectId: PROJECT,
        ip: `2001:db8:702:${(0x100 + this.#count).toString(16)}::/64`,
        tags,
        ...place,
        ...(options.on === undefined ? {} : { mac: one.mac }),
      });
      const IP6 = firstHost(two.ip_address.replace("/64", ""));
      range = { ...range, TYPE: "IP4_6_STATIC", IP6, PREFIX_LENGTH: "64", SCW_FLEXIBLE_IP6_ID: two.id };
    }
    this.ranges.set(range.IP, range);
    return range;
  }

  /** Makes one range's address an alias of another's on their server, as `pre` does. */
  lend(owner: Range, alias: Range): void {
    const mark = (range: Range, tag: string, mac: string): void => {
      const tags = this.account.get(idOf(range))?.tags ?? [];
      this.account.set(idOf(range), { tags: [...tags, `scw-flexip:mac-${tag}`], mac });
    };
    mark(owner, "lender", owner.MAC);
    mark(alias, "borrower", owner.MAC);
  }

  /** A flexible IP that somebody bought himself, which no range has. */
  bought(isIpv6 = false): { id: string; ip: string } {
    const tags = ["by-hand"];
    const ip = isIpv6 ? { ip: `2001:db8:703:${(0x100 + this.#count).toString(16)}::/64`, mac: null } : {};
    const { id, ip: address } = this.#add({ tags, ...ip });
    this.adoptable.set(id, tags);
    return { id, ip: address };
  }

  /** A VM that has the leases of its NICs. */
  guest(id: string, nics: readonly NicFields[], host?: HostName): Guest {
    const guest: Guest = { id, nics, host };
    this.guests.push(guest);
    for (const { IP } of nics) if (IP !== undefined) this.leases.set(IP, guest);
    return guest;
  }

  /** One IPAM action as oned has it done, and what oned makes of it. `fe2` is a second front-end. */
  async ipam(
    action: IpamAction,
    range: Fields,
    how: Launch = {},
    leased?: Guest,
    where: "front-end" | "fe2" = "front-end",
  ): Promise<RunResult> {
    const ip = range.IP ?? "";
    const result = await this.run(
      where,
      action,
      action === "register_address_range" || action === "unregister_address_range"
        ? ipamDocument(range)
        : ipamDocument(range, action === "get_address" ? { SIZE: "1" } : { IP: ip, MAC: range.MAC, SIZE: "1" }),
      how,
    );
    if (result.code !== 0) return result;
    if (action === "register_address_range") this.#registered(result.stdout);
    if (action === "unregister_address_range") {
      const gone = [...this.ranges].find(
        ([, one]) => one.IP === ip && one.SCW_FLEXIP_INTENT === range.SCW_FLEXIP_INTENT,
      );
      this.ranges.delete(gone?.[0] ?? ip);
    }
    if (action === "free_address") this.leases.delete(ip);
    if (leased !== undefined && (action === "get_address" || action === "allocate_address"))
      this.leases.set(ip, leased);
    return result;
  }

  hook(host: HostName, hook: Hook, guest: Guest, how: Launch = {}): Promise<RunResult> {
    return this.run(host, hook, vmDocument(guest.nics, { id: guest.id }), how);
  }

  /** Runs any action, or hook, on any machine. */
  async run(
    where: HostName | "front-end" | "fe2",
    what: Hook | IpamAction,
    document: string,
    how: Launch,
  ): Promise<RunResult> {
    const machine = where === "front-end" ? this.rig.frontEnd : this.rig.host(where);
    const settings = { ...LIMITS, ...how.settings };
    const result = await launch(this.rig, machine, what, document, { ...how, settings });
    this.results.push(result);
    return result;
  }

  /** The host that all flexible IPs of a range are attached to; `free` when they are. */
  placeOf(range: Range): HostName | "free" | "between" {
    const places = idsOf(range).map((id) => {
      const now = this.account.get(id);
      if (now?.status === "ready") return "free";
      return now?.status === "attached" ? this.hostOf(now.server_id) : undefined;
    });
    return places.every((place) => place === places[0]) ? (places[0] ?? "between") : "between";
  }

  /** Whether a flexible IP is deleted, or a bought one without our tags. */
  isGivenBack(id: string): boolean {
    const now = this.account.get(id);
    return this.adoptable.has(id) ? now !== undefined && !now.tags.some(isOurTag) : now === undefined;
  }

  // oned refuses a range without an answer, whatever the exit code.
  #registered(answer: string): void {
    if (answer === "") return;
    const { IP = "", MAC = "", ...rest } = rangeOf(readTemplate(answer, "AR"));
    this.ranges.set(this.ranges.has(IP) ? `${IP} again` : IP, { ...rest, IP, MAC });
    this.registrations += 1;
  }

  #add(seed: FlexibleIpSeed): { id: string; ip: string; mac: string } {
    this.#count += 1;
    const mac = `52:54:00:aa:00:${this.#count.toString(16).padStart(2, "0")}`;
    const { id, ip_address: ip } = this.account.add({ projectId: PROJECT, mac, ...seed });
    return { id, ip, mac };
  }
}
