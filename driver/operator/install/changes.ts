// Changes to files, each printed as it is made. A second run changes nothing. Part of the paths are oneadmin's: a file is
// written under a temporary name and renamed, and a link in the place of a file or folder is not followed.
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { DriverError, messageOf } from "../../errors.ts";
import { type Account, isRoot } from "../oneadmin.ts";
import type { Operator } from "../operator.ts";
import type { Options } from "../options.ts";

export type FileKind = {
  readonly mode: number;
  /** Undefined: whoever runs this. */
  readonly owner: Pick<Account, "uid" | "gid"> | undefined;
};

/** Whether nothing may be changed. */
export function isDryRun(options: Options): boolean {
  return options.has("noop") || options.has("dryRun");
}

export class Changes {
  readonly isNoop: boolean;
  readonly print: (text: string) => void;
  /** With --noop these folders are still missing, and would be printed for each file in them. */
  readonly #made = new Set<string>();
  #count = 0;

  constructor({ options, terminal }: Operator) {
    this.isNoop = isDryRun(options);
    this.print = (text) => terminal.print(text);
  }

  /** How many things were changed, or with --noop would be. */
  get count(): number {
    return this.#count;
  }

  /** Makes the folder and those above it. A folder that exists keeps its owner and mode. */
  folder(path: string, kind: FileKind): void {
    if (this.#made.has(path) || isFolder(path)) return;
    this.#made.add(path);
    if (dirname(path) !== path) this.folder(dirname(path), { ...kind, mode: kind.mode | 0o055 });
    this.change("create", path, () => {
      mkdirSync(path, { mode: 0o700 });
      applyKind(openSync(path, constants.O_DIRECTORY | constants.O_NOFOLLOW), kind);
    });
  }

  /** Writes the file. It is left alone if its content, owner and mode are right. */
  file(path: string, content: Buffer | string, kind: FileKind): void {
    const now = lookAt(path);
    const isSame = now?.isFile() === true && readFileSync(path).equals(Buffer.from(content));
    if (isSame && isOwnedBy(now, kind.owner) && (now.mode & 0o7777) === kind.mode) return;
    this.change(now === undefined ? "create" : "change", path, () => writeBeside(path, content, kind));
  }

  /** Gives an existing folder to `owner`; a link to a folder is left alone. */
  owner(path: string, owner: Account | undefined): void {
    const now = lookAt(path);
    if (!now?.isDirectory() || isOwnedBy(now, owner)) return;
    this.change("give to oneadmin", path, () => {
      applyKind(openSync(path, constants.O_DIRECTORY | constants.O_NOFOLLOW), { mode: now.mode & 0o7777, owner });
    });
  }

  /** Deletes the file if it exists. */
  remove(path: string): void {
    if (lookAt(path) !== undefined) this.change("delete", path, () => rmSync(path));
  }

  /** Deletes the folder if it exists and is empty. */
  removeEmptyFolder(path: string): void {
    if (!lookAt(path)?.isDirectory()) return;
    if (!this.isNoop && readdirSync(path).length > 0) return;
    this.change("delete", path, () => rmdirSync(path));
  }

  change(verb: string, what: string, work: () => void): void {
    this.#count += 1;
    this.print(`${this.isNoop ? "would " : ""}${verb} ${what}\n`);
    if (this.isNoop) return;
    try {
      work();
    } catch (cause) {
      const why = `${what} cannot be changed (${messageOf(cause)})`;
      throw new DriverError(why, "run this as root, or check the disk", { cause });
    }
  }
}

export function lookAt(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/** Writes under a temporary name in the same folder and renames: a reader sees the old file or the new one. */
export function writeBeside(path: string, content: Buffer | string, { mode, owner }: FileKind): void {
  const beside = `${path}.new-${process.pid}`;
  rmSync(beside, { force: true });
  try {
    const file = openSync(beside, "wx", 0o600);
    writeFileSync(file, content);
    applyKind(file, { mode, owner });
    renameSync(beside, path);
  } catch (error) {
    // A full disk would leave half a file, in a folder that is copied to every host.
    rmSync(beside, { force: true });
    throw error;
  }
}

/** Sets owner and mode through the open file: where oneadmin owns the folder, the name may be another file's by now. */
function applyKind(file: number, { mode, owner }: FileKind): void {
  try {
    if (isRoot() && owner !== undefined) fchownSync(file, owner.uid, owner.gid);
    fchmodSync(file, mode);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A folder, or an administrator's link to a folder: logs or all of /var/lib/one may lie on a disk of their own. */
function isFolder(path: string): boolean {
  const found = lookAt(path);
  if (found?.isSymbolicLink() !== true) return found?.isDirectory() === true;
  const isTrusted = found.uid === 0 || found.uid === process.getuid?.();
  return isTrusted && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** True for a user who could not change the owner. */
function isOwnedBy(now: Stats, owner: FileKind["owner"]): boolean {
  return !isRoot() || owner === undefined || (now.uid === owner.uid && now.gid === owner.gid);
}
