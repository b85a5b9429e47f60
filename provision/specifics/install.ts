// Installs the driver on the front-end and every host, then fills the public network. Each step looks first.
import { setTimeout as sleep } from "node:timers/promises";
import type { SpecificsPlan } from "../operations/outputs.ts";
import { type Ssh, SshError, type SshTarget, shellQuoted } from "../remote/ssh.ts";
import { asOneadmin, fillPublicNetwork } from "./public-network.ts";
import { checksumsOf, checksumsOn, EXECUTABLE, SETTINGS, STAGED_TREE, sendTree } from "./tree.ts";

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

/**
 * Returns how many things it changed. A second run changes nothing; a run after a worker was added does that worker. If a
 * host fails, the others still get their new token; the failure is thrown at the end.
 */
export async function installSpecifics(plan: SpecificsPlan, ports: SpecificsPorts): Promise<number> {
  const { sshUser: user, driver } = plan;
  const hosts = plan.hosts.map(({ name, publicIp, serverId }) => ({ name, serverId, host: publicIp, user }));
  const [frontend, ...workers] = hosts;
  if (frontend === undefined) throw new Error("the stack has no front-end; run: make up");
  const failures = new Map<string, string>();
  const trying = async (host: Host, work: () => Promise<number>): Promise<number> => {
    try {
      return failures.has(host.name) ? 0 : await work();
    } catch (error) {
      failures.set(host.name, error instanceof Error ? error.message : String(error));
      return 0;
    }
  };
  let changes = await installFrontend(frontend, driver, ports);
  changes += await syncHosts(hosts, trying, ports);
  for (const worker of workers) changes += await trying(worker, () => installHost(worker, driver.hostsToken, ports));
  await untilOnedAnswers(frontend, ports);
  const { publicNetwork: template, publicAddressCount: wanted } = driver;
  changes += await fillPublicNetwork(ports.ssh, frontend, { template, wanted, say: ports.say });
  if (failures.size === 0) return changes;
  throw new Error([...failures.values(), "the other hosts are done; then run: make specifics"].join("\n"));
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
    before: [],
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

/** Writes the settings itself, because `scw-flexip install` never overwrites settings. */
async function writeSettings(frontend: Host, config: string, ssh: Ssh): Promise<boolean> {
  const file = `${FRONTEND_TREE}/${SETTINGS}`;
  const present = await ssh(frontend, `sudo cat ${file} 2>/dev/null || true`);
  if (present === config) return false;
  const folders = ["etc/ipam", "etc/ipam/scw-flexip"].map((folder) => `${FRONTEND_TREE}/${folder}`).join(" ");
  const command = `install -d -o oneadmin -g oneadmin ${folders} && install -m 0640 -o oneadmin -g oneadmin /dev/stdin ${file}`;
  await ssh(frontend, `sudo sh -c ${shellQuoted(command)}`, { stdin: config });
  return true;
}

type Trying = (host: Host, work: () => Promise<number>) => Promise<number>;

/** Brings the front-end's tree to every host whose copy differs; the front-end is a host too. */
async function syncHosts(hosts: readonly Host[], trying: Trying, { ssh, say }: SpecificsPorts): Promise<number> {
  const [frontend] = hosts;
  if (frontend === undefined) return 0;
  const wanted = await checksumsOn(ssh, frontend, FRONTEND_TREE, [EXECUTABLE, SETTINGS]);
  const isBehind = async (host: Host) => {
    const present = await checksumsOn(ssh, host, HOST_TREE, wanted.keys());
    return [...wanted].some(([path, sum]) => present.get(path) !== sum);
  };
  const behind: Host[] = [];
  for (const host of hosts) if ((await trying(host, async () => Number(await isBehind(host)))) > 0) behind.push(host);
  if (behind.length === 0) return 0;
  say(`${frontend.name}: onehost sync, for ${behind.map(({ name }) => name).join(", ")}`);
  await ssh(frontend, asOneadmin("onehost sync -f"), { timeoutMs: SYNC_MS }).catch((error: unknown) => {
    // One bad host fails the command for all. The loop below finds the hosts that did not get the tree.
    say(`onehost sync: ${error instanceof Error ? error.message : String(error)}`);
  });
  for (const host of behind) {
    await trying(host, async () => {
      if (!(await isBehind(host))) return 0;
      const next = "see why in onehost list (not registered: make deployment; offline: onehost enable)";
      throw new Error(`onehost sync left out ${host.name}; ${next}`);
    });
  }
  return behind.length;
}

/** oneadmin owns the executable there, so root runs a private copy, and only if it is what was built here. */
async function installHost(worker: Host, token: string, ports: SpecificsPorts): Promise<number> {
  ports.say(`${worker.name}: looking at the host`);
  const built = (await checksumsOf(ports.tree)).get(EXECUTABLE);
  const copy = [
    "folder=$(mktemp -d /var/lib/scw-flexip.XXXXXX)",
    `trap 'rm -rf "$folder"' EXIT`,
    `cp ${HOST_TREE}/${EXECUTABLE} "$folder/scw-flexip"`,
    `echo "${built}  $folder/scw-flexip" | sha256sum --check --status ||` +
      ` { echo "${HOST_TREE}/${EXECUTABLE} is not what was built here; root does not run it" >&2; exit 1; }`,
  ];
  return runInstall(worker, ports, { before: copy, executable: '"$folder/scw-flexip"', words: ["--host"], token });
}

type InstallCommand = {
  readonly before: readonly string[];
  readonly executable: string;
  readonly words: readonly string[];
  readonly token: string;
};

/** Prints a line for each change, and no line when there is none. */
async function runInstall(
  host: Host,
  { ssh, say }: SpecificsPorts,
  { before, executable, words, token }: InstallCommand,
): Promise<number> {
  const install = ["install", ...words, "--token-stdin", "--server-id", host.serverId].map(shellQuoted).join(" ");
  const script = ["set -eu", ...before, `${executable} ${install}`].join("\n");
  const printed = await ssh(host, `sudo sh -c ${shellQuoted(script)}`, { stdin: token, timeoutMs: INSTALL_MS });
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
