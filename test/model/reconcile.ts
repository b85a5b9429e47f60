// One reconcile, as the operator's command does it: look, plan, apply every step.

import { readConfig } from "../../driver/config.ts";
import type { IpamSession } from "../../driver/ipam/ipam-session.ts";
import { deadIntents } from "../../driver/ipam/recover.ts";
import { openLog } from "../../driver/log.ts";
import { parseRanges, parseVms } from "../../driver/operator/one/listings.ts";
import { apply } from "../../driver/operator/reconcile/apply.ts";
import { plan } from "../../driver/operator/reconcile/plan.ts";
import type { Step, View } from "../../driver/operator/reconcile/step.ts";
import { type Caller, openSession } from "../../driver/session.ts";
import { Journal } from "../../driver/state/journal.ts";
import type { Reconciled } from "./machines.ts";

/** What OpenNebula's own commands print, and which server each host is. */
export type ReconcileInput = {
  readonly networks: string;
  readonly vms: string;
  readonly servers: ReadonlyMap<string, string>;
};

const GRACE_MS = 600_000;
const DAY_MS = 86_400_000;

export async function reconcile(caller: Caller, input: ReconcileInput): Promise<Reconciled> {
  const config = readConfig(caller.environment, caller.executable);
  const log = openLog({ level: "error", file: "/dev/null", context: {}, machine: caller.machine });
  const session = openSession(caller, config, log, { limitMs: 120_000 });
  const journal = new Journal(config.stateFile, session.log);
  const ports: IpamSession = { ...session, journal, answer: () => {} };
  const steps = plan(await viewOf(ports, input));
  const outcomes: string[] = [];
  for (const step of steps) outcomes.push(await attempt(ports, step));
  session.close();
  return { steps, outcomes };
}

async function attempt(ports: IpamSession, step: Step): Promise<string> {
  try {
    return await apply(ports, step, async () => true);
  } catch (error) {
    return `failed: ${error instanceof Error ? error.message : error}`;
  }
}

async function viewOf({ api, config, journal, machine }: IpamSession, input: ReconcileInput): Promise<View> {
  const state = journal.read();
  const dead = deadIntents({ journal, machine }).map(([intent]) => intent);
  return {
    cloud: config.cloud,
    projectId: config.projectId,
    flexibleIps: await api.list({ projectId: config.projectId }),
    ranges: parseRanges(input.networks, "scw-flexip"),
    vms: parseVms(input.vms),
    servers: input.servers,
    deadIntents: dead,
    liveIntents: Object.keys(state.intents).filter((intent) => !dead.includes(intent)),
    // The dust has settled a day ago: nothing that is seen is another run's work under way.
    now: new Date(machine.now() + DAY_MS),
    graceMs: GRACE_MS,
  };
}
