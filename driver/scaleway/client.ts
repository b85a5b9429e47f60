// The Flexible IP API over HTTP: paths, bodies, checked answers, paging.
import * as z from "zod/mini";
import {
  FLEXIBLE_IP_STATUSES,
  type FlexibleIp,
  type FlexibleIpChange,
  type FlexibleIpFilter,
  type FlexibleIpStatus,
  type NewFlexibleIp,
} from "./flexible-ip.ts";
import type { Http, Request } from "./http.ts";

type Method = Request<unknown>["method"];

const PAGE_SIZE = 100;
// A flexible IP created or deleted while pages are read moves others to another page, and the counts may still agree.
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

/** The calls of the Flexible IP API that the driver makes, in one zone. Each one throws ApiError. */
export class FlexibleIpClient {
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

  create({ projectId, description, tags, isIpv6 }: NewFlexibleIp): Promise<FlexibleIp> {
    const body = { project_id: projectId, description, tags, is_ipv6: isIpv6 };
    const parse: Request<FlexibleIp>["parse"] = (answer, { requestId }) => {
      const created = parseFlexibleIp(answer);
      this.#requests.set(created.id, requestId);
      return created;
    };
    return this.#once("POST", "", "create a flexible IP", parse, body);
  }

  get(id: string): Promise<FlexibleIp> {
    return this.#repeated("GET", `/${id}`, `read flexible IP ${id}`, parseFlexibleIp);
  }

  /** All pages. */
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
    // One round has what another one missed: a missed address could be bought a second time.
    return [...seen.values()];
  }

  /** Proves by the smallest list call that the token may read the project. */
  async probe(projectId: string): Promise<void> {
    const query = new URLSearchParams({ project_id: projectId, page_size: "1" });
    await this.#repeated("GET", `?${query}`, `list the flexible IPs of project ${projectId}`, parsePage);
  }

  update(id: string, change: FlexibleIpChange): Promise<FlexibleIp> {
    return this.#repeated("PATCH", `/${id}`, `change flexible IP ${id}`, this.#noting([id], parseFlexibleIp), change);
  }

  delete(id: string): Promise<void> {
    return this.#repeated(
      "DELETE",
      `/${id}`,
      `delete flexible IP ${id}`,
      this.#noting([id], () => {}),
    );
  }

  /** All flexible IPs of one call must share a virtual MAC, unless there is only one. */
  async attach(ids: readonly string[], serverId: string): Promise<FlexibleIp[]> {
    const what = `attach flexible IP ${ids.join(", ")} to server ${serverId}`;
    const body = { fips_ids: ids, server_id: serverId };
    return (await this.#once("POST", "/attach", what, this.#noting(ids, parsePage), body)).flexibleIps;
  }

  /** As attach. */
  async detach(ids: readonly string[]): Promise<FlexibleIp[]> {
    const what = `detach flexible IP ${ids.join(", ")}`;
    return (await this.#once("POST", "/detach", what, this.#noting(ids, parsePage), { fips_ids: ids })).flexibleIps;
  }

  generateMac(id: string): Promise<FlexibleIp> {
    const what = `make a virtual MAC for flexible IP ${id}`;
    const parse = this.#noting([id], parseFlexibleIp);
    return this.#once("POST", `/${id}/mac`, what, parse, { mac_type: this.#macType });
  }

  duplicateMac(id: string, fromId: string): Promise<FlexibleIp> {
    const what = `give flexible IP ${id} the virtual MAC of ${fromId}`;
    const parse = this.#noting([id], parseFlexibleIp);
    return this.#once("POST", `/${id}/mac/duplicate`, what, parse, { duplicate_from_fip_id: fromId });
  }

  deleteMac(id: string): Promise<void> {
    const what = `delete the virtual MAC of flexible IP ${id}`;
    return this.#once(
      "DELETE",
      `/${id}/mac`,
      what,
      this.#noting([id], () => {}),
    );
  }

  /** The id that the API gave to the last request that changed this flexible IP; undefined before the first answer. */
  requestOf(id: string): string | undefined {
    return this.#requests.get(id);
  }

  async #listOnce(
    filter: FlexibleIpFilter,
  ): Promise<{ flexibleIps: FlexibleIp[]; isOnePage: boolean; isWhole: boolean }> {
    const byId = new Map<string, FlexibleIp>();
    const totals = new Set<number>();
    let count = 0;
    for (let page = 1; ; page += 1) {
      const path = `?${listQuery(filter, page)}`;
      const { flexibleIps, totalCount } = await this.#repeated("GET", path, "list the flexible IPs", parsePage);
      totals.add(totalCount);
      count += flexibleIps.length;
      for (const flexibleIp of flexibleIps) byId.set(flexibleIp.id, flexibleIp);
      if (flexibleIps.length > 0 && count < totalCount) continue;
      const isWhole = totals.size === 1 && byId.size === totalCount;
      return { flexibleIps: [...byId.values()], isOnePage: page === 1, isWhole };
    }
  }

  /** A call that has the same effect twice. */
  #repeated<T>(method: Method, path: string, what: string, parse: Request<T>["parse"], body?: unknown): Promise<T> {
    return this.#http.send({ what, method, path: this.#path + path, body, repeat: true, parse });
  }

  /** A call whose outcome must be looked up before it may be repeated. */
  #once<T>(method: Method, path: string, what: string, parse: Request<T>["parse"], body?: unknown): Promise<T> {
    return this.#http.send({ what, method, path: this.#path + path, body, repeat: false, parse });
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
  const query = new URLSearchParams({ order_by: "created_at_asc", page: `${page}`, page_size: `${PAGE_SIZE}` });
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
