import { isUuid } from "./call-arguments.ts";
import { type FlexibleIpRecord, flexibleIpStatuses, toWire, type WireFlexibleIp } from "./flexible-ip-record.ts";
import type { FlexibleIps } from "./flexible-ips.ts";
import { invalidArgument } from "./refusals.ts";

export type FlexibleIpPage = { flexible_ips: WireFlexibleIp[]; total_count: number };

type Matcher = (record: FlexibleIpRecord) => boolean;

const filters: Record<string, (wanted: ReadonlySet<string>) => Matcher> = {
  tags: (wanted) => (record) => record.tags.some((tag) => wanted.has(tag)),
  status: (wanted) => (record) => wanted.has(record.status),
  server_ids: (wanted) => (record) => record.serverId !== null && wanted.has(record.serverId),
  project_id: (wanted) => (record) => wanted.has(record.projectId),
  organization_id: (wanted) => (record) => wanted.has(record.organizationId),
};

/** One page of the flexible IPs that pass every filter; the count is of all that pass. */
export function listFlexibleIps(account: FlexibleIps, zone: string, query: URLSearchParams): FlexibleIpPage {
  checkQuery(query);
  const size = Math.min(positive(query, "page_size", 20), account.limits.pageSize);
  const start = (positive(query, "page", 1) - 1) * size;
  const matchers: Matcher[] = [(record) => record.visible && record.zone === zone];
  for (const [name, matcher] of Object.entries(filters)) {
    if (query.has(name)) matchers.push(matcher(new Set(query.getAll(name))));
  }
  const found = account.listed().filter((record) => matchers.every((matches) => matches(record)));
  if (query.get("order_by") === "created_at_desc") found.reverse();
  const page = found.slice(start, start + size);
  return { flexible_ips: page.map((record) => toWire(record)), total_count: found.length };
}

function checkQuery(query: URLSearchParams): void {
  for (const [name, value] of query) {
    if (!isAccepted(name, value)) throw invalidArgument(name, "constraint", `not accepted: ${value}`);
  }
}

function isAccepted(name: string, value: string): boolean {
  switch (name) {
    case "order_by":
      return value === "created_at_asc" || value === "created_at_desc";
    case "status":
      return flexibleIpStatuses.some((status) => status === value);
    case "server_ids":
    case "project_id":
    case "organization_id":
      return isUuid(value);
    case "page":
    case "page_size":
      return /^[1-9]\d{0,8}$/.test(value);
    default:
      return name === "tags";
  }
}

function positive(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name);
  return text === null ? otherwise : Number(text);
}
