// The journal of this front-end: creations under way, detaches owed, leases seen. Truth lives in oned's database and in
// the flexible IPs' tags; losing this file loses no address and buys none.
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import * as z from "zod/mini";
import { DriverError, JournalError, messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { withLock } from "./lock.ts";

const VERSION = 1;

const processIdentity = z.object({ pid: z.number(), startTicks: z.string(), bootId: z.string() });
const intent = z.object({
  since: z.string(),
  process: processIdentity,
  /** Of existing flexible IPs, from the start; of created ones once they are known. */
  flexibleIpIds: z.array(z.string()),
  /** How many flexible IPs are to be obtained. */
  wanted: z.number(),
});
const owedDetach = z.object({ lease: z.string(), address: z.string(), asOf: z.string() });
const lease = z.object({ flexibleIpId: z.string(), since: z.string() });
const schema = z.object({
  version: z.literal(VERSION),
  intents: z.record(z.string(), intent),
  owedDetaches: z.record(z.string(), owedDetach),
  leases: z.record(z.string(), lease),
});

/** A flexible IP about to be created or adopted; by its uuid, which is also a tag of the flexible IP. */
export type Intent = z.infer<typeof intent>;
/**
 * A detach that could not be done when the lease ended; by the flexible IP's id. An attachment that is older than `asOf`
 * is the ended lease's; a newer one is somebody else's.
 */
export type OwedDetach = z.infer<typeof owedDetach>;
export type JournalState = z.infer<typeof schema>;

export class Journal {
  readonly #file: string;
  readonly #log: Log;

  constructor(file: string, log: Log) {
    this.#file = file;
    this.#log = log;
  }

  /** What is noted now. Never throws: what cannot be read is empty. */
  read(): JournalState {
    try {
      return parse(readFileSync(this.#file, "utf8"));
    } catch {
      return empty();
    }
  }

  /**
   * Changes what is noted, on disk before it returns. `change` is synchronous, so that no API call can be made while
   * the lock is held. Throws JournalError.
   */
  async update(change: (state: JournalState) => void): Promise<void> {
    await withLock(this.#file, () => {
      try {
        const state = this.#readOrSetAside();
        change(state);
        this.#write(JSON.stringify(state, null, 1));
      } catch (cause) {
        if (cause instanceof DriverError) throw cause;
        throw new JournalError(
          `state file ${this.#file} cannot be written (${messageOf(cause)}); check the owner, the mode and the free space of ${dirname(this.#file)}`,
          { cause },
        );
      }
    });
  }

  /** Like update, for what is only a convenience: a failure is a warning. */
  async note(change: (state: JournalState) => void): Promise<void> {
    try {
      await this.update(change);
    } catch (error) {
      this.#log.warn(messageOf(error));
    }
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
      return parse(content);
    } catch {
      const aside = `${this.#file}.damaged-${new Date().toISOString().replaceAll(/[:.]/g, "")}`;
      renameSync(this.#file, aside);
      this.#log.warn(`state file ${this.#file} is damaged and was set aside as ${aside}; a new one is begun`);
      return empty();
    }
  }

  // A crash leaves the old file or the new one. Only the holder of the lock writes, so one temporary name will do.
  #write(content: string): void {
    const temporary = `${this.#file}.new`;
    const file = openSync(temporary, "w", 0o600);
    try {
      writeFileSync(file, `${content}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, this.#file);
    const folder = openSync(dirname(this.#file), "r");
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  }
}

/** What the file is to the driver. Reads only. */
export function inspectJournal(file: string): "absent" | "sound" | "damaged" {
  let content: string;
  try {
    content = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "absent";
    throw error;
  }
  try {
    parse(content);
    return "sound";
  } catch {
    return "damaged";
  }
}

function parse(content: string): JournalState {
  return z.parse(schema, JSON.parse(content));
}

function empty(): JournalState {
  return { version: VERSION, intents: {}, owedDetaches: {}, leases: {} };
}
