// A machine for the operator's commands: a root of its own with OpenNebula's folders and oned.conf, OpenNebula's commands on
// PATH (fake-cloud.ts), the built executable, and the simulated API.
import assert from "node:assert/strict";
import { type ChildProcessByStdio, execFile, spawn } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { type TestContext, test } from "node:test";
import { type Simulator, startSimulator } from "../fakes/flexible-ip-server.ts";
import type { FlexibleIpSeed } from "../fakes/seeds.ts";
import { folderOf, PROJECT, REPOSITORY } from "../rig.ts";
import { type FakeCloud, type FakeRange, writeCloud } from "./fake-cloud.ts";

export const TREE = "var/lib/one/remotes";
export const DRIVER = `${TREE}/ipam/scw-flexip/scw-flexip`;
export const CONF = `${TREE}/etc/ipam/scw-flexip/scw-flexip.conf`;
export const TOKEN = "var/lib/one/.scw-flexip.token";
export const ONED_CONF = "etc/one/oned.conf";
export const ROTATION = "etc/logrotate.d/scw-flexip";
export const STATE = "var/lib/one/scw-flexip/state.json";
export const LOG = "var/log/one/scw-flexip.log";
export const EXECUTABLE = join(REPOSITORY, "remotes/ipam/scw-flexip/scw-flexip");
export const OURS = ["scw-flexip", "scw-flexip:cloud=one", "scw-flexip:created"];
export const SERVER_A = "33333333-3333-4333-8333-00000000000a";
export const SERVER_B = "33333333-3333-4333-8333-00000000000b";
const ADDRESS_A = "198.51.100.10";
const ADDRESS_B = "198.51.100.11";
// Both hosts are this machine: each server has its address.
export const SERVERS = [
  { id: SERVER_A, name: "a", projectId: PROJECT, addresses: [ADDRESS_A, "127.0.0.1"] },
  { id: SERVER_B, name: "b", projectId: PROJECT, addresses: [ADDRESS_B, "127.0.0.1"] },
];

const TOOLS = ["onevnet", "onevm", "onehost", "onezone", "ssh", "systemctl", "logger"];
const FRONT_END = ["etc/one", "etc/logrotate.d", "var/log/one", "var/tmp/one"];
const REMOTES = ["ipam", "etc", "vnm/bridge/pre.d", "vnm/bridge/post.d", "vnm/bridge/clean.d"];
const HOST = ["etc/logrotate.d", "var/lib/one", "var/log", "var/tmp"];
// oneadmin is the user that runs the tests, so no file needs another owner.
const USERS = `oneadmin:x:${process.getuid?.()}:${process.getgid?.()}::/var/lib/one:/bin/sh\n`;

export type Outcome = { readonly code: number | null; readonly stdout: string; readonly stderr: string };
export type CallOptions = { readonly input?: string; readonly env?: Readonly<Record<string, string>> };

export class CloudRig {
  readonly simulator: Simulator;
  /** Below which the machine's /etc and /var are. */
  readonly root: string;
  /** Holds the root, the hosts' files and the commands of OpenNebula. */
  readonly folder: string;
  /** What `run` runs. */
  executable = EXECUTABLE;
  /** What OpenNebula knows. */
  readonly stateFile: string;

  constructor(simulator: Simulator, folder: string) {
    this.simulator = simulator;
    this.folder = folder;
    this.root = join(this.folder, "root");
    this.stateFile = join(this.folder, "one.json");
    for (const folder of FRONT_END) mkdirSync(this.at(folder), { recursive: true });
    for (const folder of REMOTES) mkdirSync(this.at(`${TREE}/${folder}`), { recursive: true });
    cpSync(join(REPOSITORY, "fixtures/oned-conf/small.conf"), this.at(ONED_CONF));
    writeFileSync(this.at("etc/passwd"), USERS);
    for (const name of ["kvm-a", "kvm-b"]) {
      for (const folder of HOST) mkdirSync(this.host(name, folder), { recursive: true });
      writeFileSync(this.host(name, "etc/passwd"), USERS);
    }
    const fake = join(REPOSITORY, "test/operator/fake-one.ts");
    mkdirSync(join(this.folder, "bin"));
    for (const tool of TOOLS) {
      this.tool(tool, `set -- ${tool} "$@"\n. "$FAKE_ONE.sh"\nexec "${process.execPath}" "${fake}" "$@"`);
    }
    writeCloud(this.stateFile, this.#smallCloud());
  }

  /** Writes the settings that an operator must fill in. */
  configure(more: Readonly<Record<string, string>> = {}): void {
    const values = { ZONE: this.simulator.zone, PROJECT_ID: PROJECT, API_URL: this.simulator.url, ...more };
    for (const [key, value] of Object.entries(values)) {
      this.edit(CONF, (text) => text.replace(new RegExp(`^#?${key}=.*$`, "m"), `${key}="${value}"`));
    }
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

  modeOf(path: string): string {
    return (statSync(this.at(path)).mode & 0o7777).toString(8);
  }

  /** Every file and folder below the root. */
  tree(): string[] {
    return readdirSync(this.root, { recursive: true, encoding: "utf8" }).sort();
  }

  /** Below which a host's files are. */
  host(name: string, path = ""): string {
    return join(this.folder, "hosts", name, path);
  }

  get cloud(): FakeCloud {
    return JSON.parse(readFileSync(this.stateFile, "utf8"));
  }

  /** Changes what OpenNebula knows. */
  change(edit: (cloud: FakeCloud) => void): void {
    const { cloud } = this;
    edit(cloud);
    writeCloud(this.stateFile, cloud);
  }

  /** The ranges of the network "public", to be changed. */
  changeRanges(edit: (ranges: FakeRange[]) => void): void {
    this.change(({ networks }) => edit(networks[0]?.ranges ?? []));
  }

  /** Puts a flexible IP of this cloud into the project, and returns its id. */
  flexibleIp(ip: string, seed: FlexibleIpSeed = {}): string {
    const mac = `52:54:00:00:01:${Number(ip.split(".").at(-1)).toString(16).padStart(2, "0")}`;
    return this.simulator.account.add({ ip, mac, tags: OURS, projectId: PROJECT, ...seed }).id;
  }

  /** Puts a program in the place of the command of OpenNebula. */
  tool(name: string, text: string): void {
    writeFileSync(join(this.folder, "bin", name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  }

  /** Runs a command line of the operator, which must end with that exit code. */
  async exits(code: number, line: string, options: CallOptions = {}): Promise<Outcome> {
    const outcome = await this.run(line.split(" "), options);
    assert.equal(outcome.code, code, `${line}: ${outcome.stdout}${outcome.stderr}`);
    return outcome;
  }

  /** What a command line prints as JSON. */
  async json(line: string, code = 0) {
    const { stdout } = await this.exits(code, `${line} -j`);
    return JSON.parse(stdout);
  }

  /** Runs a command of the operator in this root. */
  run(words: readonly string[], options: CallOptions = {}): Promise<Outcome> {
    return this.runProgram(this.executable, [...words, "--root", this.root], options);
  }

  runProgram(program: string, words: readonly string[], options: CallOptions = {}): Promise<Outcome> {
    const env = { ...this.environment(), ...options.env };
    return new Promise((resolve) => {
      const child = execFile(program, words, { env, maxBuffer: 2 ** 30 }, (_, stdout, stderr) => {
        resolve({ code: child.exitCode, stdout, stderr });
      });
      child.stdin?.on("error", () => {});
      child.stdin?.end(options.input ?? "");
    });
  }

  /** Starts a command of the operator, to be stopped by the test. */
  start(line: string): ChildProcessByStdio<null, Readable, Readable> {
    const words = [...line.split(" "), "--root", this.root];
    return spawn(EXECUTABLE, words, { env: this.environment(), stdio: ["ignore", "pipe", "pipe"] });
  }

  environment(): Record<string, string> {
    return { PATH: `${join(this.folder, "bin")}:/usr/bin:/bin`, FAKE_ONE: this.stateFile, HOME: this.folder };
  }

  /** Two hosts: OpenNebula knows the server of one, the other says it itself. */
  #smallCloud(): FakeCloud {
    const { zone } = this.simulator;
    const hostA = { "hostname -I": `${ADDRESS_A} 10.0.0.1` };
    const idOfB = { "cat /var/lib/one/scw-server-id": `${zone}/${SERVER_B}` };
    const hostB = { "hostname -I": `${ADDRESS_B} 10.0.0.2`, ...idOfB };
    return {
      remotes: this.at(TREE),
      // Where the driver's own actions find their files: they know nothing of another root.
      environment: {
        SCW_FLEXIP_TOKEN_FILE: this.at(TOKEN),
        SCW_FLEXIP_STATE_FILE: this.at(STATE),
        SCW_FLEXIP_LOG_DIR: this.at("var/log/one"),
      },
      networks: [
        { id: "0", name: "public", driver: "bridge", ranges: [] },
        { id: "1", name: "private", driver: "802.1Q", ranges: [] },
      ],
      vms: [],
      hosts: [
        { name: "kvm-a", serverId: `${zone}/${SERVER_A}`, state: "2", answers: hostA, root: this.host("kvm-a") },
        { name: "kvm-b", state: "2", answers: hostB, root: this.host("kvm-b") },
      ],
      calls: [],
    };
  }
}

/** What ends when the test does, or the file where `after` is that of node:test. */
type Context = { after(work: () => Promise<void> | void): void };

/** A machine with an OpenNebula, and without the driver. */
export async function emptyRig(context: Context): Promise<CloudRig> {
  const simulator = await startSimulator({ servers: SERVERS });
  context.after(() => simulator.close());
  return new CloudRig(simulator, folderOf(context));
}

/** A front-end that is installed and configured. */
export async function installedRig(context: Context): Promise<CloudRig> {
  const rig = await emptyRig(context);
  await rig.exits(0, "install --frontend --token-stdin", { input: rig.simulator.token });
  rig.configure();
  return rig;
}

/** A test on an installed front-end of its own. */
export function onRig(name: string, body: (rig: CloudRig, context: TestContext) => Promise<void>): void {
  test(name, async (context) => body(await installedRig(context), context));
}

/** Lets a VM run on the host. */
export function runVm(rig: CloudRig, id: string, host: string): void {
  rig.change(({ vms }) => vms.push({ id, name: `vm-${id}`, state: "3", lcmState: "3", host }));
}

/** Lets VM 7 run on kvm-b with an address, which is attached to that server or to none. Returns its flexible IP's id. */
export function addGuest(rig: CloudRig, ip: string, serverId?: string): string {
  runVm(rig, "7", "kvm-b");
  return addRange(rig, ip, "7", serverId);
}

/** A range with its flexible IP, as if added long ago. Returns the id of the flexible IP. */
export function addRange(rig: CloudRig, ip: string, vm?: string, serverId: string | null = null): string {
  const id = rig.flexibleIp(ip, { serverId });
  const MAC = rig.simulator.account.get(id)?.mac_address?.mac_address ?? "";
  const attributes = { IP: ip, MAC, SIZE: "1", TYPE: "IP4", IPAM_MAD: "scw-flexip", SCW_FLEXIBLE_IP_ID: id };
  rig.changeRanges((ranges) => {
    ranges.push({ id: String(ranges.length), attributes, ...(vm === undefined ? {} : { vm }) });
  });
  return id;
}
