// What the programs behind the make targets share: progress on standard error, one line on failure, the folder .cloud.
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { openSsh, type Ssh, type SshSettings } from "../remote/ssh.ts";

/** The folder on the operator's machine for inventory, host keys and checked-out playbooks. */
export function cloudFolder(): string {
  const folder = fileURLToPath(new URL("../.cloud", import.meta.url));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** The host keys that were seen, and SSH_CONFIG, which names an ssh_config, for jump hosts for example. */
export function sshSettings(): SshSettings {
  const { SSH_CONFIG: file = "" } = process.env;
  return { knownHosts: `${cloudFolder()}/known_hosts`, configFile: file === "" ? undefined : resolve(file) };
}

/** Commands on hosts, with the operator's own ssh. */
export function operatorSsh(): Ssh {
  return openSsh(sshSettings());
}

export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Runs the program; a failure is its message and exit code 1. */
export async function runOperation(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
