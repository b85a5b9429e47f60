import { isUuid } from "./call-arguments.ts";
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
import { invalidArgument, notFound, Refusal } from "./refusals.ts";
import { deleteMac, duplicateMac, generateMac, moveMac } from "./virtual-mac-calls.ts";

export type CallName =
  | "create"
  | "list"
  | "get"
  | "update"
  | "delete"
  | "attach"
  | "detach"
  | "mac.generate"
  | "mac.duplicate"
  | "mac.move"
  | "mac.delete"
  | "server.list"
  | "server.get"
  | "unknown";

export type Route = { call: CallName; zone: string; id: string };

export type Answer = { status: number; body: unknown };

const calls: readonly [CallName, string, RegExp][] = [
  ["create", "POST", /^fips$/],
  ["list", "GET", /^fips$/],
  ["attach", "POST", /^fips\/attach$/],
  ["detach", "POST", /^fips\/detach$/],
  ["get", "GET", /^fips\/([^/]+)$/],
  ["update", "PATCH", /^fips\/([^/]+)$/],
  ["delete", "DELETE", /^fips\/([^/]+)$/],
  ["mac.generate", "POST", /^fips\/([^/]+)\/mac$/],
  ["mac.duplicate", "POST", /^fips\/([^/]+)\/mac\/duplicate$/],
  ["mac.move", "POST", /^fips\/([^/]+)\/mac\/move$/],
  ["mac.delete", "DELETE", /^fips\/([^/]+)\/mac$/],
];

/** Which call of the API this is, by method and path. */
export function recognise(method: string, path: string): Route {
  const [isServer, serverZone = "", serverId] =
    /^\/baremetal\/v1\/zones\/([^/]+)\/servers(?:\/([^/]+))?$/.exec(path) ?? [];
  if (isServer !== undefined && method === "GET") {
    return { call: serverId === undefined ? "server.list" : "server.get", zone: serverZone, id: serverId ?? "" };
  }
  const [, zone = "", rest = ""] = /^\/flexible-ip\/v1alpha1\/zones\/([^/]+)\/(.+)$/.exec(path) ?? [];
  for (const [call, callMethod, pattern] of calls) {
    const match = method === callMethod ? pattern.exec(rest) : null;
    if (match) return { call, zone, id: match[1] ?? "" };
  }
  return { call: "unknown", zone, id: "" };
}

/** Does what the call says to the account and answers it; a refusal is an answer like another. */
export function answerCall(account: FlexibleIps, route: Route, query: URLSearchParams, bodyText: string): Answer {
  try {
    const body = perform(account, route, query, bodyText);
    if (route.call !== "get" && route.call !== "list") account.changed();
    return { status: body === undefined ? 204 : 200, body };
  } catch (error) {
    if (error instanceof Refusal) return { status: error.status, body: error.body };
    throw error;
  }
}

function perform(account: FlexibleIps, { call, zone, id }: Route, query: URLSearchParams, bodyText: string): unknown {
  if (call === "list") return listFlexibleIps(account, zone, query);
  if (call === "unknown" || zone !== account.zone) throw notFound(id || zone, id ? "flexible_ips" : "zones");
  if (id && !isUuid(id)) throw notFound(id);
  if (call === "server.list") return listServers(account.servers, zone, query);
  switch (call) {
    case "server.get":
      return readServer(account.servers, zone, id);
    case "create":
      return createFlexibleIp(account, parseBody(bodyText));
    case "get":
      return toWire(account.table.readable(id));
    case "update":
      return updateFlexibleIp(account, id, parseBody(bodyText));
    case "delete":
      return deleteFlexibleIp(account, id);
    case "attach":
      return attachFlexibleIps(account, parseBody(bodyText));
    case "detach":
      return detachFlexibleIps(account, parseBody(bodyText));
    case "mac.generate":
      return generateMac(account, id, parseBody(bodyText));
    case "mac.duplicate":
      return duplicateMac(account, id, parseBody(bodyText));
    case "mac.move":
      return moveMac(account, id, parseBody(bodyText));
    case "mac.delete":
      return deleteMac(account, id);
  }
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidArgument("body", "format", "not JSON");
  }
}
