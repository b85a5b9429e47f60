// The oned that runs on this machine: since when, and with which IPAM drivers.
import { globSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Layout, NAME } from "../layout.ts";

const TICKS_PER_SECOND = 100;
// The time of the boot is known in whole seconds.
const CLOCK_GRAIN_MS = 2_000;

export type OnedStanding =
  /** `stale`: it read an oned.conf that has changed since. */
  "not running" | "current" | "stale" | "no IPAM";

type Process = {
  readonly pid: number;
  readonly parent: number;
  readonly words: readonly string[];
  readonly startMs: number;
};

/** How the running oned stands to its oned.conf. Only for the OpenNebula of this machine itself, not for one below a root. */
export function onedStanding({ onedConf, isSelfContained }: Layout): OnedStanding {
  const processes = runningProcesses();
  const program = isSelfContained ? join(dirname(dirname(onedConf)), "bin/oned") : "/usr/bin/oned";
  const oned = processes.find(({ words }) => words[0] === program || (!isSelfContained && words[0] === "oned"));
  if (oned === undefined) return "not running";
  const ipam = processes.find(
    (one) => one.words.some((word) => /(^|\/)one_ipam(\.rb)?$/.test(word)) && isBelow(processes, one, oned.pid),
  );
  if (ipam === undefined) return "no IPAM";
  const line = ipam.words.join(" ");
  if (/ -i ?\S/.test(line) && !new RegExp(`[ ,]${NAME}[ ,]`).test(`${line} `)) return "stale";
  return (statSync(onedConf, { throwIfNoEntry: false })?.mtimeMs ?? 0) > oned.startMs + CLOCK_GRAIN_MS
    ? "stale"
    : "current";
}

function isBelow(processes: readonly Process[], one: Process, ancestor: number): boolean {
  let parent = one.parent;
  while (parent > 1) {
    if (parent === ancestor) return true;
    parent = processes.find(({ pid }) => pid === parent)?.parent ?? 0;
  }
  return false;
}

function runningProcesses(): Process[] {
  const bootS = Number(/^btime (\d+)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1]);
  return globSync("/proc/[0-9]*").flatMap((folder) => {
    try {
      const words = readFileSync(join(folder, "cmdline"), "utf8").split("\0");
      // The name in brackets may hold anything: what follows it starts with the state and the parent.
      const [, parent, ...more] = readFileSync(join(folder, "stat"), "utf8")
        .replace(/^.*\) /s, "")
        .split(" ");
      const startMs = 1_000 * (bootS + Number(more[17]) / TICKS_PER_SECOND);
      return [{ pid: Number(folder.slice("/proc/".length)), parent: Number(parent), words, startMs }];
    } catch {
      return [];
    }
  });
}
