// Everything that is known at one moment: OpenNebula's side, Scaleway's side, the journal, and what does not agree.
import { isAddressOf } from "../addresses.ts";
import { type Config, readToken } from "../config.ts";
import type { IpamSession } from "../ipam/ipam-session.ts";
import { deadIntents } from "../ipam/recover.ts";
import { openLog } from "../log.ts";
import type { FlexibleIp } from "../scaleway/flexible-ip.ts";
import { openSession, realMachine } from "../session.ts";
import { Journal, type JournalState } from "../state/journal.ts";
import { type Look, listPath, look } from "./api-look.ts";
import { openOwnLog } from "./audit.ts";
import { listHosts, serversOf } from "./one/hosts.ts";
import { type CloudVm, parseVms } from "./one/listings.ts";
import { listRanges } from "./one/networks.ts";
import { oneCommand, readXml } from "./one/one-command.ts";
import { configOf, type Operator } from "./operator.ts";
import { plan, tooYoung } from "./reconcile/plan.ts";
import type { Step, View } from "./reconcile/step.ts";
import { Waiting } from "./waiting.ts";

const DEFAULT_LIMIT_S = 30;
const DEFAULT_GRACE_S = 120;
const CLOCK_RESOLUTION_MS = 2_000;

export type Survey = {
  readonly config: Config;
  readonly view: View;
  readonly steps: readonly Step[];
  /** What the plan would also hold, had it not changed a moment ago. */
  readonly young: readonly Step[];
  readonly leases: JournalState["leases"];
  /** How long the API took for one small listing; undefined where that failed. */
  readonly apiSeconds: number | undefined;
  /** Hosts on which VMs with our addresses run and whose server is not known: nothing is judged there. */
  readonly unknownHosts: readonly string[];
};

/** What OpenNebula says: our ranges, who has them, and where the VMs are. */
export type Word = Pick<View, "ranges" | "vms">;

/** Looks at everything. OpenNebula comes first: what changes meanwhile then looks young to the plan. */
export async function survey(operator: Operator): Promise<Survey> {
  const { terminal, options } = operator;
  const graceMs = 1_000 * (options.number("grace", "--grace", 0, 86_400) ?? DEFAULT_GRACE_S);
  limitOf(operator);
  const config = configOf(operator);
  terminal.progress("reading OpenNebula");
  const [word, hosts] = await Promise.all([readWord(operator), listHosts(operator)]);
  terminal.progress("reading Scaleway and the hosts' server ids");
  const file = config.serverIdFile.slice(operator.layout.root.length);
  const [servers, flexibleIps, seen] = await Promise.all([
    serversOf(operator, hosts, config.zone, file),
    readFlexibleIps(operator, config),
    glance(operator, config),
  ]);
  const log = openLog({ level: "error", file: "/dev/null", context: {}, warn: () => {} });
  const journal = new Journal(config.stateFile, log);
  const { intents, leases } = journal.read();
  const dead = deadIntents({ journal, machine: realMachine }).map(([id]) => id);
  const view: View = {
    cloud: config.cloud,
    projectId: config.projectId,
    flexibleIps,
    ...word,
    servers,
    deadIntents: dead,
    liveIntents: Object.keys(intents).filter((id) => !dead.includes(id)),
    now: apiTime(seen?.clockOffsetMs),
    graceMs,
  };
  terminal.progress("");
  return {
    config,
    view,
    steps: plan(view),
    young: tooYoung(view),
    leases,
    apiSeconds: seen === undefined ? undefined : seen.durationMs / 1_000,
    unknownHosts: busyHosts(word).filter((name) => !servers.has(name)),
  };
}

/** Reads OpenNebula. A lease whose VM is missing is read a second time: the VM may have come or gone between the listings. */
export async function readWord(operator: Operator): Promise<Word> {
  const read = async (): Promise<Word> => {
    const [ranges, vms] = await Promise.all([listRanges(operator), readVms(operator)]);
    return { ranges, vms };
  };
  const word = await read();
  const ids = new Set(word.vms.map(({ id }) => id));
  const isWhole = word.ranges.every(({ holder }) => holder?.kind !== "vm" || ids.has(holder.id));
  return isWhole ? word : read();
}

/** What OpenNebula says of one address, to be compared with what it says later. */
export function wordOn({ ranges, vms }: Word, addresses: readonly string[]): Word {
  const own = ranges.filter(({ ip, ip6 }) =>
    addresses.some((address) => address === ip || (ip6 !== undefined && isAddressOf(ip6, address))),
  );
  const holders = own.flatMap(({ holder }) => (holder?.kind === "vm" ? [holder.id] : []));
  return { ranges: own, vms: vms.filter(({ id }) => holders.includes(id)) };
}

/** How long a reading command waits for the API, in seconds. Throws UsageError. */
function limitOf({ options }: Operator): number {
  return options.number("timeout", "--timeout", 3, 600) ?? DEFAULT_LIMIT_S;
}

/** All flexible IPs of the project. */
export function readFlexibleIps(operator: Operator, config: Config): Promise<FlexibleIp[]> {
  const limitMs = 1_000 * limitOf(operator);
  return withPorts(operator, config, limitMs, ({ api }) => api.list({ projectId: config.projectId }), true);
}

/** The API's clock and time; undefined when it does not answer, which is for the listing to say. */
async function glance(operator: Operator, config: Config): Promise<Look | undefined> {
  try {
    return await look(config, readToken(config), userAgentOf(operator), listPath(config));
  } catch {
    return undefined;
  }
}

/** The API's time. Its header has whole seconds: a small difference says nothing. */
function apiTime(offsetMs = 0): Date {
  return new Date(Date.now() + (Math.abs(offsetMs) < CLOCK_RESOLUTION_MS ? 0 : offsetMs));
}

export function userAgentOf({ caller }: Operator): string {
  return `scw-flexip/${caller.version} (${caller.action})`;
}

/** Runs `work` with what the driver's own actions work with, for `limitMs` at most. A person sees what it waits for. */
export async function withPorts<T>(
  operator: Operator,
  config: Config,
  limitMs: number,
  work: (ports: IpamSession) => Promise<T>,
  isReading = false,
): Promise<T> {
  const { caller, terminal } = operator;
  const waiting = new Waiting(terminal, isReading);
  const log = waiting.listenTo(openOwnLog(operator, config));
  const session = openSession(caller, config, log, { limitMs });
  try {
    return await work({ ...session, journal: new Journal(config.stateFile, session.log), answer: () => {} });
  } finally {
    waiting.end();
    session.close();
  }
}

async function readVms(operator: Operator): Promise<CloudVm[]> {
  const text = (await oneCommand(operator, "onevm", ["list", "-x"])).trim();
  readXml(text, "VM_POOL", ["VM"], "onevm list -x");
  return parseVms(text);
}

/** The hosts on which a VM with one of our addresses runs. */
function busyHosts({ ranges, vms }: Word): string[] {
  const holders = new Set(ranges.flatMap(({ holder }) => (holder?.kind === "vm" ? [holder.id] : [])));
  const running = vms.filter((vm) => holders.has(vm.id) && vm.state === "running");
  return [...new Set(running.map(({ host }) => host))];
}
