import { z } from "zod";
import type { MacPool } from "./address-pool.ts";
import { type FlexibleIpRecord, flexibleIpStatuses } from "./flexible-ip-record.ts";
import type { FlexibleIpTable } from "./flexible-ip-table.ts";
import { parseTimestamp } from "./timestamps.ts";
import type { Transitions } from "./transitions.ts";

/** What a test may say of a flexible IP; `mac` is the address of its virtual MAC, shared by those of one group. */
export const flexibleIpSeed = z
  .strictObject({
    id: z.string(),
    ip: z.string(),
    status: z.enum(flexibleIpStatuses),
    serverId: z.string().nullable(),
    mac: z.string().nullable(),
    projectId: z.string(),
    organizationId: z.string(),
    description: z.string(),
    tags: z.array(z.string()).readonly(),
    reverse: z.string(),
    createdAt: z.string(),
    visible: z.boolean(),
  })
  .exactPartial();
export type FlexibleIpSeed = z.infer<typeof flexibleIpSeed>;

type Account = { table: FlexibleIpTable; macs: MacPool; transitions: Transitions };

/** Writes into the record what the seed names, and leaves the rest; id and address stay. */
export function applySeed(record: FlexibleIpRecord, seed: FlexibleIpSeed, account: Account): void {
  record.status = seed.status ?? record.status;
  if (seed.serverId !== undefined) record.serverId = seed.serverId;
  record.projectId = seed.projectId ?? record.projectId;
  record.organizationId = seed.organizationId ?? record.organizationId;
  record.description = seed.description ?? record.description;
  record.tags = seed.tags ?? record.tags;
  record.reverse = seed.reverse ?? record.reverse;
  record.visible = seed.visible ?? record.visible;
  if (seed.createdAt !== undefined) {
    record.createdAt = parseTimestamp(seed.createdAt);
    account.table.reorder();
  }
  if (seed.mac !== undefined) seedMac(record, seed.mac, account);
  if (record.mac) record.mac.status = record.serverId === null ? "ready" : "used";
}

function seedMac(record: FlexibleIpRecord, address: string | null, { macs, transitions }: Account): void {
  if (address === null) {
    record.mac = null;
    return;
  }
  macs.reserve(address);
  record.mac = transitions.newMac(address, "kvm");
}
