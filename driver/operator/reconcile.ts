// What does not agree between OpenNebula, Scaleway and the journal, what would mend it, and, when asked, the mending.
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf, RefusedError, UsageError } from "../errors.ts";
import { EXIT } from "./exit.ts";
import { tellUnknownHosts } from "./list.ts";
import { asOneadmin, type Operator } from "./operator.ts";
import type { Column, Row } from "./print/column.ts";
import { printRows } from "./print/rows.ts";
import { apply } from "./reconcile/apply.ts";
import type { Step } from "./reconcile/step.ts";
import { type Survey, survey, withPorts } from "./survey.ts";

const COLUMNS: readonly Column[] = [
  { key: "key", title: "KEY", rank: 0 },
  { key: "action", title: "ACTION", rank: 0 },
  { key: "apply", title: "APPLY", rank: 2, style: (apply) => (apply === "safe" ? "green" : "yellow") },
  { key: "result", title: "RESULT", rank: 0, style: (result) => (result === "done" ? "green" : undefined) },
  { key: "cost", title: "COST", rank: 3 },
  { key: "reason", title: "REASON", rank: 0 },
];
const DEFAULT_INTERVAL_S = 300;

type Result = { readonly step: Step; readonly result: string };

export async function reconcile(given: Operator): Promise<number> {
  const operator = asOneadmin(given);
  const { options, interrupt, terminal } = operator;
  if (options.has("applyAll") && options.list("apply") !== undefined) {
    throw new UsageError("--apply and --apply-all: give one");
  }
  const intervalS = options.number("interval", "--interval", 5, 86_400) ?? DEFAULT_INTERVAL_S;
  if (!options.has("watch")) return once(operator);
  for (;;) {
    const exit = await once(operator).catch((error: unknown) => {
      if (error instanceof RefusedError) throw error;
      terminal.warn(`scw-flexip: ${messageOf(error)}`);
      return EXIT.failed;
    });
    if (interrupt.isAsked || terminal.isUnread) return exit;
    terminal.note(`next look in ${intervalS} s (the last one ended with ${exit})`);
    await sleep(1_000 * intervalS);
  }
}

async function once(operator: Operator): Promise<number> {
  const { terminal, options, interrupt } = operator;
  const found = await survey(operator);
  if (options.has("applyAll")) refuseToDeleteAll(found);
  const chosen = chooseSteps(options.has("applyAll") ? "all" : options.list("apply"), found.steps);
  const results = await applySteps(operator, found, chosen);
  const isApplying = chosen !== undefined;
  const columns = COLUMNS.filter(({ key }) => isApplying || key !== "result");
  const rows = results.map(({ step, result }) => rowOf(step, isApplying ? result : undefined));
  printRows(operator, columns, rows);
  tellUnknownHosts(operator, found.unknownHosts);
  terminal.note(summary(results, isApplying));
  if (interrupt.isAsked) return EXIT.interrupted;
  if (results.some(({ result }) => result.startsWith("failed"))) return EXIT.failed;
  return results.some(({ result }) => result !== "done") ? EXIT.findings : EXIT.done;
}

/** Seen by a user without rights, OpenNebula looks empty: then every address would be an orphan. */
function refuseToDeleteAll({ view, steps }: Survey): void {
  const orphans = steps.filter(({ remedy }) => remedy.do === "delete");
  if (view.ranges.length > 0 || orphans.length === 0) return;
  throw new RefusedError(
    `OpenNebula shows no range of the driver at all, so that --apply-all would delete ${orphans.length} addresses; check it with onevnet list, then name the steps: --apply KEY`,
  );
}

/** The steps that are asked for; undefined: none, this is only a look. Throws RefusedError. */
function chooseSteps(asked: "all" | readonly string[] | undefined, steps: readonly Step[]): Set<Step> | undefined {
  if (asked === undefined) return undefined;
  if (asked === "all") return new Set(steps.filter(({ remedy }) => remedy.do !== "none"));
  if (asked.length === 0) return new Set(steps.filter(({ isSafe }) => isSafe));
  const unknown = asked.filter((key) => !steps.some((step) => step.key === key));
  if (unknown.length > 0) {
    throw new RefusedError(
      `nothing is to be done by the name ${unknown.join(", ")}; look again with scw-flexip reconcile`,
    );
  }
  return new Set(steps.filter(({ key }) => asked.includes(key)));
}

async function applySteps(operator: Operator, found: Survey, chosen: Set<Step> | undefined): Promise<Result[]> {
  const { terminal, interrupt } = operator;
  const results: Result[] = [];
  for (const step of found.steps) {
    if (!chosen?.has(step) || interrupt.isAsked) {
      results.push({ step, result: "-" });
      continue;
    }
    terminal.progress(`applying ${step.key}`);
    const result = await interrupt.shield(() => applyStep(operator, found, step));
    results.push({ step, result });
  }
  terminal.progress("");
  return results;
}

/** Each step has the time of a hook: moving an address waits for a detach and an attach. */
async function applyStep(operator: Operator, { config }: Survey, step: Step): Promise<string> {
  try {
    return await withPorts(operator, config, config.hookTimeoutMs, async (ports) => {
      const fields = { address: step.address, step: step.key };
      try {
        const outcome = await apply(ports, step);
        ports.log.info(`reconcile ${step.key}: ${outcome}`, fields);
        return outcome;
      } catch (error) {
        ports.log.error(`reconcile ${step.key}: ${messageOf(error)}`, fields);
        throw error;
      }
    });
  } catch (error) {
    return `failed: ${messageOf(error)}`;
  }
}

function rowOf(step: Step, result: string | undefined): Row {
  const { kind, key, address, reason, remedy, isSafe } = step;
  return {
    key,
    kind,
    address,
    action: remedy.do === "none" ? "-" : remedy.do,
    apply: remedy.do === "none" ? "person" : isSafe ? "safe" : "named",
    ...(result === undefined ? {} : { result }),
    cost: costOf(step),
    reason,
  };
}

/** What applying the step takes away, in money or in reach. */
function costOf({ remedy }: Step): string {
  switch (remedy.do) {
    case "delete":
      return "the address is lost for good";
    case "move":
      return "the guest is offline for seconds";
    case "undo-intent":
      return "what it bought is deleted";
    default:
      return "nothing";
  }
}

function summary(results: readonly Result[], isApplying: boolean): string {
  if (results.length === 0) return "nothing to reconcile";
  if (isApplying) {
    const done = results.filter(({ result }) => result === "done").length;
    return `${done} of ${results.length} done`;
  }
  const safe = results.filter(({ step }) => step.isSafe).length;
  const named = results.filter(({ step }) => !step.isSafe && step.remedy.do !== "none").length;
  return `${results.length} to reconcile: ${safe} by --apply, ${named} by --apply KEY, ${results.length - safe - named} by a person`;
}
