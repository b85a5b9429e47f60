import type { LogFields } from "../log.ts";
import type { FlexibleIp } from "../scaleway/flexible-ip.ts";
import type { Session } from "../session.ts";

/** The fields of a log line about a flexible IP. */
export function fieldsOf({ address, id, serverId }: FlexibleIp): LogFields {
  return { address, flexible_ip_id: id, server_id: serverId ?? null };
}

/** The fields of a log line about a change: which flexible IP, what was before and after, and the API's request. */
export function changed(
  api: Session["api"],
  what: string,
  { address, id }: FlexibleIp,
  before: string | undefined,
  after: string | undefined,
): LogFields {
  const fields = { audit: true, what, address, flexible_ip_id: id, before: before ?? null, after: after ?? null };
  return { ...fields, request_id: api.requestOf(id) };
}
