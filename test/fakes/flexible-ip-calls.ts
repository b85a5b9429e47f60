import { z } from "zod";
import { ids, readArguments, uuid } from "./call-arguments.ts";
import type { FlexibleIpPage } from "./flexible-ip-listing.ts";
import { type FlexibleIpRecord, toWire, type WireFlexibleIp } from "./flexible-ip-record.ts";
import type { FlexibleIps } from "./flexible-ips.ts";
import { invalidArgument, preconditionFailed, quotasExceeded } from "./refusals.ts";

const changeable = z.strictObject({
  description: z.string().max(255),
  tags: z.array(z.string()).exactOptional(),
  reverse: z.string().exactOptional(),
});
const creation = changeable.extend({ project_id: uuid, is_ipv6: z.boolean(), server_id: uuid.exactOptional() });
const change = changeable.partial();
const attachment = z.strictObject({ fips_ids: ids, server_id: uuid });
const detachment = z.strictObject({ fips_ids: ids });

export function createFlexibleIp(account: FlexibleIps, body: unknown): WireFlexibleIp {
  const given = readArguments(creation, body);
  const { project_id: projectId, is_ipv6: isIpv6, server_id: serverId, ...plain } = given;
  checkProjectQuota(account, projectId);
  if (serverId !== undefined) checkServerLimit(account, serverId, 1);

  const since = account.clock.next();
  const record = account.table.create(account.table.takeAddress(isIpv6), projectId);
  Object.assign(record, plain);
  if (serverId !== undefined) account.transitions.attach([record], serverId);
  return toWire(record, since);
}

export function updateFlexibleIp(account: FlexibleIps, id: string, body: unknown): WireFlexibleIp {
  const given = readArguments(change, body);
  const record = account.table.writable(id);

  const since = account.clock.next();
  Object.assign(record, given);
  // Recorded: an update moves the time stamp of the virtual MAC too.
  if (record.mac) record.mac.updatedAt = account.clock.next();
  account.transitions.touch(record);
  return toWire(record, since);
}

export function deleteFlexibleIp(account: FlexibleIps, id: string): void {
  const record = account.table.writable(id);
  if (record.serverId === null) account.discard(record);
  else account.transitions.detach(record, () => account.discard(record));
}

export function attachFlexibleIps(account: FlexibleIps, body: unknown): FlexibleIpPage {
  const given = readArguments(attachment, body);
  const serverId = given.server_id;
  const records = given.fips_ids.map((id) => account.table.writable(id));
  const { directAttach } = account.behaviour;
  for (const record of records) {
    if (record.status === "ready" || (record.status === "attached" && directAttach !== "refused")) continue;
    throw preconditionFailed(409, `flexible IP ${record.id} is ${record.status}`);
  }
  checkOneMacGroup(records);
  const left = records.flatMap((record) => account.table.macGroupOf(record)).some((other) => !records.includes(other));
  if (left) throw invalidArgument("fips_ids", "all flexible IPs of a MAC group must be attached together");
  const since = account.clock.next();
  const moving = records.filter((record) => record.serverId !== serverId);
  const isIgnored = directAttach === "ignored" && moving.some((record) => record.serverId !== null);
  if (isIgnored || moving.length === 0) return answer(records, since);
  checkServerLimit(account, serverId, moving.length);

  account.transitions.attach(moving, serverId);
  return answer(records, since);
}

export function detachFlexibleIps(account: FlexibleIps, body: unknown): FlexibleIpPage {
  const records = readArguments(detachment, body).fips_ids.map((id) => account.table.writable(id));
  checkOneMacGroup(records);

  const since = account.clock.next();
  const stay = records
    .flatMap((record) => account.table.macGroupOf(record))
    .filter((other) => !records.includes(other));
  const losesMac = stay.some((other) => other.serverId !== null && other.status !== "detaching");
  for (const record of records) {
    // Recorded: what is attached to nothing is answered as it is, and nothing about it changes.
    if (record.serverId === null) continue;
    account.transitions.detach(record, () => {
      if (losesMac) record.mac = null;
    });
  }
  return answer(records, since);
}

function answer(records: readonly FlexibleIpRecord[], since: bigint): FlexibleIpPage {
  return { flexible_ips: records.map((record) => toWire(record, since)), total_count: records.length };
}

function checkOneMacGroup(records: readonly FlexibleIpRecord[]): void {
  const macs = new Set(records.map((record) => record.mac?.address ?? record.id));
  if (macs.size === 1) return;
  throw invalidArgument("fips_ids", "flexible IPs must belong to the same MAC group");
}

function checkServerLimit(account: FlexibleIps, serverId: string, more: number): void {
  const limit = account.behaviour.perServerLimit;
  const isThere = (record: FlexibleIpRecord) => record.serverId === serverId || record.targetServerId === serverId;
  const current = account.table.oldestFirst().filter(isThere).length;
  if (current + more > limit) throw quotasExceeded("FlexibleIPsPerServer", limit, current);
}

function checkProjectQuota(account: FlexibleIps, projectId: string): void {
  const quota = account.limits.perProject;
  const current = account.table.oldestFirst().filter((record) => record.projectId === projectId).length;
  if (current >= quota) throw quotasExceeded("FlexibleIPs", quota, current);
}
