// Changes to files, told one by one. Each looks first, so that a second run changes nothing. Files are written beside and
// renamed; links that stand in the place of a file or folder are never followed: part of the paths are oneadmin's.
import {
  chmodSync,
  closeSync,
  copyFileSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { DriverError, messageOf } from "../../errors.ts";
import { type Account, isRoot } from "../oneadmin.ts";

export type FileKind = {
  readonly mode: number;
  /** Whose it is; undefined: whoever runs this. */
  readonly owner: Account | undefined;
};

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
    if (this.#made.has(path) || lookAt(path)?.isDirectory()) return;
    this.#made.add(path);
    if (dirname(path) !== path) this.folder(dirname(path), { ...kind, mode: kind.mode | 0o055 });
    this.change("create", path, () => {
      mkdirSync(path, { mode: kind.mode });
      chmodSync(path, kind.mode);
      if (isRoot() && kind.owner !== undefined) lchownSync(path, kind.owner.uid, kind.owner.gid);
    });
  }

  /** Writes the file; one that holds the same already only gets the owner and mode. */
  file(path: string, content: Buffer | string, kind: FileKind): void {
    const now = lookAt(path);
    const isSame = now?.isFile() === true && readFileSync(path).equals(Buffer.from(content));
    if (isSame && sameKind(now, kind)) return;
    this.change(now === undefined ? "create" : "change", path, () => writeBeside(path, content, kind));
  }

  /** Copies a file too large to be held as a text. */
  copy(source: string, path: string, kind: FileKind): void {
    const now = lookAt(path);
    const isSame = now?.isFile() === true && now.size === lstatSync(source).size && sameContent(source, path);
    if (isSame && sameKind(now, kind)) return;
    this.change(now === undefined ? "create" : "change", path, () => {
      const beside = `${path}.new-${process.pid}`;
      copyFileSync(source, beside);
      settle(beside, path, kind);
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
      throw new DriverError(`${what} cannot be changed (${messageOf(cause)}); run this as root, or check the disk`, {
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
  writeFileSync(beside, content, { mode: 0o600, flag: "wx" });
  settle(beside, path, kind);
}

function settle(beside: string, path: string, { mode, owner }: FileKind): void {
  const file = openSync(beside, "r+");
  try {
    if (isRoot() && owner !== undefined) fchownSync(file, owner.uid, owner.gid);
    fchmodSync(file, mode);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
}

function sameKind(now: Stats, { mode, owner }: FileKind): boolean {
  const isOwned = !isRoot() || owner === undefined || (now.uid === owner.uid && now.gid === owner.gid);
  return isOwned && (now.mode & 0o7777) === mode;
}

function sameContent(one: string, other: string): boolean {
  return readFileSync(one).equals(readFileSync(other));
}
