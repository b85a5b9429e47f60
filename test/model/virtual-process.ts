// A machine that many processes run on, one after the other, in this process: with an identity, standard output and
// standard error, and a clock that jumps to the next timer when nothing else is left to do. Requests leave it through
// `connect` in the place of sockets. It is handed to the driver as its Machine; no global is replaced.
import type { Answered, Connection, Dispatched, Machine } from "../../driver/machine.ts";
import { randomFrom } from "../cloud/random.ts";
import { MovedClock } from "../in-process/clock.ts";
import type { Call } from "./faulty-api.ts";
import type { Ran } from "./machines.ts";
import type { Reply } from "./request-faults.ts";

// The API's and the machines' clock when a history starts.
const EPOCH = Date.parse("2026-03-01T00:00:00Z");

export type Connect = (call: Call) => Reply;

export class VirtualProcesses {
  started = 0;
  readonly machine: Machine;
  #clock = new MovedClock(EPOCH);
  #stamps = 0;
  #isAlive = false;
  #isKilled = false;
  #stdout = "";
  #stderr = "";
  #random = randomFrom(1);

  constructor(connect: Connect) {
    const serve = (call: Call): Reply => {
      if (this.#isKilled) return { kind: "kill" };
      const reply = connect(call);
      if (reply.kind === "kill") this.#isKilled = true;
      return reply;
    };
    this.machine = {
      now: () => this.#clock.now(),
      elapsed: () => this.#clock.elapsed(),
      after: (ms, work) => this.#clock.after(ms, work),
      random: () => this.#random(),
      connect: () => new Line(serve),
      write: (stream, text) => {
        if (stream === 1) this.#stdout += text;
        else this.#stderr += text;
      },
      tellSyslog: async () => {},
      interfaces: () => [],
      self: () => ({ pid: this.started, startTicks: "0", bootId: "virtual" }),
      // Only the process that runs now is alive.
      isRunning: ({ pid }) => this.#isAlive && pid === this.started,
    };
  }

  /** The API's time in nanoseconds since 1970, never the same twice. */
  readonly stamp = (): bigint => {
    this.#stamps += 1;
    return BigInt(Math.round(this.#clock.now())) * 1_000_000n + BigInt(this.#stamps % 1_000) * 1_000n;
  };

  /** Forgets what belonged to the history before. */
  reset(seed: number): void {
    this.#clock = new MovedClock(EPOCH);
    this.#stamps = 0;
    this.#random = randomFrom(seed);
  }

  /** Runs `main` as one process, from its start to its exit or until a fault kills it. */
  async run<T>(action: string, main: () => Promise<T>): Promise<{ ran: Ran; value: T | undefined }> {
    this.started += 1;
    this.#stdout = "";
    this.#stderr = "";
    this.#isKilled = false;
    this.#isAlive = true;
    let end: { value: T } | { error: unknown } | undefined;
    main().then(
      (value) => {
        end = { value };
      },
      (error: unknown) => {
        end = { error };
      },
    );
    while (end === undefined && !this.#isKilled) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (end !== undefined || this.#isKilled || this.#clock.move()) continue;
      throw new Error(`${action} waits for what never comes`);
    }
    this.#isAlive = false;
    this.#clock.forget();
    if (end !== undefined && "error" in end) throw end.error;
    const value = end?.value;
    const code = end === undefined ? null : typeof value === "number" ? value : 0;
    return { ran: { code, stdout: this.#stdout, stderr: this.#stderr }, value };
  }
}

/** One connection answers one request after another. */
class Line implements Connection {
  readonly #serve: (call: Call) => Reply;
  #waiting: { readonly request: Dispatched; readonly handler: Answered }[] = [];
  #isBusy = false;

  constructor(serve: (call: Call) => Reply) {
    this.#serve = serve;
  }

  dispatch(request: Dispatched, handler: Answered): boolean {
    this.#waiting.push({ request, handler });
    if (!this.#isBusy) this.#next();
    return true;
  }

  async destroy(): Promise<void> {
    const dropped = this.#waiting;
    this.#waiting = [];
    this.#isBusy = false;
    const error = Object.assign(new Error("The client is destroyed"), { code: "UND_ERR_DESTROYED" });
    for (const { handler } of dropped) queueMicrotask(() => handler.onResponseError(undefined, error));
  }

  #next(): void {
    const first = this.#waiting[0];
    if (first === undefined) return;
    this.#isBusy = true;
    queueMicrotask(() => {
      if (this.#waiting[0] !== first) return;
      const { method, path, body, headers } = first.request;
      first.handler.onRequestStart();
      const reply = this.#serve({ method, target: path, token: headers["x-auth-token"] ?? "", body: body ?? "" });
      if (reply.kind === "silence" || reply.kind === "kill") return;
      this.#waiting.shift();
      this.#isBusy = false;
      answerTo(first.handler, reply);
      this.#next();
    });
  }
}

function answerTo(handler: Answered, reply: Extract<Reply, { kind: "answer" | "reset" }>): void {
  if (reply.kind === "reset") {
    handler.onResponseError(undefined, Object.assign(new Error("other side closed"), { code: "UND_ERR_SOCKET" }));
    return;
  }
  handler.onResponseStart(undefined, reply.status, reply.headers);
  if (reply.text !== "") handler.onResponseData(undefined, Buffer.from(reply.text));
  handler.onResponseEnd();
}
