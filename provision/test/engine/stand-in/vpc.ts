// VPCs and private networks, as /vpc/v2 has them.
import { randomUUID } from "node:crypto";
import { type Document, listOf, textOf } from "./record.ts";
import {
  type Answer,
  changed,
  found,
  listing,
  notFound,
  ok,
  type Route,
  removed,
  stillInUse,
  type World,
} from "./route.ts";

const VPCS = "/vpc/v2/regions/:region/vpcs";
const NETWORKS = "/vpc/v2/regions/:region/private-networks";

/** Make, read, change and delete VPCs and private networks; what is in use stays. */
export function vpcRoutes(world: World): Route[] {
  return [
    ["POST", VPCS, ({ at, body }) => ok(addVpc(world, at.region ?? "", body))],
    ["GET", VPCS, ({ query }) => listing("vpcs", world.store.list("vpcs", { project_id: query.get("project_id") }))],
    ["GET", `${VPCS}/:id`, ({ at }) => found(world, "vpcs", "vpc", at.id ?? "")],
    ["PATCH", `${VPCS}/:id`, ({ at, body }) => changed(world, "vpcs", "vpc", at.id ?? "", body)],
    ["DELETE", `${VPCS}/:id`, ({ at }) => removeVpc(world, at.id ?? "")],
    ["POST", NETWORKS, ({ at, body }) => addNetwork(world, at.region ?? "", body)],
    [
      "GET",
      NETWORKS,
      ({ query }) =>
        listing("private_networks", world.store.list("private-networks", { project_id: query.get("project_id") })),
    ],
    ["GET", `${NETWORKS}/:id`, ({ at }) => found(world, "private-networks", "private_network", at.id ?? "")],
    [
      "PATCH",
      `${NETWORKS}/:id`,
      ({ at, body }) => changed(world, "private-networks", "private_network", at.id ?? "", body),
    ],
    ["DELETE", `${NETWORKS}/:id`, ({ at }) => removeNetwork(world, at.id ?? "")],
  ];
}

/** Routing is on whatever the request says, as recorded. */
function addVpc(world: World, region: string, body: Document): Document {
  return world.store.add("vpcs", {
    name: textOf(body, "name"),
    tags: listOf(body, "tags"),
    ...placed(world, region, body),
    custom_routes_propagation_enabled: true,
    is_default: false,
    private_network_count: 0,
    routing_enabled: true,
  });
}

function removeVpc(world: World, id: string): Answer {
  if (world.store.list("private-networks", { vpc_id: id }).length > 0) return stillInUse("VPC");
  return removed(world, "vpcs", "vpc", id);
}

/** An IPv6 range comes with every network. */
function addNetwork(world: World, region: string, body: Document): Answer {
  const vpcId = textOf(body, "vpc_id");
  if (!world.store.kind("vpcs").has(vpcId)) return notFound("vpc", vpcId);
  const id = randomUUID();
  const owner = { private_network_id: id, vpc_id: vpcId, project_id: textOf(body, "project_id") };
  const now = new Date().toISOString();
  const ranges = [...listOf(body, "subnets"), `fd64:badd:7710:${id.slice(0, 4)}::/64`];
  const network = world.store.add("private-networks", {
    id,
    name: textOf(body, "name"),
    tags: listOf(body, "tags"),
    ...placed(world, region, body),
    vpc_id: vpcId,
    default_route_propagation_enabled: false,
    dhcp_enabled: true,
    subnets: ranges.map((subnet) => ({ id: randomUUID(), subnet, ...owner, created_at: now, updated_at: now })),
  });
  return ok(network);
}

function removeNetwork(world: World, id: string): Answer {
  const attached = world.store.list("server-private-networks", { private_network_id: id });
  if (attached.length > 0) return stillInUse("private network");
  return removed(world, "private-networks", "private_network", id);
}

function placed(world: World, region: string, body: Document): Document {
  const projectId = textOf(body, "project_id");
  const project = world.store.kind("projects").get(projectId);
  return { region, project_id: projectId, organization_id: textOf(project, "organization_id") };
}
