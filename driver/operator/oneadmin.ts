// OpenNebula's user. Commands that read the token, the journal or OpenNebula run as it, never as root.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DriverError } from "../errors.ts";

const ONEADMIN = "oneadmin";

export type Account = { readonly uid: number; readonly gid: number; readonly home: string };

/** The user oneadmin of the system below `root`; undefined where there is none. */
export function findOneadmin(root: string): Account | undefined {
  const lines = (root === "" ? fromSystem() : undefined) ?? textOf(join("/", root, "etc/passwd"));
  const line = lines.split("\n").find((entry) => entry.startsWith(`${ONEADMIN}:`));
  const [, , uid = "", gid = "", , home = ""] = line?.split(":") ?? [];
  return /^\d+$/.test(uid) && /^\d+$/.test(gid) ? { uid: Number(uid), gid: Number(gid), home } : undefined;
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Makes this process oneadmin's, for good, with oneadmin's home for the commands it starts. Only root can. */
export function becomeOneadmin(account: Account): void {
  try {
    // Its types are missing from @types/node.
    if ("initgroups" in process && typeof process.initgroups === "function") process.initgroups(ONEADMIN, account.gid);
    process.setgid?.(account.gid);
    process.setuid?.(account.uid);
  } catch (cause) {
    throw new DriverError(`this process cannot become ${ONEADMIN}`, `run the command as ${ONEADMIN}`, { cause });
  }
}

// Accounts may come from a directory service, which only the system's own tool asks.
function fromSystem(): string | undefined {
  try {
    return execFileSync("getent", ["passwd", ONEADMIN], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return undefined;
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
