// One oned with a folder of its own, as a process of this test.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { LOCATION, RIG } from "./installation.ts";
import { raftStatus } from "./rpc.ts";
import { until } from "./until.ts";

const STARTS = 4;
const ENVIRONMENT = {
  ONE_LOCATION: LOCATION,
  ONE_AUTH: join(LOCATION, "var/.one/one_auth"),
  ONE_XMLRPC: "http://127.0.0.1:2633/RPC2",
  RUBYLIB: join(LOCATION, "lib/ruby"),
  RIG,
  HOME: "/root",
  LANG: "C.UTF-8",
  PATH: `${join(RIG, "bin")}:${join(LOCATION, "bin")}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
};

export type Ended = { readonly code: unknown; readonly stdout: string; readonly stderr: string };
export type OnedOptions = {
  /** Where this process finds ONE_LOCATION; another place for another front-end. */
  readonly folder?: string;
  /** Where it answers, as this process reaches it. */
  readonly address?: string;
  /** Words before each command: how to get into another network namespace. */
  readonly inside?: readonly string[];
};

export class Oned {
  readonly folder: string;
  readonly url: string;
  readonly #inside: readonly string[];
  #process: ChildProcess | undefined;

  constructor({ folder = LOCATION, address = "127.0.0.1", inside = [] }: OnedOptions = {}) {
    this.folder = folder;
    this.url = `http://${address}:2633/RPC2`;
    this.#inside = inside;
  }

  /** Starts it and waits until it answers. One of several may not lead yet. */
  async start(): Promise<void> {
    let starts = 0;
    const isUp = async () => {
      if (!this.#runs()) {
        // On a busy machine its drivers may be too slow for it.
        if (starts === STARTS) throw new Error(`oned ended ${STARTS} times`);
        starts += 1;
        // A killed oned leaves its lock behind.
        rmSync(join(this.folder, "var/lock/.lock"), { force: true });
        const [program = "", ...words] = [...this.#inside, join(LOCATION, "bin/oned"), "-f"];
        this.#process = spawn(program, words, { env: ENVIRONMENT, stdio: "ignore" });
      }
      return raftStatus(this.url);
    };
    await until("oned answers", isUp).catch((cause) => {
      throw new Error(`oned does not start\n${this.log().slice(-3_000)}`, { cause });
    });
  }

  /** Ends it, by SIGKILL where that is what a scene is about, and waits until it is gone. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const process = this.#process;
    if (process === undefined || !this.#runs()) return;
    const ended = once(process, "exit");
    process.kill(signal);
    await ended;
  }

  /** Standard output of a command of OpenNebula, or of the product, as oneadmin of this front-end. Throws when it fails. */
  async run(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.try(...words);
    if (code === 0) return stdout;
    throw new Error(`${words.join(" ")} ended with ${code}: ${stderr.trim() || stdout.trim()}`);
  }

  /** The same, for a command that may fail. */
  try(...words: string[]): Promise<Ended> {
    const [program = "", ...rest] = [...this.#inside, ...words];
    return new Promise((resolve) => {
      const child = execFile(program, rest, { env: ENVIRONMENT }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
      );
      child.stdin?.end();
    });
  }

  /** Runs the product's command. */
  scwFlexip(...words: string[]): Promise<Ended> {
    const executable = join(LOCATION, "var/remotes/ipam/scw-flexip/scw-flexip");
    return this.try(executable, ...words, "--one-location", LOCATION);
  }

  log(): string {
    const file = join(this.folder, "var/oned.log");
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  #runs(): boolean {
    return this.#process?.exitCode === null && this.#process.signalCode === null;
  }
}

/** The numbers in lines of "ID: 7", as OpenNebula's commands answer. */
export function idsIn(said: string): number[] {
  return [...said.matchAll(/ID: (\d+)/g)].map(([, id]) => Number(id));
}
