// What a person reads while the API is silent: that it is waited for, how often it was asked, and what it said last.
import type { Log } from "../log.ts";
import type { Terminal } from "./terminal.ts";

const FIRST_MS = 2_000;
const AGAIN_MS = 10_000;
const RETRY = /^retry in \d+ ms: /;
const ANSWER = /^call .* → 2\d\d$/;

export class Waiting {
  readonly #terminal: Terminal;
  #timer = this.#sayIn(FIRST_MS);
  readonly #isReading: boolean;
  #tries = 1;
  #reason = "no answer yet";

  /** `isReading`: nothing but the API is waited for. Otherwise silence means something only after a failed call. */
  constructor(terminal: Terminal, isReading: boolean) {
    this.#terminal = terminal;
    this.#isReading = isReading;
  }

  /** The same log, by whose lines the silence is known. */
  listenTo(log: Log): Log {
    const heard: Log = {
      ...log,
      debug: (text, fields) => {
        log.debug(text, fields);
        if (ANSWER.test(text)) this.#answered();
      },
      warn: (text, fields) => {
        log.warn(text, fields);
        if (RETRY.test(text)) this.#failed(text.replace(RETRY, ""));
      },
      withSecret: (secret) => {
        log.withSecret(secret);
        return heard;
      },
    };
    return heard;
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #answered(): void {
    this.#tries = 1;
    this.#timer.refresh();
  }

  #failed(reason: string): void {
    this.#tries += 1;
    this.#reason = reason.split("; ")[0] ?? reason;
  }

  #sayIn(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      if (this.#isReading || this.#tries > 1)
        this.#terminal.note(`waiting for the API, try ${this.#tries}: ${this.#reason}`);
      this.#timer = this.#sayIn(AGAIN_MS);
    }, ms);
  }
}
