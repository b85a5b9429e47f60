import { setTimeout as sleep } from "node:timers/promises";
import type { Exchange, LoggedRequest } from "./exchange.ts";
import type { CallName } from "./flexible-ip-routes.ts";

type Moment = "before" | "after";

export type FaultAction =
  /** Answers this instead of acting, or after acting; a body that is a string goes out as it is. */
  | { kind: "status"; status: number; body?: unknown; headers?: Record<string, string>; when?: Moment }
  /** Cuts the connection before acting, or after it: a lost answer. */
  | { kind: "reset"; when: Moment }
  | { kind: "delay"; ms: number; when?: Moment }
  /** Held until release(). */
  | { kind: "hold"; when: Moment }
  /** Acts and answers this raw text; the status is that of the call unless given, 200 for a 204. */
  | { kind: "body"; text: string; contentType?: string; status?: number }
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

export type FaultHandle = {
  /** Resolves when the first hit takes effect: for `after`, once the account has changed. */
  readonly reached: Promise<LoggedRequest>;
  readonly hits: number;
  /** Lets go of those held, delayed or dripping, and of those that come later. They still act, client or no client. */
  release(): void;
  /** Hits nothing any more, and lets go. */
  remove(): void;
};

/** The faults that wait for a request. A request meets one at most: the oldest that wants it; others do not count it. */
export class Faults {
  readonly #faults = new Set<Fault>();

  add(spec: FaultSpec): FaultHandle {
    const fault = new Fault(spec);
    this.#faults.add(fault);
    return {
      reached: fault.reached,
      get hits() {
        return fault.hits;
      },
      release: () => fault.release(),
      remove: () => this.#remove(fault),
    };
  }

  clear(): void {
    for (const fault of this.#faults) this.#remove(fault);
  }

  claim(call: CallName): Fault | undefined {
    for (const fault of this.#faults) if (fault.claims(call)) return fault;
    return undefined;
  }

  #remove(fault: Fault): void {
    this.#faults.delete(fault);
    fault.release();
  }
}

export class Fault {
  hits = 0;
  readonly #action: FaultAction;
  readonly #calls: readonly CallName[] | undefined;
  readonly #times: number;
  readonly #reached = Promise.withResolvers<LoggedRequest>();
  readonly #released = new AbortController();
  #toSkip: number;

  constructor(spec: FaultSpec) {
    this.#action = spec.do;
    this.#calls = spec.call === undefined ? undefined : [spec.call].flat();
    this.#toSkip = spec.skip ?? 0;
    this.#times = spec.times ?? 1;
  }

  get reached(): Promise<LoggedRequest> {
    return this.#reached.promise;
  }

  release(): void {
    this.#released.abort();
  }

  claims(call: CallName): boolean {
    if (this.hits >= this.#times || (this.#calls && !this.#calls.includes(call))) return false;
    if (this.#toSkip > 0) {
      this.#toSkip--;
      return false;
    }
    this.hits++;
    return true;
  }

  async apply(exchange: Exchange): Promise<void> {
    const action = this.#action;
    switch (action.kind) {
      case "status":
        if (action.when === "after") exchange.act();
        this.#reached.resolve(exchange.request);
        return sendAnything(exchange, action.status, action.body, action.headers);
      case "reset":
        if (action.when === "after") exchange.act();
        this.#reached.resolve(exchange.request);
        return exchange.reset();
      case "delay":
        return this.#pause(exchange, action.when, (signal) => sleep(action.ms, undefined, { signal }));
      case "hold":
        return this.#pause(exchange, action.when, untilAborted);
      default:
        return this.#garble(exchange, action);
    }
  }

  async #pause(
    exchange: Exchange,
    when: Moment | undefined,
    pause: (signal: AbortSignal) => Promise<unknown>,
  ): Promise<void> {
    const acted = when === "after" ? exchange.act() : undefined;
    this.#reached.resolve(exchange.request);
    // An abort of the pause is its release.
    await pause(this.#released.signal).catch(() => {});
    exchange.send(acted ?? exchange.act());
  }

  async #garble(
    exchange: Exchange,
    action: Extract<FaultAction, { kind: "body" | "rewrite" | "drip" }>,
  ): Promise<void> {
    const answer = exchange.act();
    this.#reached.resolve(exchange.request);
    if (action.kind === "rewrite") {
      exchange.send({ status: answer.status, body: action.edit(structuredClone(answer.body)) });
    } else if (action.kind === "drip") {
      await exchange.drip(answer, action.bytesPerSecond, this.#released.signal);
    } else {
      const status = action.status ?? (answer.status === 204 ? 200 : answer.status);
      exchange.sendText(status, action.text, { "Content-Type": action.contentType ?? "application/json" });
    }
  }
}

function sendAnything(exchange: Exchange, status: number, body: unknown, headers?: Record<string, string>): void {
  if (typeof body === "string") exchange.sendText(status, body, { "Content-Type": "text/plain", ...headers });
  else exchange.send({ status, body }, headers);
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
