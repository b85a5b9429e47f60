// oned.conf on disk: written to a temporary file and renamed, with its owner and mode, after a dated copy.
import { globSync, readFileSync, realpathSync, rmSync, statSync } from "node:fs";
import { DriverError, messageOf } from "../../errors.ts";
import type { Changes } from "./changes.ts";
import { lookAt, writeBeside } from "./changes.ts";
import { diff } from "./diff.ts";

const KEPT_COPIES = 3;

/** The texts have a character for each byte: comments may be in any encoding, and stay as they are. */
export type OnedConfChange = { readonly path: string; readonly before: string; readonly after: string };

/** What `edit` would make of the file; undefined when there is none. Nothing is written. */
export function planOnedConf(file: string, edit: (text: string) => string): OnedConfChange | undefined {
  try {
    if (lookAt(file) === undefined) return undefined;
    // A link, as configuration management makes them, stays one.
    const path = realpathSync(file);
    const before = readFileSync(path, "latin1");
    return { path, before, after: edit(before) };
  } catch (cause) {
    if (cause instanceof DriverError) throw cause;
    throw new DriverError(`${file} cannot be read (${messageOf(cause)})`, "run this as root", { cause });
  }
}

/** Writes the change and returns the name of the copy; undefined when nothing changes. With --noop: prints a diff. */
export function changeOnedConf(
  changes: Changes,
  planned: OnedConfChange,
  isNoop: boolean,
  print: (text: string) => void,
) {
  const { path, before, after } = planned;
  if (before === after) return undefined;
  const copy = `${path}.scw-flexip-${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "")}`;
  const { mode, uid, gid } = statSync(path);
  const kind = { mode: mode & 0o7777, owner: { uid, gid, home: "" } };
  changes.change("change", `${path} (the old one is kept as ${copy})`, () => {
    writeBeside(copy, Buffer.from(before, "latin1"), kind);
    writeBeside(path, Buffer.from(after, "latin1"), kind);
    for (const old of globSync(`${path}.scw-flexip-*`).sort().slice(0, -KEPT_COPIES)) rmSync(old);
  });
  if (isNoop) print(diff(path, Buffer.from(after, "latin1")));
  return copy;
}
