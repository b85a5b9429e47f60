// How long to wait before a call is made again.
import type { Deadline } from "../deadline.ts";
import type { ApiError } from "../errors.ts";
import type { Log } from "../log.ts";

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

/** Waits before the next try. Throws `error` when that would be too late: its own reason says more than the deadline's. */
export async function pauseAfter(error: ApiError, attempt: number, deadline: Deadline, log: Log): Promise<void> {
  const ms = pauseMs(attempt, error.retryAfterMs);
  log.warn(`retry in ${Math.round(ms)} ms: ${error.message}`);
  if (ms >= deadline.remainingMs()) throw error;
  await deadline.sleep(ms);
}

/** Exponential with jitter, so that many drivers do not come back at once; never sooner than the API asked. */
export function pauseMs(attempt: number, askedMs: number | undefined): number {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1));
  return Math.max(askedMs ?? 0, longest * (0.5 + Math.random() / 2));
}
