// Installs the driver on the front-end and every host, then fills the public network. Each step looks first.
import { setTimeout as sleep } from "node:timers/promises";
import { type Ssh, SshError, type SshTarget, shellQuoted } from "../remote/ssh.ts";
import type { SpecificsPlan } from "./plan.ts";
import { asOneadmin, fillPublicNetwork } from "./public-network.ts";
import { checksumsOn, EXECUTABLE, SETTINGS, STAGED_TREE, sendTree } from "./tree.ts";

export type SpecificsPorts = {
  readonly ssh: Ssh;
  /** The folder `remotes` that make remotes built. */
  readonly tree: string;
  readonly say: (line: string) => void;
};

type Host = SshTarget & { readonly serverId: string };

const FRONTEND_TREE = "/var/lib/one/remotes";
// What onehost sync copies FRONTEND_TREE to.
const HOST_TREE = "/var/tmp/one";
const INSTALL_MS = 600_000;
const SYNC_MS = 1_800_000;

/** Answers how many things it changed. A second run changes nothing; a run after a worker was added does that worker. */
export async function installSpecifics(plan: SpecificsPlan, ports: SpecificsPorts): Promise<number> {
  const hosts = plan.hosts.map(({ name, publicIp, serverId }) => ({
    name,
    serverId,
    host: publicIp,
    user: plan.sshUser,
  }));
  const [frontend, ...workers] = hosts;
  if (frontend === undefined) throw new Error("the stack has no front-end; run: make up");
  const { driver } = plan;
  let changes = await installFrontend(frontend, driver, ports);
  changes += await syncHosts(frontend, workers, ports);
  for (const worker of workers) changes += await installHost(worker, driver.hostsToken, ports);
  await untilOnedAnswers(frontend, ports);
  const { ssh, say } = ports;
  return (
    changes +
    (await fillPublicNetwork(ssh, frontend, { template: driver.publicNetwork, wanted: driver.publicAddressCount, say }))
  );
}

async function installFrontend(
  frontend: Host,
  driver: SpecificsPlan["driver"],
  ports: SpecificsPorts,
): Promise<number> {
  const { ssh, tree } = ports;
  const say = (line: string) => ports.say(`${frontend.name}: ${line}`);
  say("looking at the front-end");
  await needOpenNebula(frontend, ssh);
  const sent = await sendTree(ssh, frontend, tree, say);
  const isWritten = await writeSettings(frontend, driver.config, ssh);
  if (isWritten) say("settings written");
  const done = await runInstall(frontend, ports, {
    executable: `${STAGED_TREE}/${EXECUTABLE}`,
    // The front-end is a KVM host too.
    words: ["--frontend", "--host", "--from", STAGED_TREE, "--restart"],
    token: driver.frontendToken,
  });
  return sent.length + Number(isWritten) + done;
}

async function needOpenNebula(frontend: Host, ssh: Ssh): Promise<void> {
  try {
    await ssh(frontend, `id oneadmin >/dev/null && sudo test -d ${FRONTEND_TREE} -a -f /etc/one/oned.conf`);
  } catch (cause) {
    if (cause instanceof SshError && cause.isConnection) throw cause;
    throw new Error(`${frontend.name}: OpenNebula is not installed there; run: make deployment`, { cause });
  }
}

/** `scw-flexip install` never overwrites settings; these are provisioning's. */
async function writeSettings(frontend: Host, config: string, ssh: Ssh): Promise<boolean> {
  const file = `${FRONTEND_TREE}/${SETTINGS}`;
  const present = await ssh(frontend, `sudo cat ${file} 2>/dev/null || true`);
  if (present === config) return false;
  const folders = ["etc/ipam", "etc/ipam/scw-flexip"].map((folder) => `${FRONTEND_TREE}/${folder}`).join(" ");
  const command = `install -d -o oneadmin -g oneadmin ${folders} && install -m 0640 -o oneadmin -g oneadmin /dev/stdin ${file}`;
  await ssh(frontend, `sudo sh -c ${shellQuoted(command)}`, { stdin: config });
  return true;
}

/** Hosts whose copy differs from the front-end's get it now; oned would copy it at the next start of monitoring. */
async function syncHosts(frontend: Host, workers: readonly Host[], { ssh, say }: SpecificsPorts): Promise<number> {
  const wanted = await checksumsOn(ssh, frontend, FRONTEND_TREE, [EXECUTABLE, SETTINGS]);
  const behind = async () => {
    const hosts: Host[] = [];
    for (const worker of workers) {
      const present = await checksumsOn(ssh, worker, HOST_TREE, wanted.keys());
      if ([...wanted].some(([path, sum]) => present.get(path) !== sum)) hosts.push(worker);
    }
    return hosts.map(({ name }) => name);
  };
  const before = await behind();
  if (before.length === 0) return 0;
  say(`${frontend.name}: onehost sync, for ${before.join(", ")}`);
  await ssh(frontend, asOneadmin("onehost sync -f"), { timeoutMs: SYNC_MS });
  const after = await behind();
  if (after.length > 0) {
    throw new Error(
      `onehost sync left out ${after.join(", ")}; see why in onehost list (not registered: make deployment; offline: onehost enable), then run make specifics again`,
    );
  }
  return before.length;
}

async function installHost(worker: Host, token: string, ports: SpecificsPorts): Promise<number> {
  ports.say(`${worker.name}: looking at the host`);
  return runInstall(worker, ports, { executable: `${HOST_TREE}/${EXECUTABLE}`, words: ["--host"], token });
}

type InstallCommand = { readonly executable: string; readonly words: readonly string[]; readonly token: string };

/** Prints a line for each change, and no line when there is none. */
async function runInstall(
  host: Host,
  { ssh, say }: SpecificsPorts,
  { executable, words, token }: InstallCommand,
): Promise<number> {
  const command = [executable, "install", ...words, "--token-stdin", "--server-id", host.serverId]
    .map(shellQuoted)
    .join(" ");
  const printed = await ssh(host, `sudo ${command}`, { stdin: token, timeoutMs: INSTALL_MS });
  const lines = printed.split("\n").filter((line) => line !== "");
  for (const line of lines) say(`${host.name}: ${line}`);
  return lines.length;
}

/** A restarted oned takes some seconds. */
async function untilOnedAnswers(frontend: Host, { ssh, say }: SpecificsPorts): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await ssh(frontend, asOneadmin("onevnet list --no-header >/dev/null"));
      return;
    } catch (error) {
      if (attempt === 30) throw error;
      say(`${frontend.name}: waiting for oned`);
      await sleep(2_000);
    }
  }
}
