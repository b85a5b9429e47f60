// One oned with a folder of its own, as a process of this test.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { answers, listens } from "./rpc.ts";
import { type Ended, runCommand, tryCommand } from "./run-command.ts";
import { until } from "./until.ts";

const STARTS = 4;

export type OnedOptions = {
  /** ONE_LOCATION. */
  readonly location: string;
  /** Where this process finds that folder; the same unless it is another front-end's. */
  readonly folder?: string;
  /** The rig's own folder: `bin` with the stand-ins, `hosts`. */
  readonly rig: string;
  /** Where it answers, as this process reaches it. */
  readonly address?: string;
  /** Words before each command: how to get into another network namespace. */
  readonly inside?: readonly string[];
};

export class Oned {
  readonly location: string;
  readonly folder: string;
  readonly url: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly #inside: readonly string[];
  #process: ChildProcess | undefined;

  constructor({ location, folder = location, rig, address = "127.0.0.1", inside = [] }: OnedOptions) {
    this.location = location;
    this.folder = folder;
    this.url = `http://${address}:2633/RPC2`;
    this.#inside = inside;
    this.environment = {
      ONE_LOCATION: location,
      ONE_AUTH: join(location, "var/.one/one_auth"),
      ONE_XMLRPC: "http://127.0.0.1:2633/RPC2",
      RUBYLIB: join(location, "lib/ruby"),
      RIG: rig,
      HOME: "/root",
      LANG: "C.UTF-8",
      PATH: `${join(rig, "bin")}:${join(location, "bin")}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    };
  }

  /** Starts it and waits until it answers. */
  async start(): Promise<void> {
    await this.launch();
    await until("oned answers", async () => (await answers(this.url)) || undefined, {
      story: () => this.log().slice(-2_000),
    });
  }

  /** Starts it and waits until its drivers run; one of several answers only when two of them do. */
  async launch(): Promise<void> {
    let starts = 0;
    const isUp = async () => {
      if (!this.#runs()) {
        // On a busy machine its drivers may be too slow for it.
        if (starts === STARTS) throw new Error(`oned ended ${STARTS} times as it started\n${this.log().slice(-3_000)}`);
        starts += 1;
        // A killed oned leaves its lock behind.
        rmSync(join(this.folder, "var/lock/.lock"), { force: true });
        const [program = "", ...words] = [...this.#inside, join(this.location, "bin/oned"), "-f"];
        this.#process = spawn(program, words, { env: this.environment, stdio: "ignore" });
      }
      return (await listens(this.url)) || undefined;
    };
    await until("oned listens", isUp, { story: () => this.log().slice(-2_000) });
  }

  /** Ends it, by SIGKILL where that is what a scene is about, and waits until it is gone. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const process = this.#process;
    if (process === undefined || !this.#runs()) return;
    const ended = once(process, "exit");
    process.kill(signal);
    await ended;
  }

  #runs(): boolean {
    return this.#process?.exitCode === null && this.#process.signalCode === null;
  }

  /** Runs a command of OpenNebula, or of the product, as oneadmin of this front-end. Throws when it fails. */
  run(...words: string[]): Promise<string> {
    return runCommand([...this.#inside, ...words], { env: this.environment });
  }

  /** The same, for a command that may fail. */
  try(words: readonly string[], input = ""): Promise<Ended> {
    return tryCommand([...this.#inside, ...words], { env: this.environment, input });
  }

  log(): string {
    const file = join(this.folder, "var/oned.log");
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }
}

/** The number in "ID: 7", as OpenNebula's commands answer. */
export function idIn(said: string): number {
  const id = /ID: (\d+)/.exec(said)?.[1];
  if (id === undefined) throw new Error(`no id in: ${said}`);
  return Number(id);
}
