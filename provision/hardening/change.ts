// Hardens one host over SSH: packages, files with their checks, then the firewall, confirmed over a new connection.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { putFile } from "../remote/put-file.ts";
import { type Ssh, SshError, type SshTarget, shellQuoted } from "../remote/ssh.ts";
import type { Hardening, HostFile } from "./host-files.ts";

export type HardeningPorts = {
  readonly ssh: Ssh;
  readonly say: (line: string) => void;
  /** How long the host waits for the confirmation of its firewall. */
  readonly restoreAfterMs: number;
};

const FIREWALL = "/usr/local/sbin/hosted-cloud-firewall";
const UNIT = "/etc/systemd/system/hosted-cloud-firewall.service";
const INSTALL_MS = 900_000;

/** In which ways the host differs. Changes nothing there. */
export async function lookAtHardening(host: SshTarget, hardening: Hardening, ports: HardeningPorts): Promise<string[]> {
  const files = await Promise.all(hardening.files.map((file) => differenceOf(host, file, ports.ssh)));
  return [...files.flat(), ...(await lookAtFirewall(host, hardening.firewall, ports.ssh))];
}

/** Gives the host what it lacks. Throws if a file is refused, or if the old firewall comes back. */
export async function hardenHost(host: SshTarget, hardening: Hardening, ports: HardeningPorts): Promise<void> {
  const { ssh, say } = ports;
  const names = hardening.packages.join(" ");
  say(`looking for ${names}`);
  const install = `apt-get update -q >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -q ${names} >&2`;
  const isThere = `dpkg-query --show --showformat='\${db:Status-Status}\\n' ${names} 2>/dev/null`;
  const command = `[ "$(${isThere} | grep -cx installed)" -eq ${hardening.packages.length} ] || { ${install}; }`;
  await ssh(host, `sudo sh -c ${shellQuoted(command)}`, { timeoutMs: INSTALL_MS });
  for (const file of hardening.files) {
    if (!(await putFile(ssh, host, { ...file, mode: "0644" }))) continue;
    say(`written ${file.path}`);
    await ssh(host, `sudo sh -c ${shellQuoted(file.reload)}`);
  }
  await changeFirewall(host, hardening.firewall, ports);
}

async function changeFirewall(host: SshTarget, rules: string, ports: HardeningPorts): Promise<void> {
  const { ssh, say, restoreAfterMs } = ports;
  if ((await lookAtFirewall(host, rules, ssh)).length === 0) return say("the firewall is in force already");
  await putFile(ssh, host, { path: FIREWALL, mode: "0755", content: shipped("firewall.sh") });
  await putFile(ssh, host, { path: UNIT, mode: "0644", content: shipped("hosted-cloud-firewall.service") });
  await ssh(host, "sudo systemctl daemon-reload");
  await ssh(host, `sudo ${FIREWALL} stage`, { stdin: rules });
  say(`changing the firewall; the old rules come back in ${restoreAfterMs / 1_000} s unless confirmed`);
  await ssh(host, `sudo ${FIREWALL} apply ${restoreAfterMs / 1_000}`);
  await confirm(host, ports);
  say("the new firewall lets us in, and stays");
}

/** Every try is a new connection, because only that shows that the firewall lets us in. */
async function confirm(host: SshTarget, { ssh, say, restoreAfterMs }: HardeningPorts): Promise<void> {
  const deadline = Date.now() + restoreAfterMs;
  for (;;) {
    try {
      await ssh(host, `sudo ${FIREWALL} confirm`, { timeoutMs: 20_000 });
      return;
    } catch (error) {
      if (!(error instanceof SshError)) throw error;
      // This try may have got in only because the host brought the old rules back.
      const isOver = error.message.includes("the old rules are back") || Date.now() > deadline;
      if (!error.isConnection && !isOver) throw error;
      if (isOver) {
        const next = "the old rules come back by themselves; is your network in adminNetworks?";
        throw new Error(`${error.message}; ${host.name} lets no new connection in, ${next}`);
      }
      say(`not reachable: ${error.message}`);
      await sleep(1_000);
    }
  }
}

/** The script goes by standard input, so a look leaves nothing on the host. */
async function lookAtFirewall(host: SshTarget, rules: string, ssh: Ssh): Promise<string[]> {
  const checksum = createHash("sha256").update(rules).digest("hex");
  const printed = await ssh(host, `sudo sh -s -- look ${checksum}`, { stdin: shipped("firewall.sh") });
  return printed.split("\n").filter((line) => line !== "");
}

async function differenceOf(host: SshTarget, { path, content }: HostFile, ssh: Ssh): Promise<string[]> {
  const isSame = `sudo cmp -s - ${shellQuoted(path)} && echo same || echo other`;
  return (await ssh(host, isSame, { stdin: content })) === "same\n" ? [] : [`${path} has another content`];
}

function shipped(name: string): string {
  return readFileSync(new URL(name, import.meta.url), "utf8");
}
