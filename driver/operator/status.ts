// The state of the cloud in ten lines: front-end, hosts, addresses, drift, API and the last failure.
import * as z from "zod/mini";
import { readToken } from "../config.ts";
import { ApiError, messageOf } from "../errors.ts";
import { listPath, look } from "./api-look.ts";
import { EXIT } from "./exit.ts";
import { type Entry, readEntries } from "./log-files.ts";
import { listHosts } from "./one/hosts.ts";
import { leadershipOf } from "./one/leader.ts";
import { asOneadmin, configOf, type Operator } from "./operator.ts";
import { formOf, json } from "./print/rows.ts";
import { printable } from "./print/width.ts";
import { recordsOf } from "./records.ts";
import { type Survey, survey, userAgentOf } from "./survey.ts";

const DAY_MS = 86_400_000;
const counts = z.record(z.string(), z.number());

/** What `status -o json` prints. What could not be learned is null. */
export const statusRecord = z.strictObject({
  version: z.string(),
  cloud: z.nullable(z.string()),
  zone: z.nullable(z.string()),
  role: z.enum(["solo", "leader", "follower", "unknown"]).check(z.describe("of this front-end among the zone's")),
  hosts: z.nullable(z.strictObject({ total: z.number(), offline: z.number(), unknown: z.array(z.string()) })),
  ranges: z.nullable(z.strictObject({ total: z.number(), leased: z.number(), free: z.number() })),
  addresses: z.nullable(z.strictObject({ total: z.number(), by_status: counts })),
  drift: z.nullable(z.strictObject({ total: z.number(), by_kind: counts, young: z.number() })),
  open_registrations: z.nullable(z.number()),
  api: z.strictObject({ reachable: z.boolean(), status: z.nullable(z.number()), ms: z.nullable(z.number()) }),
  errors_last_day: z.number(),
  last_error: z.nullable(
    z.strictObject({ time: z.string(), action: z.string(), host: z.string(), message: z.string() }),
  ),
  problem: z.nullable(z.string()).check(z.describe("why something could not be learned, for people")),
});
type Status = z.infer<typeof statusRecord>;

export async function status(given: Operator): Promise<number> {
  const operator = asOneadmin(given);
  const { terminal } = operator;
  const { format } = formOf(operator, []);
  const now = await statusOf(operator);
  terminal.progress("");
  terminal.print(format === "json" ? `${json(now)}\n` : sheet(operator, now));
  if (now.problem !== null || !now.api.reachable) return EXIT.failed;
  return (now.drift?.total ?? 0) > 0 || (now.hosts?.unknown.length ?? 0) > 0 ? EXIT.findings : EXIT.done;
}

async function statusOf(operator: Operator): Promise<Status> {
  const problems: string[] = [];
  const attempt = async <T>(work: () => Promise<T>): Promise<T | null> => {
    try {
      return await work();
    } catch (error) {
      problems.push(messageOf(error));
      return null;
    }
  };
  const config = await attempt(async () => configOf(operator));
  const [found, hosts, leadership, api] = await Promise.all([
    attempt(() => survey(operator)),
    attempt(() => listHosts(operator)),
    leadershipOf(operator),
    apiOf(operator),
  ]);
  const since = new Date(Date.now() - DAY_MS);
  const errors = readEntries(operator, { lowest: "error", since, vm: undefined, address: undefined });
  return {
    version: operator.caller.version,
    cloud: config?.cloud ?? null,
    zone: config?.zone ?? null,
    role: leadership.role,
    hosts: hosts && {
      total: hosts.length,
      offline: hosts.filter(({ isOffline }) => isOffline).length,
      unknown: found === null ? [] : hosts.map(({ name }) => name).filter((name) => !found.view.servers.has(name)),
    },
    ...countsOf(found),
    api,
    errors_last_day: errors.length,
    last_error: lastOf(errors),
    problem: problems.length === 0 ? null : [...new Set(problems)].join("; "),
  };
}

function countsOf(found: Survey | null): Pick<Status, "ranges" | "addresses" | "drift" | "open_registrations"> {
  if (found === null) return { ranges: null, addresses: null, drift: null, open_registrations: null };
  const { view, steps, young } = found;
  const records = recordsOf(view, steps);
  const leased = view.ranges.filter(({ holder }) => holder !== undefined).length;
  return {
    ranges: { total: view.ranges.length, leased, free: view.ranges.length - leased },
    addresses: { total: records.length, by_status: countBy(records.map((record) => record.status)) },
    drift: { total: steps.length, by_kind: countBy(steps.map(({ kind }) => kind)), young: young.length },
    open_registrations: view.deadIntents.length + view.liveIntents.length,
  };
}

async function apiOf(operator: Operator): Promise<Status["api"]> {
  try {
    const config = configOf(operator);
    const { durationMs } = await look(config, readToken(config), userAgentOf(operator), listPath(config));
    return { reachable: true, status: 200, ms: durationMs };
  } catch (error) {
    return { reachable: false, status: (error instanceof ApiError && error.status) || null, ms: null };
  }
}

function lastOf(errors: readonly Entry[]): Status["last_error"] {
  const last = errors.at(-1);
  return last === undefined ? null : { time: last.time, action: last.action, host: last.host, message: last.message };
}

function sheet({ terminal }: Operator, now: Status): string {
  const { api, drift, problem, last_error: last } = now;
  const lines: readonly (readonly [title: string, text: string, isBad?: boolean])[] = [
    ["front-end", `scw-flexip ${now.version}, cloud ${now.cloud ?? "?"} in ${now.zone ?? "?"}, ${now.role}`],
    ["hosts", orUnknown(now.hosts, ({ total, offline, unknown }) => `${total}, ${offline} offline${without(unknown)}`)],
    ["ranges", orUnknown(now.ranges, ({ total, leased, free }) => `${total}: ${leased} leased, ${free} free`)],
    ["addresses", orUnknown(now.addresses, ({ total, by_status }) => total + words(by_status))],
    [
      "drift",
      orUnknown(drift, ({ total, by_kind, young }) => total + words(by_kind) + recent(young)),
      drift?.total !== 0,
    ],
    ["journal", orUnknown(now.open_registrations, (count) => `${count} registrations open`)],
    ["API", api.reachable ? `reachable, ${api.ms} ms` : `not reachable (${api.status ?? "no answer"})`, !api.reachable],
    ["errors", `${now.errors_last_day} on this machine since yesterday`],
    ["last error", last === null ? "-" : `${last.time} ${last.action}: ${last.message}`],
    ["problem", problem ?? "-", problem !== null],
  ];
  return lines
    .map(([title, text, isBad]) => {
      const line = printable(text);
      return `${title.padEnd(12)}${isBad === true ? terminal.style("yellow", line) : line}\n`;
    })
    .join("");
}

function orUnknown<T>(value: T | null, text: (value: T) => string): string {
  return value === null ? "?" : text(value);
}

function without(unknown: readonly string[]): string {
  return unknown.length === 0 ? "" : `, server not known: ${unknown.join(", ")}`;
}

function recent(young: number): string {
  return young === 0 ? "" : `; ${young} changed a moment ago`;
}

function words(by: Readonly<Record<string, number>>): string {
  const parts = Object.entries(by).map(([name, count]) => `${count} ${name}`);
  return parts.length === 0 ? "" : `: ${parts.join(", ")}`;
}

function countBy(names: readonly string[]): Record<string, number> {
  return Object.fromEntries([...Map.groupBy(names, (name) => name)].map(([name, all]) => [name, all.length]));
}
