// Random histories of two OpenNebulas with faults and kills, in this process. SEED and RUNS choose; of one that goes wrong
// the shortest is shown, with the path that REPLAY takes to play it alone.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { runInProcess } from "./history.ts";
import { historyArbitrary, seed } from "./steps.ts";
import { Tally } from "./tally.ts";

const numRuns = Number(process.env.RUNS ?? 500);
const path = process.env.REPLAY ?? "";

test(`${numRuns} histories leak no flexible IP, leave no lease stuck and cut no guest off (SEED=${seed})`, async (t) => {
  const tally = new Tally();
  const goesWell = fc.asyncProperty(historyArbitrary(), async (history) => {
    const { actions, account, complaints } = await runInProcess(history, tally);
    const steps = history.steps.map((step) => JSON.stringify(step));
    assert.deepEqual(complaints, [], [...steps, ...actions, ...account, ...complaints].join("\n"));
  });
  t.after(() => t.diagnostic(`${tally}`));
  await fc.assert(goesWell, { numRuns, seed, path, endOnFailure: path !== "", includeErrorInReport: true });
});
