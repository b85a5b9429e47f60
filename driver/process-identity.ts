// Whether the process that wrote a note is still running, even after another process got its number.
import { readFileSync } from "node:fs";
import type { ProcessIdentity } from "./machine.ts";

/** This process. */
export function thisProcess(): ProcessIdentity {
  return { pid: process.pid, startTicks: startTicks(process.pid) ?? "", bootId: bootId() };
}

/** Whether it runs; undefined where this machine cannot know, since it ran on another one or before a reboot. */
export function isRunning(identity: ProcessIdentity): boolean | undefined {
  return identity.bootId === bootId() ? identity.startTicks === startTicks(identity.pid) : undefined;
}

// Field 22 of proc(5) stat, counted after the command's name, which may hold spaces and brackets.
function startTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}
