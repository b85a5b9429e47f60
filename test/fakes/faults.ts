import { once } from "node:events";
import type { Exchange, LoggedRequest } from "./exchange.ts";
import type { Answer, CallName } from "./flexible-ip-routes.ts";

type Moment = "before" | "after";

type FaultAction =
  /** Answers this instead of acting, or after acting; a body that is a string goes out as it is. */
  | { kind: "status"; status: number; body?: unknown; headers?: Record<string, string>; when?: Moment }
  /** Cuts the connection before acting, or after it: a lost answer. */
  | { kind: "reset"; when: Moment }
  /** Held until release(). */
  | { kind: "hold"; when: Moment }
  /** Acts and answers an edited copy of the body. */
  | { kind: "rewrite"; edit: (body: unknown) => unknown }
  /** Acts and answers slowly. */
  | { kind: "drip"; bytesPerSecond: number };

export type FaultSpec = {
  /** Which calls; without it, every call. */
  call?: CallName | CallName[];
  /** How many of those pass before the first is hit. */
  skip?: number;
  /** How many are hit: 1 unless given. */
  times?: number;
  do: FaultAction;
};

export type FaultHandle = Pick<Fault, "reached" | "hits" | "release" | "remove">;

/** What some requests meet. A request meets one fault at most: the oldest that wants it; others do not count it. */
export class Fault {
  hits = 0;
  readonly #spec: FaultSpec;
  readonly #reached = Promise.withResolvers<LoggedRequest>();
  readonly #released = new AbortController();
  #skipped = 0;
  #isRemoved = false;

  constructor(spec: FaultSpec) {
    this.#spec = spec;
  }

  /** Resolves when the first hit takes effect: for `after`, once the account has changed. */
  get reached(): Promise<LoggedRequest> {
    return this.#reached.promise;
  }

  /** Lets go of those held or dripping, and of those that come later. They still act, client or no client. */
  release(): void {
    this.#released.abort();
  }

  /** Hits nothing any more, and lets go. */
  remove(): void {
    this.#isRemoved = true;
    this.release();
  }

  claims(called: CallName): boolean {
    const { call = called, skip = 0, times = 1 } = this.#spec;
    if (this.#isRemoved || this.hits >= times || ![call].flat().includes(called)) return false;
    if (this.#skipped++ < skip) return false;
    this.hits++;
    return true;
  }

  async apply(exchange: Exchange): Promise<void> {
    const action = this.#spec.do;
    const actsFirst = "when" in action ? action.when === "after" : action.kind !== "status";
    const acted = actsFirst ? exchange.act() : undefined;
    const answer = (): Answer => acted ?? exchange.act();
    const { signal } = this.#released;
    this.#reached.resolve(exchange.request);
    switch (action.kind) {
      case "status":
        return exchange.send({ status: action.status, body: action.body }, action.headers);
      case "reset":
        return exchange.reset();
      case "hold":
        if (!signal.aborted) await once(signal, "abort");
        return exchange.send(answer());
      case "rewrite": {
        const { status, body } = answer();
        return exchange.send({ status, body: action.edit(structuredClone(body)) });
      }
      case "drip":
        return exchange.drip(answer(), action.bytesPerSecond, signal);
    }
  }
}
