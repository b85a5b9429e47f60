// The checks of each role, and of every host from the front-end.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Config } from "../../config.ts";
import { UsageError } from "../../errors.ts";
import { EXECUTABLE } from "../layout.ts";
import type { Operator, Role } from "../operator.ts";
import { checkAddresses } from "./addresses.ts";
import { checkApi } from "./api.ts";
import { checkBridges } from "./bridges.ts";
import { checkLogs, checkRotation, checkSpace, checkState } from "./disk.ts";
import { type Finding, failure, runChecks, SYNC_THERE } from "./finding.ts";
import { askHosts, type FrontEnd, findHosts, type HostFindings } from "./hosts.ts";
import { checkJournal } from "./journal.ts";
import { checkLeader, checkNetworks } from "./networks.ts";
import { checkOned, checkOnedConf, checkTimer } from "./oned.ts";
import type { Row } from "./report.ts";
import { checkProject, checkServer } from "./server.ts";
import { checkSettings } from "./settings.ts";
import { checkToken } from "./token.ts";
import { checkRemotes, checkTree } from "./tree.ts";

/** Checks this machine and, from a front-end `withHosts`, its hosts. Throws UsageError where nothing is installed. */
export async function examine(operator: Operator, withHosts: boolean): Promise<Row[]> {
  const { options, layout, oneadmin } = operator;
  const isEither = !(options.has("frontend") || options.has("host"));
  const isFrontEnd = options.has("frontend") || (isEither && existsSync(layout.onedConf));
  const isHost = options.has("host") || (isEither && existsSync(join(layout.hostRemotes, EXECUTABLE)));
  if (!(isFrontEnd || isHost)) {
    throw new UsageError(
      `neither ${layout.onedConf} nor a driver below ${layout.hostRemotes} is here; say --frontend or --host`,
    );
  }
  const rows: Row[] = [];
  const add = (role: Role, host: string | null, findings: readonly Finding[]): void => {
    rows.push(...findings.map((finding) => ({ ...finding, role, host })));
  };
  if (oneadmin === undefined) add(isFrontEnd ? "frontend" : "host", null, [noUser(isFrontEnd, layout.root)]);
  if (isFrontEnd) {
    const frontEnd = await examineFrontEnd(operator);
    add("frontend", null, frontEnd.findings);
    const hosts = withHosts ? await examineHosts(operator, frontEnd) : [];
    for (const { host, findings } of hosts) add("host", host, findings);
  }
  if (isHost) add("host", null, await examineHost(operator));
  return rows;
}

function noUser(isFrontEnd: boolean, root: string): Finding {
  const cure = `apt install ${isFrontEnd ? "opennebula" : "opennebula-node-kvm"}`;
  return failure("user", `there is no user oneadmin${root === "" ? "" : ` below ${root}`}`, cure);
}

/** The findings on the hosts that are not switched off, or on those of `names`. */
export function examineHosts(
  operator: Operator,
  frontEnd: FrontEnd,
  names?: readonly string[],
): Promise<HostFindings[]> {
  const isMeant = ({ name, isOffline }: { name: string; isOffline: boolean }): boolean =>
    names?.includes(name) ?? !isOffline;
  return askHosts(operator, frontEnd, frontEnd.hosts.filter(isMeant));
}

/** The front-end's own findings, and what its hosts are compared with. */
export async function examineFrontEnd(operator: Operator): Promise<FrontEnd> {
  const { layout, terminal } = operator;
  terminal.progress("checking this front-end");
  const { config, token, logFolder, findings: basics } = await examineBasics(operator, "frontend");
  const project = config && token ? await checkProject(operator, config, token) : { servers: undefined, findings: [] };
  const { networks, findings: opennebula } = await checkNetworks(operator);
  const isSilent = opennebula.some(({ level }) => level === "failure");
  const { hosts, findings: listing } = await findHosts(operator);
  const own = await runChecks([
    ["files", () => checkTree(operator, layout.remotes, "scw-flexip install --frontend --sync")],
    ["remotes", () => checkRemotes(layout.remotes)],
    ["oned-conf", () => checkOnedConf(operator)],
    ["oned", () => checkOned(operator)],
    ["logs", () => checkLogs(logFolder)],
    ["rotation", () => checkRotation(operator, "frontend", logFolder)],
    ["state", () => (config ? checkState(config) : [])],
    ["journal", () => (config ? checkJournal(config.stateFile) : [])],
    ["space", () => checkSpace([layout.remotes, logFolder, ...(config ? [dirname(config.stateFile)] : [])])],
    ["timer", () => checkTimer(operator)],
  ]);
  const last = await runChecks([
    ["leader", () => (isSilent ? [] : checkLeader(operator))],
    ["addresses", () => (config && token ? checkAddresses(operator, config, networks, hosts) : [])],
  ]);
  const findings = [...basics, ...project.findings, ...own, ...opennebula, ...listing, ...last];
  return { config, findings, networks, hosts, servers: project.servers };
}

async function examineHost(operator: Operator): Promise<Finding[]> {
  const { layout, terminal, options } = operator;
  terminal.progress("checking this host");
  const { config, token, logFolder, findings: basics } = await examineBasics(operator, "host");
  const own = await runChecks([
    ["server-id", () => (config && token ? checkServer(operator, config, token) : [])],
    ["files", () => checkTree(operator, layout.hostRemotes, SYNC_THERE)],
    ["bridge", () => checkBridges(operator, options.list("bridges") ?? [])],
    ["logs", () => checkLogs(logFolder)],
    ["rotation", () => checkRotation(operator, "host", logFolder)],
    ["space", () => checkSpace([layout.hostRemotes, logFolder])],
  ]);
  return [...basics, ...own];
}

type Basics = {
  readonly config: Config | undefined;
  /** Undefined where the API did not accept it. */
  readonly token: string | undefined;
  readonly logFolder: string;
  readonly findings: readonly Finding[];
};

/** Settings, key and API: all that asks Scaleway needs them. */
async function examineBasics(operator: Operator, role: Role): Promise<Basics> {
  const { layout } = operator;
  const { config, findings: settings } = checkSettings(operator, role);
  const { token, findings: key } = checkToken(operator, role, config);
  const api = await runChecks([["api", () => (config && token ? checkApi(operator, role, config, token) : [])]]);
  const isAccepted = api.some(({ id, level }) => id === "token" && level === "ok");
  return {
    config,
    token: isAccepted ? token : undefined,
    logFolder: config?.logDir ?? (role === "frontend" ? layout.logFolder : layout.hookLogFolder),
    findings: [...settings, ...key, ...api],
  };
}
