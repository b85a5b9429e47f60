// The machine of cloud-rig.ts for install, doctor and metrics, which run in the test's own process, from a tree with a small
// program in the place of the executable. Its OpenNebula has no host until a test says so.
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { runOperator } from "../../driver/operator/cli.ts";
import { EXECUTABLE } from "../../driver/operator/layout.ts";
import { Terminal } from "../../driver/operator/terminal.ts";
import { type Simulator, startSimulator } from "../fakes/flexible-ip-server.ts";
import { folderOf, REPOSITORY } from "../rig.ts";
import { CloudRig, type Outcome, SERVER_A, SERVERS } from "./cloud-rig.ts";
import type { FakeHost } from "./fake-cloud.ts";

export const VERSION = "0.0.0-test";
export const SERVER_ID = `fr-par-2/${SERVER_A}`;
export const HOST_TREE = "var/tmp/one";
const SMALL_PROGRAM = `#!/bin/sh\necho scw-flexip ${VERSION}\n`;

/** What the command that runs prints, for the test. */
let printed = { stdout: "", stderr: "" };
Terminal.prototype.print = (text) => {
  printed.stdout += text;
};
Terminal.prototype.warn = (line) => {
  printed.stderr += `${line}\n`;
};
Terminal.prototype.progress = () => {};
// Each command listens for Ctrl-C.
process.setMaxListeners(0);

export class LightMachine extends CloudRig {
  /** The tree that the program runs from. */
  source = join(this.folder, "remotes");

  constructor(simulator: Simulator, folder: string) {
    super(simulator, folder);
    const isExecutable = (path: string): boolean => path.endsWith(EXECUTABLE);
    cpSync(join(REPOSITORY, "remotes"), this.source, { recursive: true, filter: (path) => !isExecutable(path) });
    writeFileSync(join(this.source, EXECUTABLE), SMALL_PROGRAM, { mode: 0o755 });
    this.tool("ssh", `FOLDER=\${0%/bin/*}; while [ "$1" != -- ]; do shift; done; . "$FOLDER/ssh-$2"`);
    this.listHosts();
  }

  override async run(words: readonly string[]): Promise<Outcome> {
    const environment = this.environment();
    // The system's log is written by this process itself.
    Object.assign(process.env, environment);
    printed = { stdout: "", stderr: "" };
    const caller = { action: "", version: VERSION, environment, executable: join(this.source, EXECUTABLE) };
    const root = words.includes("--root") ? [] : ["--root", this.root];
    const code = await runOperator(caller, [...words, ...root]);
    return { code, ...printed };
  }

  /** Every file and folder below the root, but for the logs. */
  override tree(): string[] {
    return super.tree().filter((path) => !path.endsWith(".log"));
  }

  /** OpenNebula's hosts from now on: h1, monitored, unless the test says something else. */
  listHosts(...hosts: readonly Partial<FakeHost>[]): void {
    this.change((cloud) => {
      cloud.hosts = hosts.map((host) => ({ name: "h1", state: "2", answers: {}, root: "/nowhere", ...host }));
    });
  }

  has(path: string): boolean {
    return existsSync(this.at(path));
  }

  /** A file outside the root; `ssh-HOST` is the script that runs on that host. */
  aside(name: string, text: string): string {
    writeFileSync(join(this.folder, name), text);
    return join(this.folder, name);
  }

  /** What a stand-in wrote into a file outside the root. */
  heard(name: string): string {
    const file = join(this.folder, name);
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }
}

type Body = (machine: LightMachine, context: TestContext) => Promise<void>;

/** A test on a machine with an OpenNebula, and without the driver. */
export function onMachine(name: string, body: Body): void {
  test(name, async (context) => {
    const simulator = await startSimulator({ servers: SERVERS });
    context.after(() => simulator.close());
    await body(new LightMachine(simulator, folderOf(context)), context);
  });
}

/** A test on a front-end that is installed and configured. */
export function onFrontEnd(name: string, body: Body): void {
  onMachine(name, async (machine, context) => {
    await machine.exits(0, `install --frontend --token-file ${machine.aside("key", machine.simulator.token)}`);
    machine.configure();
    await body(machine, context);
  });
}
