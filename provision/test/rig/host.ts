// Starts and stops hosts for tests: each has a network namespace, its own root and a real sshd.
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openSsh, type Ssh, type SshTarget } from "../../remote/ssh.ts";
import { without } from "../tools.ts";

export type TestHost = {
  readonly target: SshTarget;
  readonly ssh: Ssh;
  /** The host's root folder as this machine sees it. */
  readonly root: string;
  /** The ssh_config that leads to the host. */
  readonly sshConfig: string;
  readonly knownHosts: string;
  /** Runs a program in the host's network. */
  readonly inNetwork: (...command: string[]) => string;
  /** What sshd wrote. */
  readonly sshdLog: () => string;
  readonly stop: () => Promise<void>;
};

/** A folder of this machine that the host sees too. */
export type Mount = { readonly source: string; readonly target: string };

/** For a test's `skip`. */
export const withoutHosts =
  process.getuid?.() === 0
    ? without("sshd", "ssh", "ip", "netplan", "sudo", "unshare", "flock")
    : "only root can make a network namespace";

/** Networks of /29 in 203.0.113.0/24, which all test processes of the machine share. */
const NETWORKS = 32;

let started = 0;

/** A host as Scaleway delivers it: one NIC, an address by DHCP, a netplan file by cloud-init. */
export async function startHost(name: string, mounts: readonly Mount[] = []): Promise<TestHost> {
  started += 1;
  const namespace = `hc-${process.pid}-${started}`;
  const [gateway, address] = addNetwork(namespace);
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  const key = join(folder, "key");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  writeFileSync(join(folder, "authorized_keys"), readFileSync(`${key}.pub`));
  const root = join(folder, "root");
  mkdirSync(join(root, "etc/netplan"), { recursive: true });
  writeFileSync(join(root, "etc/netplan/50-cloud-init.yaml"), CLOUD_INIT_NETPLAN, { mode: 0o600 });
  writeFileSync(join(root, "etc/dhcp-lease"), `${address}/29 ${gateway}\n`);
  writeFileSync(join(folder, "mounts"), mounts.map(({ source, target }) => `${source} ${target}\n`).join(""));
  const log = { text: "" };
  const sshd = startSshd(namespace, folder, log);
  const sshConfig = join(folder, "ssh_config");
  writeFileSync(sshConfig, `Host *\n  IdentityFile ${key}\n  IdentitiesOnly yes\n  ControlMaster no\n`);
  const knownHosts = join(folder, "known_hosts");
  const target = { name, host: address, user: "ubuntu" };
  const ssh = openSsh({ knownHosts, configFile: sshConfig });
  const host: TestHost = {
    target,
    ssh,
    root,
    sshConfig,
    knownHosts,
    inNetwork: (...command) => execFileSync("ip", ["netns", "exec", namespace, ...command], { encoding: "utf8" }),
    sshdLog: () => log.text,
    stop: async () => {
      await stop(sshd, namespace);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await untilUp(host, sshd, log);
  } catch (cause) {
    // Left running, its sshd would keep the test process from ever ending.
    await host.stop();
    throw new Error(`${name} did not come up; its sshd said: ${log.text}`, { cause });
  }
  return host;
}

/** A namespace with its own network, wired to this machine's. The wire's name claims the number of the network. */
function addNetwork(namespace: string): [gateway: string, address: string] {
  ip(`netns add ${namespace}`);
  const number = Array.from({ length: NETWORKS }, (_, index) => index).find(
    (index) =>
      spawnSync("ip", `link add hcwire${index} type veth peer name enp5s0 netns ${namespace}`.split(" ")).status === 0,
  );
  if (number === undefined) {
    spawnSync("ip", ["netns", "delete", namespace]);
    throw new Error("no network is free for a test host; ip netns list shows what interrupted runs left behind");
  }
  const [gateway, address] = [`203.0.113.${8 * number + 1}`, `203.0.113.${8 * number + 2}`];
  for (const args of [
    `address add ${gateway}/29 dev hcwire${number}`,
    `link set hcwire${number} up`,
    `-n ${namespace} link set lo up`,
    `-n ${namespace} link set enp5s0 up`,
    `-n ${namespace} address add ${address}/29 dev enp5s0`,
    `-n ${namespace} route add default via ${gateway}`,
  ]) {
    ip(args);
  }
  return [gateway, address];
}

/** Interfaces with their addresses and masters, and routes: what a change of the network shows in. */
export function networkOf(host: TestHost): string {
  const addresses = host
    .inNetwork("ip", "-4", "-o", "address", "show", "scope", "global")
    .replaceAll(/ valid_lft.*/g, "");
  const routes = host.inNetwork("ip", "-4", "route");
  return `${addresses.replaceAll(/^\d+: /gm, "")}${routes}`;
}

function startSshd(namespace: string, folder: string, log: { text: string }): ChildProcess {
  const script = fileURLToPath(new URL("host.sh", import.meta.url));
  // Its own process namespace: no process of the host outlives its sshd.
  const args = [
    "netns",
    "exec",
    namespace,
    "unshare",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "sh",
    script,
    folder,
  ];
  const child = spawn("ip", args, { stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      log.text += text;
    });
  }
  return child;
}

async function untilUp(host: TestHost, sshd: ChildProcess, log: { readonly text: string }): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (sshd.exitCode !== null) throw new Error(`the host did not start: ${log.text}`);
    if (log.text.includes("Server listening")) {
      await host.ssh(host.target, "true");
      return;
    }
    await sleep(100);
  }
  throw new Error(`the host did not start in time: ${log.text}`);
}

async function stop(sshd: ChildProcess, namespace: string): Promise<void> {
  const ended = new Promise((resolve) => sshd.once("close", resolve));
  const isRunning = sshd.exitCode === null && sshd.kill("SIGKILL");
  if (isRunning) await ended;
  // The wire in this machine's network goes with its other end.
  spawnSync("ip", ["netns", "delete", namespace]);
  for (let attempt = 0; existsSync(`/run/netns/${namespace}`) && attempt < 20; attempt += 1) await sleep(50);
}

function ip(args: string): void {
  execFileSync("ip", args.split(" "));
}

const CLOUD_INIT_NETPLAN = `network:
  version: 2
  ethernets:
    enp5s0:
      dhcp4: true
`;
