// Starting the built executable as OpenNebula does, with a fault around the process: a shell line before it, a program
// that starts it, a pipe that is closed, a signal. The product knows nothing of any of it.
import type { ChildProcess } from "node:child_process";
import { accessSync, constants, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Hook, IpamAction, Machine, Rig, RunOptions, RunResult } from "../rig.ts";

export type Launch = RunOptions & {
  /** Shell lines that run before the executable: `ulimit -n 20`. */
  readonly before?: string;
  /** What starts the executable: `strace …`, `setpriv …`. */
  readonly under?: string;
  /** Redirections of the executable: `</dev/null`. */
  readonly redirected?: string;
};

let count = 0;

export function launch(
  rig: Rig,
  machine: Machine,
  what: Hook | IpamAction,
  document: string,
  how: Launch,
): Promise<RunResult> {
  const isHook = what === "pre" || what === "post" || what === "clean";
  const file = isHook ? `vnm/bridge/${what}.d/01-scw-flexip` : `ipam/scw-flexip/${what}`;
  const parameters = isHook ? [] : ["7"];
  if (how.before === undefined && how.under === undefined && how.redirected === undefined) {
    return rig.run(machine, file, parameters, document, how);
  }
  count += 1;
  const root = join(rig.folder, `launch-${count}`);
  mkdirSync(join(root, dirname(file)), { recursive: true });
  const start = `exec ${how.under ?? ""} '${join(machine.root, file)}' "$@" ${how.redirected ?? ""}`;
  writeFileSync(join(root, file), `#!/bin/sh\n${how.before ?? ""}\n${start}\n`, { mode: 0o755 });
  return rig.run({ ...machine, root }, file, parameters, document, how);
}

/** Where a program of the system is; undefined where it is not installed. */
export function program(name: string): string | undefined {
  return ["/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin"]
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

export function kill(child: ChildProcess | undefined, signal: NodeJS.Signals): void {
  child?.kill(signal);
}
