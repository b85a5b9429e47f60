// Whole processes, timed from before their start until they are gone.
import { spawn, spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";

export type Program = {
  readonly name: string;
  readonly file: string;
  readonly parameters: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The file for its standard input. */
  readonly input: string;
};

const BASICS = { PATH: "/usr/local/bin:/usr/bin:/bin" };

/** Milliseconds of one run. Throws when it fails. */
export function time({ name, file, parameters, environment, input }: Program): number {
  const stdin = openSync(input, "r");
  const start = performance.now();
  const { status, stderr, error } = spawnSync(file, parameters, {
    env: { ...BASICS, ...environment },
    // Node's own pipes are sockets; OpenNebula's are not, and cost as much as a file.
    stdio: [stdin, "pipe", "pipe"],
  });
  const ms = performance.now() - start;
  closeSync(stdin);
  if (status !== 0) throw new Error(`${name} ended with ${status}: ${error?.message ?? stderr}`);
  return ms;
}

/** Runs all programs in turn, `rounds` times, after one round that only warms up. Times by name, in order of running. */
export function timeInTurn(
  programs: readonly Program[],
  rounds: number,
  told: (round: number) => void,
): Map<string, number[]> {
  const times = new Map(programs.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round <= rounds; round += 1) {
    told(round);
    for (const program of programs) {
      const ms = time(program);
      if (round > 0) times.get(program.name)?.push(ms);
    }
  }
  return times;
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
  const words = [program.input, String(count), program.file, ...program.parameters];
  return time({
    ...program,
    name: `${count} × ${program.name}`,
    file: "/bin/sh",
    parameters: ["-c", START_TOGETHER, "sh", ...words],
  });
}

/** Most memory that one run held, in MB: looked at without a pause until it is gone. */
export function peakMemory(program: Program): number {
  const file = openSync(program.input, "r");
  const child = spawn(program.file, program.parameters, {
    env: { ...BASICS, ...program.environment },
    stdio: [file, "ignore", "ignore"],
  });
  closeSync(file);
  let peak = 0;
  for (;;) {
    const line = /VmHWM:\s+(\d+) kB/.exec(readStatus(child.pid))?.[1];
    // What has ended has no memory, until somebody asks for how it ended.
    if (line === undefined) return peak / 1_000;
    peak = Number(line);
  }
}

function readStatus(pid: number | undefined): string {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return "";
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return ((sorted[Math.floor((sorted.length - 1) / 2)] ?? 0) + (sorted[Math.ceil((sorted.length - 1) / 2)] ?? 0)) / 2;
}
