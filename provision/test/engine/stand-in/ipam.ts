// Booked private addresses, as /ipam/v1 has them.
import { type Document, documentsOf, isDocument, textOf } from "./record.ts";
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

const IPS = "/ipam/v1/regions/:region/ips";
// Scaleway keeps the first addresses of a network for itself.
const FIRST_FREE = 3;

/** Book, read, tag and release addresses. */
export function ipamRoutes(world: World): Route[] {
  return [
    ["POST", IPS, ({ at, body }) => book(world, at.region ?? "", body)],
    ["GET", IPS, ({ query }) => listing("ips", wanted(world, query))],
    ["GET", `${IPS}/:id`, ({ at }) => found(world, "ips", "ip", at.id ?? "")],
    ["PATCH", `${IPS}/:id`, ({ at, body }) => changed(world, "ips", "ip", at.id ?? "", body)],
    ["DELETE", `${IPS}/:id`, ({ at }) => release(world, at.id ?? "")],
  ];
}

function book(world: World, region: string, body: Document): Answer {
  const networkId = isDocument(body.source) ? textOf(body.source, "private_network_id") : "";
  const { is_ipv6, tags } = body;
  const wanted = { region, project_id: textOf(body, "project_id"), tags: tags ?? [], is_ipv6: is_ipv6 === true };
  const ip = allot(world, networkId, wanted, textOf(body, "address"));
  if (ip === "taken") return { status: 409, body: { message: "address is already in use", type: "conflict" } };
  return ip === undefined ? notFound("private_network", networkId) : ok(ip);
}

/** Gives out an address of the network: the requested address, or else the first free one. */
export function allot(
  world: World,
  networkId: string,
  wanted: { readonly is_ipv6: boolean } & Document,
  asked = "",
): Document | "taken" | undefined {
  const network = world.store.kind("private-networks").get(networkId);
  const subnet = documentsOf(network, "subnets").find(
    (each) => textOf(each, "subnet").includes(":") === wanted.is_ipv6,
  );
  if (subnet === undefined) return undefined;
  const [base = "", prefixLength] = textOf(subnet, "subnet").split("/");
  const subnetId = textOf(subnet, "id");
  const taken = new Set(inSubnet(world, subnetId).map((ip) => textOf(ip, "address").split("/")[0]));
  if (taken.has(asked)) return "taken";
  const address = asked || (wanted.is_ipv6 ? `${base}${taken.size + FIRST_FREE}` : firstFree(base, taken));
  const source = { subnet_id: subnetId };
  const common = { resource: null, reverses: [], source, tags: [], zone: null };
  return world.store.add("ips", { ...common, ...wanted, address: `${address}/${prefixLength}` });
}

function release(world: World, id: string): Answer {
  if (isDocument(world.store.kind("ips").get(id)?.resource)) return stillInUse("address");
  return removed(world, "ips", "ip", id);
}

function wanted(world: World, query: URLSearchParams): Document[] {
  const network = world.store.kind("private-networks").get(query.get("private_network_id") ?? "");
  const subnets = documentsOf(network, "subnets").map((subnet) => textOf(subnet, "id"));
  const type = query.get("resource_type");
  return world.store.list("ips", { project_id: query.get("project_id") }).filter((ip) => {
    const source = isDocument(ip.source) ? textOf(ip.source, "subnet_id") : "";
    const resource = isDocument(ip.resource) ? textOf(ip.resource, "type") : "";
    return (network === undefined || subnets.includes(source)) && (type === null || type === resource);
  });
}

function inSubnet(world: World, subnetId: string): Document[] {
  return world.store.list("ips").filter((ip) => isDocument(ip.source) && ip.source.subnet_id === subnetId);
}

function firstFree(base: string, taken: ReadonlySet<string | undefined>): string {
  const [a, b, c, d] = base.split(".").map(Number);
  for (let offset = FIRST_FREE; offset < 250; offset += 1) {
    const address = `${a}.${b}.${c}.${(d ?? 0) + offset}`;
    if (!taken.has(address)) return address;
  }
  throw new Error(`${base} has no free address left`);
}
