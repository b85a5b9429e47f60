// One VM, acted on by onevm and looked at until it is where it should be.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Cloud, Network } from "./cloud.ts";
import { type Element, look } from "./rpc.ts";
import { until } from "./until.ts";

// STATE and LCM_STATE of one.vm.info.
const STATES = {
  running: "3/3",
  "powered off": "8/0",
  suspended: "5/0",
  undeployed: "9/0",
  done: "6/0",
  pending: "1/0",
  "boot failure": "3/36",
} as const;
const FAILURES = new Set([36, 37, 38, 39, 40, 41, 42, 44, 46, 47, 48, 49, 50, 61].map((lcm) => `3/${lcm}`));
export type VmState = keyof typeof STATES;

export class Vm {
  readonly id: number;
  readonly #cloud: Cloud;

  constructor(cloud: Cloud, id: number) {
    this.#cloud = cloud;
    this.id = id;
  }

  /** Runs `onevm WORDS[0] ID WORDS[1…]`. */
  do(action: string, ...words: string[]): Promise<string> {
    return this.#cloud.oned.run("onevm", action, String(this.id), ...words);
  }

  info(): Promise<Element> {
    return look(this.#cloud.oned.url, "one.vm.info", this.id);
  }

  async is(state: VmState): Promise<boolean> {
    return codeOf(await this.info()) === STATES[state];
  }

  /** Waits for the state. A failure that nobody waits for ends the waiting. */
  async until(state: VmState): Promise<void> {
    const isThere = async () => {
      const code = codeOf(await this.info());
      if (code === STATES[state]) return true;
      const isElsewhere = FAILURES.has(code) || (FAILURES.has(STATES[state]) && code === STATES.running);
      if (isElsewhere) throw new Error(`VM ${this.id} will not be ${state}: it is ${code}\n${this.log()}`);
      return false;
    };
    await until(`VM ${this.id} is ${state}`, isThere);
  }

  /** Deploys on a host and waits until it runs. */
  async deploy(host: string): Promise<void> {
    await this.do("deploy", host);
    await this.until("running");
  }

  /** Deploys on a host, where it does not boot. */
  async deployInVain(host: string): Promise<void> {
    await this.do("deploy", host);
    await this.until("boot failure");
  }

  /** Migrates live to another host and waits until it runs there. */
  async migrate(host: string): Promise<void> {
    await this.do("migrate", "--live", host);
    // oned takes the request before it changes the state.
    await until(`VM ${this.id} is on its way to ${host}`, async () => (await this.host()) === host);
    await this.until("running");
  }

  /** Begins a live migration to another host, of which the copy fails. */
  async migrateInVain(host: string): Promise<void> {
    const source = this.#cloud.host(await this.host());
    source.trouble("fail-migrate");
    await this.do("migrate", "--live", host);
    await until("the migration failed", () => /migrate failed on purpose/.test(this.log()));
    source.trouble("fail-migrate", false);
    await this.until("running");
  }

  async powerOff(): Promise<void> {
    await this.do("poweroff", "--hard");
    await this.until("powered off");
  }

  async resume(): Promise<void> {
    await this.do("resume");
    await this.until("running");
  }

  async terminate(): Promise<void> {
    await this.do("terminate", "--hard");
    await this.until("done");
  }

  /** Gives the VM up where it is, and waits until it is pending. */
  async recreate(): Promise<void> {
    // oned cancels what its driver does for the VM, now and then its own cleanup too: that VM waits for another try.
    const isGivenUp = async () => {
      await this.do("recover", "--recreate");
      return until("the cleanup ends", () => this.is("pending"), 10_000).catch(() => false);
    };
    await until(`VM ${this.id} is given up`, isGivenUp);
  }

  /** Attaches a NIC and waits until the VM runs again; says its number. */
  async attach(network: Network, ...words: string[]): Promise<string> {
    await this.do("nic-attach", "--network", network.name, ...words);
    await this.until("running");
    const info = await this.info();
    const nics = ["NIC", "NIC_ALIAS", "PCI"].flatMap((name) => info.all(`TEMPLATE/${name}`));
    return String(Math.max(...nics.map((nic) => Number(nic.text("NIC_ID")))));
  }

  async detach(nic: string): Promise<void> {
    await this.do("nic-detach", nic);
    await this.until("running");
  }

  /** The host of its last history record. */
  async host(): Promise<string> {
    return (await this.info()).all("HISTORY_RECORDS/HISTORY").at(-1)?.text("HOSTNAME") ?? "";
  }

  /** What OpenNebula logged of it. */
  log(): string {
    const names = [`var/vms/${this.id}/vm.log`, `var/${this.id}.log`];
    const file = names.map((name) => join(this.#cloud.oned.folder, name)).find((path) => existsSync(path));
    return file === undefined ? "" : readFileSync(file, "utf8");
  }
}

function codeOf(info: Element): string {
  return `${info.text("STATE")}/${info.text("LCM_STATE")}`;
}
