// Where an address is.
import type { WireFlexibleIp } from "../fakes/flexible-ip-record.ts";

export type Server = { readonly name: string; readonly serverId: string };

/** The name of the host whose server it is attached to; `free`, `gone`, or its status while it is on its way. */
export function placeOf(flexibleIp: WireFlexibleIp | undefined, hosts: Iterable<Server>): string {
  if (flexibleIp === undefined) return "gone";
  if (flexibleIp.status === "ready") return "free";
  if (flexibleIp.status !== "attached") return flexibleIp.status;
  return hostOf(flexibleIp, hosts) ?? `server ${flexibleIp.server_id}`;
}

/** The name of the host whose server the API shows for it. */
export function hostOf({ server_id }: WireFlexibleIp, hosts: Iterable<Server>): string | undefined {
  return [...hosts].find(({ serverId }) => serverId === server_id)?.name;
}
