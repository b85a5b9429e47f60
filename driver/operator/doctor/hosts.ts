// Every host, by one ssh each: its own doctor's findings, and what of it differs from the front-end's.
import { join } from "node:path";
import * as z from "zod/mini";
import type { Config } from "../../config.ts";
import type { Server } from "../elastic-metal.ts";
import { EXECUTABLE } from "../layout.ts";
import { type Host, listHosts, onHost, serverId } from "../one/hosts.ts";
import { inTurn } from "../one/in-turn.ts";
import type { Network } from "../one/networks.ts";
import type { Operator } from "../operator.ts";
import type { ProgramResult } from "../run-program.ts";
import { CHECKS, type CheckId } from "./checks.ts";
import { type Finding, failure, ok, warning } from "./finding.ts";
import { SYNC } from "./settings.ts";
import { hookDrivers } from "./tree.ts";

const AT_ONCE = 8;
const DOCTOR_MS = 60_000;
// What a host has of the front-end: copied by onehost sync, so that the same hash is expected.
const COPIES: readonly (readonly [CheckId, string])[] = [
  ["settings", "its settings are not the front-end's"],
  ["files", "its scripts are not the front-end's"],
  ["executable", "its executable is not the front-end's, although the version is the same"],
];

const rowsSchema = z.array(
  z.object({
    level: z.enum(["ok", "warning", "failure"]),
    id: z.string(),
    value: z.nullable(z.string()),
    why: z.string(),
    cure: z.nullable(z.string()),
  }),
);

/** The findings on one host. */
export type HostFindings = { readonly host: string; readonly findings: readonly Finding[] };

export type FrontEnd = {
  readonly config: Config | undefined;
  /** What was found on the front-end itself. */
  readonly findings: readonly Finding[];
  readonly networks: readonly Network[];
  /** The project's servers; undefined: they could not be listed. */
  readonly servers: readonly Server[] | undefined;
};

/** Looks at every host that is not switched off; those of `names` alone where it is given. Throws DriverError. */
export async function checkHosts(
  operator: Operator,
  frontEnd: FrontEnd,
  names?: readonly string[],
): Promise<HostFindings[]> {
  const hosts = (await listHosts(operator)).filter(({ name, isOffline }) => names?.includes(name) ?? !isOffline);
  const seen = await inTurn(hosts, AT_ONCE, async (host) => {
    operator.terminal.progress(`asking host ${host.name}`);
    return { host, findings: await askHost(operator, host, frontEnd) };
  });
  const idOf = (one: (typeof seen)[number]): string | undefined => serverIdOf(one.host, one.findings, frontEnd.config);
  return seen.map((one) => {
    const id = idOf(one);
    const twin = seen.find((other) => other !== one && id !== undefined && idOf(other) === id);
    const { host, findings } = one;
    const server =
      frontEnd.config === undefined ? [] : [serverFinding(host.name, id, twin?.host.name, frontEnd.servers)];
    return { host: host.name, findings: [...stateOf(host), ...server, ...findings] };
  });
}

async function askHost(operator: Operator, host: Host, frontEnd: FrontEnd): Promise<readonly Finding[]> {
  const drivers = hookDrivers(operator.layout.remotes);
  const ours = frontEnd.networks.filter(({ driver, bridge }) => drivers.includes(driver) && bridge !== "");
  const bridges = [...new Set(ours.map(({ bridge }) => bridge))];
  const words = ["doctor", "--host", "-o", "json", ...(bridges.length === 0 ? [] : ["--bridges", ...bridges])];
  const result = await onHost(operator, host.name, [join("/var/tmp/one", EXECUTABLE), ...words], {
    timeoutMs: DOCTOR_MS,
  });
  const rows = rowsOf(result.stdout);
  return rows === undefined ? [withoutRows(host.name, result)] : compared(rows, frontEnd.findings);
}

function rowsOf(text: string): Finding[] | undefined {
  try {
    const rows = z.safeParse(rowsSchema, JSON.parse(text));
    if (!rows.success) return undefined;
    return rows.data.flatMap((row) => (isCheck(row.id) ? [{ ...row, id: row.id }] : []));
  } catch {
    return undefined;
  }
}

function isCheck(id: string): id is CheckId {
  return id in CHECKS;
}

function withoutRows(host: string, { code, complaint }: ProgramResult): Finding {
  if (code === 126 || code === 127) return failure("files", `there is no driver in /var/tmp/one (${complaint})`, SYNC);
  const isUnreached = code === undefined || code === 255;
  if (isUnreached) return warning("reach", `cannot be asked: ${complaint}`, `sudo -u oneadmin ssh ${host} true`);
  // Up to 0.1.0 the rows had no ids.
  return warning("version", "has another version, whose doctor does not say what this one asks", SYNC);
}

/** The host's own findings; what is the same thing on the front-end must have the same hash. */
function compared(rows: readonly Finding[], own: readonly Finding[]): Finding[] {
  const hashOf = (findings: readonly Finding[], id: CheckId): string | null =>
    findings.find((finding) => finding.id === id && finding.level === "ok")?.value ?? null;
  const versionOf = (findings: readonly Finding[]): string | null =>
    findings.find(({ id }) => id === "version")?.value ?? null;
  const isOther = versionOf(rows) !== versionOf(own);
  return rows.map((row) => {
    const copy = COPIES.find(([id]) => id === row.id);
    const expected = copy === undefined ? null : hashOf(own, row.id);
    const isChecked = row.level === "ok" && row.value !== null && expected !== null;
    if (copy === undefined || !isChecked || row.value === expected) {
      return row.id === "version" && isOther ? otherVersion(row, versionOf(own)) : row;
    }
    if (row.id !== "settings" && isOther) return row;
    return failure(row.id, copy[1], SYNC, row.value);
  });
}

function otherVersion({ value }: Finding, own: string | null): Finding {
  return warning("version", `has version ${value ?? "unknown"}, the front-end has ${own ?? "none"}`, SYNC, value);
}

function stateOf({ name, isInError }: Host): Finding[] {
  if (!isInError) return [];
  return [
    warning("host-state", "is in ERROR: OpenNebula cannot monitor it", `sudo -u oneadmin onehost forceupdate ${name}`),
  ];
}

function serverIdOf({ attribute }: Host, findings: readonly Finding[], config: Config | undefined): string | undefined {
  if (config === undefined) return undefined;
  if (attribute !== "") return serverId(attribute, config.zone);
  return findings.find(({ id }) => id === "server-id")?.value ?? undefined;
}

function serverFinding(
  host: string,
  id: string | undefined,
  twin: string | undefined,
  servers: readonly Server[] | undefined,
): Finding {
  const cure = `scw-flexip install --hosts ${host}`;
  if (id === undefined) return warning("server", "its server is not known", cure);
  if (twin !== undefined) return failure("server", `is server ${id}, and so is ${twin}`, cure, id);
  if (servers !== undefined && !servers.some((server) => server.id === id)) {
    return failure("server", `is server ${id}, which the project does not have in this zone`, cure, id);
  }
  return ok("server", `is server ${id}`, id);
}
