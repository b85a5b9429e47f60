// Front-ends and hosts of two clouds: their files in one folder, and the driver run with them.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Machine } from "../../driver/machine.ts";
import type { Step } from "../../driver/operator/reconcile/step.ts";
import type { Caller } from "../../driver/session.ts";
import type { Ran } from "../cloud/oned.ts";
import { type ReconcileInput, reconcile } from "../cloud/reconcile.ts";
import { furnish, type Hook, type IpamAction, serverIdOf } from "../rig.ts";

export const CLOUDS = ["one", "two"] as const;
export type CloudName = (typeof CLOUDS)[number];

/** Where actions run: in this process, or as the executable. */
export interface Processes {
  /** Undefined: the real one. */
  readonly machine?: Machine;
  /** The API as the settings name it. */
  readonly api: { readonly url: string; readonly token: string; readonly zone: string };
  /** Runs one action, until it ends or a fault kills it. */
  run(caller: Caller, words: readonly [IpamAction | Hook, ...string[]], document: string): Promise<Ran>;
  /** Does what an operator's command would, in this process. */
  command<T>(work: () => Promise<T>): Promise<T>;
}

export class Machines {
  readonly #processes: Processes;
  readonly #folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "scw-flexip-model-"));
  // Which front-end of each cloud leads.
  readonly #leader = { one: 0, two: 0 };

  constructor(processes: Processes) {
    this.#processes = processes;
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The other front-end of the cloud takes over: it has a journal of its own. */
  failOver(cloud: CloudName): void {
    this.#leader[cloud] = 1 - this.#leader[cloud];
  }

  /** Of both front-ends of a cloud. */
  stateFiles(cloud: CloudName): string[] {
    return [0, 1].map((number) => join(this.#folder, cloud, `state-${number}.json`));
  }

  /** An IPAM action of the leader, or a hook `on` a host. */
  run(cloud: CloudName, action: IpamAction | Hook, document: string, on?: string): Promise<Ran> {
    return this.#processes.run(this.#caller(cloud, action, on), on === undefined ? [action, "7"] : [action], document);
  }

  /** Takes every step of the plan, as an operator would who knows that OpenNebula is right, with what came of each. */
  reconcile(cloud: CloudName, input: ReconcileInput): Promise<[Step, string][]> {
    return this.#processes.command(() => reconcile(this.#caller(cloud, "reconcile"), input, () => true));
  }

  #caller(cloud: CloudName, action: string, host = `front-end-${cloud}`): Caller {
    const { api, machine } = this.#processes;
    const home = join(this.#folder, host);
    if (!existsSync(home)) furnish(api, this.#folder, host, serverIdOf(host));
    const environment = {
      // An empty folder: the driver must not meet this machine's virsh.
      PATH: join(this.#folder, "bin"),
      SCW_FLEXIP_CONF: join(home, "remotes/etc/ipam/scw-flexip/scw-flexip.conf"),
      SCW_FLEXIP_CLOUD: cloud,
      SCW_FLEXIP_STATE_FILE: this.stateFiles(cloud)[this.#leader[cloud]],
      SCW_FLEXIP_TIMEOUT: "20",
      SCW_FLEXIP_HOOK_TIMEOUT: "20",
      SCW_FLEXIP_LOG_LEVEL: "warn",
      // No log: a process killed in this one would leave its file open.
      SCW_FLEXIP_LOG_DIR: join(home, "token", "log"),
    };
    return { action, version: "0.0.0", environment, executable: process.execPath, machine };
  }
}
