// The three readers and the template writer over 100,000 documents: a value or a named refusal, nothing else, and soon.
// SEED and CASES choose and repeat; CASE runs one case of each alone.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Worker } from "node:worker_threads";
import { READERS, type Reader } from "./cases.ts";
import type { Report, Task } from "./worker.ts";

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 0x7fffffff));
const cases = Number(process.env.CASES ?? 100_000);
const only = process.env.CASE;
const SHARES: Readonly<Record<Reader, number>> = { ipam: 0.35, vm: 0.3, settings: 0.15, template: 0.2 };
const LONGEST_CASE_MS = 1_000;

suite(`${cases} documents (SEED=${seed})`, () => {
  for (const reader of READERS) {
    test(reader, async () => {
      const report = await watch({
        reader,
        seed,
        first: Number(only ?? 0),
        cases: only === undefined ? Math.round(cases * SHARES[reader]) : 1,
        current: new SharedArrayBuffer(4),
      });
      const { values, refusals, slowest, failures } = report;
      assert.deepEqual(failures, [], `SEED=${seed} CASE=<number> runs one alone`);
      process.stdout.write(
        `SEED=${seed} ${reader}: ${values} values, ${refusals} refusals, slowest case ${slowest.number} took ${slowest.ms} ms of processor time\n`,
      );
      if (only === undefined) assert.ok(values > 0 && refusals > 0, "both outcomes are met");
    });
  }
});

/** Runs the cases in a thread of their own, and ends it when one case alone has taken too much of the processor. */
function watch(task: Task): Promise<Report> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: task });
    const current = new Int32Array(task.current);
    let known = { number: -1, cpu: process.cpuUsage() };
    const timer = setInterval(() => {
      const number = Atomics.load(current, 0);
      if (number !== known.number) known = { number, cpu: process.cpuUsage() };
      const { user, system } = process.cpuUsage(known.cpu);
      if ((user + system) / 1_000 <= LONGEST_CASE_MS) return;
      finish(() => reject(new Error(`SEED=${task.seed} CASE=${number}: ${task.reader} hangs`)));
      void worker.terminate();
    }, 50);
    const finish = (end: () => void): void => {
      clearInterval(timer);
      end();
    };
    worker.once("message", (report: Report) => finish(() => resolve(report)));
    worker.once("error", (error) => finish(() => reject(error)));
  });
}
