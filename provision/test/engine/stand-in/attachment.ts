// Private networks of Elastic Metal servers, as /baremetal/v3 has them.

import { allot } from "./ipam.ts";
import { type Document, documentsOf, isDocument, type Json, listOf, textOf } from "./record.ts";
import { type Answer, gone, listing, notFound, ok, type Route, type World } from "./route.ts";

const KIND = "server-private-networks";
const AUTOMATIC = "automatic-ips";
const ZONE = "/baremetal/v3/zones/:zone";
const FIRST_VLAN = 1001;

/** Attach, look and detach. */
export function attachmentRoutes(world: World): Route[] {
  return [
    ["PUT", `${ZONE}/servers/:id/private-networks`, ({ at, body }) => attach(world, at.id ?? "", body)],
    ["GET", `${ZONE}/server-private-networks`, ({ query }) => look(world, query.get("server_id") ?? "")],
    [
      "DELETE",
      `${ZONE}/servers/:id/private-networks/:network`,
      ({ at }) => detach(world, at.id ?? "", at.network ?? ""),
    ],
  ];
}

/** Attaches exactly the networks of the body, with the addresses that it names and no others, as recorded. */
function attach(world: World, serverId: string, body: Document): Answer {
  const server = world.store.kind("servers").get(serverId);
  if (server === undefined) return { status: 404, body: { message: "Not Found" } };
  if (!documentsOf(server, "options").some(({ name }) => name === "Private Network"))
    return { status: 412, body: { message: "option is not enabled", type: "precondition_failed" } };
  const wanted = isDocument(body.per_private_network_ipam_ip_ids) ? body.per_private_network_ipam_ip_ids : {};
  for (const networkId of Object.keys(wanted))
    if (!world.store.kind("private-networks").has(networkId)) return notFound("private_network", networkId);
  for (const present of attachedTo(world, serverId))
    if (!(textOf(present, "private_network_id") in wanted)) startDetaching(world, present);
  for (const networkId of Object.keys(wanted)) ensure(world, server, networkId, listOf(wanted, networkId));
  return ok({ server_private_networks: attachedTo(world, serverId) });
}

function ensure(world: World, server: Document, networkId: string, ipIds: readonly Json[]): void {
  const serverId = textOf(server, "id");
  const present = attachedTo(world, serverId).find((each) => each.private_network_id === networkId);
  if (present !== undefined) {
    letGo(world, present, ipIds);
    present.ipam_ip_ids = ipIds;
    holdAddresses(world, present);
    return;
  }
  const project_id = textOf(server, "project_id");
  const ids = ipIds.length > 0 ? ipIds : allotBoth(world, networkId, project_id);
  const vlan = FIRST_VLAN + world.store.list(KIND).length;
  const common = { server_id: serverId, private_network_id: networkId, project_id, vlan };
  holdAddresses(world, world.store.add(KIND, { ...common, ipam_ip_ids: ids, status: "attaching" }));
}

/** Without a booked address Scaleway gives an IPv4 and an IPv6 address (recorded). They are deleted with the attachment. */
function allotBoth(world: World, networkId: string, project_id: string): string[] {
  return [false, true].map((is_ipv6) => {
    const ip = allot(world, networkId, { is_ipv6, project_id, region: "fr-par" });
    if (ip === undefined || ip === "taken") throw new Error(`network ${networkId} has no address left`);
    world.store.add(AUTOMATIC, { id: ip.id });
    return textOf(ip, "id");
  });
}

/** IPAM shows which network interface holds a booked address. */
function holdAddresses(world: World, attachment: Document): void {
  const server = world.store.kind("servers").get(textOf(attachment, "server_id"));
  const resource = {
    id: textOf(attachment, "id"),
    mac_address: "02:00:00:00:00:01",
    name: textOf(server, "name"),
    type: "baremetal_private_nic",
  };
  for (const ip of world.store.list("ips"))
    if (listOf(attachment, "ipam_ip_ids").includes(ip.id ?? null)) ip.resource = resource;
}

function look(world: World, serverId: string): Answer {
  for (const each of attachedTo(world, serverId)) {
    if (each.status === "attached" || !world.settled(textOf(each, "id"))) continue;
    if (each.status === "attaching") each.status = "attached";
    else world.store.kind(KIND).delete(textOf(each, "id"));
  }
  return listing("server_private_networks", attachedTo(world, serverId));
}

function detach(world: World, serverId: string, networkId: string): Answer {
  const present = attachedTo(world, serverId).find((each) => each.private_network_id === networkId);
  if (present === undefined) return notFound("server_private_network", networkId);
  startDetaching(world, present);
  return gone();
}

function startDetaching(world: World, attachment: Document): void {
  letGo(world, attachment, []);
  Object.assign(attachment, { status: "detaching", ipam_ip_ids: [] });
}

/** Lets the addresses go that are not among those kept: a booked one is free again, an automatic one is gone. */
function letGo(world: World, attachment: Document, kept: readonly Json[]): void {
  for (const ip of world.store.list("ips")) {
    const id = textOf(ip, "id");
    if (kept.includes(id) || !listOf(attachment, "ipam_ip_ids").includes(id)) continue;
    ip.resource = null;
    if (world.store.kind(AUTOMATIC).delete(id)) world.store.kind("ips").delete(id);
  }
}

function attachedTo(world: World, serverId: string): Document[] {
  return world.store.list(KIND, { server_id: serverId });
}
