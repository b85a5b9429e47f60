// Time that stands still while anything is left to do, and then jumps to the next timer: a wait of a minute is over at once,
// and no test depends on how fast this machine is.
import { type Connection, realClock } from "../../driver/machine.ts";
import { connect } from "../../driver/scaleway/connection.ts";
import { MovedClock } from "./clock.ts";

type Waiting = { readonly isReached: () => boolean; readonly resolve: () => void };

// So many turns of the event loop without anything new, and all that runs waits for time.
const QUIET_TURNS = 4;
// What answers without any turn of the event loop in between: a program, the resolver, a thread that reads a file.
const OUTSIDE = ["ProcessWrap", "GetAddrInfoReqWrap", "FSReqCallback", "FSReqPromise"];
const LONGEST_SILENCE_MS = 10_000;

export class MovedTime {
  /** How many requests may stay unanswered while time passes: those that the other side keeps back on purpose. */
  held = (): number => 0;
  readonly clock = new MovedClock();
  readonly #waiting = new Set<Waiting>();
  #running = 0;
  #unanswered = 0;
  #isMoving = false;

  /** The result of `work`, while which time moves. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#running += 1;
    try {
      return await Promise.race([work, this.#move().then(() => work)]);
    } finally {
      this.#running -= 1;
    }
  }

  /** Returns as soon as it is so. Time stands still until the caller waits again. */
  async until(isReached: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = { isReached, resolve };
    this.#waiting.add(waiting);
    await Promise.race([promise, this.#move().then(() => promise)]);
  }

  /** A real connection, whose unanswered requests hold the time. */
  connect(origin: string): Connection {
    const connection = connect(origin);
    return {
      destroy: () => connection.destroy(),
      dispatch: (request, handler) => {
        this.#unanswered += 1;
        return connection.dispatch(request, {
          onRequestStart: () => handler.onRequestStart(),
          onResponseStart: (controller, status, headers) => handler.onResponseStart(controller, status, headers),
          onResponseData: (controller, chunk) => handler.onResponseData(controller, chunk),
          onResponseEnd: () => {
            this.#unanswered -= 1;
            handler.onResponseEnd();
          },
          onResponseError: (controller, error) => {
            this.#unanswered -= 1;
            handler.onResponseError(controller, error);
          },
        });
      },
    };
  }

  /** Until nothing runs and nobody waits. */
  async #move(): Promise<void> {
    if (this.#isMoving) return;
    this.#isMoving = true;
    let quiet = 0;
    let since = realClock.elapsed();
    try {
      while (this.#running > 0 || this.#waiting.size > 0) {
        await new Promise((resolve) => setImmediate(resolve));
        const isBusy = process.getActiveResourcesInfo().some((name) => OUTSIDE.includes(name));
        if (isBusy) since = realClock.elapsed();
        quiet = !isBusy && this.#unanswered <= this.held() ? quiet + 1 : 0;
        if (quiet >= QUIET_TURNS && (this.#wake() || this.clock.move())) {
          quiet = 0;
          since = realClock.elapsed();
        }
        if (realClock.elapsed() - since > LONGEST_SILENCE_MS) throw new Error("what is waited for does not happen");
      }
    } finally {
      this.#isMoving = false;
    }
  }

  #wake(): boolean {
    const reached = [...this.#waiting].find(({ isReached }) => isReached());
    if (reached === undefined) return false;
    this.#waiting.delete(reached);
    reached.resolve();
    return true;
  }
}
