// The one loop that tries again: how often, how long, after which pause, and what to blame when the time runs out.
import type { Deadline } from "../deadline.ts";
import { ApiError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Machine } from "../machine.ts";

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

/** What trying again draws on. Every Session is one. */
export type Effort = {
  readonly deadline: Deadline;
  readonly log: Log;
  /** How long failures are answered with another try; undefined: until the deadline. */
  readonly patienceMs?: number | undefined;
  readonly machine: Pick<Machine, "random">;
};

/** What an attempt, or the look after a failed one, returns when it has to be tried again. */
export const AGAIN = Symbol("again");

/**
 * Calls `attempt` until it has a result. An attempt that returns AGAIN, or fails in a way that may pass, is repeated after
 * a pause that grows. `afterFailure` looks first at what became of a failed attempt, and may have the result: what must
 * not be done twice is not repeated blindly. Throws the failure itself where the next try would come too late: its
 * reason says more than the deadline's.
 */
export async function insist<T>(
  effort: Effort,
  attempt: () => Promise<T | typeof AGAIN>,
  afterFailure?: (failure: ApiError) => Promise<T | typeof AGAIN>,
): Promise<T> {
  const { deadline, log, machine, patienceMs } = effort;
  const giveUpAt = patienceMs === undefined ? 0 : deadline.remainingMs() - patienceMs;
  for (let count = 1; ; count += 1) {
    let result: T | typeof AGAIN;
    try {
      result = await attempt();
      if (result === AGAIN) await deadline.sleep(pauseMs(count, undefined, machine));
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure;
      deadline.blame(failure);
      const pause = pauseMs(count, failure.retryAfterMs, machine);
      const remaining = deadline.remainingMs();
      if (!failure.isRetryable || remaining < giveUpAt || remaining <= pause) throw failure;
      log.warn(`retry in ${Math.round(pause)} ms: ${failure.message}`);
      await deadline.sleep(pause);
      result = afterFailure === undefined ? AGAIN : await afterFailure(failure);
    }
    if (result !== AGAIN) return result;
  }
}

/** Exponential with jitter, so that many drivers do not come back at once; never sooner than the API asked. */
export function pauseMs(count: number, askedMs: number | undefined, machine: Pick<Machine, "random">): number {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (count - 1));
  return Math.max(askedMs ?? 0, longest * (0.5 + machine.random() / 2));
}
