import type { FlexibleIpRecord, VirtualMac } from "./flexible-ip-record.ts";
import type { Settling } from "./settling.ts";
import type { Clock } from "./timestamps.ts";

/** How a flexible IP gets from one status to the next: what shows at once, and what shows once it has settled. */
export class Transitions {
  readonly #clock: Clock;
  readonly #settling: Settling;

  constructor(clock: Clock, settling: Settling) {
    this.#clock = clock;
    this.#settling = settling;
  }

  /** `updating` without a server, later `attached` to it. What another server had has left that server at once. */
  attach(records: readonly FlexibleIpRecord[], serverId: string): void {
    for (const record of records) {
      record.status = "updating";
      record.serverId = null;
      record.targetServerId = serverId;
      this.touch(record);
    }
    const byId = new Map(records.map((record) => [record.id, record]));
    this.#settling.attach([...byId.keys()], serverId, (id) => {
      const record = byId.get(id);
      if (record) this.#rest(record, serverId);
    });
  }

  /** `detaching` with its server, then what the caller does with it once it is off. */
  detach(record: FlexibleIpRecord, whenOff: () => void): void {
    record.status = "detaching";
    this.touch(record);
    this.#settling.start(record.id, "detachMs", () => {
      this.#rest(record, null);
      whenOff();
    });
  }

  /** Gives, replaces or takes the virtual MAC: at once when ready, through `updating` when attached. */
  changeMac(record: FlexibleIpRecord, mac: VirtualMac | null): void {
    if (record.status !== "attached") {
      record.mac = mac;
      this.touch(record);
      return;
    }
    record.status = "updating";
    if (mac) {
      record.mac = mac;
      mac.status = "updating";
    } else if (record.mac) record.mac.status = "deleting";
    this.touch(record);
    this.#settling.start(record.id, "macMs", () => {
      record.mac = mac;
      this.#rest(record, record.serverId);
    });
  }

  /** Starts what ends the transient status of a seeded one. */
  resume(record: FlexibleIpRecord): void {
    const { serverId } = record;
    if (record.status === "detaching") this.detach(record, () => {});
    else if (serverId === null) this.#settling.start(record.id, "macMs", () => this.#rest(record, null));
    else {
      record.serverId = null;
      if (record.mac) record.mac.status = "ready";
      this.attach([record], serverId);
    }
  }

  /** Ends a transient status, by its job or, where one was set by hand and has none, by what it looks like. */
  finish(record: FlexibleIpRecord): void {
    if (this.#settling.finish(record.id)) return;
    if (record.status === "updating") this.#rest(record, record.targetServerId ?? record.serverId);
    if (record.status === "detaching") this.#rest(record, null);
    this.#settling.changed();
  }

  touch(record: FlexibleIpRecord): void {
    record.updatedAt = this.#clock.next();
  }

  #rest(record: FlexibleIpRecord, serverId: string | null): void {
    record.status = serverId === null ? "ready" : "attached";
    record.serverId = serverId;
    record.targetServerId = null;
    if (record.mac) {
      record.mac.status = serverId === null ? "ready" : "used";
      record.mac.updatedAt = this.#clock.next();
    }
    this.touch(record);
  }
}
