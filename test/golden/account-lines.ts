// Flexible IPs as a case writes them, one a line: `203.0.113.11 at=here tags=web,ours:adopted`. What goes without saying
// is left out: id and virtual MAC end like the address, it is attached where it is somewhere and ready elsewhere, and
// its tags are those of a range of this cloud that obtained it.
import { z } from "zod";
import { ownershipTags } from "../../driver/flexible-ip/ownership.ts";
import { flexibleIpStatuses } from "../fakes/flexible-ip-record.ts";

/** A flexible IP of a case. `at` is the name of a host; without `project` it is of the driver's. */
export type CaseFlexibleIp = ReturnType<typeof parseLine>;

const words = z.strictObject({
  id: z.uuid().exactOptional(),
  status: z.enum(flexibleIpStatuses).exactOptional(),
  at: z.enum(["here", "elsewhere"]).exactOptional(),
  mac: z.string().exactOptional(),
  project: z.uuid().exactOptional(),
  hidden: z.literal("yes").exactOptional(),
  tags: z.string().exactOptional(),
  description: z.string().exactOptional(),
});

/** The flexible IP of such a line. */
export function parseLine(line: string) {
  const [, ip = "", rest = ""] = /^(\S+)(.*)$/.exec(line) ?? [];
  const given = words.parse(
    Object.fromEntries([...rest.matchAll(/ (\w+)=((?<=description=).*|\S*)/g)].map(([, key, value]) => [key, value])),
  );
  const { id = usualId(ip), at, status = at === undefined ? "ready" : "attached", description = "" } = given;
  const mac = given.mac === "none" ? null : (given.mac ?? usualMac(ip));
  const tags = tagsOf(ip, given.tags ?? usualWord);
  return { ip, id, status, at, mac, project: given.project, visible: given.hidden === undefined, tags, description };
}

/** The line of a flexible IP; what is as usual is left out. */
export function lineOf(one: Omit<CaseFlexibleIp, "visible">): string {
  const tags = tagsText(one.ip, one.tags);
  const said: [string, string | undefined][] = [
    ["id", one.id === usualId(one.ip) ? undefined : one.id],
    ["at", one.at],
    ["status", one.status === (one.at === undefined ? "ready" : "attached") ? undefined : one.status],
    ["mac", one.mac === usualMac(one.ip) ? undefined : (one.mac ?? "none")],
    ["project", one.project],
    ["tags", tags === usualWord ? undefined : tags],
    ["description", one.description || undefined],
  ];
  return [one.ip, ...said.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]))].join(" ");
}

const usualWord = "ours:created";

/**
 * `ours:adopted` stands for the four tags of ownership, `ours:created:two` for those of cloud `two`; `new:created` for
 * those with an intent of this run.
 */
function tagsOf(ip: string, text: string): string[] {
  if (text === "none") return [];
  return text.split(",").flatMap((word) => {
    const [, origin, cloud = "one"] = /^ours:(created|adopted)(?::(\w+))?$/.exec(word) ?? [];
    return origin === "created" || origin === "adopted" ? ownershipTags(cloud, origin, usualIntent(ip)) : [word];
  });
}

function tagsText(ip: string, tags: readonly string[]): string {
  const ownership = `scw-flexip,scw-flexip:cloud=(\\w+),scw-flexip:(created|adopted),scw-flexip:intent=([^,]+)`;
  const text = tags.join(",").replace(new RegExp(ownership), (all, cloud, origin, intent) => {
    const word = { [usualIntent(ip)]: "ours", "<intent>": "new" }[intent];
    if (word === undefined) return all;
    return `${word}:${origin}${cloud === "one" ? "" : `:${cloud}`}`;
  });
  return text || "none";
}

function usualId(ip: string): string {
  return `f1e81b1e-0000-4000-8000-${tail(ip).padStart(12, "0")}`;
}

/** A dual-stack range has one intent: 2001:db8:113:21:: is of the range of 203.0.113.11. */
function usualIntent(ip: string): string {
  return `1a7e1700-0000-4000-8000-${(ip.includes(":") ? tail(ip).replace(/^2/, "1") : tail(ip)).padStart(12, "0")}`;
}

function usualMac(ip: string): string | null {
  return ip.includes(":") ? null : `52:54:00:00:01:${tail(ip).padStart(2, "0")}`;
}

/** The last number of the address, before the colons of a prefix. */
function tail(ip: string): string {
  return /(\w+)(?:::\/64)?$/.exec(ip)?.[1] ?? "";
}
