// The retry policy, whole: which failures are worth another try, how often, after which pause, and what the deadline
// blames when the time runs out.
import type { Deadline } from "../deadline.ts";
import { ApiError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Machine } from "../machine.ts";

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Answers that may be others next time, besides those that leave open whether the API acted (ApiError's isAmbiguous). 409
 * is a flexible IP that still settles.
 */
export const PASSING_STATUSES: readonly number[] = [409, 425, 429];

/** The part of a Session that a retry needs. */
export type Effort = {
  readonly deadline: Deadline;
  readonly log: Log;
  /** How long failures are answered with another try; undefined: until the deadline. */
  readonly patienceMs?: number | undefined;
  readonly machine: Pick<Machine, "random">;
};

/** An attempt, or the look after a failed one, returns this when the attempt must be repeated. */
export const AGAIN = Symbol("again");

/**
 * Calls `attempt` until it has a result. An attempt that returns AGAIN, or fails in a way that may pass, is repeated
 * after a pause that grows. `afterFailure` first looks at what became of a failed attempt, and may return the result: a
 * call that must not be made twice is not repeated blindly. When the next try would come too late, it throws the
 * failure itself, whose reason says more than the deadline's.
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
      if (!isRetryable(failure) || remaining < giveUpAt || remaining <= pause) throw failure;
      log.warn(`retry in ${Math.round(pause)} ms: ${failure.message}`);
      await deadline.sleep(pause);
      result = afterFailure === undefined ? AGAIN : await afterFailure(failure);
    }
    if (result !== AGAIN) return result;
  }
}

/** Whether the same call may work later. */
export function isRetryable({ isFinal, isAmbiguous, status = 0 }: ApiError): boolean {
  return !isFinal && (isAmbiguous || PASSING_STATUSES.includes(status));
}

/** Exponential, with jitter because many drivers would come back at once; never shorter than the API asked. */
export function pauseMs(count: number, askedMs: number | undefined, machine: Pick<Machine, "random">): number {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (count - 1));
  return Math.max(askedMs ?? 0, longest * (0.5 + machine.random() / 2));
}
