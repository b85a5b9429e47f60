import { listServers, readServer } from "./elastic-metal.ts";
import {
  attachFlexibleIps,
  createFlexibleIp,
  deleteFlexibleIp,
  detachFlexibleIps,
  updateFlexibleIp,
} from "./flexible-ip-calls.ts";
import { listFlexibleIps } from "./flexible-ip-listing.ts";
import { toWire } from "./flexible-ip-record.ts";
import type { FlexibleIps } from "./flexible-ips.ts";
import { notFound, Refusal } from "./refusals.ts";
import { deleteMac, duplicateMac, generateMac } from "./virtual-mac-calls.ts";

type Asked = { id: string; zone: string; query: URLSearchParams; body: unknown };
type Perform = (account: FlexibleIps, asked: Asked) => unknown;

const CALLS = [
  ["create", "POST", /^fips$/, (account, { body }) => createFlexibleIp(account, body)],
  ["list", "GET", /^fips$/, (account, { zone, query }) => listFlexibleIps(account, zone, query)],
  ["attach", "POST", /^fips\/attach$/, (account, { body }) => attachFlexibleIps(account, body)],
  ["detach", "POST", /^fips\/detach$/, (account, { body }) => detachFlexibleIps(account, body)],
  ["get", "GET", /^fips\/([^/]+)$/, (account, { id }) => toWire(account.table.readable(id))],
  ["update", "PATCH", /^fips\/([^/]+)$/, (account, { id, body }) => updateFlexibleIp(account, id, body)],
  ["delete", "DELETE", /^fips\/([^/]+)$/, (account, { id }) => deleteFlexibleIp(account, id)],
  ["mac.generate", "POST", /^fips\/([^/]+)\/mac$/, (account, { id, body }) => generateMac(account, id, body)],
  [
    "mac.duplicate",
    "POST",
    /^fips\/([^/]+)\/mac\/duplicate$/,
    (account, { id, body }) => duplicateMac(account, id, body),
  ],
  ["mac.delete", "DELETE", /^fips\/([^/]+)\/mac$/, (account, { id }) => deleteMac(account, id)],
  ["server.list", "GET", /^servers$/, (account, { zone, query }) => listServers(account.servers, zone, query)],
  ["server.get", "GET", /^servers\/([^/]+)$/, (account, { zone, id }) => readServer(account.servers, zone, id)],
] as const satisfies readonly (readonly [name: string, method: string, path: RegExp, Perform])[];

export type CallName = (typeof CALLS)[number][0] | "unknown";

export type Route = { call: CallName; zone: string; id: string; perform: Perform };

export type Answer = { status: number; body: unknown };

const ZONE = /^\/(?:flexible-ip\/v1alpha1(?=.*\/fips)|baremetal\/v1(?=.*\/servers))\/zones\/([^/]+)\/(.+)$/;

/** Which call of the API this is, by method and path. */
export function recognise(method: string, path: string): Route {
  const [, zone = "", rest = ""] = ZONE.exec(path) ?? [];
  for (const [call, callMethod, pattern, perform] of CALLS) {
    const match = method === callMethod ? pattern.exec(rest) : null;
    if (match) return { call, zone, id: match[1] ?? "", perform };
  }
  return { call: "unknown", zone, id: "", perform: refuse };
}

/** Does what the call says to the account and answers it; a refusal is an answer like another. */
export function answerCall(account: FlexibleIps, route: Route, query: URLSearchParams, bodyText: string): Answer {
  const { call, zone, id } = route;
  try {
    if (zone !== account.zone && call !== "list") throw notFound(zone, "zones");
    const body = route.perform(account, { id, zone, query, body: parseOrNull(bodyText) });
    if (call !== "get" && call !== "list") account.changed();
    return { status: body === undefined ? 204 : 200, body };
  } catch (error) {
    if (error instanceof Refusal) return { status: error.status, body: error.body };
    throw error;
  }
}

/** What a request says; what is no JSON is refused by the call, or not looked at. */
export function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function refuse(): never {
  throw notFound("", "zones");
}
