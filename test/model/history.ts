// One history: the steps played one after another, then all comes to rest, one reconcile, and what must hold holds.
import { digest } from "../cloud/invariants.ts";
import { complaintsAfter } from "./after.ts";
import { FaultyApi } from "./faulty-api.ts";
import { CALM, HistoryRun } from "./history-run.ts";
import { Machines, type Processes } from "./machines.ts";
import { play } from "./play.ts";
import type { History } from "./steps.ts";
import { VirtualProcesses } from "./virtual-process.ts";

/** What came of a history. */
export type HistoryResult = {
  readonly actions: readonly string[];
  /** The flexible IPs at the end. */
  readonly account: readonly string[];
  readonly complaints: readonly string[];
};

/** Plays it in this process. */
export function runInProcess(history: History): Promise<HistoryResult> {
  const api = new FaultyApi();
  return runHistory(history, api, new VirtualProcesses(api));
}

export async function runHistory(history: History, api: FaultyApi, processes: Processes): Promise<HistoryResult> {
  const machines = new Machines(processes);
  try {
    const run = new HistoryRun(api, machines, history.inherits);
    await prepare(run, history.firstRanges);
    for (const [index, step] of history.steps.entries()) {
      run.begin(`${index} ${step.operation}`, step);
      await play(step, run.clouds[step.isOther ? "two" : "one"], run);
      if (step.isRested) api.account.settleAll();
    }
    const after = await complaintsAfter(run);
    return {
      actions: run.actions,
      account: api.account.table.oldestFirst().map((one) => `${one.ipAddress} ${digest(one)}`),
      complaints: [...api.complaints, ...after],
    };
  } finally {
    machines.close();
  }
}

/** So many ranges, and guests on every other one, before anything goes wrong. */
async function prepare(run: HistoryRun, firstRanges: number): Promise<void> {
  const { hosts, oned, pool } = run.clouds.one;
  run.begin("before", CALM);
  for (let made = 0; made < firstRanges; made += 1) {
    await oned.register(made % 3 === 2 ? { TYPE: "IP4_6_STATIC", SIZE: "1" } : { SIZE: "1" });
    const range = pool.ranges[made];
    const vm = made % 2 === 0 && range !== undefined ? await oned.create([range]) : undefined;
    if (vm !== undefined) await oned.boot(vm, hosts[made % hosts.length] ?? "");
  }
}
