// Runs cases one after another and says which one is under way, so that somebody else can see one that hangs.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { type Reader, runCase } from "./cases.ts";

export type Task = {
  readonly reader: Reader;
  readonly seed: number;
  readonly first: number;
  readonly cases: number;
  /** Holds the number of the case under way. */
  readonly current: SharedArrayBuffer;
};
export type Report = {
  readonly values: number;
  readonly refusals: number;
  /** Processor time in milliseconds, and the case that took it. */
  readonly slowest: { readonly ms: number; readonly number: number };
  readonly failures: readonly { readonly number: number; readonly message: string }[];
};

const MOST_FAILURES = 5;

/** Cases are numbered from `first`; each has a seed of its own, so that one can be run alone. */
export function runCases(task: Task, folder: string): Report {
  const current = new Int32Array(task.current);
  const failures: { number: number; message: string }[] = [];
  const counts = { value: 0, refusal: 0 };
  let slowest = { ms: 0, number: task.first };
  for (let number = task.first; number < task.first + task.cases && failures.length < MOST_FAILURES; number += 1) {
    Atomics.store(current, 0, number);
    const before = process.threadCpuUsage();
    try {
      counts[runCase(task.reader, Math.imul(task.seed + number, 0x9e3779b1), join(folder, "settings"))] += 1;
    } catch (error) {
      failures.push({
        number,
        message: error instanceof Error ? `${error.stack}: ${told(error.cause)}` : String(error),
      });
    }
    const { user, system } = process.threadCpuUsage(before);
    const ms = (user + system) / 1_000;
    if (ms > slowest.ms) slowest = { ms, number };
  }
  return { values: counts.value, refusals: counts.refusal, slowest, failures };
}

function told(cause: unknown): string {
  return cause instanceof Error ? JSON.stringify(`${cause.name}: ${cause.message}`.slice(0, 300)) : "";
}

if (parentPort !== null) {
  const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "scw-flexip-fuzz-"));
  const task: Task = workerData;
  const report = runCases(task, folder);
  rmSync(folder, { recursive: true, force: true });
  parentPort.postMessage(report);
}
