// One history: the steps played one after another, then all comes to rest, one reconcile, and what must hold holds.
import { digest } from "../cloud/invariants.ts";
import { newAccount } from "./account.ts";
import { complaintsAfter } from "./after.ts";
import { FaultyApi } from "./faulty-api.ts";
import { count, type Figures } from "./figures.ts";
import { HistoryRun, HOSTS } from "./history-run.ts";
import type { Machines } from "./machines.ts";
import { play } from "./play.ts";
import type { History } from "./steps.ts";
import { Watch } from "./watch.ts";
import { normal } from "./words.ts";

/** What came of a history, in words that are the same however it was run. */
export type HistoryResult = {
  /** One line for each action: its exit code, its answer and what the user reads. */
  readonly actions: readonly string[];
  readonly account: readonly string[];
  readonly complaints: readonly string[];
  readonly figures: Figures;
};

/** The way of running: made for an account, told when each action starts. */
export type Machinery = (api: FaultyApi) => Promise<Machines>;

export async function runHistory(
  history: History,
  machinery: Machinery,
  account = newAccount(),
): Promise<HistoryResult> {
  const watch = new Watch(account);
  const api = new FaultyApi(account, watch);
  const machines = await machinery(api);
  const run = new HistoryRun(account, watch, api, machines, history.inherits);
  const played = new Map<string, number>();
  await prepare(run, history.firstRanges);
  for (const [index, step] of history.steps.entries()) {
    const cloud = run.clouds[step.isOther ? "two" : "one"];
    run.begin(`${index} ${step.operation}`, step);
    const before = run.actions.length;
    await play(step, cloud, run);
    if (run.actions.length > before) count(played, step.operation);
    if (step.isRested) account.settleAll();
  }
  const complaints = await complaintsAfter(run);
  return {
    actions: run.actions,
    account: account.table.oldestFirst().map((one) => normal(`${one.ipAddress} ${digest(one)}`)),
    complaints: [...watch.complaints, ...run.complaints, ...complaints],
    figures: {
      played,
      actions: run.actions.length,
      requests: api.requests,
      hits: api.hits,
      failures: run.failures,
      repaired: run.repaired,
      stuckByKill: run.stuckByKill,
      refusals: run.refusals,
    },
  };
}

/** So many ranges, and guests on every other one, before anything goes wrong. */
async function prepare(run: HistoryRun, firstRanges: number): Promise<void> {
  const { oned, pool } = run.clouds.one;
  run.begin("before", CALM);
  for (let made = 0; made < firstRanges; made += 1) {
    await oned.register(made % 3 === 2 ? { TYPE: "IP4_6_STATIC", SIZE: "1" } : { SIZE: "1" });
    const range = pool.ranges[made];
    const vm = made % 2 === 0 && range !== undefined ? await oned.create([range]) : undefined;
    if (vm !== undefined) await oned.boot(vm, HOSTS[made % HOSTS.length] ?? "h1");
  }
}

const CALM = { faults: [], pace: 0, staleListings: 0 };
