// Where the life is played: the machines, the simulated account, and what has happened on them so far.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { withAliasesAskedFor } from "../documents.ts";
import type { WireFlexibleIp } from "../fakes/flexible-ip-record.ts";
import type { SettleDelays } from "../fakes/flexible-ip-server.ts";
import { PROJECT, REPOSITORY, Rig, type RunOptions, type RunResult } from "../rig.ts";
import type { RangeName, Step } from "./life.ts";

export const DELAYS: SettleDelays = { attachMs: 300, attachQueuedMs: 300, detachMs: 200, macMs: 10 };

// The driver gives up long before a person does. A process that hangs is killed.
const LIMITS = { TIMEOUT: "20", HOOK_TIMEOUT: "20" };
const HANGING_MS = 30_000;
const DOCUMENTS = join(REPOSITORY, "fixtures/recorded/opennebula-7.0.0");

// What the recorded documents say of the two ranges, in the place of which stands what register answered here.
const RECORDED: Readonly<Record<string, readonly [RangeName, string]>> = {
  "203.0.113.1": ["first", "IP"],
  "52:54:00:00:00:01": ["first", "MAC"],
  "f1e81b1e-0000-4000-8000-000000000001": ["first", "SCW_FLEXIBLE_IP_ID"],
  "203.0.113.2": ["second", "IP"],
  "52:54:00:00:00:02": ["second", "MAC"],
  "f1e81b1e-0000-4000-8000-000000000002": ["second", "SCW_FLEXIBLE_IP_ID"],
};

export type Stage = {
  readonly rig: Rig;
  /** A flexible IP of somebody else in the project, as it was before. */
  readonly bystander: WireFlexibleIp;
  /** What register answered, by attribute. */
  readonly ranges: Map<RangeName, ReadonlyMap<string, string>>;
  readonly runs: Run[];
};

/** One child process: what it was given and what came of it. */
export type Run = { readonly step: Step; readonly document: string; readonly result: RunResult; readonly ms: number };

export async function openStage(): Promise<Stage> {
  const rig = await Rig.start({ settle: DELAYS });
  const bystander = rig.simulator.account.add({ projectId: PROJECT, description: "web server", tags: ["web"] });
  return { rig, bystander, ranges: new Map(), runs: [] };
}

/** Runs the step's shim on its machine. Throws when its document needs an answer that is not there. */
export async function run(stage: Stage, step: Step): Promise<Run> {
  const document = filled(stage, step);
  const options: RunOptions = {
    settings: LIMITS,
    started: (child) => {
      const end = (): boolean => child.kill("SIGKILL");
      const timer = setTimeout(end, HANGING_MS);
      process.once("exit", end);
      child.once("close", () => {
        clearTimeout(timer);
        process.off("exit", end);
      });
    },
  };
  const startedAt = performance.now();
  const result =
    step.on === "fe"
      ? await stage.rig.ipam(step.ask, document, options)
      : await stage.rig.hook(step.on, step.ask, document, options);
  const done = { step, document, result, ms: Math.round(performance.now() - startedAt) };
  stage.runs.push(done);
  return done;
}

/** The document with what register answered, as oned keeps it. */
function filled(stage: Stage, { document: name, of }: Step): string {
  const text = withAliasesAskedFor(readFileSync(join(DOCUMENTS, `${name}.xml`), "utf8"));
  return text.replaceAll(/(?<=[>[])[0-9a-f.:-]+(?=[<\]])/g, (recorded) => {
    const [range, attribute] = RECORDED[recorded] ?? [];
    if (range === undefined || attribute === undefined) return recorded;
    const value = stage.ranges.get(of ?? range)?.get(attribute);
    if (value === undefined)
      throw new Error(`${name}.xml needs ${attribute}, which the ${of ?? range} range has not answered`);
    return value;
  });
}
