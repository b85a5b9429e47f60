// The long run, and a failure seen again: --runs, --seed, --replay, --steps; --both runs the executable beside it.
import { parseArgs } from "node:util";
import { anySeed } from "../cloud/random.ts";
import { check } from "./check.ts";
import { differences, runExecutable } from "./equal.ts";
import { Totals } from "./figures.ts";
import { InProcessRuns } from "./run.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "1000" },
    seed: { type: "string", default: String(anySeed()) },
    replay: { type: "string" },
    steps: { type: "string", default: "30" },
    both: { type: "boolean", default: false },
  },
});
const seed = Number(values.seed);
const rules = { maxSteps: Number(values.steps), isQuick: values.both };
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const start = process.hrtime.bigint();
const totals = new Totals();
say(`SEED=${seed} RUNS=${values.runs}`);
const failure = await check(
  { runs: Number(values.runs), seed, path: values.replay, rules },
  totals,
  async (history) => {
    const runs = new InProcessRuns();
    const virtual = await runs.run(history, seed).finally(() => runs.close());
    if (!values.both) return virtual;
    const complaints = differences(virtual, await runExecutable(history));
    return { ...virtual, complaints: [...virtual.complaints, ...complaints] };
  },
);
say(`${totals}, ${Math.round(Number(process.hrtime.bigint() - start) / 1e9)} s`);
for (const line of totals.details()) say(line);
if (failure !== undefined) say(failure);
process.exit(failure === undefined ? 0 : 1);
