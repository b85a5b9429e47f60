// What the programs behind the make targets share: progress on standard error, one line on failure, files in .cloud.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openSsh, type Ssh } from "../remote/ssh.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** The folder for what the operator's machine keeps: inventory, host keys, checked-out playbooks. */
export function cloudFolder(): string {
  const folder = fileURLToPath(new URL("../.cloud", import.meta.url));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** Commands on hosts, with the operator's own ssh; SSH_CONFIG names a configuration file for jump hosts and the like. */
export function sshOf(environment: Environment): Ssh {
  return openSsh({ knownHosts: `${cloudFolder()}/known_hosts`, configFile: environment.SSH_CONFIG });
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
