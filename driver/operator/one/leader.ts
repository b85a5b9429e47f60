// Whether the oned that answers here leads its zone: the others answer from an older copy of the database.
import { readFileSync } from "node:fs";
import { messageOf } from "../../errors.ts";
import { child, children, type Element, parseXml, textOf } from "../../opennebula/xml.ts";
import type { Operator } from "../operator.ts";
import { oneListing } from "./one-command.ts";

type Leading = { readonly role: "solo" | "leader" };
export type Leadership = Leading | { readonly role: "follower" | "unknown"; readonly why: string };

const SOLO = "0";
const LEADER = "3";
const STATES: Readonly<Record<string, string>> = { "1": "a candidate", "2": "a follower" };

/** Whether steps may rely on what OpenNebula says here. */
export function leads(leadership: Leadership): leadership is Leading {
  return leadership.role === "solo" || leadership.role === "leader";
}

/** The role of this front-end by `onezone show`; unknown when that fails. */
export async function leadershipOf(operator: Operator): Promise<Leadership> {
  const settings = onedSettings(operator);
  try {
    const servers = await oneListing(operator, "onezone", ["show", settings.zoneId, "-x"], (text) =>
      children(child(parseXml(text, "ZONE", ["SERVER"]), "SERVER_POOL"), "SERVER"),
    );
    return judge(servers, settings.endpoint ?? settings.serverId);
  } catch (error) {
    return { role: "unknown", why: messageOf(error) };
  }
}

/** `self`: this server's id, or the endpoint that the commands ask. */
export function judge(servers: readonly Element[], self: string | undefined): Leadership {
  if (servers.length === 0) return { role: "solo" };
  const own = servers.find((server) => textOf(server, "ID") === self || textOf(server, "ENDPOINT") === self);
  if (own === undefined) {
    return { role: "unknown", why: `none of the zone's ${servers.length} servers is known to be this one` };
  }
  if (textOf(own, "STATE") === SOLO) return { role: "solo" };
  const term = (server: Element): number => Number(textOf(server, "TERM")) || 0;
  // A server that lost the others may still think that it leads; the one elected later does.
  const [leader] = servers
    .filter((server) => textOf(server, "STATE") === LEADER)
    .sort((one, other) => term(other) - term(one));
  if (leader === own) return { role: "leader" };
  const now = leader === undefined ? "no server leads now" : `${textOf(leader, "NAME")} leads`;
  const state = STATES[textOf(own, "STATE")] ?? "not the leader";
  return { role: "follower", why: `this OpenNebula (${textOf(own, "NAME")}) is ${state}, ${now}` };
}

/** The server that the commands ask: oned.conf names it and its zone, unless the environment names another one. */
function onedSettings({ environment, layout }: Operator): {
  readonly zoneId: string;
  readonly serverId: string | undefined;
  readonly endpoint: string | undefined;
} {
  const federation = /^\s*FEDERATION\s*=\s*\[([^\]]*)\]/m.exec(textOfFile(layout.onedConf))?.[1] ?? "";
  const value = (key: string): string | undefined => new RegExp(`\\b${key}\\s*=\\s*"?(-?\\d+)`).exec(federation)?.[1];
  const endpoint = environment.ONE_XMLRPC ?? "";
  const isOwn = endpoint === "" || /^https?:\/\/(localhost|127\.[\d.]+|\[::1\])[:/]/.test(endpoint);
  return { zoneId: value("ZONE_ID") ?? "0", serverId: value("SERVER_ID"), endpoint: isOwn ? undefined : endpoint };
}

function textOfFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
