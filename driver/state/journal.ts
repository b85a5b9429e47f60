// The journal of this front-end: creations under way, leases seen. Truth lives in oned's database and in the flexible
// IPs' tags; losing this file loses no address and buys none.
import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import * as z from "zod/mini";
import { DriverError, messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { type Lock, withLock } from "./lock.ts";

const VERSION = 1;
// Each of them means that writing took longer than a lock lives.
const WRITE_ATTEMPTS = 3;

const processIdentity = z.object({ pid: z.number(), startTicks: z.string(), bootId: z.string() });
const intent = z.object({
  since: z.string(),
  process: processIdentity,
  /** Of existing flexible IPs, from the start; of created ones once they are known. */
  flexibleIpIds: z.array(z.string()),
  /** How many flexible IPs are to be obtained. */
  wanted: z.number(),
});
const lease = z.object({ flexibleIpId: z.string(), since: z.string() });
// Keys that it does not know are dropped: 0.1.0 also noted detaches.
const schema = z.object({
  version: z.literal(VERSION),
  intents: z.record(z.string(), intent),
  leases: z.record(z.string(), lease),
});

/** A flexible IP about to be created or adopted; by its uuid, which is also a tag of the flexible IP. */
export type Intent = z.infer<typeof intent>;
export type JournalState = z.infer<typeof schema>;

export class Journal {
  readonly #file: string;
  readonly #log: Log;
  readonly #lockWaitMs: number | undefined;

  /** `lockWaitMs`: how long to wait for other processes at most. */
  constructor(file: string, log: Log, lockWaitMs?: number) {
    this.#file = file;
    this.#log = log;
    this.#lockWaitMs = lockWaitMs;
  }

  /** The notes as they are now. Never throws: a file that cannot be read counts as empty. */
  read(): JournalState {
    try {
      return parseJournal(readFileSync(this.#file, "utf8"));
    } catch {
      return empty();
    }
  }

  /**
   * Changes the notes, on disk before it returns. `change` is synchronous because no API call may be made while the
   * lock is held, and may be called again on a newer state. Throws DriverError.
   */
  async update(change: (state: JournalState) => void): Promise<void> {
    for (let attempt = 1; attempt <= WRITE_ATTEMPTS; attempt += 1) {
      if (await withLock(this.#file, (lock) => this.#change(change, lock), this.#lockWaitMs)) return;
    }
    throw this.#unwritable("its disk takes longer than the lock is held");
  }

  /** Like update, for notes that are only a convenience: a failure is a warning. */
  async note(change: (state: JournalState) => void): Promise<void> {
    try {
      await this.update(change);
    } catch (error) {
      this.#log.warn(messageOf(error));
    }
  }

  /** Whether the change is on disk: not so when another process took the lock meanwhile. */
  #change(change: (state: JournalState) => void, lock: Lock): boolean {
    try {
      if (lock.wasDead) this.#sweep();
      const state = this.#readOrSetAside();
      change(state);
      return this.#write(JSON.stringify(state, null, 1), lock);
    } catch (cause) {
      throw cause instanceof DriverError ? cause : this.#unwritable(messageOf(cause), cause);
    }
  }

  #unwritable(reason: string, cause?: unknown): DriverError {
    return new DriverError(
      `state file ${this.#file} cannot be written (${reason})`,
      `check the owner, the mode and the free space of ${dirname(this.#file)}`,
      { cause },
    );
  }

  #readOrSetAside(): JournalState {
    let content: string;
    try {
      content = readFileSync(this.#file, "utf8");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return empty();
      throw error;
    }
    try {
      return parseJournal(content);
    } catch {
      const aside = `${this.#file}.damaged-${new Date().toISOString().replaceAll(/[:.]/g, "")}`;
      renameSync(this.#file, aside);
      this.#log.warn(`state file ${this.#file} is damaged and was set aside as ${aside}; a new one is begun`);
      return empty();
    }
  }

  // A crash leaves the old file or the new one. Each process writes to a file of its own: a slow process cannot spoil
  // the file of the next one.
  #write(content: string, lock: Lock): boolean {
    const temporary = `${this.#file}.new-${process.pid}`;
    try {
      sync(temporary, "w", (file) => writeFileSync(file, `${content}\n`));
      if (!lock.isHeld()) return false;
      renameSync(temporary, this.#file);
    } finally {
      rmSync(temporary, { force: true });
    }
    sync(dirname(this.#file), "r", () => {});
    return true;
  }

  /** Removes half-written files of processes that died. */
  #sweep(): void {
    const folder = dirname(this.#file);
    const prefix = `${basename(this.#file)}.new-`;
    for (const name of readdirSync(folder)) if (name.startsWith(prefix)) rmSync(join(folder, name), { force: true });
  }
}

function sync(path: string, flags: string, work: (file: number) => void): void {
  const file = openSync(path, flags, 0o600);
  try {
    work(file);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The journal in a file's content. Throws when it holds none. */
export function parseJournal(content: string): JournalState {
  return z.parse(schema, JSON.parse(content));
}

function empty(): JournalState {
  return { version: VERSION, intents: {}, leases: {} };
}
