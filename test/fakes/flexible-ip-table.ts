import { AddressPool, type Origin, originOf, testAddresses, testPrefixes } from "./address-pool.ts";
import { type FlexibleIpRecord, isTransient } from "./flexible-ip-record.ts";
import { locked, notFound, outOfStock, permissionsDenied, transientState } from "./refusals.ts";
import type { Clock } from "./timestamps.ts";

/** The flexible IPs of the account by id, by address and in order of creation, and the ids of those deleted. */
export class FlexibleIpTable {
  readonly #byId = new Map<string, FlexibleIpRecord>();
  readonly #byAddress = new Map<string, FlexibleIpRecord>();
  readonly #deleted = new Set<string>();
  readonly #origins = new Map<string, Origin>();
  readonly #addresses: AddressPool;
  readonly #prefixes = new AddressPool(testPrefixes());
  readonly #zone: string;
  readonly #organizationId: string;
  readonly #clock: Clock;
  #oldestFirst: readonly FlexibleIpRecord[] | undefined;

  constructor(zone: string, organizationId: string, clock: Clock, addresses: Iterable<string> = testAddresses()) {
    this.#zone = zone;
    this.#organizationId = organizationId;
    this.#clock = clock;
    this.#addresses = new AddressPool(addresses);
  }

  takeAddress(isIpv6: boolean): string {
    const pool = isIpv6 ? this.#prefixes : this.#addresses;
    const address = pool.take((candidate) => this.#byAddress.has(candidate));
    if (address === undefined) throw outOfStock();
    return address;
  }

  /** A new record for this address, ready and bare, with the id and the age that the address has. */
  create(ipAddress: string, projectId: string, id?: string): FlexibleIpRecord {
    const origin = this.#origins.get(ipAddress) ?? originOf(ipAddress);
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
      organizationId: this.#organizationId,
      description: "",
      tags: [],
      reverse: origin.reverse,
      visible: true,
    };
    this.#insert(record);
    return record;
  }

  /** Takes the record out and gives its address back to the pool. */
  remove(record: FlexibleIpRecord): void {
    this.#byId.delete(record.id);
    this.#byAddress.delete(record.ipAddress);
    this.#deleted.add(record.id);
    this.#oldestFirst = undefined;
    const { id, createdAt } = record;
    this.#origins.set(record.ipAddress, { ...originOf(record.ipAddress), id, createdAt });
    const pool = record.ipAddress.includes(":") ? this.#prefixes : this.#addresses;
    pool.giveBack(record.ipAddress);
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

  count(test: (record: FlexibleIpRecord) => boolean): number {
    let count = 0;
    for (const record of this.#byId.values()) if (test(record)) count++;
    return count;
  }

  /** The others that share its virtual MAC. */
  macGroupOf(record: FlexibleIpRecord): FlexibleIpRecord[] {
    const address = record.mac?.address;
    if (address === undefined) return [];
    return [...this.#byId.values()].filter((other) => other !== record && other.mac?.address === address);
  }

  #insert(record: FlexibleIpRecord): void {
    if (this.#byId.has(record.id)) throw new Error(`a flexible IP has this id already: ${record.id}`);
    if (this.#byAddress.has(record.ipAddress)) throw new Error(`taken already: ${record.ipAddress}`);
    this.#byId.set(record.id, record);
    this.#byAddress.set(record.ipAddress, record);
    this.#deleted.delete(record.id);
    this.#oldestFirst = undefined;
  }
}

function byAge(one: FlexibleIpRecord, other: FlexibleIpRecord): number {
  if (one.createdAt !== other.createdAt) return one.createdAt < other.createdAt ? -1 : 1;
  return one.id < other.id ? -1 : 1;
}
