// A copy of the repository in which a line may be broken: the bundle on plain Node stands for the packed executable.
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const LEFT_OUT = [".git", "node_modules", "dist", ".cloud"];
const EXECUTABLE = "remotes/ipam/scw-flexip/scw-flexip";

/** Makes the copy. It is removed when this process ends. */
export function workCopy(root: string): string {
  const work = mkdtempSync(join(tmpdir(), "scw-flexip-mutants-"));
  // Tests also start the executable as another user.
  chmodSync(work, 0o755);
  process.once("SIGINT", () => process.exit(130));
  process.once("SIGTERM", () => process.exit(143));
  process.once("exit", () => rmSync(work, { recursive: true, force: true }));
  copyTree(root, work);
  mkdirSync(join(work, "provision"));
  copyTree(join(root, "provision"), join(work, "provision"));
  const launcher = join(work, "test/mutants/launch.cjs");
  writeFileSync(join(work, EXECUTABLE), `#!/bin/sh\nexec "${process.execPath}" "${launcher}" "$0" "$@"\n`);
  chmodSync(join(work, EXECUTABLE), 0o755);
  execFileSync(process.execPath, ["build/bundle.ts"], { cwd: work });
  return work;
}

function copyTree(from: string, to: string): void {
  const isTaken = (name: string): boolean => !LEFT_OUT.includes(name) && name !== "provision";
  for (const name of readdirSync(from).filter(isTaken)) {
    // With their times: make would install the packages again.
    cpSync(join(from, name), join(to, name), {
      recursive: true,
      preserveTimestamps: true,
      filter: (source) => !source.endsWith(EXECUTABLE),
    });
  }
  symlinkSync(join(from, "node_modules"), join(to, "node_modules"));
}
