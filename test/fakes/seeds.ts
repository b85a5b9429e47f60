import { type FlexibleIpRecord, newMac } from "./flexible-ip-record.ts";
import { type Clock, parseTimestamp } from "./timestamps.ts";

type PlainFields = "status" | "serverId" | "projectId" | "description" | "tags" | "visible";

/** What a test may say of a flexible IP; `mac` is the address of its virtual MAC, shared by those of one group. */
export type FlexibleIpSeed = Partial<Pick<FlexibleIpRecord, PlainFields>> & {
  id?: string;
  ip?: string;
  mac?: string | null;
  createdAt?: string;
};

/** Writes into the record what the seed names, and leaves the rest; id and address stay. */
export function applySeed(record: FlexibleIpRecord, seed: FlexibleIpSeed, clock: Clock): void {
  const { id: _, ip: __, mac, createdAt, ...plain } = seed;
  Object.assign(record, plain);
  if (createdAt !== undefined) record.createdAt = parseTimestamp(createdAt);
  if (mac !== undefined) record.mac = mac === null ? null : newMac(mac, "kvm", clock);
  if (record.mac) record.mac.status = record.serverId === null ? "ready" : "used";
}
