import type { LogFields } from "../log.ts";
import type { FlexibleIp } from "../scaleway/flexible-ip.ts";

/** The fields of a log line about a flexible IP. */
export function fieldsOf({ address, id, serverId }: FlexibleIp): LogFields {
  return { address, flexible_ip_id: id, server_id: serverId ?? null };
}

/** The fields of a log line about a change: which flexible IP, and what was before and after it. */
export function changed(
  what: "create" | "adopt" | "give back" | "delete" | "attach" | "detach" | "make MAC" | "delete MAC" | "share MAC",
  { address, id }: FlexibleIp,
  before: string | undefined,
  after: string | undefined,
): LogFields {
  return { audit: true, what, address, flexible_ip_id: id, before: before ?? null, after: after ?? null };
}
