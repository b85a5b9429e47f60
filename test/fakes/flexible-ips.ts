// The account of a Scaleway project in memory, misbehaving as the Flexible IP API was recorded to.
//
// Where nothing was recorded or published, the refusing variant was chosen:
// - token: it is looked at before the path, so an unknown path with a bad token is 401
// - fresh grant, deleted ids: 403 on reads (recorded for deleted ids) and on every write
// - ids: a malformed id in a path is 404; in a body or a query it is 400
// - zones: in a zone other than the account's, lists are empty and every other call is 404
// - arguments: unknown body fields and query parameters are 400, never ignored
// - create: project_id, description and is_ipv6 are required; a project over its quota is 403
// - create: id and creation date belong to the address and are old from the start; ids come back with addresses
// - page_size above the maximum is lowered to it; page and page_size below 1 are 400
// - tags filter: any of the given tags (published), not all of them
// - attach: only from `ready`; attached already, even to that server, is 409 precondition_failed, not transient_state
// - attach: `directAttach` chooses another answer to an attach of what another server has; an attach to the server that
//   has it already is then 200 and changes nothing, and a flexible IP that moves shows no server until it has arrived
// - attach: one call is one place in its server's queue, however many flexible IPs it names; a call that comes later
//   delays those that still wait; of more than three that wait together, each ends 12 s after the one before
// - list: as current as a read by id; `listing` freezes it
// - outages: nothing acts; a slow call (`latencyMs`) acts at once and is answered late
// - attach: several ids must share one virtual MAC, and must be all that share it, else 400
// - attach: attaches under way and detaches under way count for the limit of a server
// - detach: several ids must share one virtual MAC, else 400; a part of a group loses its MAC once it is off
// - transient status: every change is 409, description and tags too
// - locked: every change is 403, as for a deleted one, with another `type`; reads work
// - error: attach and MAC changes are 409 precondition_failed; update, detach and delete work
// - delete of an attached one: listed as `detaching` until it is off
// - MAC of an attached one: any change passes through `updating`, with the server shown
// - MAC status: `used` when attached, `ready` when not
// - MAC generate: replaces an old one by another id and address, which leaves the MAC group
// - MAC duplicate: not both attached to one server, or no MAC to copy, is 412; a target with a MAC is 409
// - MAC move: there is no such call, because nothing here makes it
// - MAC delete: none there is 404
//
// Not refused, for want of a list: any UUID is taken for a server, and any for a project.

import { realClock, type Clock as TimeSource } from "../../driver/machine.ts";
import { type Behaviour, usual } from "./behaviour.ts";
import type { ElasticMetalServer } from "./elastic-metal.ts";
import { type FlexibleIpRecord, isTransient, toWire, type WireFlexibleIp } from "./flexible-ip-record.ts";
import { FlexibleIpTable } from "./flexible-ip-table.ts";
import { deniedAuthentication, permissionsDenied, type Refusal } from "./refusals.ts";
import { applySeed, type FlexibleIpSeed } from "./seeds.ts";
import { Settling } from "./settling.ts";
import { Clock } from "./timestamps.ts";
import { Transitions } from "./transitions.ts";

/** Where seeds are put that name no project. */
export const testProjectId = "0a11ce00-0000-4000-8000-000000000001";

export type AccountOptions = Partial<Behaviour> & {
  token?: string;
  zone?: string;
  perProjectQuota?: number;
  maxPageSize?: number;
  servers?: readonly ElasticMetalServer[];
  /** Where its delays are counted: the real clock unless given. */
  time?: TimeSource;
};

export class FlexibleIps {
  readonly token: string;
  readonly zone: string;
  /** The project's Elastic Metal servers. None of the other calls looks at them. */
  servers: readonly ElasticMetalServer[];
  readonly limits: { perProject: number; pageSize: number };
  readonly table: FlexibleIpTable;
  readonly clock = new Clock();
  readonly transitions: Transitions;
  readonly #settling: Settling;
  #frozen: readonly FlexibleIpRecord[] | undefined;
  #behaviour = usual;
  #denied = false;
  #pendingCalls = 0;

  constructor({ token, zone, perProjectQuota, maxPageSize, servers, time, ...behaviour }: AccountOptions = {}) {
    this.token = token ?? "0a11ce00-0000-4000-8000-000000000003";
    this.zone = zone ?? "fr-par-2";
    this.servers = servers ?? [];
    this.limits = { perProject: perProjectQuota ?? Number.POSITIVE_INFINITY, pageSize: maxPageSize ?? 100 };
    this.#settling = new Settling(time ?? realClock);
    this.transitions = new Transitions(this.clock, this.#settling);
    this.table = new FlexibleIpTable(this.zone, this.clock);
    this.behave(behaviour);
  }

  get behaviour(): Behaviour {
    return this.#behaviour;
  }

  /** Does these things otherwise from now on. What is under way ends when it would have. */
  behave(change: Partial<Behaviour>): void {
    const next = { ...this.#behaviour, ...change };
    this.#settling.take(next.settle);
    if (next.listing === "current") this.#frozen = undefined;
    else this.#frozen ??= this.table.oldestFirst().map((record) => structuredClone(record));
    this.#behaviour = next;
  }

  /** What a listing shows, oldest first. */
  listed(): readonly FlexibleIpRecord[] {
    return this.#frozen ?? this.table.oldestFirst();
  }

  /** To be called after each change of a record. */
  changed(): void {
    this.#settling.changed();
  }

  /** Puts one there in any state, without a request. In a transient status it settles as after a call. */
  add(seed: FlexibleIpSeed = {}): WireFlexibleIp {
    const ip = seed.ip ?? this.table.takeAddress(false);
    const record = this.table.create(ip, seed.projectId ?? testProjectId, seed.id);
    this.#seed(record, { status: seed.serverId ? "attached" : "ready", ...seed });
    if (isTransient(record)) this.transitions.resume(record);
    this.changed();
    return toWire(record);
  }

  /** Changes one behind the API's back. A status set here ends what was under way, and stays until told otherwise. */
  set(id: string, change: Omit<FlexibleIpSeed, "id" | "ip">): WireFlexibleIp {
    const record = this.#require(id);
    if (change.status !== undefined) {
      this.#settling.cancel(id);
      record.targetServerId = null;
    }
    this.#seed(record, change);
    this.transitions.touch(record);
    this.#settling.changed();
    return toWire(record);
  }

  /** Deletes one behind the API's back. */
  remove(id: string): void {
    this.discard(this.#require(id));
  }

  get(id: string): WireFlexibleIp | undefined {
    const record = this.table.find(id);
    return record && toWire(record);
  }

  byAddress(ip: string): WireFlexibleIp | undefined {
    const record = this.table.findByAddress(ip);
    return record && toWire(record);
  }

  /** All of them, oldest first, those of other projects too. */
  all(): WireFlexibleIp[] {
    return this.table.oldestFirst().map((record) => toWire(record));
  }

  settle(id: string): void {
    this.transitions.finish(this.#require(id));
  }

  settleAll(): void {
    for (const record of this.#transient()) this.transitions.finish(record);
  }

  /** Resolves when nothing is in a transient status. */
  async settled(): Promise<void> {
    while (this.#transient().length > 0) await this.#settling.nextChange();
  }

  /** From now on the token is refused. */
  deny(): void {
    this.#denied = true;
  }

  allow(): void {
    this.#denied = false;
  }

  /** The grant of a new token has not spread yet: the next `calls` calls lack permissions. */
  grantPendingUntil(calls: number): void {
    this.#pendingCalls = calls;
  }

  /** Why a call with this token is refused, or undefined. */
  admit(token: string, action: "read" | "write"): Refusal | undefined {
    if (this.#denied || token !== this.token) return deniedAuthentication();
    if (this.#pendingCalls <= 0) return undefined;
    this.#pendingCalls--;
    return permissionsDenied(action);
  }

  /** Stops the timers of what is under way. */
  close(): void {
    this.#settling.stop();
  }

  /** Takes the record out; its id is 403 from now on. */
  discard(record: FlexibleIpRecord): void {
    this.#settling.cancel(record.id);
    this.table.remove(record);
    this.#settling.changed();
  }

  #seed(record: FlexibleIpRecord, seed: FlexibleIpSeed): void {
    applySeed(record, seed, this.clock);
    this.table.reorder();
  }

  #transient(): FlexibleIpRecord[] {
    return this.table.oldestFirst().filter(isTransient);
  }

  #require(id: string): FlexibleIpRecord {
    const record = this.table.find(id);
    if (!record) throw new Error(`no flexible IP with this id: ${id}`);
    return record;
  }
}
