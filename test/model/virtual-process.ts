// A machine that many processes run on, one after the other, in this process: with an identity, standard output and
// standard error, and a clock that jumps to the next timer when nothing else is left to do. Requests leave it through
// `connect` in the place of sockets. It is handed to the driver as its Machine; no global is replaced.
import { setImmediate } from "node:timers/promises";
// Loaded before any process runs: what an action loads lazily would be waited for with no timer running.
import "../../driver/bridge/host.ts";
import "../../driver/bridge/run.ts";
import "../../driver/ipam/run.ts";
import type { Answered, Connection, Dispatched, Machine } from "../../driver/machine.ts";
import { run } from "../../driver/run.ts";
import type { Caller } from "../../driver/session.ts";
import type { Ran } from "../cloud/oned.ts";
import { MovedClock } from "../in-process/clock.ts";
import type { Call, FaultyApi } from "./faulty-api.ts";
import type { Processes } from "./machines.ts";
import type { Reply } from "./request-faults.ts";

export class VirtualProcesses implements Processes {
  readonly api;
  readonly machine: Machine;
  readonly #clock = new MovedClock();
  #pid = 0;
  #isKilled = false;
  #output = { 1: "", 2: "" };

  constructor(api: FaultyApi) {
    const { account } = api;
    this.api = { url: "http://127.0.0.1:9", token: account.token, zone: account.zone };
    const serve = (call: Call): Reply => {
      const reply: Reply = this.#isKilled ? { kind: "kill" } : api.receive(call);
      this.#isKilled = reply.kind === "kill";
      return reply;
    };
    this.machine = {
      ...this.#clock,
      random: () => 0.5,
      connect: () => connection(serve),
      write: (stream, text) => {
        this.#output[stream] += text;
      },
      tellSyslog: async () => {},
      interfaces: () => [],
      self: () => ({ pid: this.#pid, startTicks: "0", bootId: "virtual" }),
      // Only the process that runs now is alive.
      isRunning: ({ pid }) => pid === this.#pid,
    };
  }

  async run(caller: Caller, words: readonly string[], document: string): Promise<Ran> {
    const input = Buffer.from(document).toString("base64");
    const code = await this.#process(() => run(caller, words, async () => input));
    return { code: code ?? null, stdout: this.#output[1], stderr: this.#output[2] };
  }

  async command<T>(work: () => Promise<T>): Promise<T> {
    const value = await this.#process(work);
    if (value === undefined) throw new Error("killed");
    return value;
  }

  /** Runs `main` as one process. Undefined: a fault killed it. */
  async #process<T>(main: () => Promise<T>): Promise<T | undefined> {
    this.#pid += 1;
    this.#output = { 1: "", 2: "" };
    this.#isKilled = false;
    let isOver = false;
    const ended = main().finally(() => {
      isOver = true;
    });
    // Its failure is thrown below.
    ended.catch(() => {});
    while (!(isOver || this.#isKilled)) {
      await setImmediate();
      if (!(isOver || this.#isKilled || this.#clock.move())) throw new Error("a process waits for what never comes");
    }
    this.#clock.forget();
    return isOver ? ended : undefined;
  }
}

/** One connection answers one request after another. */
function connection(serve: (call: Call) => Reply): Connection {
  let waiting: { readonly request: Dispatched; readonly handler: Answered }[] = [];
  const next = (): void => {
    const [first] = waiting;
    if (first === undefined) return;
    queueMicrotask(() => {
      if (waiting[0] !== first) return;
      const { handler, request } = first;
      const { method, path: target, body, headers } = request;
      handler.onRequestStart();
      const reply = serve({ method, target, token: headers["x-auth-token"] ?? "", body: body ?? "" });
      if (reply.kind === "silence" || reply.kind === "kill") return;
      waiting.shift();
      if (reply.kind === "reset") fail(handler, "UND_ERR_SOCKET");
      else answerTo(handler, reply);
      next();
    });
  };
  return {
    dispatch: (request, handler) => {
      if (waiting.push({ request, handler }) === 1) next();
      return true;
    },
    destroy: async () => {
      for (const { handler } of waiting) queueMicrotask(() => fail(handler, "UND_ERR_DESTROYED"));
      waiting = [];
    },
  };
}

function fail(handler: Answered, code: string): void {
  handler.onResponseError(undefined, Object.assign(new Error("the connection is lost"), { code }));
}

function answerTo(handler: Answered, { status, headers, text }: Extract<Reply, { kind: "answer" }>): void {
  handler.onResponseStart(undefined, status, headers);
  handler.onResponseData(undefined, Buffer.from(text));
  handler.onResponseEnd();
}
