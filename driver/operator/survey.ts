// Everything that is known at one moment: OpenNebula's side, Scaleway's side, the journal, and what does not agree.
import { hostname } from "node:os";
import { join } from "node:path";
import { type Config, readToken } from "../config.ts";
import type { IpamSession } from "../ipam/ipam-session.ts";
import { deadIntents } from "../ipam/recover.ts";
import { openLog } from "../log.ts";
import { openSession } from "../session.ts";
import { Journal, type JournalState } from "../state/journal.ts";
import { listPath, look } from "./api-look.ts";
import { listHosts, serversOf } from "./one/hosts.ts";
import { type CloudRange, type CloudVm, parseVms } from "./one/listings.ts";
import { listRanges } from "./one/networks.ts";
import { oneCommand, readXml } from "./one/one-command.ts";
import { configOf, type Operator } from "./operator.ts";
import { plan } from "./reconcile/plan.ts";
import type { Step, View } from "./reconcile/step.ts";

const READ_LIMIT_MS = 120_000;
const DEFAULT_GRACE_S = 120;
const CLOCK_RESOLUTION_MS = 2_000;

export type Survey = {
  readonly config: Config;
  readonly view: View;
  readonly steps: readonly Step[];
  readonly leases: JournalState["leases"];
  /** Hosts on which VMs with our addresses run and whose server is not known: nothing is judged there. */
  readonly unknownHosts: readonly string[];
};

/** Looks at everything. OpenNebula comes first: what changes meanwhile then looks young to the plan. */
export async function survey(operator: Operator): Promise<Survey> {
  const { terminal, options } = operator;
  const graceMs = 1_000 * (options.number("grace", "--grace", 0, 86_400) ?? DEFAULT_GRACE_S);
  const config = configOf(operator);
  terminal.progress("reading OpenNebula");
  const [ranges, vms] = await Promise.all([listRanges(operator), readVms(operator)]);
  const { servers, unknownHosts } = await serversFor(operator, config, ranges, vms);
  terminal.progress("reading Scaleway");
  const { clockOffsetMs } = await look(config, readToken(config), userAgentOf(operator), listPath(config));
  return withPorts(operator, config, READ_LIMIT_MS, async (ports) => {
    const { intents, leases } = ports.journal.read();
    const flexibleIps = await ports.api.list({ projectId: config.projectId });
    const dead = deadIntents(ports).map(([id]) => id);
    const view: View = {
      cloud: config.cloud,
      projectId: config.projectId,
      flexibleIps,
      ranges,
      vms,
      servers,
      deadIntents: dead,
      liveIntents: Object.keys(intents).filter((id) => !dead.includes(id)),
      now: apiTime(clockOffsetMs),
      graceMs,
    };
    terminal.progress("");
    return { config, view, steps: plan(view), leases, unknownHosts };
  });
}

/** The API's time. Its header has whole seconds, so that a small difference says nothing. */
function apiTime(offsetMs = 0): Date {
  return new Date(Date.now() + (Math.abs(offsetMs) < CLOCK_RESOLUTION_MS ? 0 : offsetMs));
}

export function userAgentOf({ caller }: Operator): string {
  return `scw-flexip/${caller.version} (${caller.action})`;
}

/** Runs `work` with what the driver's own actions work with, for `limitMs` at most. */
export async function withPorts<T>(
  operator: Operator,
  config: Config,
  limitMs: number,
  work: (ports: IpamSession) => Promise<T>,
): Promise<T> {
  const { caller, terminal, layout } = operator;
  const log = openLog({
    level: config.logLevel,
    file: join(config.logDir ?? layout.logFolder, "scw-flexip.log"),
    context: { action: caller.action, host: hostname(), pid: process.pid },
    warn: (line) => terminal.warn(line),
  });
  const session = openSession(caller, config, log, { limitMs });
  try {
    return await work({ ...session, journal: new Journal(config.stateFile, session.log), answer: () => {} });
  } finally {
    session.close();
  }
}

async function readVms(operator: Operator): Promise<CloudVm[]> {
  const text = (await oneCommand(operator, "onevm", ["list", "-x"])).trim();
  readXml(text, "VM_POOL", ["VM"], "onevm list -x");
  return parseVms(text);
}

/** The servers of those hosts on which a VM has one of our addresses. */
async function serversFor(
  operator: Operator,
  config: Config,
  ranges: readonly CloudRange[],
  vms: readonly CloudVm[],
): Promise<{ servers: Map<string, string>; unknownHosts: string[] }> {
  const holders = new Set(ranges.flatMap(({ holder }) => (holder?.kind === "vm" ? [holder.id] : [])));
  const running = vms.filter((vm) => holders.has(vm.id) && vm.state === "running");
  const names = new Set(running.map(({ host }) => host));
  operator.terminal.progress("reading the hosts' server ids");
  const hosts = (await listHosts(operator)).filter(({ name }) => names.has(name));
  const file = config.serverIdFile.slice(operator.layout.root.length);
  const servers = await serversOf(operator, hosts, config.zone, file);
  return { servers, unknownHosts: [...names].filter((name) => !servers.has(name)) };
}
