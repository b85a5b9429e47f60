// A front-end and hosts as OpenNebula has them, with the built executable in each one's own remotes tree, beside the
// simulated API. Everything is run as OpenNebula runs it: the shim, as a child process, base64 on standard input.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { Hook, IpamAction } from "../driver/actions.ts";
import { type Simulator, type SimulatorOptions, startSimulator } from "./fakes/flexible-ip-server.ts";

export const PROJECT = "11111111-1111-4111-8111-111111111111";
export const OTHER_PROJECT = "22222222-2222-4222-8222-222222222222";
export const REPOSITORY = resolve(import.meta.dirname, "..");
const EXECUTABLE = "ipam/scw-flexip/scw-flexip";
const LOG_FILES = ["scw-flexip.log", "scw-flexip-pre.log", "scw-flexip-post.log", "scw-flexip-clean.log"];

type Environment = Readonly<Record<string, string>>;
export type RunOptions = {
  /** Settings by key, for this run only. */
  readonly settings?: Environment;
  readonly env?: Environment;
  /** Standard input as it is, in the place of the document in base64. */
  readonly raw?: string;
  /** Called with the child right after its start. */
  readonly started?: (child: ChildProcess) => void;
};
export type RunResult = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Lines of standard error that OpenNebula shows to the user. */
  readonly plain: readonly string[];
};
export type { Hook, IpamAction };

export type Machine = {
  readonly name: string;
  /** Where its remotes tree is: /var/lib/one/remotes on a front-end, /var/tmp/one on a host. */
  readonly root: string;
  readonly logDir: string;
  readonly stateFile: string;
  /** On a host: the id of its Elastic Metal server. */
  readonly serverId: string;
};

/** A front-end and hosts beside a simulated API. How an action or hook runs on them is left to the classes below it. */
export abstract class AnyRig {
  readonly simulator: Simulator;
  readonly folder = mkdtempSync(join(tmpdir(), "scw-flexip-"));
  readonly frontEnd: Machine;
  readonly #hosts = new Map<string, Machine>();

  constructor(simulator: Simulator) {
    this.simulator = simulator;
    this.frontEnd = this.machine("front-end", "33333333-3333-4333-8333-000000000000");
  }

  async stop(): Promise<void> {
    await this.simulator.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The hosts that were made so far. */
  get hosts(): readonly Machine[] {
    return [...this.#hosts.values()];
  }

  /** The host of that name, made at the first call. Its server's id is derived from the name. */
  host(name: string): Machine {
    const host = this.#hosts.get(name) ?? this.machine(name, serverIdOf(name));
    this.#hosts.set(name, host);
    return host;
  }

  /** Runs an IPAM action on the front-end as oned does. */
  abstract ipam(action: IpamAction, document: string, options?: RunOptions): Promise<RunResult>;

  /** Runs a hook on a host as the bridge network driver does. */
  abstract hook(host: string, hook: Hook, document: string, options?: RunOptions): Promise<RunResult>;

  /** Waits until nothing of the account is in a transient status. */
  abstract settled(): Promise<void>;

  abstract until(isReached: () => boolean): Promise<void>;

  /** What all log files of all machines hold. */
  logs(): string {
    return [this.frontEnd, ...this.hosts]
      .flatMap(({ logDir }) => LOG_FILES.map((name) => join(logDir, name)))
      .filter((file) => existsSync(file))
      .map((file) => readFileSync(file, "utf8"))
      .join("");
  }

  /** A machine with settings, token and server id. */
  protected machine(name: string, serverId: string): Machine {
    return furnish(this.simulator, this.folder, name, serverId);
  }

  /** PATH is an empty folder: the driver needs no program, and must not meet this machine's virsh. */
  protected environmentOf({ settings = {}, env }: RunOptions): Environment {
    const variables = Object.entries(settings).map(([key, value]) => [`SCW_FLEXIP_${key}`, value]);
    return { PATH: join(this.folder, "bin"), ...Object.fromEntries(variables), ...env };
  }
}

export class Rig extends AnyRig {
  static async start(options: SimulatorOptions = {}): Promise<Rig> {
    return new Rig(await startSimulator(options));
  }

  ipam(action: IpamAction, document: string, options: RunOptions = {}): Promise<RunResult> {
    return this.run(this.frontEnd, `ipam/scw-flexip/${action}`, ["7"], document, options);
  }

  hook(host: string, hook: Hook, document: string, options: RunOptions = {}): Promise<RunResult> {
    return this.run(this.host(host), `vnm/bridge/${hook}.d/01-scw-flexip`, [], document, options);
  }

  /** Runs a file of a machine's remotes tree to its end. */
  async run(
    machine: Machine,
    file: string,
    parameters: readonly string[],
    document: string,
    options: RunOptions = {},
  ): Promise<RunResult> {
    const child = spawn(join(machine.root, file), parameters, { env: this.environmentOf(options), stdio: "pipe" });
    options.started?.(child);
    // A child that refuses its input closes the pipe early.
    child.stdin.on("error", () => {});
    child.stdin.end(options.raw ?? Buffer.from(document).toString("base64"));
    const closed = once(child, "close");
    // A reader that is gone has read nothing.
    const said = (stream: Readable): Promise<string> => text(stream).catch(() => "");
    const [stdout, stderr] = await Promise.all([said(child.stdout), said(child.stderr)]);
    const [code, signal] = await closed;
    return { code, signal, stdout, stderr, plain: plainLines(stderr) };
  }

  settled(): Promise<void> {
    return this.simulator.account.settled();
  }

  async until(isReached: () => boolean): Promise<void> {
    for (let looks = 0; !isReached(); looks += 1) {
      if (looks > 4_000) throw new Error("what is waited for does not happen");
      await sleep(5);
    }
  }

  protected override machine(name: string, serverId: string): Machine {
    const root = join(this.folder, name, "remotes");
    cpSync(join(REPOSITORY, "remotes"), root, { recursive: true, filter: (source) => !source.endsWith(EXECUTABLE) });
    // One copy of the executable for all machines; a link keeps its own folder as /proc/self/exe.
    linkOrCopy(join(REPOSITORY, "remotes", EXECUTABLE), join(root, EXECUTABLE));
    return super.machine(name, serverId);
  }
}

/** Writes a machine's settings, token and server id into a folder of its own. */
export function furnish(
  { token, url, zone }: Pick<Simulator, "token" | "url" | "zone">,
  folder: string,
  name: string,
  serverId: string,
): Machine {
  const home = join(folder, name);
  const root = join(home, "remotes");
  const conf = join(root, "etc/ipam/scw-flexip/scw-flexip.conf");
  const [logDir, stateFile] = [join(home, "log"), join(home, "state/state.json")];
  const settings = {
    ZONE: zone,
    PROJECT_ID: PROJECT,
    API_URL: url,
    TOKEN_FILE: join(home, "token"),
    SERVER_ID_FILE: join(home, "server-id"),
    STATE_FILE: stateFile,
    LOG_DIR: logDir,
    LOG_LEVEL: "debug",
    DNS: "192.0.2.53",
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key}="${value}"\n`);
  mkdirSync(dirname(conf), { recursive: true });
  writeFileSync(conf, lines.join(""));
  writeFileSync(settings.TOKEN_FILE, `${token}\n`, { mode: 0o600 });
  writeFileSync(settings.SERVER_ID_FILE, `${zone}/${serverId}\n`);
  return { name, root, logDir, stateFile, serverId };
}

/** A temporary folder that goes with the test. */
export function folderOf(t: { after(work: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), "scw-flexip-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The id of the Elastic Metal server that a host of that name is. */
export function serverIdOf(host: string): string {
  const tail = Buffer.from(host.padStart(6, "0").slice(-6)).toString("hex");
  return `33333333-3333-4333-8333-${tail}`;
}

function linkOrCopy(source: string, target: string): void {
  try {
    linkSync(source, target);
  } catch {
    cpSync(source, target);
  }
}

/** What the user reads: oned's DriverExecHelper.rb takes lines with one of these prefixes for its log. */
export function plainLines(stderr: string): string[] {
  return stderr.split("\n").filter((line) => line !== "" && !/^(DEBUG|INFO|WARN|ERROR): /.test(line));
}
