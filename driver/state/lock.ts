// One writer of the journal at a time, across processes.
import { mkdirSync, rmdirSync, type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import lockfile from "proper-lockfile";
import { JournalError, messageOf } from "../errors.ts";

// The lock is held for a few milliseconds, so one this old belongs to a process that died.
const STALE_MS = 5_000;
// proper-lockfile's own take-over of a stale lock lets two processes have it at once; ours is below.
const NEVER_MS = 2 ** 31;
const TAKEOVER_STALE_MS = 60_000;
const WAIT_MS = 8_000;

/** Runs `work` while no other process holds the lock of `file`. Throws JournalError when the lock cannot be had. */
export async function withLock<T>(file: string, work: () => T): Promise<T> {
  const release = await acquire(file);
  try {
    return work();
  } finally {
    release();
  }
}

async function acquire(file: string): Promise<() => void> {
  const end = performance.now() + WAIT_MS;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    for (;;) {
      // A look before a try: that one costs those who wait, and through them the holder, ten times as much.
      const release = isHeld(file) ? undefined : tryLock(file, NEVER_MS);
      if (release !== undefined) return release;
      if (performance.now() > end) throw new Error("another process holds it");
      dropDeadLock(file);
      await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 25));
    }
  } catch (cause) {
    throw new JournalError(
      `state file ${file} cannot be locked (${messageOf(cause)}); check the owner, the mode and the free space of ${dirname(file)}`,
      { cause },
    );
  }
}

/** How to release the lock; undefined while another process holds it. Synchronous: the pool of threads is not started. */
function tryLock(file: string, stale: number): (() => void) | undefined {
  try {
    // Compromised: this process stood still so long that another took the lock. The rename of whoever comes last wins;
    // the journal is then at worst short of an entry, which costs nothing.
    const release = lockfile.lockSync(file, { realpath: false, stale, onCompromised: () => {} });
    return () => {
      try {
        release();
      } catch {}
    };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ELOCKED") return undefined;
    throw error;
  }
}

// A lock's age is its folder's time against the clock. After the clock was set back, a dead process's lock would look
// fresh until the clock has caught up. Only one process at a time may look and remove: what a second one had found dead
// could be the first one's fresh lock by then.
function dropDeadLock(file: string): void {
  if (!looksDead(file)) return;
  const release = tryLock(`${file}.takeover`, TAKEOVER_STALE_MS);
  if (release === undefined) return;
  try {
    if (looksDead(file)) rmdirSync(`${file}.lock`);
  } catch {
    // Another process was faster.
  } finally {
    release();
  }
}

function isHeld(file: string): boolean {
  return lookAt(file) !== undefined;
}

function looksDead(file: string): boolean {
  const found = lookAt(file);
  return found !== undefined && Math.abs(Date.now() - found.mtimeMs) > STALE_MS;
}

function lookAt(file: string): Stats | undefined {
  return statSync(`${file}.lock`, { throwIfNoEntry: false });
}
