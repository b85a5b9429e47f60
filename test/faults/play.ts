// One fault in one way through one action, and what came of it.
import { existsSync, utimesSync } from "node:fs";
import type { RunResult } from "../rig.ts";
import * as check from "./check.ts";
import { repair } from "./findings.ts";
import { type Act, isHook, type Path, succeed } from "./path.ts";
import { type Launch, TestCloud } from "./test-cloud.ts";

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
  problems?(): string[];
};

/** One place in one path at which a fault strikes. */
export type Injection = {
  readonly point: string;
  inject(cloud: TestCloud): Injected | Promise<Injected>;
};

export type Expectation = {
  readonly outcomes: readonly Outcome[];
  /** A reconcile may find something to do. */
  readonly mayNeedReconcile?: boolean;
  /** The fault outlasts the action, which cannot undo its work before it fails. */
  readonly mayLeak?: boolean;
  /** The input is not the path's: success says nothing of the path's addresses. */
  readonly mayMiss?: boolean;
};

export type Played = {
  readonly outcome: Outcome;
  readonly problems: readonly string[];
  readonly ms: number;
  readonly hasStruck: boolean;
};

/** What the user does after a failure. */
export type End = "retry" | "give up";

/** Plays it on a cloud of its own, and checks what must hold then and in the end. */
export async function play(path: Path, injection: Injection, expected: Expectation, end: End): Promise<Played> {
  const cloud = await TestCloud.start();
  const problems: string[] = [];
  let outcome: Outcome = "refused";
  let ms = 0;
  let hasStruck = true;
  try {
    const act = path.stage(cloud);
    cloud.rig.simulator.clearRequests();
    const injected = await injection.inject(cloud);
    const start = performance.now();
    const result = await act.run(injected.how ?? {});
    ms = performance.now() - start;
    hasStruck = injected.hasStruck?.(result) ?? true;
    problems.push(...check.always(cloud), ...check.ofRun(result), ...(injected.problems?.() ?? []));
    await injected.lift?.();
    await cloud.account.settled();
    outcome = outcomeOf(act, result);
    const mayOwe = expected.mayMiss === true || path.action === "free_address" || path.action === "clean";
    if (result.code === 0 && outcome === "later" && !mayOwe) problems.push("it says that it is done, but it is not");
    if (outcome === "refused" && expected.mayLeak !== true) problems.push(...check.leaked(cloud));
    if (outcome === "done") await act.goOn?.();
    else if (await goOnAfterFailure(cloud, act, { path, injected, expected, end })) outcome = "reconciled";
    await cloud.account.settled();
    if (expected.mayNeedReconcile === true && (await repair(cloud, "named"))) outcome = "reconciled";
    problems.push(...(await check.settled(cloud)));
  } catch (error) {
    problems.push(String(error instanceof Error ? error.stack : error));
  } finally {
    await cloud.rig.stop();
  }
  if (hasStruck && !expected.outcomes.includes(outcome))
    problems.push(`${outcome}, expected ${expected.outcomes.join(" or ")}`);
  return { outcome, problems: [...new Set(problems)], ms, hasStruck };
}

function outcomeOf(act: Act, { code }: RunResult): Outcome {
  if (code === 0 && act.isReached()) return "done";
  return code === 0 || code === null ? "later" : "refused";
}

/** The next action of the same machine, then this one again, or its end. Returns whether a reconcile was needed. */
async function goOnAfterFailure(
  cloud: TestCloud,
  act: Act,
  { path, injected, expected, end }: { path: Path; injected: Injected; expected: Expectation; end: End },
): Promise<boolean> {
  const retry = async (): Promise<void> => {
    await (act.retry?.() ?? succeed(act.run));
    await act.goOn?.();
  };
  const again = end === "give up" ? (act.giveUp ?? retry) : retry;
  if (isHook(path)) {
    await again();
    await injected.liftLate?.();
    return false;
  }
  await nextAction(cloud);
  if (injected.liftLate !== undefined) {
    await injected.liftLate();
    await nextAction(cloud);
  }
  const isLeft = check.leaked(cloud).length > 0 && expected.mayNeedReconcile === true;
  const isRepaired = isLeft && (await repair(cloud, "named"));
  const left = check.leaked(cloud);
  if (left.length > 0) throw new Error(`the next action leaves it: ${left.join("; ")}`);
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
