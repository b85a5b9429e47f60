// One reconcile on a front-end, as the operator's command does it: look, plan, apply steps.
import { readConfig } from "../../driver/config.ts";
import { messageOf } from "../../driver/errors.ts";
import type { IpamSession } from "../../driver/ipam/ipam-session.ts";
import { deadIntents } from "../../driver/ipam/recover.ts";
import { silentLog } from "../../driver/operator/audit.ts";
import { parseRanges, parseVms } from "../../driver/operator/one/listings.ts";
import { apply } from "../../driver/operator/reconcile/apply.ts";
import { plan } from "../../driver/operator/reconcile/plan.ts";
import type { Step } from "../../driver/operator/reconcile/step.ts";
import { type Caller, openSession } from "../../driver/session.ts";
import { Journal } from "../../driver/state/journal.ts";

/** What OpenNebula's own commands print, and which server each host is. */
export type ReconcileInput = {
  readonly networks: string;
  readonly vms: string;
  readonly servers: ReadonlyMap<string, string>;
};

const DAY_MS = 86_400_000;

/** Plans, and applies the steps that are wanted. Returns every step with what came of it: `planned` where it is not. */
export async function reconcile(
  caller: Caller,
  input: ReconcileInput,
  isWanted: (step: Step) => boolean,
): Promise<[Step, string][]> {
  const config = readConfig(caller.environment, caller.executable);
  const session = openSession(caller, config, silentLog(), { limitMs: 120_000 });
  const ports: IpamSession = { ...session, journal: new Journal(config.stateFile, session.log), answer: () => {} };
  const tried = (step: Step): Promise<string> =>
    apply(ports, step, async () => true).catch((error) => `failed: ${messageOf(error)}`);
  try {
    const done: [Step, string][] = [];
    for (const step of await stepsOf(ports, input)) done.push([step, isWanted(step) ? await tried(step) : "planned"]);
    return done;
  } finally {
    session.close();
  }
}

async function stepsOf({ api, config, journal, machine }: IpamSession, input: ReconcileInput): Promise<Step[]> {
  const dead = deadIntents({ journal, machine }).map(([intent]) => intent);
  return plan({
    cloud: config.cloud,
    projectId: config.projectId,
    flexibleIps: await api.list({ projectId: config.projectId }),
    ranges: parseRanges(input.networks, "scw-flexip"),
    vms: parseVms(input.vms),
    servers: input.servers,
    deadIntents: dead,
    liveIntents: Object.keys(journal.read().intents).filter((intent) => !dead.includes(intent)),
    // All has been at rest for a day: nothing that is seen is another run's work under way.
    now: new Date(machine.now() + DAY_MS),
    graceMs: 0,
  });
}
