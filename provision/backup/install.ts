// Installs the hourly backup on the front-end. A second run changes nothing.
import { readFileSync } from "node:fs";
import { putFile, type RemoteFile } from "../remote/put-file.ts";
import { type Ssh, type SshTarget, shellQuoted } from "../remote/ssh.ts";
import type { BucketAccess } from "./objects.ts";

export type BackupPlan = BucketAccess & {
  /** Public key of age with which the front-end encrypts. */
  readonly recipient: string;
};

const PROGRAM = "/usr/local/sbin/hosted-cloud-backup";
const INSTALL_MS = 600_000;
const RUN_MS = 2_700_000;

/** Puts program, settings, credentials and timer in place, and turns the timer on. */
export async function installBackup(
  ssh: Ssh,
  frontend: SshTarget,
  plan: BackupPlan,
  say: (line: string) => void,
): Promise<void> {
  await installProgram(ssh, frontend, say);
  for (const file of filesOf(plan)) await put(ssh, frontend, file, say);
  await ssh(frontend, "sudo systemctl daemon-reload && sudo systemctl enable --now hosted-cloud-backup.timer");
}

/** Installs the program and what it needs. A restore needs no more. */
export async function installProgram(ssh: Ssh, frontend: SshTarget, say: (line: string) => void): Promise<void> {
  const apt = "sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends age curl >&2";
  await ssh(frontend, `command -v age >/dev/null && command -v curl >/dev/null || ${apt}`, { timeoutMs: INSTALL_MS });
  await put(ssh, frontend, { path: PROGRAM, mode: "0755", content: shipped("backup.sh") }, say);
}

/** Makes one backup now. Returns what the program printed. */
export async function runBackup(ssh: Ssh, frontend: SshTarget): Promise<string> {
  return (await ssh(frontend, `sudo ${PROGRAM} run`, { timeoutMs: RUN_MS })).trim();
}

/** Restores a decrypted archive. Returns the lines that the program printed. */
export async function restoreArchive(
  ssh: Ssh,
  frontend: SshTarget,
  archive: Uint8Array,
  isForced: boolean,
): Promise<string[]> {
  const command = `sudo ${isForced ? "FORCE=1 " : ""}${PROGRAM} restore`;
  const printed = await ssh(frontend, command, { stdin: Buffer.from(archive), timeoutMs: RUN_MS });
  return printed.trim().split("\n");
}

function filesOf({ url, region, recipient, accessKey, secretKey }: BackupPlan): RemoteFile[] {
  const settings = { URL: url, REGION: region, RECIPIENT: recipient };
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${shellQuoted(value)}\n`);
  const unit = (name: string) => ({ path: `/etc/systemd/system/${name}`, mode: "0644", content: shipped(name) });
  return [
    { path: "/etc/hosted-cloud-backup/settings", mode: "0600", content: lines.join("") },
    { path: "/etc/hosted-cloud-backup/credentials", mode: "0600", content: `user = "${accessKey}:${secretKey}"\n` },
    unit("hosted-cloud-backup.service"),
    unit("hosted-cloud-backup.timer"),
  ];
}

async function put(ssh: Ssh, target: SshTarget, file: RemoteFile, say: (line: string) => void): Promise<void> {
  if (await putFile(ssh, target, file)) say(`${target.name}: written ${file.path}`);
}

function shipped(name: string): string {
  return readFileSync(new URL(name, import.meta.url), "utf8");
}
