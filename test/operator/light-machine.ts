// A machine for install, doctor and metrics, which run in the test's own process: a root of its own, a tree with a small
// program in the place of the executable, OpenNebula's commands as scripts that print files, and the simulated API.
import assert from "node:assert/strict";
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
import { type TestContext, test } from "node:test";
import { messageOf } from "../../driver/errors.ts";
import { exitCodeOf } from "../../driver/operator/exit.ts";
import { install } from "../../driver/operator/install/install.ts";
import { Interrupt } from "../../driver/operator/interrupt.ts";
import { EXECUTABLE, layoutOf, SETTINGS } from "../../driver/operator/layout.ts";
import { findOneadmin } from "../../driver/operator/oneadmin.ts";
import type { Command } from "../../driver/operator/operator.ts";
import { Options } from "../../driver/operator/options.ts";
import { Terminal } from "../../driver/operator/terminal.ts";
import { element } from "../cloud/listing.ts";
import { type Simulator, startSimulator } from "../fakes/flexible-ip-server.ts";
import { PROJECT, REPOSITORY } from "../rig.ts";
import type { Outcome } from "./cloud-rig.ts";

export type Values = Readonly<Record<string, unknown>>;
export type ListedHost = { readonly name: string; readonly state?: string; readonly server?: string };

export const VERSION = "0.0.0-test";
export const SERVER = "33333333-3333-4333-8333-00000000000a";
export const SERVER_ID = `fr-par-2/${SERVER}`;
export const TREE = "var/lib/one/remotes";
export const HOST_TREE = "var/tmp/one";
export const CONF = `${TREE}/${SETTINGS}`;
export const TOKEN = "var/lib/one/.scw-flexip.token";
export const ONED_CONF = "etc/one/oned.conf";
export const ROTATION = "etc/logrotate.d/scw-flexip";
/** A server that is this machine, by its loopback address. */
const SERVERS = [{ id: SERVER, name: "a", projectId: PROJECT, addresses: ["198.51.100.10", "127.0.0.1"] }];

const FOLDERS = ["etc/one", "etc/logrotate.d", `${TREE}/etc`, "var/log/one", "var/log/vnm", "var/tmp"];
const HOOK_FOLDERS = ["pre", "post", "clean"].map((hook) => `${TREE}/vnm/bridge/${hook}.d`);
const PRINT = `exec cat "$STAND_INS/\${0##*/}"`;
const SCRIPTS = {
  onevnet: PRINT,
  onehost: `[ "$1" != update ] || { cp "$4" "$STAND_INS/updated-$2"; exit; }; ${PRINT}`,
  onezone: PRINT,
  onevm: PRINT,
  ssh: `while [ "$1" != -- ]; do shift; done; . "$STAND_INS/ssh-$2"`,
  logger: `while [ "$1" != -- ]; do shift; done; echo "$2" >> "$STAND_INS/logger"`,
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

const interrupt = new Interrupt();

export class LightMachine {
  readonly simulator: Simulator;
  readonly root: string;
  /** The tree that the program runs from. */
  source: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "scw-flexip-light-"));

  constructor(simulator: Simulator) {
    this.simulator = simulator;
    this.root = join(this.#folder, "root");
    this.source = join(this.#folder, "remotes");
    const isExecutable = (path: string): boolean => path.endsWith(EXECUTABLE);
    cpSync(join(REPOSITORY, "remotes"), this.source, { recursive: true, filter: (path) => !isExecutable(path) });
    this.#script(join(this.source, EXECUTABLE), `echo scw-flexip ${VERSION}`);
    for (const [name, text] of Object.entries(SCRIPTS)) this.#script(join(this.#folder, "bin", name), text);
    mkdirSync(join(this.#folder, "stand-ins"));
    this.says("onevnet", "<VNET_POOL/>");
    this.says("onezone", "<ZONE><SERVER_POOL/></ZONE>");
    this.says("onevm", "<VM_POOL/>");
    this.listHosts();
    for (const folder of [...FOLDERS, ...HOOK_FOLDERS]) mkdirSync(this.at(folder), { recursive: true });
    cpSync(join(REPOSITORY, "fixtures/oned-conf/small.conf"), this.at(ONED_CONF));
    // oneadmin is whoever runs the tests: root gives its files away to nobody.
    this.write("etc/passwd", `oneadmin:x:${process.getuid?.()}:${process.getgid?.()}::/var/lib/one:/bin/sh\n`);
  }

  /** A machine without the driver, gone when the test ends; its API may be another machine's. */
  static async start(context: TestContext, simulator?: Simulator): Promise<LightMachine> {
    const machine = new LightMachine(simulator ?? (await startSimulator({ servers: SERVERS })));
    context.after(async () => {
      rmSync(machine.#folder, { recursive: true });
      if (simulator === undefined) await machine.simulator.close();
    });
    return machine;
  }

  at(path: string): string {
    return join(this.root, path);
  }

  read(path: string): string {
    return readFileSync(this.at(path), "utf8");
  }

  write(path: string, text: string | Buffer, mode = 0o644): void {
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

  /** Every file and folder below the root, but for the logs. */
  tree(): string[] {
    const paths = readdirSync(this.root, { recursive: true, encoding: "utf8" });
    return paths.filter((path) => !path.endsWith(".log")).sort();
  }

  /** A file outside the root. */
  aside(name: string, text: string): string {
    writeFileSync(join(this.#folder, name), text);
    return join(this.#folder, name);
  }

  /** What a command of OpenNebula prints from now on, or for `ssh-HOST` the script that runs there. */
  says(name: string, text: string): void {
    this.aside(join("stand-ins", name), text);
  }

  /** What a stand-in wrote: `logger` what the system's log got, `updated-HOST` what OpenNebula was told of a host. */
  heard(name: string): string {
    const file = join(this.#folder, "stand-ins", name);
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  /** OpenNebula's hosts from now on: monitored ones, unless their state is another. */
  listHosts(...hosts: readonly ListedHost[]): void {
    const xml = hosts.map(({ name, state = "2", server = "" }) => {
      const template = `<TEMPLATE>${element("SCW_SERVER_ID", server)}</TEMPLATE>`;
      return `<HOST><NAME>${name}</NAME><STATE>${state}</STATE>${template}</HOST>`;
    });
    this.says("onehost", `<HOST_POOL>${xml.join("")}</HOST_POOL>`);
  }

  /** Runs the command as the command line does. */
  async run(command: Command, values: Values = {}): Promise<Outcome> {
    const terminal = new Recorder({ quiet: false, color: false });
    const environment = { PATH: `${join(this.#folder, "bin")}:/usr/bin:/bin` };
    // The system's log is written by this process itself.
    process.env.PATH = environment.PATH;
    const caller = { action: command.name, version: VERSION, environment, executable: join(this.source, EXECUTABLE) };
    const options = new Options({ root: this.root, ...values });
    const layout = layoutOf(options.text("root") ?? this.root, options.text("oneLocation"));
    const oneadmin = findOneadmin(layout.root);
    let code: number | undefined;
    try {
      code = await command({ caller, terminal, options, words: [], layout, oneadmin, environment, interrupt });
    } catch (error) {
      code = exitCodeOf(error);
      if (code === undefined) throw error;
      terminal.warn(messageOf(error));
    }
    return { code, stdout: terminal.stdout, stderr: terminal.stderr };
  }

  /** Runs the command, which must end with that exit code. */
  async expect(code: number, command: Command, values: Values = {}): Promise<Outcome> {
    const outcome = await this.run(command, values);
    assert.equal(outcome.code, code, outcome.stdout + outcome.stderr);
    return outcome;
  }

  /** Writes what an operator must fill in. */
  configure(more: Readonly<Record<string, string>> = {}, file = CONF): void {
    const { zone, url } = this.simulator;
    for (const [key, value] of Object.entries({ ZONE: zone, PROJECT_ID: PROJECT, API_URL: url, ...more })) {
      this.edit(file, (text) => text.replace(new RegExp(`^#?${key}=.*$`, "m"), `${key}="${value}"`));
    }
  }

  #script(file: string, text: string): void {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `#!/bin/sh\nSTAND_INS=\${0%/bin/*}/stand-ins\n${text}\n`, { mode: 0o755 });
  }
}

type Body = (machine: LightMachine, context: TestContext) => Promise<void>;

/** A test on a machine with an OpenNebula, and without the driver. */
export function onMachine(name: string, body: Body): void {
  test(name, async (context) => body(await LightMachine.start(context), context));
}

/** A test on a front-end that is installed and configured. */
export function onFrontEnd(name: string, body: Body): void {
  onMachine(name, async (machine, context) => {
    const tokenFile = machine.aside("key", machine.simulator.token);
    await machine.expect(0, install, { frontend: true, tokenFile });
    machine.configure();
    await body(machine, context);
  });
}
