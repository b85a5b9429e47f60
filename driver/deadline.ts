import { DeadlineError, type DriverError } from "./errors.ts";
import { type Clock, realClock } from "./machine.ts";

/** The one time limit that all calls, retries and waits of an action draw on. Milliseconds throughout. */
export class Deadline {
  readonly #clock: Clock;
  readonly #controller = new AbortController();
  readonly #end: number;
  readonly #forget: () => void;
  #last: string | undefined;
  #move: string | undefined;

  /** `what` is the subject of "… not done within 60 s"; `move` is the next move when nothing else is to blame. */
  constructor(limitMs: number, what: string, move?: string, clock: Clock = realClock) {
    this.#clock = clock;
    this.#move = move;
    this.#end = clock.elapsed() + limitMs;
    const seconds = Math.round(limitMs / 100) / 10;
    this.#forget = clock.after(limitMs, () => {
      const last = this.#last === undefined ? "" : `, last: ${this.#last}`;
      this.#controller.abort(new DeadlineError(`${what} not done within ${seconds} s${last}`, this.#move));
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  remainingMs(): number {
    return Math.max(0, this.#end - this.#clock.elapsed());
  }

  /** Ends the work now: every wait on the deadline throws `reason`. */
  abort(reason: DeadlineError): void {
    this.#controller.abort(reason);
  }

  /** Gives the reason to report if the time runs out: a failure, or the thing that is waited for. */
  blame(last: Pick<DriverError, "reason" | "move">): void {
    this.#last = last.reason;
    this.#move = last.move ?? this.#move;
  }

  throwIfOver(): void {
    this.#controller.signal.throwIfAborted();
  }

  /** Waits `ms`, or throws when the deadline comes first. */
  sleep(ms: number): Promise<void> {
    const { signal } = this;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const stop = (): void => {
        forget();
        reject(signal.reason);
      };
      const forget = this.#clock.after(ms, () => {
        signal.removeEventListener("abort", stop);
        resolve();
      });
      signal.addEventListener("abort", stop, { once: true });
    });
  }

  clear(): void {
    this.#forget();
  }
}
