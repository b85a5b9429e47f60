import { UUID } from "./call-arguments.ts";
import { type FlexibleIpRecord, flexibleIpStatuses, toWire, type WireFlexibleIp } from "./flexible-ip-record.ts";
import type { FlexibleIps } from "./flexible-ips.ts";
import { invalidArgument } from "./refusals.ts";

export type FlexibleIpPage = { flexible_ips: WireFlexibleIp[]; total_count: number };

const FILTERS: Record<string, (record: FlexibleIpRecord, wanted: readonly string[]) => boolean> = {
  tags: (record, wanted) => record.tags.some((tag) => wanted.includes(tag)),
  status: (record, wanted) => wanted.includes(record.status),
  server_ids: (record, wanted) => wanted.includes(record.serverId ?? ""),
  project_id: (record, wanted) => wanted.includes(record.projectId),
};

const POSITIVE = /^[1-9]\d{0,8}$/;
const ACCEPTED: Record<string, RegExp> = {
  order_by: /^created_at_asc$/,
  page: POSITIVE,
  page_size: POSITIVE,
  tags: /^/,
  status: new RegExp(`^(${flexibleIpStatuses.join("|")})$`),
  server_ids: UUID,
  project_id: UUID,
};

/** One page of the flexible IPs that pass every filter; the count is of all that pass. */
export function listFlexibleIps(account: FlexibleIps, zone: string, query: URLSearchParams): FlexibleIpPage {
  for (const [name, value] of query) {
    if (!ACCEPTED[name]?.test(value)) throw invalidArgument(name, `not accepted: ${value}`);
  }
  const size = Math.min(Number(query.get("page_size") ?? 20), account.limits.pageSize);
  const start = (Number(query.get("page") ?? 1) - 1) * size;
  const filters = Object.entries(FILTERS).filter(([name]) => query.has(name));
  const found = account
    .listed()
    .filter((record) => record.visible && record.zone === zone)
    .filter((record) => filters.every(([name, passes]) => passes(record, query.getAll(name))));
  const page = found.slice(start, start + size);
  return { flexible_ips: page.map((record) => toWire(record)), total_count: found.length };
}
