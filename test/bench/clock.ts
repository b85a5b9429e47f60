// Whole processes, timed from before their start until they are gone.
import { spawn, spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import type { Program } from "./programs.ts";

const BASICS = { PATH: "/usr/local/bin:/usr/bin:/bin" };

/** Milliseconds of one run. Throws when it fails. */
export function time({ name, file, words, environment, input }: Program): number {
  const stdin = openSync(input, "r");
  const start = performance.now();
  const { status, stderr, error } = spawnSync(file, words, {
    env: { ...BASICS, ...environment },
    // Node's own pipes are sockets; OpenNebula's are not, and cost as much as a file.
    stdio: [stdin, "pipe", "pipe"],
  });
  const ms = performance.now() - start;
  closeSync(stdin);
  if (status !== 0) throw new Error(`${name} ended with ${status}: ${error?.message ?? stderr}`);
  return ms;
}

// A shell starts many with less work than this process would, which would be measured too.
const START_TOGETHER = `
input=$1 count=$2 ids=
shift 2
while [ "$count" -gt 0 ]; do
  "$@" <"$input" >/dev/null 2>&1 &
  ids="$ids $!" count=$((count - 1))
done
for id in $ids; do wait "$id" || exit 1; done`;

/** Milliseconds until all of `count` runs that start together are done. */
export function timeTogether(program: Program, count: number): number {
  const words = ["-c", START_TOGETHER, "sh", program.input, String(count), program.file, ...program.words];
  return time({ ...program, name: `${count} × ${program.name}`, file: "/bin/sh", words });
}

/** Most memory that one run held, in MB: looked at without a pause until it is gone. */
export function peakMemory({ file, words, environment, input }: Program): number {
  const stdin = openSync(input, "r");
  const child = spawn(file, words, { env: { ...BASICS, ...environment }, stdio: [stdin, "ignore", "ignore"] });
  closeSync(stdin);
  let peak = 0;
  for (;;) {
    // What has ended has no memory, until somebody asks for how it ended.
    const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1];
    if (line === undefined) return peak / 1_000;
    peak = Number(line);
  }
}

/** The one in the middle of an odd number of values. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
