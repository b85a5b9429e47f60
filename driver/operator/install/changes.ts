// Changes to files, told one by one. Each looks first, because a second run must change nothing. Files are written
// to a temporary name and renamed; links that stand in the place of a file or folder are never followed: part of the paths are oneadmin's.
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
import type { Options } from "../options.ts";

export type FileKind = {
  readonly mode: number;
  /** Whose it is; undefined: whoever runs this. */
  readonly owner: Account | undefined;
};

/** Whether nothing may be changed. */
export function isDryRun(options: Options): boolean {
  return options.has("noop") || options.has("dryRun");
}

export class Changes {
  readonly #isNoop: boolean;
  readonly #tell: (line: string) => void;
  /** With --noop they are not there, and would be told again and again. */
  readonly #made = new Set<string>();
  #count = 0;

  constructor(isNoop: boolean, tell: (line: string) => void) {
    this.#isNoop = isNoop;
    this.#tell = tell;
  }

  /** How many things were, or with --noop would be, changed. */
  get count(): number {
    return this.#count;
  }

  /** Makes the folder and those above it. One that is there keeps its owner and mode. */
  folder(path: string, kind: FileKind): void {
    if (this.#made.has(path) || isFolder(path)) return;
    this.#made.add(path);
    if (dirname(path) !== path) this.folder(dirname(path), { ...kind, mode: kind.mode | 0o055 });
    this.change("create", path, () => {
      mkdirSync(path, { mode: 0o700 });
      settle(openSync(path, constants.O_DIRECTORY | constants.O_NOFOLLOW), kind);
    });
  }

  /** Writes the file; one that holds the same already only gets the owner and mode. */
  file(path: string, content: Buffer | string, kind: FileKind): void {
    const now = lookAt(path);
    const isSame = now?.isFile() === true && readFileSync(path).equals(Buffer.from(content));
    if (isSame && sameKind(now, kind)) return;
    this.change(now === undefined ? "create" : "change", path, () => writeBeside(path, content, kind));
  }

  /** Gives a folder that is there to `owner`; a link to one is left alone. */
  owner(path: string, owner: Account | undefined): void {
    const now = lookAt(path);
    const isTheirs = owner === undefined || (now?.uid === owner.uid && now.gid === owner.gid);
    if (!isRoot() || isTheirs || !now?.isDirectory()) return;
    this.change("give to oneadmin", path, () => {
      settle(openSync(path, constants.O_DIRECTORY | constants.O_NOFOLLOW), { mode: now.mode & 0o7777, owner });
    });
  }

  /** Deletes the file if it is there. */
  remove(path: string): void {
    if (lookAt(path) === undefined) return;
    this.change("delete", path, () => rmSync(path));
  }

  /** Deletes the folder if it is there and empty. */
  removeEmptyFolder(path: string): void {
    if (!lookAt(path)?.isDirectory()) return;
    if (!this.#isNoop && readdirSync(path).length > 0) return;
    this.change("delete", path, () => rmdirSync(path));
  }

  change(verb: string, what: string, work: () => void): void {
    this.#count += 1;
    this.#tell(`${this.#isNoop ? "would " : ""}${verb} ${what}`);
    if (this.#isNoop) return;
    try {
      work();
    } catch (cause) {
      throw new DriverError(`${what} cannot be changed (${messageOf(cause)})`, "run this as root, or check the disk", {
        cause,
      });
    }
  }
}

export function lookAt(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/** Writes beside the file and renames. */
export function writeBeside(path: string, content: Buffer | string, kind: FileKind): void {
  const beside = `${path}.new-${process.pid}`;
  rmSync(beside, { force: true });
  const file = openSync(beside, "wx", 0o600);
  try {
    writeFileSync(file, content);
    settle(file, kind);
    renameSync(beside, path);
  } catch (error) {
    // On a full disk half a file would be left, in a folder that is copied to every host.
    rmSync(beside, { force: true });
    throw error;
  }
}

/** Owner and mode by the open file: its name may be another's by now where oneadmin owns the folder. */
function settle(file: number, { mode, owner }: FileKind): void {
  try {
    if (isRoot() && owner !== undefined) fchownSync(file, owner.uid, owner.gid);
    fchmodSync(file, mode);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A folder, or an administrator's link to one, as where logs or all of /var/lib/one lie on a disk of their own. */
function isFolder(path: string): boolean {
  const found = lookAt(path);
  const isTrusted = found?.isSymbolicLink() === true && (found.uid === 0 || found.uid === process.getuid?.());
  return (
    found?.isDirectory() === true || (isTrusted && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true)
  );
}

function sameKind(now: Stats, { mode, owner }: FileKind): boolean {
  const isOwned = !isRoot() || owner === undefined || (now.uid === owner.uid && now.gid === owner.gid);
  return isOwned && (now.mode & 0o7777) === mode;
}
