// Random histories of two OpenNebulas with faults and kills, in this process. SEED and RUNS choose, REPLAY repeats one.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { anySeed } from "../cloud/random.ts";
import { check } from "./check.ts";
import { Totals } from "./figures.ts";
import { InProcessRuns } from "./run.ts";

const seed = Number(process.env.SEED ?? anySeed());
const runs = Number(process.env.RUNS ?? 500);
const totals = new Totals();

after(() => process.stdout.write(`SEED=${seed}: ${totals}\n`));

test(`${runs} histories leak no flexible IP, leave no lease stuck and cut no guest off (SEED=${seed})`, async () => {
  const inProcess = new InProcessRuns();
  const failure = await check(
    { runs, seed, path: process.env.REPLAY, rules: { maxSteps: 24, isQuick: false } },
    totals,
    (history) => inProcess.run(history, seed),
  ).finally(() => inProcess.close());
  assert.equal(failure, undefined, failure);
});
