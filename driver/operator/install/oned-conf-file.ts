// oned.conf on disk: written under a temporary name and renamed, with its owner and mode, after a dated copy.
import { spawnSync } from "node:child_process";
import { globSync, readFileSync, realpathSync, rmSync, statSync } from "node:fs";
import { DriverError, messageOf } from "../../errors.ts";
import type { Changes } from "./changes.ts";
import { lookAt, writeBeside } from "./changes.ts";

const KEPT_COPIES = 3;

/** The texts have one character for each byte: comments may be in any encoding, and keep it. */
export type OnedConfChange = { readonly path: string; readonly before: string; readonly after: string };

/** What `edit` would make of the file; undefined where there is no file. Writes nothing. */
export function planOnedConf(file: string, edit: (text: string) => string): OnedConfChange | undefined {
  try {
    if (lookAt(file) === undefined) return undefined;
    // Configuration management makes links, which must stay links.
    const path = realpathSync(file);
    const before = readFileSync(path, "latin1");
    return { path, before, after: edit(before) };
  } catch (cause) {
    if (cause instanceof DriverError) throw cause;
    throw new DriverError(`${file} cannot be read (${messageOf(cause)})`, "run this as root", { cause });
  }
}

/** Writes the change and keeps a copy of the old text; with --noop prints a diff. Returns whether there is a change. */
export function changeOnedConf(changes: Changes, { path, before, after }: OnedConfChange): boolean {
  if (before === after) return false;
  const copy = `${path}.scw-flexip-${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "")}`;
  const { mode, ...owner } = statSync(path);
  const kind = { mode: mode & 0o7777, owner };
  changes.change("change", `${path} (the old one is kept as ${copy})`, () => {
    writeBeside(copy, Buffer.from(before, "latin1"), kind);
    writeBeside(path, Buffer.from(after, "latin1"), kind);
    for (const old of globSync(`${path}.scw-flexip-*`).sort().slice(0, -KEPT_COPIES)) rmSync(old);
  });
  if (changes.isNoop) changes.print(diff(path, Buffer.from(after, "latin1")));
  return true;
}

function diff(file: string, after: Buffer): string {
  const words = ["-u", "--label", file, "--label", `${file} (new)`, file, "-"];
  const { status, stdout } = spawnSync("diff", words, { input: after, encoding: "utf8" });
  return status === 1 ? stdout : `(diff is not installed here; ${file} would change)\n`;
}
