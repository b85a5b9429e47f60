// The reconcile core on a world: the plan that its state asks for, and doing it.
import { hostname } from "node:os";
import { join } from "node:path";
import { readConfig } from "../../driver/config.ts";
import type { IpamSession } from "../../driver/ipam/ipam-session.ts";
import { openLog } from "../../driver/log.ts";
import type { CloudRange, CloudVm } from "../../driver/operator/one/listings.ts";
import { apply } from "../../driver/operator/reconcile/apply.ts";
import { plan } from "../../driver/operator/reconcile/plan.ts";
import type { Step } from "../../driver/operator/reconcile/step.ts";
import { parseFlexibleIp } from "../../driver/scaleway/client.ts";
import { openSession, realMachine } from "../../driver/session.ts";
import { Journal, type JournalState } from "../../driver/state/journal.ts";
import { PROJECT } from "../rig.ts";
import { CLOUD, type HostName, type World } from "./world.ts";

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, withSecret: () => SILENT };

/** What the front-end's journal holds. */
export function journalOf(world: World): JournalState {
  return new Journal(world.rig.frontEnd.stateFile, SILENT).read();
}

/**
 * Whether anything was obtained under the intent. One without is kept for some minutes after a crash, in case a create
 * that nobody saw answered is acted on late.
 */
export function isOccupied(world: World, intent: string): boolean {
  return world.account.all().some(({ tags }) => tags.includes(`scw-flexip:intent=${intent}`));
}

/** What a reconcile finds now, but for what an ended lease left attached, which harms nobody. */
export function findings(world: World): Step[] {
  return stepsOf(world).filter(({ kind }) => kind !== "left-attached");
}

function stepsOf(world: World): Step[] {
  const { intents } = journalOf(world);
  const isAlive = (intent: string): boolean => {
    const entry = intents[intent];
    return entry !== undefined && realMachine.isRunning(entry.process) === true;
  };
  const hosts: readonly HostName[] = ["h1", "h2", "h3"];
  return plan({
    cloud: CLOUD,
    projectId: PROJECT,
    flexibleIps: world.account
      .all()
      .filter((wire) => wire.project_id === PROJECT)
      .map(parseFlexibleIp),
    ranges: [...world.ranges.values()].map((range) => cloudRange(world, range)),
    vms: world.guests.map(({ id, host }): CloudVm => {
      return { id, name: `vm-${id}`, state: host === undefined ? "busy" : "running", host: host ?? "" };
    }),
    servers: new Map(hosts.map((host) => [host, world.server(host)])),
    deadIntents: Object.keys(intents).filter((intent) => !isAlive(intent) && isOccupied(world, intent)),
    liveIntents: Object.keys(intents).filter(isAlive),
    now: new Date(),
    graceMs: 0,
  });
}

/** Applies the steps, and answers with those that were not done. */
export async function reconcile(world: World, steps: readonly Step[]): Promise<Step[]> {
  const ports = openPorts(world);
  const left: Step[] = [];
  try {
    for (const step of steps) if ((await apply(ports, step, async () => true)) !== "done") left.push(step);
  } finally {
    ports.close();
  }
  await world.account.settled();
  return left;
}

function cloudRange(world: World, range: Readonly<Record<string, string>>): CloudRange {
  const {
    IP = "",
    IP6 = "",
    MAC = "",
    SCW_FLEXIBLE_IP_ID = "",
    SCW_FLEXIBLE_IP6_ID = "",
    SCW_FLEXIP_INTENT = "",
  } = range;
  const holder = world.leases.get(IP);
  return {
    ...{ networkId: "0", network: "public", arId: "0", ipamMad: "scw-flexip", ip: IP, ip6: IP6.toLowerCase() },
    ...{
      mac: MAC.toLowerCase(),
      flexibleIpId: SCW_FLEXIBLE_IP_ID,
      flexibleIp6Id: SCW_FLEXIBLE_IP6_ID,
      intent: SCW_FLEXIP_INTENT,
    },
    holder: holder && { kind: "vm", id: holder.id },
  };
}

/** What an operator's command on the front-end works with. */
function openPorts(world: World): IpamSession {
  const { frontEnd } = world.rig;
  const executable = join(frontEnd.root, "ipam/scw-flexip/scw-flexip");
  const config = readConfig({}, executable);
  const log = openLog({
    level: "error",
    file: join(frontEnd.logDir, "scw-flexip.log"),
    context: { action: "reconcile", host: hostname(), pid: process.pid },
  });
  const caller = { action: "reconcile", version: "test", environment: {}, executable };
  const session = openSession(caller, config, log, { limitMs: 24_000 });
  return { ...session, journal: new Journal(frontEnd.stateFile, log), answer: () => {} };
}
