// Random histories of two OpenNebulas with faults and kills, in this process. SEED and RUNS choose; of one that goes wrong
// the shortest is shown, with the path that REPLAY takes to play it alone.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { runInProcess } from "./history.ts";
import { historyArbitrary, seed } from "./steps.ts";

const numRuns = Number(process.env.RUNS ?? 500);
const path = process.env.REPLAY ?? "";

test(`${numRuns} histories leak no flexible IP, leave no lease stuck and cut no guest off (SEED=${seed})`, async (t) => {
  const acted: string[] = [];
  const goesWell = fc.asyncProperty(historyArbitrary(), async (history) => {
    const { actions, account, complaints } = await runInProcess(history);
    // `deploy` of `3 deploy: one get_address → 0 …`
    acted.push(...actions.map((action) => action.replace(/^\d+ |:.*/gs, "")));
    const steps = history.steps.map((step) => JSON.stringify(step));
    assert.deepEqual(complaints, [], [...steps, ...actions, ...account, ...complaints].join("\n"));
  });
  t.after(() => {
    const counts = [...Map.groupBy(acted, (operation) => operation)].map(([operation, all]) => [operation, all.length]);
    t.diagnostic(`actions by operation: ${counts.map((count) => count.join(" ")).join(", ")}`);
  });
  await fc.assert(goesWell, { numRuns, seed, path, endOnFailure: path !== "", includeErrorInReport: true });
});
