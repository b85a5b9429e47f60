// What of OpenNebula's remotes tree is ours, and where it is copied from.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { HOOKS, type Hook, IPAM_ACTIONS } from "../../actions.ts";
import { ConfigError } from "../../errors.ts";
import { EXECUTABLE, PACKAGED_REMOTES, SETTINGS } from "../layout.ts";

const SHIMS = IPAM_ACTIONS.map((action) => `ipam/scw-flexip/${action}`);
export const HOOK_NAME = "01-scw-flexip";

export function hookFile(driver: string, action: Hook): string {
  return `vnm/${driver}/${action}.d/${HOOK_NAME}`;
}

/** The scripts by their place in the tree, each with the place in the source that it is copied from. */
export function scripts(drivers: readonly string[]): { path: string; source: string }[] {
  const hooks = drivers.flatMap((driver) =>
    HOOKS.map((action) => ({ path: hookFile(driver, action), source: hookFile("bridge", action) })),
  );
  return [...SHIMS.map((shim) => ({ path: shim, source: shim })), ...hooks];
}

/** The tree that comes with this program: named, beside it, or put there by the package. Throws ConfigError. */
export function sourceTree(named: string | undefined, executable: string): string {
  const beside = join(dirname(executable), "../..");
  const candidates = named === undefined ? [beside, PACKAGED_REMOTES] : [named];
  const found = candidates.find((tree) => existsSync(join(tree, EXECUTABLE)) && existsSync(join(tree, SETTINGS)));
  if (found === undefined) {
    throw new ConfigError(
      `no tree with ${EXECUTABLE} in ${candidates.join(" or ")}; name the folder remotes of the archive with --from`,
    );
  }
  return found;
}
