// What install and uninstall refuse before they change anything.
import { existsSync } from "node:fs";
import { DriverError, messageOf, UsageError } from "../../errors.ts";
import type { Layout } from "../layout.ts";
import { isRoot } from "../oneadmin.ts";

/** Does the work; what this user may not read or write is said to need root. */
export async function orAskForRoot<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const isDenied = cause instanceof Error && "code" in cause && (cause.code === "EACCES" || cause.code === "EPERM");
    if (!isDenied || isRoot()) throw cause;
    throw new DriverError(messageOf(cause), "run this as root (sudo)", { cause });
  }
}

/** A name that was mistyped must not become a tree of folders. Throws UsageError. */
export function refuseWithoutOpenNebula(layout: Layout, isFrontEnd: boolean): void {
  if (layout.root !== "" && !existsSync(layout.root)) throw new UsageError(`--root: there is no ${layout.root}`);
  if (!isFrontEnd || existsSync(layout.onedConf) || existsSync(layout.remotes)) return;
  throw new UsageError(
    `no OpenNebula is here: neither ${layout.onedConf} nor ${layout.remotes}`,
    "install it first, or correct --root or --one-location",
  );
}
