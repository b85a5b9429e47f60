// A clock that stands still until it is moved to its next timer: what waits for a minute is over at once.
import type { Clock } from "../../driver/machine.ts";

type Timer = { readonly at: number; readonly work: () => void };

export class MovedClock implements Clock {
  readonly #start = Date.now();
  readonly #timers = new Set<Timer>();
  #elapsed = 0;

  // Properties, and no methods: a machine takes them over by `...clock`.
  readonly now = (): number => this.#start + this.#elapsed;
  readonly elapsed = (): number => this.#elapsed;
  readonly after = (ms: number, work: () => void): (() => void) => {
    const timer = { at: this.#elapsed + ms, work };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  /** Drops all timers: what waited is gone. */
  forget(): void {
    this.#timers.clear();
  }

  /** Fires the next timer. Returns false where there is none. */
  move(): boolean {
    const [first, ...others] = this.#timers;
    if (first === undefined) return false;
    const next = others.reduce((one, other) => (other.at < one.at ? other : one), first);
    this.#timers.delete(next);
    this.#elapsed = Math.max(this.#elapsed, next.at);
    next.work();
    return true;
  }
}
