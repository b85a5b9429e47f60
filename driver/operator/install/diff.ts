// What a change does to a file, by the system's own diff.
import { spawnSync } from "node:child_process";

/** A unified diff between the file and its new content; empty when they are the same. */
export function diff(file: string, after: Buffer): string {
  const words = ["-u", "--label", file, "--label", `${file} (new)`, file, "-"];
  const { status, stdout, error } = spawnSync("diff", words, { input: after, encoding: "utf8" });
  if (error !== undefined || status === null || status > 1)
    return `(diff is not installed here; ${file} would change)\n`;
  return stdout;
}
