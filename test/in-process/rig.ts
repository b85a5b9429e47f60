// The driver's own code in this process, in the place of the executable: actions and hooks run as on a Rig, with files,
// HTTP and the simulated API, but on a clock that moves on by itself once a run waits for nothing but time.
import { join } from "node:path";
// Loaded before any run: nobody can tell the wait for a lazy import from a wait for time.
import "../../driver/bridge/host.ts";
import "../../driver/bridge/run.ts";
import "../../driver/ipam/run.ts";
import type { Machine as MachineOfRun } from "../../driver/machine.ts";
import { run } from "../../driver/run.ts";
import { realMachine } from "../../driver/session.ts";
import { type Simulator, type SimulatorOptions, startSimulator } from "../fakes/flexible-ip-server.ts";
import {
  AnyRig,
  type Hook,
  type IpamAction,
  type Machine,
  plainLines,
  type RunOptions,
  type RunResult,
} from "../rig.ts";
import { MovedTime } from "./moved-time.ts";

export class InProcessRig extends AnyRig {
  /** Whether time passes while the simulator holds an answer back. Of a silent API it always does. */
  timePassesWhileHeld = false;
  /** The network interfaces of every host. */
  interfaces: readonly { readonly name: string; readonly mac: string }[] = [];
  readonly #time: MovedTime;
  readonly #alive = new Set<number>();
  #started = 0;

  constructor(simulator: Simulator, time: MovedTime) {
    super(simulator);
    this.#time = time;
    time.held = () => this.#heldBack();
  }

  static async start(options: SimulatorOptions = {}): Promise<InProcessRig> {
    const time = new MovedTime();
    return new InProcessRig(await startSimulator({ ...options, time: time.clock }), time);
  }

  ipam(action: IpamAction, document: string, options: RunOptions = {}): Promise<RunResult> {
    return this.#run(this.frontEnd, [action, "7"], document, options);
  }

  hook(host: string, hook: Hook, document: string, options: RunOptions = {}): Promise<RunResult> {
    return this.#run(this.host(host), [hook], document, options);
  }

  /** Returns as soon as it is so. Time stands still until the caller waits again. */
  until(isReached: () => boolean): Promise<void> {
    return this.#time.until(isReached);
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
      environment: this.environmentOf(options),
      executable: join(machine.root, "ipam/scw-flexip/scw-flexip"),
      machine: this.#machineOf(pid, streams, left),
    };
    const input = options.raw ?? Buffer.from(document).toString("base64");
    this.#alive.add(pid);
    const code = await this.#time.during(run(caller, words, async () => input));
    this.#alive.delete(pid);
    // What a process leaves behind ends with it.
    for (const drop of left) drop();
    const [stdout, stderr] = [streams[1], streams[2]];
    return { code, signal: null, stdout, stderr, plain: plainLines(stderr) };
  }

  #machineOf(pid: number, streams: { 1: string; 2: string }, left: (() => void)[]): MachineOfRun {
    const { clock } = this.#time;
    return {
      ...realMachine,
      ...clock,
      after: (ms, work) => {
        const forget = clock.after(ms, work);
        left.push(forget);
        return forget;
      },
      connect: (origin) => {
        const connection = this.#time.connect(origin);
        left.push(() => void connection.destroy().catch(() => {}));
        return connection;
      },
      write: (stream, text) => {
        streams[stream] += text;
      },
      tellSyslog: async () => {},
      interfaces: () => this.interfaces,
      self: () => ({ pid, startTicks: "0", bootId: this.folder }),
      isRunning: (other) => (other.bootId === this.folder ? this.#alive.has(other.pid) : undefined),
    };
  }

  #heldBack(): number {
    const { account, requests } = this.simulator;
    if (!this.timePassesWhileHeld && account.behaviour.api !== "silent") return 0;
    return requests.filter(({ isOpen }) => isOpen).length;
  }
}

const TRANSIENT: readonly string[] = ["updating", "detaching"];
