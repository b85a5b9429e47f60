// All that OpenNebula, Scaleway and the journal say at one moment, and where they differ.
import { isAddressOf } from "../addresses.ts";
import { type Config, readToken } from "../config.ts";
import type { IpamSession } from "../ipam/ipam-session.ts";
import { deadIntents } from "../ipam/recover.ts";
import type { FlexibleIp } from "../scaleway/flexible-ip.ts";
import { openSession, realMachine } from "../session.ts";
import { Journal, type JournalState } from "../state/journal.ts";
import { type Look, listPath, look } from "./api-look.ts";
import { openOwnLog, silentLog } from "./audit.ts";
import { listHosts, serversOf } from "./one/hosts.ts";
import { listRanges, listVms } from "./one/networks.ts";
import { configOf, type Operator } from "./operator.ts";
import { plan, tooYoung } from "./reconcile/plan.ts";
import type { Step, View } from "./reconcile/step.ts";
import { watchSilence } from "./waiting.ts";

const DEFAULT_LIMIT_S = 30;
const DEFAULT_GRACE_S = 120;
const CLOCK_RESOLUTION_MS = 2_000;

export type Survey = {
  readonly config: Config;
  readonly view: View;
  readonly steps: readonly Step[];
  /** Steps that the plan leaves out because their address changed a moment ago. */
  readonly young: readonly Step[];
  readonly leases: JournalState["leases"];
  /** How long the API took for one small listing; undefined when that failed. */
  readonly apiSeconds: number | undefined;
  /** Hosts that run VMs with our addresses and whose server is not known: nothing is judged there. */
  readonly unknownHosts: readonly string[];
};

/** What OpenNebula lists: our ranges, who has them, and where the VMs are. */
export type Listing = Pick<View, "ranges" | "vms">;

/** Reads everything. OpenNebula comes first, because what changes after that counts as young in the plan. */
export async function survey(operator: Operator): Promise<Survey> {
  const { terminal, options } = operator;
  const graceMs = 1_000 * (options.number("grace", "--grace", 0, 86_400) ?? DEFAULT_GRACE_S);
  limitOf(operator);
  const config = configOf(operator);
  terminal.progress("reading OpenNebula");
  const [listing, hosts] = await Promise.all([readListing(operator), listHosts(operator)]);
  terminal.progress("reading Scaleway and the hosts' server ids");
  const file = config.serverIdFile.slice(operator.layout.root.length);
  const [servers, flexibleIps, seen] = await Promise.all([
    serversOf(operator, hosts, config.zone, file),
    readFlexibleIps(operator, config),
    lookAtApi(operator, config),
  ]);
  const journal = new Journal(config.stateFile, silentLog());
  const { intents, leases } = journal.read();
  const dead = deadIntents({ journal, machine: realMachine }).map(([id]) => id);
  const view: View = {
    cloud: config.cloud,
    projectId: config.projectId,
    flexibleIps,
    ...listing,
    servers,
    unknownHosts: hosts.map(({ name }) => name).filter((name) => !servers.has(name)),
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
    unknownHosts: busyHosts(listing).filter((name) => !servers.has(name)),
  };
}

/** Reads OpenNebula. A lease whose VM is missing is read a second time: the VM may have come or gone between the listings. */
export async function readListing(operator: Operator): Promise<Listing> {
  const read = async (): Promise<Listing> => {
    const [ranges, vms] = await Promise.all([listRanges(operator), listVms(operator)]);
    return { ranges, vms };
  };
  const listing = await read();
  const ids = new Set(listing.vms.map(({ id }) => id));
  const isWhole = listing.ranges.every(({ holder }) => holder?.kind !== "vm" || ids.has(holder.id));
  return isWhole ? listing : read();
}

/** The part of the listing that is about these addresses, to be compared with a later one. */
export function listingOf({ ranges, vms }: Listing, addresses: readonly string[]): Listing {
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

/** The API's clock and its time for one call; undefined when it does not answer, which the listing reports. */
async function lookAtApi(operator: Operator, config: Config): Promise<Look | undefined> {
  try {
    return await look(config, readToken(config), userAgentOf(operator), listPath(config));
  } catch {
    return undefined;
  }
}

/** The API's time. Its header has whole seconds, so a small difference means nothing. */
function apiTime(offsetMs = 0): Date {
  return new Date(Date.now() + (Math.abs(offsetMs) < CLOCK_RESOLUTION_MS ? 0 : offsetMs));
}

export function userAgentOf({ caller }: Operator): string {
  return `scw-flexip/${caller.version} (${caller.action})`;
}

/** Runs `work` in a session as the driver's actions have it, for `limitMs` at most. A person reads what it waits for. */
export async function withPorts<T>(
  operator: Operator,
  config: Config,
  limitMs: number,
  work: (ports: IpamSession) => Promise<T>,
  isReading = false,
): Promise<T> {
  const { caller, terminal } = operator;
  const waiting = watchSilence(terminal, openOwnLog(operator, config), isReading);
  const session = openSession(caller, config, waiting.log, { limitMs });
  try {
    return await work({ ...session, journal: new Journal(config.stateFile, session.log), answer: () => {} });
  } finally {
    waiting.end();
    session.close();
  }
}

/** The hosts on which a VM with one of our addresses runs. */
function busyHosts({ ranges, vms }: Listing): string[] {
  const holders = new Set(ranges.flatMap(({ holder }) => (holder?.kind === "vm" ? [holder.id] : [])));
  const running = vms.filter((vm) => holders.has(vm.id) && vm.state === "running");
  return [...new Set(running.map(({ host }) => host))];
}
