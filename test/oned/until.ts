// Waiting by looking again and again.
import { setTimeout as sleep } from "node:timers/promises";

const LOOK_AGAIN_MS = 50;

/** What `look` gives once it gives something. Throws when that takes too long, with what was waited for. */
export async function until<T>(
  what: string,
  look: () => T | false | undefined | Promise<T | false | undefined>,
  limitMs = 120_000,
): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`not within ${limitMs / 1_000} s: ${what}`);
    await sleep(LOOK_AGAIN_MS);
  }
}
