// Sets hosts up from the front-end, over OpenNebula's own ssh: key, server id, log folder; then checks them.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Config, readToken } from "../../config.ts";
import { DriverError, messageOf, RefusedError } from "../../errors.ts";
import { examineFrontEnd, examineHosts } from "../doctor/examine.ts";
import { formOfFindings, printFindings, type Row } from "../doctor/report.ts";
import { listServers, type Server } from "../elastic-metal.ts";
import { EXIT } from "../exit.ts";
import { EXECUTABLE, NAME } from "../layout.ts";
import { type Host, listHosts, onHost } from "../one/hosts.ts";
import { inTurn } from "../one/in-turn.ts";
import { oneCommand } from "../one/one-command.ts";
import { asOneadmin, configOf, type Operator } from "../operator.ts";
import { userAgentOf } from "../survey.ts";
import { isDryRun } from "./changes.ts";

const AT_ONCE = 8;
const INSTALL_MS = 60_000;
const PROGRAM = join("/var/tmp/one", EXECUTABLE);

type Task = {
  readonly operator: Operator;
  readonly config: Config;
  readonly servers: readonly Server[];
  /** As the operator gave it; undefined: hosts without a key get the front-end's. */
  readonly token: string | undefined;
};

/** What was done on a host, or why not. */
type Outcome = {
  readonly host: Host;
  readonly done: readonly string[];
  /** `zone/uuid`, once the host has it. */
  readonly server?: string;
  readonly failure?: string;
};

/** Sets up the hosts of that name, or all that are not switched off. Returns the exit code. */
export async function installHosts(
  given: Operator,
  names: readonly string[],
  token: string | undefined,
): Promise<number> {
  const operator = asOneadmin(given);
  const { terminal } = operator;
  const config = configOf(operator, "frontend");
  terminal.progress("reading the project's servers");
  const servers = await listServers(config, readToken(config), userAgentOf(operator));
  const hosts = await chosenHosts(operator, names);
  const set = await inTurn(hosts, AT_ONCE, (host) => setUp({ operator, config, servers, token }, host));
  const outcomes = await inTurn(set, 1, (outcome) => updateOpenNebula(operator, outcome));
  terminal.progress("");
  for (const { host, done, failure } of outcomes) {
    if (done.length > 0) terminal.print(`${host.name}: ${done.join(", ")}\n`);
    if (failure !== undefined) terminal.warn(`${host.name}: ${failure}`);
  }
  if (isDryRun(operator.options)) return EXIT.done;
  const checked = await check(operator, hosts);
  return outcomes.some(({ failure }) => failure !== undefined) ? EXIT.failed : checked;
}

async function chosenHosts(operator: Operator, names: readonly string[]): Promise<Host[]> {
  const all = await listHosts(operator);
  const missing = names.filter((name) => !all.some((host) => host.name === name));
  if (missing.length > 0) throw new RefusedError(`OpenNebula has no host ${missing.join(", ")}`, "see onehost list");
  return all.filter(({ name, isOffline }) => (names.length === 0 ? !isOffline : names.includes(name)));
}

async function setUp(task: Task, host: Host): Promise<Outcome> {
  const { operator, config } = task;
  operator.terminal.progress(`setting up host ${host.name}`);
  try {
    const server = `${config.zone}/${await serverOf(task, host.name)}`;
    if (isDryRun(operator.options)) return { host, done: [`would be server ${server}`] };
    const input = await keyFor(task, host.name);
    const key = input === undefined ? [] : ["--token-stdin"];
    const words = [PROGRAM, "install", "--host", "--server-id", server, ...key];
    const { code, complaint } = await onHost(operator, host.name, words, { timeoutMs: INSTALL_MS, input });
    if (code === 126 || code === 127) {
      throw new DriverError("the driver is not there yet", "run: scw-flexip install --frontend --sync");
    }
    if (code !== EXIT.done && code !== EXIT.findings) throw new DriverError(complaint);
    if (code === EXIT.findings) await makeLogsAsRoot(task, host.name);
    return { host, server, done: [`is server ${server}`, ...(input === undefined ? [] : ["has the key"])] };
  } catch (error) {
    return { host, done: [], failure: messageOf(error) };
  }
}

/** The server that has one of the host's addresses. Throws DriverError. */
async function serverOf({ operator, config, servers }: Task, host: string): Promise<string> {
  const { code, stdout, complaint } = await onHost(operator, host, ["hostname", "-I"]);
  if (code !== 0) throw new DriverError(`cannot be reached: ${complaint}`, `try: sudo -u oneadmin ssh ${host} true`);
  const own = stdout.trim().toLowerCase().split(/\s+/);
  const found = servers.find(({ addresses }) => addresses.some((address) => own.includes(address)));
  if (found !== undefined) return found.id;
  const known = servers.map(({ name, addresses }) => `${name} ${addresses.join(" ")}`).join("; ") || "none";
  const where = `no server of project ${config.projectId} in ${config.zone}`;
  throw new DriverError(`${where} has an address of this host (${own.join(" ")})`, `the servers: ${known}`);
}

/** A host keeps its key, unless the operator gives another. */
async function keyFor({ operator, config, token }: Task, host: string): Promise<string | undefined> {
  if (token !== undefined) return `${token}\n`;
  const file = config.tokenFile.slice(operator.layout.root.length);
  const { code } = await onHost(operator, host, ["test", "-s", file]);
  return code === 0 ? undefined : `${readToken(config)}\n`;
}

/** Makes log folder and rotation by sudo. Where oneadmin may not use sudo, prints the command for root. */
async function makeLogsAsRoot({ operator, config }: Task, host: string): Promise<void> {
  const { layout } = operator;
  const folder = (config.logDir ?? layout.hookLogFolder).slice(layout.root.length);
  const make = ["install", "-d", "-m", "0750", "-o", "oneadmin", "-g", "oneadmin", folder];
  const rotation = "/etc/logrotate.d/scw-flexip";
  const input = readFileSync(layout.logrotate, "utf8");
  const made = await onHost(operator, host, ["sudo", "-n", ...make]);
  if (made.code === 0 && (await onHost(operator, host, ["sudo", "-n", "tee", rotation], { input })).code === 0) return;
  const command = `ssh root@${host} '${make.join(" ")}; cat > ${rotation}' < ${rotation}`;
  operator.terminal.warn(`${host}: its log folder needs root; run: ${command}`);
}

/** OpenNebula keeps the host's server, and so the front-end knows it also when the host is down. */
async function updateOpenNebula(operator: Operator, outcome: Outcome): Promise<Outcome> {
  const { host, server, done } = outcome;
  if (server === undefined || host.attribute === server) return outcome;
  const folder = mkdtempSync(join(tmpdir(), `${NAME}-`));
  try {
    writeFileSync(join(folder, "host"), `SCW_SERVER_ID = "${server}"\n`);
    await oneCommand(operator, "onehost", ["update", host.name, "--append", join(folder, "host")]);
    return { ...outcome, done: [...done, "OpenNebula knows its server"] };
  } catch (error) {
    return { ...outcome, failure: messageOf(error) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function check(operator: Operator, hosts: readonly Host[]): Promise<number> {
  const names = hosts.map(({ name }) => name);
  const seen = await examineHosts(operator, await examineFrontEnd(operator), names);
  operator.terminal.progress("");
  const rows = seen.flatMap(({ host, findings }): Row[] => findings.map((one) => ({ ...one, role: "host", host })));
  const wrong = rows.filter(({ level }) => level !== "ok");
  if (wrong.length > 0) printFindings(operator, formOfFindings(operator), wrong);
  operator.terminal.note(`${rows.length - wrong.length} of ${rows.length} checks on the hosts are ok`);
  if (wrong.some(({ level }) => level === "failure")) return EXIT.failed;
  return wrong.length > 0 ? EXIT.findings : EXIT.done;
}
