// The Flexible IP API over HTTP: paths, bodies, checked answers, paging.
import * as z from "zod/mini";
import {
  FLEXIBLE_IP_STATUSES,
  type FlexibleIp,
  type FlexibleIpApi,
  type FlexibleIpChange,
  type FlexibleIpFilter,
  type FlexibleIpStatus,
  type NewFlexibleIp,
} from "./flexible-ip.ts";
import type { Http, Request } from "./http.ts";

const PAGE_SIZE = 100;
// What is created or deleted while pages are read shifts the others across their borders, and the counts may still agree.
const LIST_ATTEMPTS = 4;

const wireFlexibleIp = z.looseObject({
  id: z.string(),
  ip_address: z.string().check(z.minLength(2)),
  mac_address: z.nullable(z.looseObject({ mac_address: z.string() })),
  server_id: z.nullable(z.string()),
  status: z.string(),
  project_id: z.string(),
  description: z.string(),
  tags: z.array(z.string()),
  updated_at: z.string(),
  reverse: z.optional(z.nullable(z.string())),
});
const wirePage = z.looseObject({ flexible_ips: z.array(wireFlexibleIp), total_count: z.number() });

/** The API's answer for one flexible IP, checked. Fields nobody asked for are let through. */
export function parseFlexibleIp(body: unknown): FlexibleIp {
  return fromWire(z.parse(wireFlexibleIp, body));
}

/** The API's answer for several, checked. */
export function parsePage(body: unknown): { flexibleIps: FlexibleIp[]; totalCount: number } {
  const page = z.parse(wirePage, body);
  return { flexibleIps: page.flexible_ips.map(fromWire), totalCount: page.total_count };
}

export class FlexibleIpClient implements FlexibleIpApi {
  readonly #http: Http;
  readonly #path: string;
  readonly #macType: string;
  // The API's request by the flexible IP that it changed last.
  readonly #requests = new Map<string, string | undefined>();

  constructor(http: Http, zone: string, macType: string) {
    this.#http = http;
    this.#path = `/flexible-ip/v1alpha1/zones/${zone}/fips`;
    this.#macType = macType;
  }

  create(flexibleIp: NewFlexibleIp): Promise<FlexibleIp> {
    const { projectId, description, tags, isIpv6 } = flexibleIp;
    const body = { project_id: projectId, description, tags, is_ipv6: isIpv6 };
    return this.#post("create a flexible IP", "", body, (answer, { requestId }) => {
      const created = parseFlexibleIp(answer);
      this.#requests.set(created.id, requestId);
      return created;
    });
  }

  get(id: string): Promise<FlexibleIp> {
    return this.#http.send({
      what: `read flexible IP ${id}`,
      method: "GET",
      path: `${this.#path}/${id}`,
      repeat: true,
      parse: parseFlexibleIp,
    });
  }

  async list(filter: FlexibleIpFilter): Promise<FlexibleIp[]> {
    const seen = new Map<string, FlexibleIp>();
    let before: string | undefined;
    for (let attempt = 1; attempt <= LIST_ATTEMPTS; attempt += 1) {
      const { flexibleIps, isOnePage, isWhole } = await this.#listOnce(filter);
      const ids = isWhole ? flexibleIps.map(({ id }) => id).join() : undefined;
      if (ids !== undefined && (isOnePage || ids === before)) return flexibleIps;
      before = ids;
      for (const flexibleIp of flexibleIps) seen.set(flexibleIp.id, flexibleIp);
    }
    // What one round missed another has: an address that is overlooked might be bought a second time.
    return [...seen.values()];
  }

  async probe(projectId: string): Promise<void> {
    await this.#http.send({
      what: `list the flexible IPs of project ${projectId}`,
      method: "GET",
      path: `${this.#path}?${new URLSearchParams({ project_id: projectId, page_size: "1" })}`,
      repeat: true,
      parse: parsePage,
    });
  }

  update(id: string, change: FlexibleIpChange): Promise<FlexibleIp> {
    return this.#http.send({
      what: `change flexible IP ${id}`,
      method: "PATCH",
      path: `${this.#path}/${id}`,
      body: change,
      repeat: true,
      parse: this.#noting([id], parseFlexibleIp),
    });
  }

  delete(id: string): Promise<void> {
    return this.#http.send({
      what: `delete flexible IP ${id}`,
      method: "DELETE",
      path: `${this.#path}/${id}`,
      repeat: true,
      parse: this.#noting([id], () => {}),
    });
  }

  async attach(ids: readonly string[], serverId: string): Promise<FlexibleIp[]> {
    const what = `attach flexible IP ${ids.join(", ")} to server ${serverId}`;
    const body = { fips_ids: ids, server_id: serverId };
    return (await this.#post(what, "/attach", body, this.#noting(ids, parsePage))).flexibleIps;
  }

  async detach(ids: readonly string[]): Promise<FlexibleIp[]> {
    const what = `detach flexible IP ${ids.join(", ")}`;
    return (await this.#post(what, "/detach", { fips_ids: ids }, this.#noting(ids, parsePage))).flexibleIps;
  }

  generateMac(id: string): Promise<FlexibleIp> {
    const body = { mac_type: this.#macType };
    const parse = this.#noting([id], parseFlexibleIp);
    return this.#post(`make a virtual MAC for flexible IP ${id}`, `/${id}/mac`, body, parse);
  }

  duplicateMac(id: string, fromId: string): Promise<FlexibleIp> {
    const what = `give flexible IP ${id} the virtual MAC of ${fromId}`;
    const parse = this.#noting([id], parseFlexibleIp);
    return this.#post(what, `/${id}/mac/duplicate`, { duplicate_from_fip_id: fromId }, parse);
  }

  deleteMac(id: string): Promise<void> {
    return this.#http.send({
      what: `delete the virtual MAC of flexible IP ${id}`,
      method: "DELETE",
      path: `${this.#path}/${id}/mac`,
      repeat: false,
      parse: this.#noting([id], () => {}),
    });
  }

  requestOf(id: string): string | undefined {
    return this.#requests.get(id);
  }

  async #listOnce(
    filter: FlexibleIpFilter,
  ): Promise<{ flexibleIps: FlexibleIp[]; isOnePage: boolean; isWhole: boolean }> {
    const byId = new Map<string, FlexibleIp>();
    const totals = new Set<number>();
    let seen = 0;
    for (let page = 1; ; page += 1) {
      const { flexibleIps, totalCount } = await this.#http.send({
        what: "list the flexible IPs",
        method: "GET",
        path: `${this.#path}?${listQuery(filter, page)}`,
        repeat: true,
        parse: parsePage,
      });
      totals.add(totalCount);
      seen += flexibleIps.length;
      for (const flexibleIp of flexibleIps) byId.set(flexibleIp.id, flexibleIp);
      if (flexibleIps.length > 0 && seen < totalCount) continue;
      const isWhole = totals.size === 1 && byId.size === totalCount;
      return { flexibleIps: [...byId.values()], isOnePage: page === 1, isWhole };
    }
  }

  #post<T>(what: string, path: string, body: unknown, parse: Request<T>["parse"]): Promise<T> {
    return this.#http.send({ what, method: "POST", path: this.#path + path, body, repeat: false, parse });
  }

  /** The same parser for the answer to a change of these flexible IPs. */
  #noting<T>(ids: readonly string[], parse: (body: unknown) => T): Request<T>["parse"] {
    return (body, { requestId }) => {
      for (const id of ids) this.#requests.set(id, requestId);
      return parse(body);
    };
  }
}

function listQuery(filter: FlexibleIpFilter, page: number): string {
  const query = new URLSearchParams({
    order_by: "created_at_asc",
    page: String(page),
    page_size: String(PAGE_SIZE),
  });
  if (filter.projectId !== undefined) query.append("project_id", filter.projectId);
  if (filter.serverId !== undefined) query.append("server_ids", filter.serverId);
  if (filter.status !== undefined) query.append("status", filter.status);
  if (filter.tag !== undefined) query.append("tags", filter.tag);
  return query.toString();
}

function fromWire(wire: z.infer<typeof wireFlexibleIp>): FlexibleIp {
  const address = wire.ip_address.replace(/\/.*$/, "").toLowerCase();
  return {
    id: wire.id,
    address,
    isIpv6: address.includes(":"),
    mac: wire.mac_address?.mac_address.toLowerCase(),
    serverId: wire.server_id ?? undefined,
    status: knownStatus(wire.status),
    projectId: wire.project_id,
    description: wire.description,
    tags: wire.tags,
    updatedAt: wire.updated_at,
    reverse: wire.reverse || undefined,
  };
}

function knownStatus(status: string): FlexibleIpStatus {
  return FLEXIBLE_IP_STATUSES.find((known) => known === status) ?? "unknown";
}
