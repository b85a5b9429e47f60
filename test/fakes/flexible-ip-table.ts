import { AddressPool, originOf, testAddresses, testMacs, testPrefixes } from "./address-pool.ts";
import { type FlexibleIpRecord, isTransient } from "./flexible-ip-record.ts";
import { locked, notFound, permissionsDenied, transientState } from "./refusals.ts";
import type { Clock } from "./timestamps.ts";

/** The flexible IPs of the account by id, by address and in order of creation, and the ids of those deleted. */
export class FlexibleIpTable {
  readonly #byId = new Map<string, FlexibleIpRecord>();
  readonly #byAddress = new Map<string, FlexibleIpRecord>();
  readonly #deleted = new Set<string>();
  readonly #addresses = new AddressPool(testAddresses());
  readonly #prefixes = new AddressPool(testPrefixes());
  readonly #macs = new AddressPool(testMacs());
  readonly #zone: string;
  readonly #clock: Clock;
  #oldestFirst: readonly FlexibleIpRecord[] | undefined;

  constructor(zone: string, clock: Clock) {
    this.#zone = zone;
    this.#clock = clock;
  }

  takeAddress(isIpv6: boolean): string {
    const pool = isIpv6 ? this.#prefixes : this.#addresses;
    return pool.take((candidate) => this.#byAddress.has(candidate));
  }

  freshMac(): string {
    return this.#macs.take((candidate) => this.oldestFirst().some(({ mac }) => mac?.address === candidate));
  }

  /** A new record for this address, ready and bare, with the id and the age that the address has. */
  create(ipAddress: string, projectId: string, id?: string): FlexibleIpRecord {
    const origin = originOf(ipAddress);
    const record: FlexibleIpRecord = {
      id: id ?? origin.id,
      ipAddress,
      zone: this.#zone,
      createdAt: origin.createdAt,
      updatedAt: this.#clock.next(),
      status: "ready",
      serverId: null,
      targetServerId: null,
      mac: null,
      projectId,
      description: "",
      tags: [],
      reverse: origin.reverse,
      visible: true,
    };
    if (this.#byId.has(record.id)) throw new Error(`a flexible IP has this id already: ${record.id}`);
    if (this.#byAddress.has(ipAddress)) throw new Error(`taken already: ${ipAddress}`);
    this.#byId.set(record.id, record);
    this.#byAddress.set(ipAddress, record);
    this.#deleted.delete(record.id);
    this.reorder();
    return record;
  }

  /** Takes the record out and gives its address back to the pool. */
  remove({ id, ipAddress }: FlexibleIpRecord): void {
    this.#byId.delete(id);
    this.#byAddress.delete(ipAddress);
    this.#deleted.add(id);
    (ipAddress.includes(":") ? this.#prefixes : this.#addresses).giveBack(ipAddress);
    this.reorder();
  }

  find(id: string): FlexibleIpRecord | undefined {
    return this.#byId.get(id);
  }

  findByAddress(address: string): FlexibleIpRecord | undefined {
    return this.#byAddress.get(address);
  }

  /** The record a call may read; 404 for an id never known, 403 for a deleted one and for another project's. */
  readable(id: string, action: "read" | "write" = "read"): FlexibleIpRecord {
    const record = this.#byId.get(id);
    if (record?.visible) return record;
    throw record || this.#deleted.has(id) ? permissionsDenied(action) : notFound(id);
  }

  /** The record a call may change now. */
  writable(id: string): FlexibleIpRecord {
    const record = this.readable(id, "write");
    if (isTransient(record)) throw transientState(id, record.status);
    if (record.status === "locked") throw locked(id);
    return record;
  }

  oldestFirst(): readonly FlexibleIpRecord[] {
    this.#oldestFirst ??= [...this.#byId.values()].sort(byAge);
    return this.#oldestFirst;
  }

  /** Forgets the order after a creation date was changed by hand. */
  reorder(): void {
    this.#oldestFirst = undefined;
  }

  /** The others that share its virtual MAC. */
  macGroupOf(record: FlexibleIpRecord): FlexibleIpRecord[] {
    const address = record.mac?.address;
    if (address === undefined) return [];
    return this.oldestFirst().filter((other) => other !== record && other.mac?.address === address);
  }
}

function byAge(one: FlexibleIpRecord, other: FlexibleIpRecord): number {
  if (one.createdAt !== other.createdAt) return one.createdAt < other.createdAt ? -1 : 1;
  return one.id < other.id ? -1 : 1;
}
