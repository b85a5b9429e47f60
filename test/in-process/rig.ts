// The driver's own code in this process, in the place of the executable: actions and hooks run as on a Rig, with files,
// HTTP and the simulated API, but on a clock that moves on by itself once a run waits for nothing but time.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
// Loaded before any run: nobody can tell the wait for a lazy import from a wait for time.
import "../../driver/bridge/host.ts";
import "../../driver/bridge/run.ts";
import "../../driver/ipam/run.ts";
import type { Connection, Machine as MachineOfRun } from "../../driver/machine.ts";
import { run } from "../../driver/run.ts";
import { connect } from "../../driver/scaleway/connection.ts";
import { realMachine } from "../../driver/session.ts";
import { type Simulator, type SimulatorOptions, startSimulator } from "../fakes/flexible-ip-server.ts";
import {
  FRONT_END_ID,
  furnish,
  type Hook,
  type IpamAction,
  logsOf,
  type Machine,
  plainLines,
  type RunOptions,
  type RunResult,
  serverIdOf,
} from "../rig.ts";
import { MovedClock } from "./clock.ts";

// So many turns of the event loop without anything new, and a run waits for time alone.
const QUIET_TURNS = 4;
const LONGEST_SILENCE_MS = 10_000;

export class InProcessRig {
  readonly simulator: Simulator;
  readonly folder: string;
  readonly frontEnd: Machine;
  readonly clock: MovedClock;
  /** Whether time passes while the simulator holds an answer back. Of a silent API it always does. */
  timePassesWhileHeld = false;
  readonly #hosts = new Map<string, Machine>();
  readonly #alive = new Set<number>();
  readonly #waiting = new Set<{ readonly isReached: () => boolean; readonly resolve: () => void }>();
  #started = 0;
  #inFlight = 0;
  #isMoving = false;

  constructor(simulator: Simulator, clock: MovedClock) {
    this.simulator = simulator;
    this.clock = clock;
    this.folder = mkdtempSync(join(tmpdir(), "scw-flexip-"));
    this.frontEnd = furnish(simulator, join(this.folder, "front-end"), "front-end", FRONT_END_ID);
  }

  static async start(options: SimulatorOptions = {}): Promise<InProcessRig> {
    const clock = new MovedClock();
    return new InProcessRig(await startSimulator({ ...options, time: clock }), clock);
  }

  async stop(): Promise<void> {
    await this.simulator.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The host of that name, made at the first call. */
  host(name: string): Machine {
    const known = this.#hosts.get(name);
    if (known !== undefined) return known;
    const host = furnish(this.simulator, join(this.folder, name), name, serverIdOf(name));
    this.#hosts.set(name, host);
    return host;
  }

  ipam(action: IpamAction, document: string, options: RunOptions = {}): Promise<RunResult> {
    return this.#run(this.frontEnd, [action, "7"], document, options);
  }

  hook(host: string, hook: Hook, document: string, options: RunOptions = {}): Promise<RunResult> {
    return this.#run(this.host(host), [hook], document, options);
  }

  logs(): string {
    return logsOf([this.frontEnd, ...this.#hosts.values()]);
  }

  /** Returns as soon as it is so, with the clock standing still until the caller waits again. */
  until(isReached: () => boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.add({ isReached, resolve });
    this.#keepMoving().catch(reject);
    return promise;
  }

  /** Moves the clock until nothing of the account is in a transient status. */
  settled(): Promise<void> {
    return this.until(() => this.simulator.account.all().every(({ status }) => !TRANSIENT.includes(status)));
  }

  async #run(
    machine: Machine,
    words: readonly [IpamAction | Hook, ...string[]],
    document: string,
    options: RunOptions,
  ): Promise<RunResult> {
    if (options.started !== undefined) throw new Error("there is no child process here");
    const pid = ++this.#started;
    const streams = { 1: "", 2: "" };
    const left: (() => void)[] = [];
    const caller = {
      action: words[0],
      version: "0.0.0",
      environment: {
        PATH: join(this.folder, "bin"),
        ...Object.fromEntries(
          Object.entries(options.settings ?? {}).map(([key, value]) => [`SCW_FLEXIP_${key}`, value]),
        ),
        ...options.env,
      },
      executable: join(machine.root, "ipam/scw-flexip/scw-flexip"),
      machine: this.#machineOf(pid, streams, left),
    };
    const input = options.raw?.toString("latin1") ?? Buffer.from(document).toString("base64");
    this.#alive.add(pid);
    const end = run(caller, words, async () => input);
    const code = await Promise.race([end, this.#keepMoving().then(() => end)]);
    this.#alive.delete(pid);
    // What a process leaves behind ends with it.
    for (const drop of left) drop();
    const [stdout, stderr] = [streams[1], streams[2]];
    return { code, signal: null, stdout, stderr, plain: plainLines(stderr) };
  }

  #machineOf(pid: number, streams: { 1: string; 2: string }, left: (() => void)[]): MachineOfRun {
    const { clock } = this;
    return {
      ...realMachine,
      now: () => clock.now(),
      elapsed: () => clock.elapsed(),
      after: (ms, work) => {
        const forget = clock.after(ms, work);
        left.push(forget);
        return forget;
      },
      connect: (origin) => {
        const connection = connect(origin);
        left.push(() => void connection.destroy().catch(() => {}));
        return this.#counted(connection);
      },
      write: (stream, text) => {
        streams[stream] += text;
      },
      self: () => ({ pid, startTicks: "0", bootId: this.folder }),
      isRunning: (other) => (other.bootId === this.folder ? this.#alive.has(other.pid) : undefined),
    };
  }

  /** The same connection, whose open requests are known. */
  #counted(connection: Connection): Connection {
    return {
      destroy: () => connection.destroy(),
      dispatch: (request, handler) => {
        this.#inFlight += 1;
        return connection.dispatch(request, {
          onRequestStart: () => handler.onRequestStart(),
          onResponseStart: (controller, status, headers) => handler.onResponseStart(controller, status, headers),
          onResponseData: (controller, chunk) => handler.onResponseData(controller, chunk),
          onResponseEnd: () => {
            this.#inFlight -= 1;
            handler.onResponseEnd();
          },
          onResponseError: (controller, error) => {
            this.#inFlight -= 1;
            handler.onResponseError(controller, error);
          },
        });
      },
    };
  }

  /** Moves the clock whenever all that runs waits for time, until nothing runs and nobody waits. */
  async #keepMoving(): Promise<void> {
    if (this.#isMoving) return;
    this.#isMoving = true;
    try {
      let quiet = 0;
      let since = performance.now();
      while (this.#alive.size > 0 || this.#waiting.size > 0) {
        await new Promise((resolve) => setImmediate(resolve));
        quiet = this.#isQuiet() ? quiet + 1 : 0;
        if (quiet >= QUIET_TURNS && (this.#wake() || this.clock.move())) {
          quiet = 0;
          since = performance.now();
        }
        if (performance.now() - since > LONGEST_SILENCE_MS) throw new Error("what is waited for does not happen");
      }
    } finally {
      this.#isMoving = false;
    }
  }

  #isQuiet(): boolean {
    if (this.#inFlight === 0) return true;
    const { account, requests } = this.simulator;
    const open = requests.filter(({ status, durationMs }) => status === undefined && durationMs === undefined);
    const mayPass = this.timePassesWhileHeld || account.behaviour.api === "silent";
    return mayPass && open.length === this.#inFlight;
  }

  #wake(): boolean {
    for (const waiting of this.#waiting) {
      if (!waiting.isReached()) continue;
      this.#waiting.delete(waiting);
      waiting.resolve();
      return true;
    }
    return false;
  }
}

const TRANSIENT: readonly string[] = ["updating", "detaching"];
