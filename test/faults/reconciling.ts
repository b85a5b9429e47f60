// The reconcile core on a world: the plan that its state asks for, and doing it.
import { hostname } from "node:os";
import { join } from "node:path";
import { readConfig } from "../../driver/config.ts";
import { Deadline } from "../../driver/deadline.ts";
import type { Ports } from "../../driver/ipam/ports.ts";
import { openLog } from "../../driver/log.ts";
import type { CloudRange, CloudVm } from "../../driver/operator/one/listings.ts";
import { apply } from "../../driver/operator/reconcile/apply.ts";
import { plan } from "../../driver/operator/reconcile/plan.ts";
import type { Step } from "../../driver/operator/reconcile/step.ts";
import { FlexibleIpClient, parseFlexibleIp } from "../../driver/scaleway/client.ts";
import { Http } from "../../driver/scaleway/http.ts";
import { Journal, type JournalState } from "../../driver/state/journal.ts";
import { isRunning } from "../../driver/state/process-identity.ts";
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

/** What a reconcile finds now. */
export function findings(world: World): Step[] {
  const { intents } = journalOf(world);
  const isAlive = (intent: string): boolean => {
    const entry = intents[intent];
    return entry !== undefined && isRunning(entry.process);
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

/** As driver/ipam/run.ts makes them, less the signals, which are this process's own. */
function openPorts(world: World): Ports {
  const { frontEnd, simulator } = world.rig;
  const executable = join(frontEnd.root, "ipam/scw-flexip/scw-flexip");
  const config = readConfig({}, executable);
  const deadline = new Deadline(20_000, "reconcile was");
  const log = openLog({
    level: "error",
    file: join(frontEnd.logDir, "scw-flexip.log"),
    context: { action: "reconcile", host: hostname(), pid: process.pid },
  });
  const http = new Http({
    ...{ apiUrl: config.apiUrl, token: simulator.token, userAgent: "scw-flexip/test (reconcile)" },
    ...{ deadline, patienceMs: undefined, log },
  });
  const api = new FlexibleIpClient(http, config.zone, config.macType);
  return {
    caller: { action: "reconcile", version: "test", environment: {}, executable },
    ...{ config, log, deadline, api, patienceMs: undefined },
    journal: new Journal(frontEnd.stateFile, log),
    answer: () => {},
    undo: (work) => work(api, deadline),
    close: () => {
      http.close();
      deadline.clear();
    },
  };
}
