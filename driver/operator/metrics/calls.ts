// How often each action ran and failed, from the log's entries. Pure.
import { HOOKS, IPAM_ACTIONS } from "../../actions.ts";
import type { Entry } from "../log-files.ts";

export type Calls = { readonly action: string; readonly count: number; readonly failed: number };

/** The runs of each action and hook among `entries`: a run is a process, a failed one logged an error. */
export function callsOf(entries: readonly Entry[]): Calls[] {
  return [...IPAM_ACTIONS, ...HOOKS].map((action) => {
    const own = entries.filter((entry) => entry.action === action);
    const runs = Map.groupBy(own, ({ host, pid }) => `${host} ${pid}`);
    const failed = [...runs.values()].filter((lines) => lines.some(({ level }) => level === "error"));
    return { action, count: runs.size, failed: failed.length };
  });
}
