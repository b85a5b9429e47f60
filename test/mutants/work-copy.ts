// A copy of the repository in which a line may be broken.
import { chmodSync, cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

const LEFT_OUT = [".git", "node_modules", "dist", ".cloud"];

/** Makes the copy. It is removed when this process ends. */
export function workCopy(root: string): string {
  const work = mkdtempSync(join(tmpdir(), "scw-flexip-mutants-"));
  // Tests also start the executable as another user.
  chmodSync(work, 0o755);
  process.once("SIGINT", () => process.exit(130));
  process.once("SIGTERM", () => process.exit(143));
  process.once("exit", () => rmSync(work, { recursive: true, force: true }));
  const filter = (source: string): boolean => !LEFT_OUT.includes(basename(source));
  // With their times: make would install the packages again.
  cpSync(root, work, { recursive: true, preserveTimestamps: true, filter });
  for (const place of ["node_modules", "provision/node_modules"]) symlinkSync(join(root, place), join(work, place));
  return work;
}

/** Puts a script in the place of the executable that runs the bundle on plain Node, which saves the packing. */
export function putBundle(work: string): void {
  const executable = join(work, "remotes/ipam/scw-flexip/scw-flexip");
  const launcher = join(work, "test/mutants/launch.cjs");
  writeFileSync(executable, `#!/bin/sh\nexec "${process.execPath}" "${launcher}" "$0" "$@"\n`);
  chmodSync(executable, 0o755);
}
