// What a person reads while the API is silent: that the command waits, how often it asked, and what the API said last.
import type { Log } from "../log.ts";
import type { Terminal } from "./terminal.ts";

const FIRST_MS = 2_000;
const AGAIN_MS = 10_000;
const RETRY = /^retry in \d+ ms: /;
const ANSWER = /^call .* → 2\d\d$/;

export type Waiting = { readonly log: Log; end(): void };

/**
 * The same log, whose lines tell when the API answers and when it does not. `isReading`: the command waits for nothing but
 * the API. Otherwise silence means something only after a failed call.
 */
export function watchSilence(terminal: Terminal, log: Log, isReading: boolean): Waiting {
  let tries = 1;
  let reason = "no answer yet";
  const sayIn = (ms: number): NodeJS.Timeout =>
    setTimeout(() => {
      if (isReading || tries > 1) terminal.note(`waiting for the API, try ${tries}: ${reason}`);
      timer = sayIn(AGAIN_MS);
    }, ms);
  let timer = sayIn(FIRST_MS);
  const heard: Log = {
    ...log,
    debug: (text, fields) => {
      log.debug(text, fields);
      if (!ANSWER.test(text)) return;
      tries = 1;
      timer.refresh();
    },
    warn: (text, fields) => {
      log.warn(text, fields);
      if (!RETRY.test(text)) return;
      tries += 1;
      reason = text.replace(RETRY, "").split("; ")[0] ?? text;
    },
    withSecret: (secret) => {
      log.withSecret(secret);
      return heard;
    },
  };
  return { log: heard, end: () => clearTimeout(timer) };
}
