// One reconcile, as the operator's command does it: look, plan, apply every step.

import type { Ports } from "../../driver/ipam/ports.ts";
import { deadIntents } from "../../driver/ipam/recover.ts";
import { parseRanges, parseVms } from "../../driver/operator/one/listings.ts";
import { apply } from "../../driver/operator/reconcile/apply.ts";
import { plan } from "../../driver/operator/reconcile/plan.ts";
import type { Step, View } from "../../driver/operator/reconcile/step.ts";
import { type Caller, openDesk, openSession } from "../../driver/session.ts";
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
  const desk = openDesk(caller, "/nowhere", "reconcile.log", {});
  const session = openSession(desk, { limitMs: 120_000 });
  const journal = new Journal(desk.config.stateFile, session.log);
  const ports: Ports = { ...session, journal, answer: () => {} };
  const steps = plan(await viewOf(ports, input));
  const outcomes: string[] = [];
  for (const step of steps) outcomes.push(await attempt(ports, step));
  session.close();
  return { steps, outcomes };
}

async function attempt(ports: Ports, step: Step): Promise<string> {
  try {
    return await apply(ports, step, async () => true);
  } catch (error) {
    return `failed: ${error instanceof Error ? error.message : error}`;
  }
}

async function viewOf({ api, config, journal }: Ports, input: ReconcileInput): Promise<View> {
  const state = journal.read();
  const dead = deadIntents({ journal }).map(([intent]) => intent);
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
    now: new Date(Date.now() + DAY_MS),
    graceMs: GRACE_MS,
  };
}
