// The driver's own code in this process, one virtual process for each action.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
// Loaded before any process runs: what an action loads lazily would be waited for with no timer running.
import "../../driver/bridge/host.ts";
import "../../driver/bridge/run.ts";
import "../../driver/ipam/run.ts";
import { run } from "../../driver/run.ts";
import type { Caller } from "../../driver/session.ts";
import { type ReconcileInput, reconcile } from "../cloud/reconcile.ts";
import { type Hook, type IpamAction, PROJECT, serverIdOf } from "../rig.ts";
import { applyAll, CLOUDS, type CloudName, type Machines, type Ran, type Reconciled } from "./machines.ts";
import { type Connect, VirtualProcesses } from "./virtual-process.ts";

/** How the actions reach the API. */
export type ApiAccess = { readonly token: string; readonly zone: string };

/** Files of the machines, in one folder for many histories. */
export class InProcess implements Machines {
  readonly processes: VirtualProcesses;
  readonly #folder: string;
  readonly #known = new Set<string>();
  readonly #access: ApiAccess;
  // Which front-end of each cloud leads.
  readonly #leader = { one: 0, two: 0 };

  constructor(access: ApiAccess, connect: Connect) {
    this.#access = access;
    this.#folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "scw-flexip-model-"));
    const token = join(this.#folder, "token");
    writeFileSync(token, `${access.token}\n`);
    chmodSync(token, 0o600);
    for (const cloud of CLOUDS) this.#writeSettings(cloud);
    this.processes = new VirtualProcesses(connect);
  }

  get started(): number {
    return this.processes.started;
  }

  /** As new, for another history. */
  reset(seed: number): void {
    for (const cloud of CLOUDS) {
      rmSync(join(this.#folder, cloud), { recursive: true, force: true });
      this.#leader[cloud] = 0;
    }
    this.processes.reset(seed);
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  serverId(host: string): string {
    return serverIdOf(host);
  }

  failOver(cloud: CloudName): void {
    this.#leader[cloud] = 1 - this.#leader[cloud];
  }

  stateFiles(cloud: CloudName): string[] {
    return ["state-0.json", "state-1.json"].map((name) => join(this.#folder, cloud, name));
  }

  async ipam(cloud: CloudName, action: IpamAction, document: string): Promise<Ran> {
    const input = Buffer.from(document).toString("base64");
    const caller = this.#caller(cloud, action);
    return (await this.processes.run(action, () => run(caller, [action, "7"], async () => input))).ran;
  }

  async hook(cloud: CloudName, host: string, hook: Hook, document: string): Promise<Ran> {
    const input = Buffer.from(document).toString("base64");
    const caller = this.#caller(cloud, hook, host);
    return (await this.processes.run(hook, () => run(caller, [hook], async () => input))).ran;
  }

  async reconcile(cloud: CloudName, input: ReconcileInput): Promise<Reconciled> {
    const { ran, value } = await this.processes.run("reconcile", () =>
      reconcile(this.#caller(cloud, "reconcile"), input, applyAll),
    );
    if (value === undefined) throw new Error(`reconcile failed: ${ran.stderr}`);
    return value;
  }

  #caller(cloud: CloudName, action: string, host?: string): Caller {
    const environment: Record<string, string> = { SCW_FLEXIP_CONF: join(this.#folder, `${cloud}.conf`) };
    environment.SCW_FLEXIP_STATE_FILE = this.stateFiles(cloud)[this.#leader[cloud]] ?? "";
    if (host !== undefined) environment.SCW_FLEXIP_SERVER_ID_FILE = this.#serverFile(host);
    return { action, version: "0.0.0", environment, executable: process.execPath, machine: this.processes.machine };
  }

  #serverFile(host: string): string {
    const file = join(this.#folder, `server-${host}`);
    if (!this.#known.has(host)) writeFileSync(file, `${this.#access.zone}/${this.serverId(host)}\n`);
    this.#known.add(host);
    return file;
  }

  #writeSettings(cloud: CloudName): void {
    const settings = {
      ZONE: this.#access.zone,
      PROJECT_ID: PROJECT,
      API_URL: "http://127.0.0.1:9",
      TOKEN_FILE: join(this.#folder, "token"),
      // No log: a killed process would leave its file open.
      LOG_DIR: join(this.#folder, "token", "log"),
      LOG_LEVEL: "warn",
      CLOUD: cloud,
      DNS: "192.0.2.53",
      TIMEOUT: "20",
      HOOK_TIMEOUT: "20",
    };
    mkdirSync(join(this.#folder, cloud), { recursive: true });
    const lines = Object.entries(settings).map(([key, value]) => `${key}="${value}"\n`);
    writeFileSync(join(this.#folder, `${cloud}.conf`), lines.join(""));
  }
}
