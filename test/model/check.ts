// Plays histories until one goes wrong, and makes that one as short as it can be.
import fc from "fast-check";
import type { Totals } from "./figures.ts";
import type { HistoryResult } from "./history.ts";
import { type History, historyArbitrary, type Rules } from "./steps.ts";

export type CheckOptions = {
  readonly runs: number;
  readonly seed: number;
  /** Where fast-check found it, to run that one alone. */
  readonly path?: string | undefined;
  readonly rules: Rules;
};

/** Undefined: all went well. Otherwise the shortest history that does not, and how to see it again. */
export async function check(
  options: CheckOptions,
  totals: Totals,
  run: (history: History) => Promise<HistoryResult>,
): Promise<string | undefined> {
  let last: HistoryResult | undefined;
  const result = await fc.check(
    fc.asyncProperty(historyArbitrary(options.rules), async (history) => {
      const outcome = await run(history);
      totals.add(outcome.figures);
      if (outcome.complaints.length === 0) return true;
      last = outcome;
      return false;
    }),
    {
      numRuns: options.runs,
      seed: options.seed,
      ...(options.path === undefined ? {} : { path: options.path, endOnFailure: true }),
    },
  );
  if (!result.failed) return undefined;
  const history = result.counterexample?.[0];
  if (history === undefined || last === undefined) return `SEED=${result.seed}: ${result.errorInstance}`;
  return [
    `SEED=${result.seed} REPLAY=${result.counterexamplePath} shows it again`,
    `inherits ${history.inherits}, ${history.firstRanges} ranges at the start`,
    ...history.steps.map((step) => JSON.stringify(step)),
    ...last.actions,
    ...last.account,
    ...last.complaints.map((complaint) => `WRONG ${complaint}`),
  ].join("\n");
}
