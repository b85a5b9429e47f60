// Histories on the built executable, and in this process too: every exit code, answer, plain line and flexible IP must be
// the same.
import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import fc from "fast-check";
import { anySeed } from "../cloud/random.ts";
import { differences, runExecutable } from "./equal.ts";
import { Totals } from "./figures.ts";
import type { HistoryResult } from "./history.ts";
import { InProcessRuns } from "./run.ts";
import { type History, historyArbitrary } from "./steps.ts";

const seed = Number(process.env.SEED ?? anySeed());
const numRuns = Number(process.env.RUNS_EXECUTABLE ?? 8);
const totals = new Totals();
const histories = fc.sample(historyArbitrary({ maxSteps: 14, isQuick: true, mostFirstRanges: 3 }), { seed, numRuns });

after(() => process.stdout.write(`SEED=${seed}, on the built executable: ${totals}\n`));

suite(`${numRuns} histories on the built executable (SEED=${seed})`, { concurrency: 2 }, async () => {
  const expected = await inProcess(histories);
  for (const [index, history] of histories.entries()) {
    test(`history ${index}`, async () => {
      const real = await runExecutable(history);
      totals.add(real.figures);
      const text = history.steps.map((step) => JSON.stringify(step)).join("\n");
      assert.deepEqual(real.complaints, [], text);
      const virtual = expected[index];
      assert.ok(virtual !== undefined);
      assert.deepEqual(differences(virtual, real), [], text);
    });
  }
});

/** All of them before the first one on the executable: this process has a virtual clock meanwhile. */
async function inProcess(all: readonly History[]): Promise<HistoryResult[]> {
  const runs = new InProcessRuns();
  const outcomes: HistoryResult[] = [];
  for (const history of all) outcomes.push(await runs.run(history, seed));
  runs.close();
  return outcomes;
}
