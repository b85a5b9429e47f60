// Where the life is played: OpenNebula, the machines, the simulated account, and what has happened so far.
import { type Driver, Oned } from "../cloud/oned.ts";
import { Pool, type Range } from "../cloud/pool.ts";
import type { WireFlexibleIp } from "../fakes/flexible-ip-record.ts";
import type { SettleDelays } from "../fakes/flexible-ip-server.ts";
import { PROJECT, Rig, type RunOptions, type RunResult } from "../rig.ts";
import type { Asked } from "./life.ts";

export const DELAYS: SettleDelays = { attachMs: 300, attachQueuedMs: 300, detachMs: 200, macMs: 10 };

// The driver gives up long before a person does. A process that hangs is killed.
const LIMITS = { TIMEOUT: "20", HOOK_TIMEOUT: "20" };
const HANGING_MS = 30_000;

/** One child process: what it got and what came of it. */
export type Run = { readonly asked: Asked; readonly document: string; readonly result: RunResult; readonly ms: number };

/** Shows a run to the reader. Throws where it is not as it should be: the life ends there. */
export type Watch = (asked: Asked, run: () => Promise<Run>) => Promise<void>;

export class Cloud {
  readonly rig: Rig;
  readonly pool = new Pool();
  readonly oned: Oned;
  /** Of networks that no driver of addresses is asked about. */
  readonly privateRanges: readonly [Range, Range];
  /** A flexible IP of somebody else in the project, as it was before. */
  readonly bystander: WireFlexibleIp;
  /** The ids of the flexible IPs that the ranges were given. */
  readonly obtained: string[] = [];
  readonly runs: Run[] = [];
  watch: Watch = async (_, run) => void (await run());

  private constructor(rig: Rig) {
    this.rig = rig;
    this.bystander = rig.simulator.account.add({ projectId: PROJECT, description: "web server", tags: ["web"] });
    for (const host of ["A", "B"]) rig.host(host);
    const driver: Driver = {
      ipam: (ask, document) => this.#run({ on: "fe", ask }, document, (how) => rig.ipam(ask, document, how)),
      hook: (host, ask, document) =>
        this.#run({ on: host === "A" ? "A" : "B", ask }, document, (how) => rig.hook(host, ask, document, how)),
      complain: (text) => {
        throw new Error(text);
      },
    };
    this.oned = new Oned(this.pool, driver);
    this.privateRanges = [
      new Pool().addRange({ TYPE: "IP4", SIZE: "1", IP: "10.1.2.3", MAC: "02:00:0a:01:02:03" }),
      new Pool().addRange({ TYPE: "IP4", SIZE: "1", IP: "10.1.2.4", MAC: "02:00:0a:01:02:04" }),
    ];
  }

  static async open(): Promise<Cloud> {
    return new Cloud(await Rig.start({ settle: DELAYS }));
  }

  async #run(asked: Asked, document: string, start: (how: RunOptions) => Promise<RunResult>): Promise<RunResult> {
    let done: Run | undefined;
    await this.watch(asked, async () => {
      const startedAt = performance.now();
      const result = await start({ settings: LIMITS, started: endWithUs });
      done = { asked, document, result, ms: Math.round(performance.now() - startedAt) };
      this.runs.push(done);
      return done;
    });
    if (done === undefined) throw new Error(`${asked.ask} was not run`);
    return done.result;
  }
}

const endWithUs: NonNullable<RunOptions["started"]> = (child) => {
  const end = (): boolean => child.kill("SIGKILL");
  const timer = setTimeout(end, HANGING_MS);
  process.once("exit", end);
  child.once("close", () => {
    clearTimeout(timer);
    process.off("exit", end);
  });
};
