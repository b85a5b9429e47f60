// Starting the built executable as OpenNebula does, with a fault around the process: a shell line that starts it, a pipe
// that is closed, a signal. The product knows nothing of any of it.
import { randomUUID } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Hook, IpamAction, Machine, Rig, RunOptions, RunResult } from "../rig.ts";

export type Launch = RunOptions & {
  /** A shell line in which "$@" is the executable with its parameters: `ulimit -n 32; exec "$@"`. */
  readonly shell?: string;
};

export const STRACE = program("strace");
export const NO_STRACE = STRACE === undefined ? "strace is not there" : undefined;

/** Runs an action or a hook of that machine to its end. */
export function launch(
  rig: Rig,
  machine: Machine,
  what: Hook | IpamAction,
  document: string,
  { shell, ...how }: Launch,
): Promise<RunResult> {
  const isHook = what === "pre" || what === "post" || what === "clean";
  const file = isHook ? `vnm/bridge/${what}.d/01-scw-flexip` : `ipam/scw-flexip/${what}`;
  const parameters = isHook ? [] : ["7"];
  if (shell === undefined) return rig.run(machine, file, parameters, document, how);
  const script = `launch-${randomUUID()}`;
  const text = `#!/bin/sh\nset -- '${join(machine.root, file)}' "$@"\n${shell}\n`;
  writeFileSync(join(rig.folder, script), text, { mode: 0o755 });
  return rig.run({ ...machine, root: rig.folder }, script, parameters, document, how);
}

/** Where a program of the system is, since a rig has no PATH; undefined where it is not installed. */
export function program(name: string): string | undefined {
  return ["/usr/bin", "/bin", "/usr/sbin", "/sbin"]
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

/**
 * Under strace, which notes what it saw in the rig's folder. One thread does all asynchronous file calls:
 * they are counted in order. With --seccomp-bpf it is quicker, but sends no signals.
 */
export function traced({ folder }: Rig, options: string): Launch {
  return {
    shell: `exec ${STRACE} -f -o ${join(folder, "strace")} ${options} "$@"`,
    env: { UV_THREADPOOL_SIZE: "1" },
  };
}
