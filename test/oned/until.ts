// Waiting by looking again and again.
import { setTimeout as sleep } from "node:timers/promises";

const LOOK_AGAIN_MS = 50;

export type Patience = {
  readonly limitMs?: number;
  /** What to add to the failure's words. */
  readonly story?: () => string | Promise<string>;
};

/** What `look` gives once it gives something. Throws when that takes too long, with what was waited for. */
export async function until<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  { limitMs = 120_000, story = () => "" }: Patience = {},
): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > end) {
      throw new Error(`not within ${limitMs / 1_000} s: ${what}\n${await story()}`);
    }
    await sleep(LOOK_AGAIN_MS);
  }
}
