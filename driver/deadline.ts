import { setTimeout as sleep } from "node:timers/promises";
import { DeadlineError } from "./errors.ts";

/** The one time limit that all calls, retries and waits of an action draw on. Milliseconds throughout. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #end: number;
  readonly #timer: NodeJS.Timeout;
  #ending: string;

  /** `nextMove` is what the user is told to do when nothing else is to blame. */
  constructor(limitMs: number, what: string, nextMove?: string) {
    this.#ending = nextMove === undefined ? "" : `; ${nextMove}`;
    this.#end = performance.now() + limitMs;
    const seconds = Math.round(limitMs / 100) / 10;
    this.#timer = setTimeout(
      () => this.#controller.abort(new DeadlineError(`${what} not done within ${seconds} s${this.#ending}`)),
      limitMs,
    );
    this.#timer.unref();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  remainingMs(): number {
    return Math.max(0, this.#end - performance.now());
  }

  /** Ends the work now; whoever waits on the deadline gets `reason`. */
  abort(reason: DeadlineError): void {
    this.#controller.abort(reason);
  }

  /** What to give as the reason if the time runs out. */
  blame(failure: Error): void {
    this.#ending = `, last: ${failure.message}`;
  }

  throwIfOver(): void {
    this.#controller.signal.throwIfAborted();
  }

  /** Waits `ms`, or throws when the deadline comes first. */
  async sleep(ms: number): Promise<void> {
    try {
      await sleep(ms, undefined, { signal: this.signal });
    } catch {
      this.throwIfOver();
    }
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}
