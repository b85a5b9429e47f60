// Starts with nothing of the executable in memory.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { type Program, time } from "./clock.ts";

/** Milliseconds of each cold run, or undefined where the page cache cannot be dropped. */
export function timeCold(program: Program, runs: number): number[] | undefined {
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    if (!dropCache()) return undefined;
    times.push(time(program));
  }
  return times;
}

// proc_sys_vm(5): 1 drops the page cache, and only what is on disk already.
function dropCache(): boolean {
  try {
    spawnSync("sync");
    writeFileSync("/proc/sys/vm/drop_caches", "1");
    return true;
  } catch {
    return false;
  }
}
