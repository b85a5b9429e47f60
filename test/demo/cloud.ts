// Where the life is played: OpenNebula, the machines, the simulated account, and what has happened so far.
import { type Driver, Oned } from "../cloud/oned.ts";
import { Pool } from "../cloud/pool.ts";
import { readTemplate } from "../documents.ts";
import type { CallName, SettleDelays } from "../fakes/flexible-ip-server.ts";
import { type Hook, type IpamAction, PROJECT, Rig, type RunResult } from "../rig.ts";

export type HostName = "A" | "B";

/** An action on the front-end, or a hook on a host. */
export type Asked = { readonly on: "fe"; readonly ask: IpamAction } | { readonly on: HostName; readonly ask: Hook };

/** One child process: what it got and what came of it. */
export type Run = {
  readonly asked: Asked;
  readonly document: string;
  readonly result: RunResult;
  readonly calls: readonly CallName[];
  readonly ms: number;
};

export const DELAYS: SettleDelays = { attachMs: 300, attachQueuedMs: 300, detachMs: 200, macMs: 10 };

// The driver gives up long before a person does.
const SETTINGS = { TIMEOUT: "20", HOOK_TIMEOUT: "20" };

export class Cloud {
  readonly rig: Rig;
  readonly pool = new Pool();
  readonly oned: Oned;
  /** Of networks that no driver of addresses is asked about. */
  readonly privateRanges = [
    new Pool().addRange({ TYPE: "IP4", SIZE: "1", IP: "10.1.2.3", MAC: "02:00:0a:01:02:03" }),
    new Pool().addRange({ TYPE: "IP4", SIZE: "1", IP: "10.1.2.4", MAC: "02:00:0a:01:02:04" }),
  ] as const;
  /** A flexible IP of somebody else in the project, as it was before. */
  readonly bystander;
  /** The ids of the flexible IPs that the ranges were given. */
  readonly obtained: string[] = [];
  readonly runs: Run[] = [];
  /** Looks at each run. Throws where it is not as it should be: the life ends there. */
  watch: (run: Run) => Promise<void> = async () => {};

  private constructor(rig: Rig) {
    this.rig = rig;
    this.bystander = rig.simulator.account.add({ projectId: PROJECT, description: "web server", tags: ["web"] });
    for (const host of ["A", "B"]) rig.host(host);
    const driver: Driver = {
      ipam: (ask, document) => this.#run({ on: "fe", ask }, document),
      hook: (host, ask, document) => this.#run({ on: host === "A" ? "A" : "B", ask }, document),
    };
    this.oned = new Oned(this.pool, driver);
  }

  static async open(): Promise<Cloud> {
    return new Cloud(await Rig.start({ settle: DELAYS }));
  }

  async #run(asked: Asked, document: string): Promise<RunResult> {
    const { rig } = this;
    const before = rig.simulator.calls().length;
    const startedAt = performance.now();
    const settings = { settings: SETTINGS };
    const result = await (asked.on === "fe"
      ? rig.ipam(asked.ask, document, settings)
      : rig.hook(asked.on, asked.ask, document, settings));
    const ms = Math.round(performance.now() - startedAt);
    if (asked.ask === "register_address_range" && result.code === 0) {
      this.obtained.push(readTemplate(result.stdout, "AR").get("SCW_FLEXIBLE_IP_ID") ?? "");
    }
    const run = { asked, document, result, calls: rig.simulator.calls().slice(before), ms };
    this.runs.push(run);
    await this.watch(run);
    return result;
  }
}
