// Starting the built executable as OpenNebula does, with a fault around the process: a shell line that starts it, a pipe
// that is closed, a signal. The product knows nothing of any of it.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Hook, IpamAction, Machine, Rig, RunOptions, RunResult } from "../rig.ts";

export type Launch = RunOptions & {
  /** A shell line in which "$@" is the executable with its parameters: `ulimit -n 32; exec "$@"`. */
  readonly shell?: string;
};

// With its folder, since a rig has no PATH.
const STRACE = "/usr/bin/strace";
export const NO_STRACE = existsSync(STRACE) ? undefined : "strace is not there";

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
  // Rig.run starts a file of the machine's root: here the shell, which is no file of the machine.
  const line = ["-c", shell, "sh", join(machine.root, file), ...parameters];
  return rig.run({ ...machine, root: "/" }, "bin/sh", line, document, how);
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
