// A machine for install and doctor, which run in the test's own process: a root of its own, a tree with a small program in the
// place of the executable, OpenNebula's commands as scripts that print files, and the simulated API.
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { messageOf } from "../../driver/errors.ts";
import { exitCodeOf } from "../../driver/operator/exit.ts";
import { Interrupt } from "../../driver/operator/interrupt.ts";
import { EXECUTABLE, layoutOf, SETTINGS } from "../../driver/operator/layout.ts";
import { findOneadmin } from "../../driver/operator/oneadmin.ts";
import type { Command, Operator } from "../../driver/operator/operator.ts";
import { Options } from "../../driver/operator/options.ts";
import { Terminal } from "../../driver/operator/terminal.ts";
import { type Simulator, startSimulator } from "../fakes/flexible-ip-server.ts";
import { PROJECT, REPOSITORY } from "../rig.ts";
import type { Outcome } from "./cloud-rig.ts";

export const VERSION = "0.0.0-test";
export const SERVER = "33333333-3333-4333-8333-00000000000a";
/** Where the settings are below the root of a front-end, and of a host. */
export const CONF = { frontend: `var/lib/one/remotes/${SETTINGS}`, host: `var/tmp/one/${SETTINGS}` } as const;
/** A server that is this machine, by its loopback address. */
const SERVERS = [{ id: SERVER, name: "a", projectId: PROJECT, addresses: ["198.51.100.10", "127.0.0.1"] }];

const interrupt = new Interrupt();
const FOLDERS = ["etc/one", "etc/logrotate.d", "var/lib/one/remotes/etc", "var/log/one", "var/log/vnm", "var/tmp"];
const ONE = {
  onevnet: "<VNET_POOL/>",
  onehost: "<HOST_POOL/>",
  onezone: "<ZONE><SERVER_POOL/></ZONE>",
  onevm: "<VM_POOL/>",
};
const SCRIPTS = {
  ...Object.fromEntries(Object.keys(ONE).map((name) => [name, `exec cat "$STAND_INS/${name}"`])),
  onehost: `[ "$1" != update ] || { cp "$4" "$STAND_INS/updated-$2"; exit; }; exec cat "$STAND_INS/onehost"`,
  ssh: `while [ "$1" != -- ]; do shift; done; . "$STAND_INS/ssh-$2"`,
  logger: `while [ "$1" != -- ]; do shift; done; echo "$2" >> "\${0%/bin/*}/stand-ins/logger"`,
};

/** What the commands print, kept for the test. */
class Recorder extends Terminal {
  stdout = "";
  stderr = "";

  override print(text: string): void {
    this.stdout += text;
  }

  override warn(line: string): void {
    this.stderr += `${line}\n`;
  }

  override progress(): void {}
}

export class LightMachine {
  readonly simulator: Simulator;
  readonly root: string;
  /** The tree that the program runs from. */
  source: string;
  readonly #folder: string;

  constructor(simulator: Simulator) {
    this.simulator = simulator;
    this.#folder = mkdtempSync(join(tmpdir(), "scw-flexip-light-"));
    this.root = join(this.#folder, "root");
    this.source = join(this.#folder, "remotes");
    const isExecutable = (path: string): boolean => path.endsWith(EXECUTABLE);
    cpSync(join(REPOSITORY, "remotes"), this.source, { recursive: true, filter: (path) => !isExecutable(path) });
    this.#script(join(this.source, EXECUTABLE), `echo scw-flexip ${VERSION}`);
    for (const folder of FOLDERS) mkdirSync(this.at(folder), { recursive: true });
    for (const [name, text] of Object.entries(SCRIPTS)) this.#script(join(this.#folder, "bin", name), text);
    // The system's log is written by this process itself.
    process.env.PATH = `${join(this.#folder, "bin")}:/usr/bin:/bin`;
    for (const [name, text] of Object.entries(ONE)) this.says(name, text);
    for (const hook of ["pre", "post", "clean"]) {
      mkdirSync(this.at(`var/lib/one/remotes/vnm/bridge/${hook}.d`), { recursive: true });
    }
    cpSync(join(REPOSITORY, "fixtures/oned-conf/small.conf"), this.at("etc/one/oned.conf"));
    // oneadmin is whoever runs the tests: root gives its files away to nobody.
    this.write("etc/passwd", `oneadmin:x:${process.getuid?.()}:${process.getgid?.()}::/var/lib/one:/bin/sh\n`);
  }

  static async start(context: TestContext): Promise<LightMachine> {
    const machine = new LightMachine(await startSimulator({ servers: SERVERS }));
    context.after(() => machine.stop());
    return machine;
  }

  async stop(): Promise<void> {
    await this.simulator.close();
    this.remove();
  }

  /** Deletes the machine alone, whose API is another's. */
  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  at(path: string): string {
    return join(this.root, path);
  }

  read(path: string): string {
    return readFileSync(this.at(path), "utf8");
  }

  write(path: string, text: string, mode = 0o644): void {
    mkdirSync(dirname(this.at(path)), { recursive: true });
    writeFileSync(this.at(path), text);
    chmodSync(this.at(path), mode);
  }

  edit(path: string, change: (text: string) => string): void {
    writeFileSync(this.at(path), change(this.read(path)));
  }

  has(path: string): boolean {
    return existsSync(this.at(path));
  }

  modeOf(path: string): string {
    return (statSync(this.at(path)).mode & 0o7777).toString(8);
  }

  /** What a command of OpenNebula prints from now on, or for `ssh-HOST` the script that runs there. */
  says(name: string, text: string): void {
    mkdirSync(join(this.#folder, "stand-ins"), { recursive: true });
    writeFileSync(join(this.#folder, "stand-ins", name), text);
  }

  /** What a stand-in wrote: `logger` what the system's log got, `updated-HOST` what OpenNebula was told of a host. */
  heard(name: string): string {
    const file = join(this.#folder, "stand-ins", name);
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  /** A file outside the root. */
  aside(name: string, text: string): string {
    writeFileSync(join(this.#folder, name), text);
    return join(this.#folder, name);
  }

  operator(
    action: string,
    values: Readonly<Record<string, unknown>> = {},
    terminal = new Recorder({ quiet: false, color: false }),
  ): Operator {
    const environment = {
      PATH: `${join(this.#folder, "bin")}:/usr/bin:/bin`,
      STAND_INS: join(this.#folder, "stand-ins"),
    };
    const caller = { action, version: VERSION, environment, executable: join(this.source, EXECUTABLE) };
    const options = new Options({ root: this.root, ...values });
    const layout = layoutOf(options.text("root") ?? this.root, options.text("oneLocation"));
    const oneadmin = findOneadmin(layout.root);
    return { caller, terminal, options, words: [], layout, oneadmin, environment, interrupt };
  }

  /** Runs the command as the command line does. */
  async run(command: Command, values: Readonly<Record<string, unknown>>): Promise<Outcome> {
    const terminal = new Recorder({ quiet: false, color: false });
    try {
      const code = await command(this.operator(command.name, values, terminal));
      return { code, stdout: terminal.stdout, stderr: terminal.stderr };
    } catch (error) {
      const code = exitCodeOf(error);
      if (code === undefined) throw error;
      return { code, stdout: terminal.stdout, stderr: `${terminal.stderr}${messageOf(error)}\n` };
    }
  }

  /** Writes what an operator must fill in. */
  configure(role: keyof typeof CONF, more: Readonly<Record<string, string>> = {}): void {
    const { zone, url } = this.simulator;
    const values = { ZONE: zone, PROJECT_ID: PROJECT, API_URL: url, ...more };
    for (const [key, value] of Object.entries(values)) {
      this.edit(CONF[role], (text) => text.replace(new RegExp(`^#?${key}=.*$`, "m"), `${key}="${value}"`));
    }
  }

  /** Every file and folder below the root, but for the logs. */
  tree(): string[] {
    return readdirSync(this.root, { recursive: true, encoding: "utf8" })
      .filter((path) => !path.endsWith(".log"))
      .sort();
  }

  #script(file: string, text: string): void {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  }
}
