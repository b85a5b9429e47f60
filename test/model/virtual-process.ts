// Runs the driver's own code as if each action were a process of its own: with an identity, standard output and standard
// error, and a clock that jumps to the next timer when nothing else is left to do. Requests leave it through `connect`
// in the place of sockets. Everything between main.ts and the socket is the product's code, unchanged.
import fs from "node:fs";
import fsPromises from "node:fs/promises";
import { createRequire, syncBuiltinESMExports } from "node:module";
import timersPromises from "node:timers/promises";
import Client from "undici/lib/dispatcher/client.js";
import { DriverError, messageOf } from "../../driver/errors.ts";
import { writeStderr } from "../../driver/log.ts";
import type { Ran } from "./machines.ts";
import type { Call } from "./station.ts";
import type { Reply } from "./weather.ts";

// The API's and the machines' clock when a history starts.
const EPOCH = Date.parse("2026-03-01T00:00:00Z");
// Above every number that Linux gives a process: a signal to one of these hits nobody.
const NO_PID = 4_194_304;
const STAT = /^\/proc\/(\d+)\/stat$/;

export type Connect = (call: Call) => Reply;

type Timer = { readonly at: number; readonly order: number; readonly fire: () => void };

const realImmediate = setImmediate;
const realRandom = Math.random;

export class VirtualProcesses {
  /** Milliseconds since the clock started. */
  now = 0;
  started = 0;
  readonly #connect: Connect;
  readonly #timers = new Set<Timer>();
  readonly #locks = new Map<string, Date>();
  readonly #files = new Set<number>();
  readonly #undo: (() => void)[] = [];
  #order = 0;
  #pid = 0;
  #isAlive = false;
  #isKilled = false;
  #stdout = "";
  #stderr = "";
  #random = 1;

  constructor(connect: Connect) {
    this.#connect = connect;
  }

  /** The API's time in nanoseconds since 1970, never the same twice. */
  readonly stamp = (): bigint => {
    this.#order += 1;
    return BigInt(EPOCH + Math.round(this.now)) * 1_000_000n + BigInt(this.#order % 1_000) * 1_000n;
  };

  /** Puts the virtual clock, files and sockets in the place of the real ones. */
  install(): void {
    this.#install(globalThis, "setTimeout", (fire: (...words: unknown[]) => void, ms = 0, ...words: unknown[]) =>
      this.#after(ms, () => fire(...words)),
    );
    this.#install(globalThis, "clearTimeout", (timer: unknown) => {
      if (timer instanceof Handle) this.#timers.delete(timer.timer);
    });
    this.#install(timersPromises, "setTimeout", (ms: number, value: unknown, options: { signal?: AbortSignal } = {}) =>
      this.#sleep(ms, value, options.signal),
    );
    this.#install(performance, "now", () => this.now);
    this.#install(globalThis, "Date", this.#dates());
    this.#install(Math, "random", () => this.#nextRandom());
    this.#installFiles();
    this.#installLocks();
    this.#installClient();
    syncBuiltinESMExports();
  }

  uninstall(): void {
    for (const undo of this.#undo.reverse()) undo();
    this.#undo.length = 0;
    syncBuiltinESMExports();
  }

  /** Forgets what belonged to the history before. */
  reset(seed: number): void {
    this.now = 0;
    this.#order = 0;
    this.#random = seed | 1;
    this.#locks.clear();
  }

  /** Runs `main` as one process, from its start to its exit or until the weather kills it. */
  async run<T>(action: string, main: () => Promise<T>): Promise<{ ran: Ran; value: T | undefined }> {
    this.started += 1;
    this.#pid = NO_PID + this.started;
    this.#stdout = "";
    this.#stderr = "";
    this.#isKilled = false;
    this.#isAlive = true;
    const listeners = (["SIGTERM", "SIGINT"] as const).map((name) => ({ name, known: process.listeners(name) }));
    let end: { code: number; value: T | undefined } | undefined;
    // As driver/main.ts does with the outcome of its run.
    main().then(
      (value) => {
        end = { code: 0, value };
      },
      (error: unknown) => {
        end = { code: fail(action, error), value: undefined };
      },
    );
    while (end === undefined && !this.#isKilled) {
      await new Promise<void>((resolve) => realImmediate(resolve));
      if (end === undefined && !this.#isKilled) this.#advance(action);
    }
    this.#isAlive = false;
    this.#timers.clear();
    for (const file of this.#files) fs.closeSync(file);
    for (const { name, known } of listeners) {
      for (const added of process.listeners(name)) if (!known.includes(added)) process.removeListener(name, added);
    }
    const ran = { code: end?.code ?? null, stdout: this.#stdout, stderr: this.#stderr };
    return { ran, value: end?.value };
  }

  #advance(action: string): void {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (next === undefined || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) next = timer;
    }
    if (next === undefined) throw new Error(`${action} waits for what never comes`);
    this.#timers.delete(next);
    this.now = Math.max(this.now, next.at);
    next.fire();
  }

  #after(ms: number, fire: () => void): Handle {
    this.#order += 1;
    const timer = { at: this.now + Math.max(1, ms), order: this.#order, fire };
    this.#timers.add(timer);
    return new Handle(timer);
  }

  #sleep(ms: number, value: unknown, signal: AbortSignal | undefined): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const stop = (): void => {
        this.#timers.delete(handle.timer);
        reject(signal?.reason);
      };
      const handle = this.#after(ms, () => {
        signal?.removeEventListener("abort", stop);
        resolve(value);
      });
      signal?.addEventListener("abort", stop, { once: true });
    });
  }

  #dates(): DateConstructor {
    const time = (): number => EPOCH + this.now;
    return new Proxy(Date, {
      construct: (target, words, newTarget) =>
        Reflect.construct(target, words.length === 0 ? [time()] : words, newTarget),
      get: (target, name) => (name === "now" ? time : Reflect.get(target, name)),
    });
  }

  // Mulberry32: the same pauses in every run of a seed.
  #nextRandom(): number {
    this.#random = (this.#random + 0x6d2b79f5) | 0;
    let bits = Math.imul(this.#random ^ (this.#random >>> 15), this.#random | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  }

  #installFiles(): void {
    const { readFileSync, writeSync, openSync, closeSync } = fs;
    this.#install(process, "pid", undefined, () => (this.#isAlive ? this.#pid : process.ppid));
    this.#install(fs, "fsyncSync", () => {});
    this.#install(fsPromises, "mkdir", async (path: string, options: fs.MakeDirectoryOptions) =>
      fs.mkdirSync(path, options),
    );
    this.#install(fs, "readFileSync", (...words: Parameters<typeof readFileSync>) => {
      const pid = STAT.exec(String(words[0]))?.[1];
      return pid === undefined ? readFileSync(...words) : this.#stat(Number(pid));
    });
    this.#install(fs, "writeSync", (file: number, text: string) => {
      if (file === 1) this.#stdout += text;
      else if (file === 2) this.#stderr += text;
      else return writeSync(file, text);
      return text.length;
    });
    this.#install(fs, "openSync", (...words: Parameters<typeof openSync>) => {
      const file = openSync(...words);
      this.#files.add(file);
      return file;
    });
    this.#install(fs, "closeSync", (file: number) => {
      this.#files.delete(file);
      closeSync(file);
    });
  }

  /** proc(5): field 22 is the start time. Only the process that runs now is alive. */
  #stat(pid: number): string {
    if (!this.#isAlive || pid !== this.#pid) throw Object.assign(new Error("no such process"), { code: "ENOENT" });
    return `${pid} (scw-flexip) S ${"0 ".repeat(18)}${pid} 0`;
  }

  // The lock is a folder that proper-lockfile makes and removes. Processes here run one at a time, so that all that has
  // to be kept is whether it is there.
  #installLocks(): void {
    const graceful: unknown = createRequire(import.meta.url)("graceful-fs");
    if (typeof graceful !== "object" || graceful === null) throw new Error("proper-lockfile has no graceful-fs");
    type Done = (error: Error | null, stat?: { mtime: Date }) => void;
    const fail = (code: string): Error => Object.assign(new Error(code), { code });
    const later = (done: Done, ...result: Parameters<Done>): void => process.nextTick(done, ...result);
    this.#install(graceful, "mkdir", (path: string, done: Done) => {
      if (this.#locks.has(path)) return later(done, fail("EEXIST"));
      this.#locks.set(path, new Date());
      later(done, null);
    });
    this.#install(graceful, "stat", (path: string, done: Done) => {
      const mtime = this.#locks.get(path);
      if (mtime === undefined) later(done, fail("ENOENT"));
      else later(done, null, { mtime });
    });
    this.#install(graceful, "utimes", (path: string, _atime: Date, mtime: Date, done: Done) => {
      this.#locks.set(path, mtime);
      later(done, null);
    });
    this.#install(graceful, "rmdir", (path: string, done: Done) => {
      later(done, this.#locks.delete(path) ? null : fail("ENOENT"));
    });
  }

  /** One connection answers one request after another, as with `pipelining: 1`. */
  #installClient(): void {
    const lines = new WeakMap<object, Line>();
    const lineOf = (client: object): Line => {
      const line = lines.get(client) ?? new Line((call) => this.#serve(call));
      lines.set(client, line);
      return line;
    };
    this.#install(Client.prototype, "dispatch", function dispatch(this: object, request: Dispatched, handler: Handler) {
      lineOf(this).send(request, handler);
      return true;
    });
    this.#install(Client.prototype, "destroy", function destroy(this: object) {
      lineOf(this).destroy();
      return Promise.resolve();
    });
  }

  #serve(call: Call): Reply {
    if (this.#isKilled) return { kind: "kill" };
    const reply = this.#connect(call);
    if (reply.kind === "kill") this.#isKilled = true;
    return reply;
  }

  #install(target: object, name: string, value: unknown, get?: () => unknown): void {
    const before = Object.getOwnPropertyDescriptor(target, name);
    Object.defineProperty(target, name, {
      configurable: true,
      ...(get === undefined ? { value, writable: true } : { get }),
    });
    this.#undo.push(() => {
      if (before === undefined) Reflect.deleteProperty(target, name);
      else Object.defineProperty(target, name, before);
    });
  }
}

/** What a virtual setTimeout returns: looked at by code that holds timers, never by Node. */
class Handle {
  readonly timer: Timer;

  constructor(timer: Timer) {
    this.timer = timer;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

type Dispatched = {
  readonly method: string;
  readonly path: string;
  readonly body: string | null;
  readonly headers: { readonly "x-auth-token": string };
};
type Handler = {
  onResponseStart(controller: undefined, status: number, headers: Readonly<Record<string, string>>): void;
  onResponseData(controller: undefined, chunk: Buffer): void;
  onResponseEnd(controller: undefined, trailers: object): void;
  onResponseError(controller: undefined, error: Error): void;
};

class Line {
  readonly #serve: (call: Call) => Reply;
  #waiting: { readonly request: Dispatched; readonly handler: Handler }[] = [];
  #isBusy = false;

  constructor(serve: (call: Call) => Reply) {
    this.#serve = serve;
  }

  send(request: Dispatched, handler: Handler): void {
    this.#waiting.push({ request, handler });
    if (!this.#isBusy) this.#next();
  }

  destroy(): void {
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
      const reply = this.#serve({ method, target: path, token: headers["x-auth-token"], body: body ?? "" });
      if (reply.kind === "silence" || reply.kind === "kill") return;
      this.#waiting.shift();
      this.#isBusy = false;
      answerTo(first.handler, reply);
      this.#next();
    });
  }
}

function answerTo(handler: Handler, reply: Extract<Reply, { kind: "answer" | "reset" }>): void {
  if (reply.kind === "reset") {
    handler.onResponseError(undefined, Object.assign(new Error("other side closed"), { code: "UND_ERR_SOCKET" }));
    return;
  }
  handler.onResponseStart(undefined, reply.status, reply.headers);
  if (reply.text !== "") handler.onResponseData(undefined, Buffer.from(reply.text));
  handler.onResponseEnd(undefined, {});
}

/** As driver/main.ts tells a failure. Returns the exit code. */
function fail(action: string, error: unknown): number {
  const isNamed = error instanceof DriverError;
  if (!isNamed && error instanceof Error) {
    for (const line of error.stack?.split("\n") ?? []) writeStderr(`DEBUG: ${line.trim()}`);
  }
  writeStderr(`${action}: ${isNamed ? "" : "internal error, please report it: "}${messageOf(error)}`);
  return isNamed ? 1 : 2;
}

/** Jitter for those outside of a history. */
export function anySeed(): number {
  return Math.floor(realRandom() * 0x7fffffff);
}
