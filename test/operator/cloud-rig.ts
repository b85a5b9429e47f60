// A machine for the operator's commands: a root of its own with OpenNebula's folders and oned.conf, OpenNebula's commands on
// PATH (fake-cloud.ts), the built executable, and the simulated API.
import { spawn } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  globSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import type { TestContext } from "node:test";
import { type Simulator, type SimulatorOptions, startSimulator } from "../fakes/flexible-ip-server.ts";
import { PROJECT, REPOSITORY } from "../rig.ts";
import { type FakeCloud, writeCloud } from "./fake-cloud.ts";

export const EXECUTABLE = join(REPOSITORY, "remotes/ipam/scw-flexip/scw-flexip");
const TOOLS = ["onevnet", "onevm", "onehost", "onezone", "ssh", "systemctl", "logger"];

export const SERVER_A = "33333333-3333-4333-8333-00000000000a";
export const SERVER_B = "33333333-3333-4333-8333-00000000000b";
const ADDRESS_A = "198.51.100.10";
const ADDRESS_B = "198.51.100.11";
// Both hosts are this machine: each server has its address.
const SERVERS = [
  { id: SERVER_A, name: "a", projectId: PROJECT, addresses: [ADDRESS_A, "127.0.0.1"] },
  { id: SERVER_B, name: "b", projectId: PROJECT, addresses: [ADDRESS_B, "127.0.0.1"] },
];

let installedTree: string | undefined;

/** The executable, which is large and is never changed in its place, is linked. */
function copyTree(from: string, to: string): void {
  const isExecutable = (path: string): boolean => path.endsWith("ipam/scw-flexip/scw-flexip");
  cpSync(from, to, { recursive: true, verbatimSymlinks: true, filter: (path) => !isExecutable(path) });
  for (const path of globSync(`${from}/**/ipam/scw-flexip/scw-flexip`)) linkSync(path, join(to, relative(from, path)));
}

export type Outcome = { readonly code: number | null; readonly stdout: string; readonly stderr: string };
export type CallOptions = { readonly input?: string; readonly env?: Readonly<Record<string, string>> };

export class CloudRig {
  readonly simulator: Simulator;
  /** Below which the machine's /etc and /var are. */
  readonly root: string;
  readonly #folder: string;
  readonly #stateFile: string;

  constructor(simulator: Simulator) {
    this.simulator = simulator;
    this.#folder = mkdtempSync(join(tmpdir(), "scw-flexip-operator-"));
    this.root = join(this.#folder, "root");
    this.#stateFile = join(this.#folder, "one.json");
    for (const folder of [
      "etc/one",
      "etc/logrotate.d",
      "var/lib/one/remotes/ipam",
      "var/lib/one/remotes/etc",
      "var/log/one",
      "var/tmp/one",
    ]) {
      mkdirSync(this.at(folder), { recursive: true });
    }
    for (const action of ["pre", "post", "clean"]) {
      mkdirSync(this.at(`var/lib/one/remotes/vnm/bridge/${action}.d`), { recursive: true });
    }
    copyFileSync(join(REPOSITORY, "fixtures/oned-conf/small.conf"), this.at("etc/one/oned.conf"));
    // oneadmin is the user that runs the tests, so no file needs another owner.
    const ids = `${process.getuid?.()}:${process.getgid?.()}`;
    writeFileSync(this.at("etc/passwd"), `oneadmin:x:${ids}::/var/lib/one:/bin/sh\n`);
    for (const name of ["kvm-a", "kvm-b"]) {
      for (const folder of ["etc/logrotate.d", "var/lib/one", "var/log", "var/tmp"]) {
        mkdirSync(this.host(name, folder), { recursive: true });
      }
      copyFileSync(this.at("etc/passwd"), this.host(name, "etc/passwd"));
    }
    this.#writeTools();
    this.cloud = {
      remotes: this.at("var/lib/one/remotes"),
      onedConf: this.at("etc/one/oned.conf"),
      environment: this.#places(),
      networks: [
        { id: "0", name: "public", driver: "bridge", ranges: [] },
        { id: "1", name: "private", driver: "802.1Q", ranges: [] },
      ],
      vms: [],
      hosts: [
        {
          name: "kvm-a",
          serverId: `${simulator.zone}/${SERVER_A}`,
          state: "2",
          answers: { "hostname -I": `${ADDRESS_A} 10.0.0.1\n` },
          root: this.host("kvm-a"),
        },
        {
          name: "kvm-b",
          state: "2",
          answers: {
            "hostname -I": `${ADDRESS_B} 10.0.0.2\n`,
            "cat /var/lib/one/scw-server-id": `${simulator.zone}/${SERVER_B}\n`,
          },
          root: this.host("kvm-b"),
        },
      ],
      calls: [],
    };
  }

  static async start(options: SimulatorOptions = {}): Promise<CloudRig> {
    return new CloudRig(await startSimulator({ servers: SERVERS, ...options }));
  }

  async stop(): Promise<void> {
    await this.simulator.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  at(path: string): string {
    return join(this.root, path);
  }

  /** Below which a host's files are. */
  host(name: string, path = ""): string {
    return join(this.#folder, "hosts", name, path);
  }

  /** All hosts with driver, key and server id. */
  async withHosts(): Promise<this> {
    const outcome = await this.run(["install", "--frontend", "--sync", "--hosts"]);
    if (outcome.code !== 0) throw new Error(outcome.stdout + outcome.stderr);
    return this;
  }

  /** Keeps all of this for `restore`, which may be called often. */
  save(): void {
    const saved = join(this.#folder, "saved");
    for (const folder of ["root", "hosts"]) copyTree(join(this.#folder, folder), join(saved, folder));
    copyFileSync(this.#stateFile, join(saved, "one.json"));
  }

  restore(): void {
    const saved = join(this.#folder, "saved");
    for (const folder of ["root", "hosts"]) {
      rmSync(join(this.#folder, folder), { recursive: true });
      copyTree(join(saved, folder), join(this.#folder, folder));
    }
    this.cloud = JSON.parse(readFileSync(join(saved, "one.json"), "utf8"));
    const { account } = this.simulator;
    account.allow();
    account.behave({ api: "up" });
    account.servers = SERVERS;
    for (const { id } of account.all()) account.remove(id);
  }

  get cloud(): FakeCloud {
    return JSON.parse(readFileSync(this.#stateFile, "utf8"));
  }

  set cloud(cloud: FakeCloud) {
    writeCloud(this.#stateFile, cloud);
  }

  /** The lines of the system's log with that word. */
  syslog(word: string): string[] {
    const lines = readFileSync(`${this.#stateFile}.syslog`, "utf8").split("\n");
    return lines.filter((line) => line.includes(word));
  }

  /** Changes what OpenNebula knows. */
  change(edit: (cloud: FakeCloud) => void): void {
    const { cloud } = this;
    edit(cloud);
    this.cloud = cloud;
  }

  /** Writes the settings that an operator must fill in. */
  configure(more: Readonly<Record<string, string>> = {}): void {
    const values = { ZONE: this.simulator.zone, PROJECT_ID: PROJECT, API_URL: this.simulator.url, ...more };
    const file = this.at("var/lib/one/remotes/etc/ipam/scw-flexip/scw-flexip.conf");
    const text = Object.entries(values).reduce(
      (settings, [key, value]) => settings.replace(new RegExp(`^#?${key}=.*$`, "m"), `${key}="${value}"`),
      readFileSync(file, "utf8"),
    );
    writeFileSync(file, text);
  }

  /** A front-end that is installed and configured. The command runs for the first one; its tree serves the others. */
  async installed(): Promise<this> {
    if (installedTree === undefined) {
      const outcome = await this.run(["install", "--frontend", "--token-stdin"], { input: this.simulator.token });
      if (outcome.code !== 0) throw new Error(outcome.stderr);
      const folder = mkdtempSync(join(tmpdir(), "scw-flexip-installed-"));
      process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
      copyTree(this.root, folder);
      installedTree = folder;
    } else {
      rmSync(this.root, { recursive: true });
      copyTree(installedTree, this.root);
      writeFileSync(this.at("var/lib/one/.scw-flexip.token"), `${this.simulator.token}\n`);
    }
    this.configure();
    return this;
  }

  /** Runs a command of the operator in this root. */
  run(words: readonly string[], options: CallOptions = {}): Promise<Outcome> {
    return this.runProgram(EXECUTABLE, [...words, "--root", this.root], options);
  }

  runProgram(program: string, words: readonly string[], options: CallOptions = {}): Promise<Outcome> {
    const child = spawn(program, words, { env: { ...this.environment(), ...options.env } });
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) =>
        resolve({ code, stdout: Buffer.concat(out).toString("utf8"), stderr: Buffer.concat(err).toString("utf8") }),
      );
    });
  }

  environment(): Record<string, string> {
    return { PATH: `${join(this.#folder, "bin")}:/usr/bin:/bin`, FAKE_ONE: this.#stateFile, HOME: this.#folder };
  }

  /** Every file and folder below the root, with folders ending in a slash. */
  tree(folder = this.root): string[] {
    return readdirSync(folder, { withFileTypes: true })
      .flatMap((entry) => {
        const path = join(folder, entry.name);
        return entry.isDirectory()
          ? [`${path.slice(this.root.length)}/`, ...this.tree(path)]
          : [path.slice(this.root.length)];
      })
      .sort();
  }

  /** Where the driver's own actions find their files: they know nothing of another root. */
  #places(): Record<string, string> {
    return {
      SCW_FLEXIP_TOKEN_FILE: this.at("var/lib/one/.scw-flexip.token"),
      SCW_FLEXIP_STATE_FILE: this.at("var/lib/one/scw-flexip/state.json"),
      SCW_FLEXIP_LOG_DIR: this.at("var/log/one"),
    };
  }

  #writeTools(): void {
    const fake = join(REPOSITORY, "test/operator/fake-one.ts");
    for (const tool of TOOLS) {
      const path = join(this.#folder, "bin", tool);
      mkdirSync(dirname(path), { recursive: true });
      const text = `#!/bin/sh\nset -- ${tool} "$@"\n. "$FAKE_ONE.sh"\nexec "${process.execPath}" "${fake}" "$@"\n`;
      writeFileSync(path, text, { mode: 0o755 });
    }
  }
}

export const OURS = ["scw-flexip", "scw-flexip:cloud=one", "scw-flexip:created"];

/** An installed front-end, gone when the test ends. */
export async function installedRig(context: TestContext, options: SimulatorOptions = {}): Promise<CloudRig> {
  const rig = await CloudRig.start(options);
  context.after(() => rig.stop());
  return rig.installed();
}

/** Lets a VM run on the host. */
export function runVm(rig: CloudRig, id: string, host: string): void {
  rig.change(({ vms }) => vms.push({ id, name: `vm-${id}`, state: "3", lcmState: "3", host }));
}

/** A range with its flexible IP, as if added long ago. */
export function addRange(rig: CloudRig, ip: string, vm?: string, serverId: string | null = null): string {
  const mac = `52:54:00:00:01:${Number(ip.split(".").at(-1)).toString(16).padStart(2, "0")}`;
  const { id } = rig.simulator.account.add({ ip, mac, tags: OURS, serverId, projectId: PROJECT });
  rig.change(({ networks }) => {
    const ranges = networks[0]?.ranges ?? [];
    const attributes = { IP: ip, MAC: mac, SIZE: "1", TYPE: "IP4", IPAM_MAD: "scw-flexip", SCW_FLEXIBLE_IP_ID: id };
    ranges.push({ id: String(ranges.length), attributes, ...(vm === undefined ? {} : { vm }) });
  });
  return id;
}
