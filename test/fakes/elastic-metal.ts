// The reads of the Elastic Metal API: which servers a project has, and their addresses.
import { notFound } from "./refusals.ts";

export type ElasticMetalServer = {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
  readonly addresses: readonly string[];
};

/** `GET /baremetal/v1/zones/{zone}/servers`. */
export function listServers(servers: readonly ElasticMetalServer[], zone: string, query: URLSearchParams) {
  const project = query.get("project_id");
  const size = Number(query.get("page_size") ?? 20);
  const start = (Number(query.get("page") ?? 1) - 1) * size;
  const found = servers.filter(({ projectId }) => project === null || projectId === project);
  return {
    servers: found.slice(start, start + size).map((server) => toWire(server, zone)),
    total_count: found.length,
  };
}

/** `GET /baremetal/v1/zones/{zone}/servers/{id}`. */
export function readServer(servers: readonly ElasticMetalServer[], zone: string, id: string) {
  const found = servers.find((server) => server.id === id);
  if (found === undefined) throw notFound(id, "server");
  return toWire(found, zone);
}

function toWire({ id, name, projectId, addresses }: ElasticMetalServer, zone: string) {
  return {
    id,
    name,
    project_id: projectId,
    zone,
    status: "ready",
    ips: addresses.map((address) => ({ address, version: address.includes(":") ? "IPv6" : "IPv4" })),
  };
}
