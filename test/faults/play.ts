// One fault in one way through one action, and what came of it.

import { existsSync, utimesSync } from "node:fs";
import type { SimulatorOptions } from "../fakes/flexible-ip-server.ts";
import type { RunResult } from "../rig.ts";
import * as check from "./check.ts";
import { applySteps, findings } from "./findings.ts";
import type { Launch } from "./launch.ts";
import { type Act, type Action, type Path, succeed, Unexpected } from "./path.ts";
import { TestCloud } from "./test-cloud.ts";

/**
 * done: the action did its work, after retries where need be. refused: it failed with one plain line. later: it ended
 * half-way, and the next ordinary action did the rest. reconciled: a reconcile did the rest.
 */
export const OUTCOMES = ["done", "refused", "later", "reconciled"] as const;
export type Outcome = (typeof OUTCOMES)[number];

export type Injected = {
  /** How the action is then started. */
  readonly how?: Launch;
  /** Ends the fault. */
  lift?(): void | Promise<void>;
  /** Ends it only after the next action. */
  liftLate?(): void | Promise<void>;
  /** Whether the fault came to anything: how often a driver looks while it waits is a matter of time. */
  hasStruck?(result: RunResult): boolean;
  /** What is wrong right after the action, beside what must always hold. */
  problems?(result: RunResult): string[];
};

/** One place in one path at which a fault strikes. */
export type Injection = {
  readonly point: string;
  readonly options?: SimulatorOptions;
  inject(cloud: TestCloud, act: Act): Injected | Promise<Injected>;
};

export type Expectation = {
  readonly outcomes: readonly Outcome[];
  /** A reconcile may find something to do: what is safe, or also what an operator must name. */
  readonly reconcile?: "safe" | "named";
  /** A failed run has undone its work before it ended. */
  readonly isUndoneAtOnce?: boolean;
  /** The input is not the path's: success says nothing of the path's addresses. */
  readonly mayMiss?: boolean;
  /** The words of the failure do not count: nobody could read them, or the runtime itself failed. */
  readonly isUntold?: boolean;
};

export type Played = {
  readonly action: Action;
  readonly outcome: Outcome;
  readonly problems: readonly string[];
  readonly ms: number;
  readonly hasStruck: boolean;
};

export async function play(
  path: Path,
  injection: Injection,
  expected: Expectation,
  afterwards: "retry" | "give up" = "retry",
): Promise<Played> {
  const cloud = await TestCloud.start(injection.options);
  const problems: string[] = [];
  let outcome: Outcome = "refused";
  let ms = 0;
  let hasStruck = true;
  try {
    const act = path.stage(cloud);
    cloud.rig.simulator.clearRequests();
    const injected = await injection.inject(cloud, act);
    const start = performance.now();
    const result = await act.run(injected.how ?? {});
    ms = performance.now() - start;
    hasStruck = injected.hasStruck?.(result) ?? true;
    problems.push(...check.always(cloud), ...(injected.problems?.(result) ?? []));
    await injected.lift?.();
    await cloud.account.settled();
    outcome = outcomeOf(act, result);
    if (expected.isUntold !== true) problems.push(...check.ofRun(result));
    const mayOwe = expected.mayMiss === true || path.action === "free_address" || path.action === "clean";
    if (result.code === 0 && outcome === "later" && !mayOwe) {
      problems.push("it says that it is done, but it is not");
    }
    if (outcome === "refused" && expected.isUndoneAtOnce === true) problems.push(...check.leaked(cloud));
    if (outcome === "done") await act.goOn();
    else if (await goOnAfterFailure(cloud, act, { afterwards, expected, injected }, problems)) outcome = "reconciled";
    await cloud.account.settled();
    if (await repair(cloud, expected, problems)) outcome = "reconciled";
    problems.push(...check.always(cloud), ...check.settled(cloud));
    problems.push(...(await foundIn(cloud)));
  } catch (error) {
    problems.push(error instanceof Unexpected ? error.message : String(error instanceof Error ? error.stack : error));
  } finally {
    await cloud.stop();
  }
  if (hasStruck && !expected.outcomes.includes(outcome))
    problems.push(`${outcome}, expected ${expected.outcomes.join(" or ")}`);
  return { action: path.action, outcome, problems: [...new Set(problems)], ms, hasStruck };
}

/** What a reconcile would still do. */
export async function foundIn(cloud: TestCloud): Promise<string[]> {
  return (await findings(cloud)).map(({ reason, address }) => `a reconcile finds ${address}: ${reason}`);
}

function outcomeOf(act: Act, { code }: RunResult): Outcome {
  if (code === 0 && act.isReached()) return "done";
  return code === 0 || code === null ? "later" : "refused";
}

type Ending = {
  readonly afterwards: "retry" | "give up";
  readonly expected: Expectation;
  readonly injected: Injected;
};

/** The next action of the same machine, then this one again, or its end. Returns whether a reconcile was needed. */
async function goOnAfterFailure(
  cloud: TestCloud,
  act: Act,
  { afterwards, expected, injected }: Ending,
  problems: string[],
): Promise<boolean> {
  const again = (): Promise<void> =>
    afterwards === "give up" && act.giveUp !== undefined ? act.giveUp() : act.retry();
  if (act.where !== "front-end") {
    await again();
    await injected.liftLate?.();
    return false;
  }
  await nextAction(cloud);
  await injected.liftLate?.();
  if (injected.liftLate !== undefined) await nextAction(cloud);
  const isRepaired = check.leaked(cloud).length > 0 && (await repair(cloud, expected, problems));
  problems.push(...check.leaked(cloud));
  await again();
  return isRepaired;
}

/** Any action of the front-end does what earlier ones left undone, once a dead process's lock is old enough. */
async function nextAction(cloud: TestCloud): Promise<void> {
  const lock = `${cloud.rig.frontEnd.stateFile}.lock`;
  const aMinuteAgo = Date.now() / 1_000 - 60;
  if (existsSync(lock)) utimesSync(lock, aMinuteAgo, aMinuteAgo);
  await succeed((how) => cloud.oned(how).hold(cloud.spare));
  await cloud.account.settled();
}

/** One reconcile; whether it had anything to do. */
async function repair(cloud: TestCloud, expected: Expectation, problems: string[]): Promise<boolean> {
  const steps = await findings(cloud);
  if (steps.length === 0 || expected.reconcile === undefined) return false;
  const wanted = expected.reconcile === "named" ? steps : steps.filter(({ isSafe }) => isSafe);
  for (const { reason } of await applySteps(cloud, wanted)) problems.push(`a reconcile left undone: ${reason}`);
  return true;
}
