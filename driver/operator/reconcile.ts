// Where OpenNebula, Scaleway and the journal differ, and the steps that fix it.
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { messageOf, RefusedError, UsageError } from "../errors.ts";
import { audit } from "./audit.ts";
import { confirm } from "./confirm.ts";
import { EXIT } from "./exit.ts";
import { tellUnjudged } from "./list.ts";
import { type Leadership, leadershipOf, leads } from "./one/leader.ts";
import { asOneadmin, type Operator } from "./operator.ts";
import { formOf, printRows } from "./print/rows.ts";
import { apply } from "./reconcile/apply.ts";
import { type Asked, chooseSteps } from "./reconcile/choice.ts";
import { type Result, rowOf, STEP_COLUMNS } from "./reconcile/row.ts";
import type { Step } from "./reconcile/step.ts";
import { listingOf, readListing, type Survey, survey, withPorts } from "./survey.ts";

const DEFAULT_INTERVAL_S = 300;
const NOT_APPLIED: Result = { result: null, error: null };
export async function reconcile(given: Operator): Promise<number> {
  const operator = asOneadmin(given);
  const { options, interrupt, terminal } = operator;
  formOf(operator, STEP_COLUMNS);
  const asked = askedOf(operator);
  const intervalS = options.number("interval", "--interval", 1, 86_400) ?? DEFAULT_INTERVAL_S;
  if (!options.has("watch")) return once(operator, asked);
  for (;;) {
    const exit = await once(operator, asked).catch((error: unknown) => {
      if (error instanceof RefusedError || error instanceof UsageError) throw error;
      terminal.warn(`scw-flexip: ${messageOf(error)}`);
      return EXIT.failed;
    });
    if (interrupt.isAsked || terminal.isUnread) return exit;
    terminal.note(`next look in ${intervalS} s (the last one ended with ${exit})`);
    await sleep(1_000 * intervalS);
  }
}

/** Undefined: apply nothing. */
function askedOf({ options }: Operator): Asked | undefined {
  const keys = options.list("apply");
  if (options.has("applyAll") && keys !== undefined) throw new UsageError("--apply and --apply-all: give one");
  if (options.has("dryRun")) return undefined;
  if (options.has("applyAll")) return "all";
  return keys?.length === 0 ? "safe" : keys;
}

async function once(operator: Operator, asked: Asked | undefined): Promise<number> {
  const { terminal, interrupt } = operator;
  const [found, leadership] = await Promise.all([survey(operator), leadershipOf(operator)]);
  const results = asked === undefined ? new Map() : await applyChosen(operator, found, leadership, asked);
  const rows = [
    ...found.steps.map((step) => rowOf(found.view, step, false, results.get(step) ?? NOT_APPLIED)),
    ...found.young.map((step) => rowOf(found.view, step, true, NOT_APPLIED)),
  ];
  const isChosen = operator.options.text("columns") !== undefined;
  const columns = STEP_COLUMNS.filter(({ key }) => isChosen || asked !== undefined || key !== "result");
  printRows(operator, formOf(operator, columns), rows);
  if (asked === undefined && !leads(leadership)) terminal.note(`${leadership.why}; its listing may be old`);
  tellUnjudged(operator, found);
  if (rows.some(({ result }) => result === "later")) {
    terminal.note(
      "later: a call whose answer was lost may still be acted on; ten minutes after it began, apply it again",
    );
  }
  const done = found.steps.filter((step) => results.get(step)?.result === "done").length;
  terminal.note(asked === undefined ? summary(found.steps) : `${done} of ${found.steps.length} done`);
  if (interrupt.isAsked) return EXIT.interrupted;
  if (rows.some(({ result }) => result === "failed")) return EXIT.failed;
  return done < found.steps.length ? EXIT.findings : EXIT.done;
}

async function applyChosen(
  operator: Operator,
  found: Survey,
  leadership: Leadership,
  asked: Asked,
): Promise<Map<Step, Result>> {
  const { terminal, interrupt } = operator;
  const { steps, reservation } = chooseSteps(asked, found, leadership);
  if (reservation !== undefined) terminal.warn(reservation);
  const keys = [...steps].filter(({ isSafe }) => !isSafe).map(({ key }) => key);
  if (asked === "all" && keys.length > 0) {
    await confirm(operator, `Apply ${keys.join(", ")}`, "an address that is deleted is lost forever");
  }
  const results = new Map<Step, Result>();
  for (const step of steps) {
    if (interrupt.isAsked) break;
    terminal.progress(`applying ${step.key}`);
    results.set(step, await interrupt.shield(() => applyStep(operator, found, step)));
  }
  terminal.progress("");
  return results;
}

/** Each step has the time of a hook: moving an address waits for a detach and an attach. */
async function applyStep(operator: Operator, { config, view }: Survey, step: Step): Promise<Result> {
  const addresses = addressesOf(step);
  const before = listingOf(view, addresses);
  const stillHolds = async (): Promise<boolean> => {
    const [listing, leadership] = await Promise.all([readListing(operator), leadershipOf(operator)]);
    return leads(leadership) && isDeepStrictEqual(listingOf(listing, addresses), before);
  };
  try {
    const outcome = await withPorts(operator, config, config.hookTimeoutMs, (ports) => apply(ports, step, stillHolds));
    return { result: outcome === "manual" ? null : outcome, error: null };
  } catch (error) {
    audit(operator, { what: `reconcile ${step.key}`, failure: messageOf(error), address: step.address }, config);
    return { result: "failed", error: messageOf(error) };
  }
}

/** The addresses whose ranges and guests the step is about. */
function addressesOf({ address, remedy }: Step): string[] {
  const one = "flexibleIp" in remedy ? [remedy.flexibleIp] : [];
  const several = "flexibleIps" in remedy ? remedy.flexibleIps : [];
  const aliases = "aliases" in remedy ? (remedy.aliases ?? []) : [];
  return [address ?? [], ...[...one, ...several, ...aliases].map((flexibleIp) => flexibleIp.address)].flat();
}

function summary(steps: readonly Step[]): string {
  if (steps.length === 0) return "nothing to reconcile";
  const safe = steps.filter(({ isSafe }) => isSafe).length;
  const named = steps.filter(({ isSafe, remedy }) => !isSafe && remedy.do !== "none").length;
  return `${steps.length} to reconcile: ${safe} by --apply, ${named} by --apply KEY, ${steps.length - safe - named} by a person`;
}
