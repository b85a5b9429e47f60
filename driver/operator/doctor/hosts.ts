// Every host, by one ssh each: what its own doctor finds, and what differs from the front-end.
import { join } from "node:path";
import * as z from "zod/mini";
import type { Config } from "../../config.ts";
import { messageOf } from "../../errors.ts";
import type { Server } from "../elastic-metal.ts";
import { EXECUTABLE } from "../layout.ts";
import { type Host, listHosts, onHost, serverId } from "../one/hosts.ts";
import { inTurn } from "../one/in-turn.ts";
import type { Network } from "../one/networks.ts";
import type { Operator } from "../operator.ts";
import type { ProgramResult } from "../run-program.ts";
import type { CheckId } from "./checks.ts";
import { type Finding, failure, ok, SYNC, warning } from "./finding.ts";
import { findingRow } from "./report.ts";
import { hookDrivers } from "./tree.ts";

const AT_ONCE = 8;
const DOCTOR_MS = 60_000;
// `onehost sync` copies these to the hosts, so their hashes must be the front-end's.
const COPIES: Partial<Record<CheckId, string>> = {
  settings: "its settings are not the front-end's",
  files: "its scripts are not the front-end's",
  executable: "its executable is not the front-end's, although the version is the same",
};

export type HostFindings = { readonly host: string; readonly findings: readonly Finding[] };

export type FrontEnd = {
  readonly config: Config | undefined;
  /** What was found on the front-end itself. */
  readonly findings: readonly Finding[];
  readonly networks: readonly Network[];
  readonly hosts: readonly Host[];
  /** The project's servers; undefined: they could not be listed. */
  readonly servers: readonly Server[] | undefined;
};

/** OpenNebula's hosts, or why there are none. */
export async function findHosts(
  operator: Operator,
): Promise<{ readonly hosts: readonly Host[]; readonly findings: readonly Finding[] }> {
  try {
    return { hosts: await listHosts(operator), findings: [] };
  } catch (error) {
    return { hosts: [], findings: [failure("hosts", messageOf(error), "sudo -u oneadmin onehost list")] };
  }
}

/** The findings on each of the hosts. */
export async function askHosts(
  operator: Operator,
  frontEnd: FrontEnd,
  hosts: readonly Host[],
): Promise<HostFindings[]> {
  const seen = await inTurn(hosts, AT_ONCE, async (host) => {
    operator.terminal.progress(`asking host ${host.name}`);
    const findings = await askHost(operator, host, frontEnd);
    return { host, findings, id: serverIdOf(host, findings, frontEnd.config) };
  });
  return seen.map((one) => {
    const twin = seen.find((other) => other !== one && one.id !== undefined && other.id === one.id);
    const server = frontEnd.config && serverFinding(one.host.name, one.id, twin?.host.name, frontEnd.servers);
    return { host: one.host.name, findings: [...stateOf(one.host), ...(server ? [server] : []), ...one.findings] };
  });
}

async function askHost(operator: Operator, { name }: Host, frontEnd: FrontEnd): Promise<readonly Finding[]> {
  const drivers = hookDrivers(operator.layout.remotes);
  const ours = frontEnd.networks.filter(({ driver, bridge }) => drivers.includes(driver) && bridge !== "");
  const bridges = [...new Set(ours.map(({ bridge }) => bridge))];
  const words = ["doctor", "--host", "-o", "json", ...(bridges.length === 0 ? [] : ["--bridges", ...bridges])];
  const program = join("/var/tmp/one", EXECUTABLE);
  const result = await onHost(operator, name, [program, ...words], { timeoutMs: DOCTOR_MS });
  const rows = rowsOf(result.stdout);
  return rows === undefined ? [withoutRows(name, result)] : compared(rows, frontEnd.findings);
}

function rowsOf(text: string): Finding[] | undefined {
  try {
    return z.parse(z.array(findingRow), JSON.parse(text)).map(({ role: _, host: __, ...finding }) => finding);
  } catch {
    return undefined;
  }
}

function withoutRows(host: string, { code, complaint }: ProgramResult): Finding {
  if (code === 126 || code === 127) return failure("files", `there is no driver in /var/tmp/one (${complaint})`, SYNC);
  const isUnreached = code === undefined || code === 255;
  if (isUnreached) return warning("reach", `cannot be asked: ${complaint}`, `sudo -u oneadmin ssh ${host} true`);
  // Up to 0.1.0 the rows had no ids; another version may have other checks.
  return warning("version", "has another version, whose doctor does not say what this one asks", SYNC);
}

/** The host's rows. What is a copy of the front-end's must have its hash; with another version only the settings can. */
function compared(rows: readonly Finding[], own: readonly Finding[]): Finding[] {
  const valueFrom = (findings: readonly Finding[], id: CheckId): string | null =>
    findings.find((finding) => finding.id === id && finding.level !== "failure")?.value ?? null;
  const [here, there] = [valueFrom(own, "version"), valueFrom(rows, "version")];
  return rows.map((row) => {
    if (row.id === "version" && there !== here) {
      const why = `has version ${there ?? "unknown"}, the front-end has ${here ?? "none"}`;
      return warning("version", why, SYNC, there);
    }
    const why = COPIES[row.id];
    const expected = valueFrom(own, row.id);
    const isComparable = row.level === "ok" && row.value !== null && expected !== null;
    const isSame = row.value === expected || (there !== here && row.id !== "settings");
    return why === undefined || !isComparable || isSame ? row : failure(row.id, why, SYNC, row.value);
  });
}

function stateOf({ name, isInError }: Host): Finding[] {
  const cure = `sudo -u oneadmin onehost forceupdate ${name}`;
  return isInError ? [warning("host-state", "is in ERROR: OpenNebula cannot monitor it", cure)] : [];
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
