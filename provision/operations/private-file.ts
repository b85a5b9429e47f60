// Files that hold secrets on the operator's machine.
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Writes the file with mode 0600, whole or not at all. Returns whether its content changed. */
export function writePrivateFile(file: string, content: string): boolean {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  if (contentOf(file) === content) {
    chmodSync(file, 0o600);
    return false;
  }
  const beside = `${file}.${process.pid}`;
  writeFileSync(beside, content, { mode: 0o600, flag: "wx" });
  renameSync(beside, file);
  return true;
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
