// One writer of the journal at a time, across processes.
import { mkdirSync, rmdirSync, type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import lockfile from "proper-lockfile";
import { DriverError, messageOf } from "../errors.ts";

// The lock is held for a few milliseconds, so one this old belongs to a process that died.
const STALE_MS = 5_000;
// proper-lockfile's own take-over of a stale lock lets two processes have it at once; ours is below.
const NEVER_MS = 2 ** 31;
const TAKEOVER_STALE_MS = 60_000;
const WAIT_MS = 8_000;

export type Lock = {
  /** Whether this process still has it: others take a process for dead when it stands still longer than STALE_MS. */
  isHeld(): boolean;
  /** A process died while it held the lock before. */
  readonly wasDead: boolean;
};

/**
 * Runs `work` while no other process holds the lock of `file`. Throws DriverError when the lock is not free in time.
 */
export async function withLock<T>(file: string, work: (lock: Lock) => T, waitMs = WAIT_MS): Promise<T> {
  const { release, wasDead } = await acquire(file, waitMs);
  const identity = identityOf(file);
  try {
    return work({ isHeld: () => identityOf(file) === identity, wasDead });
  } finally {
    if (identityOf(file) === identity) release();
  }
}

async function acquire(file: string, waitMs: number): Promise<{ release: () => void; wasDead: boolean }> {
  const end = performance.now() + waitMs;
  let wasDead = false;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    for (;;) {
      // Check before trying: a failed attempt costs about ten times as much and slows the holder down too.
      const release = isHeld(file) ? undefined : tryLock(file, NEVER_MS);
      if (release !== undefined) return { release, wasDead };
      if (performance.now() > end) throw new Error("another process holds it");
      wasDead = dropDeadLock(file) || wasDead;
      await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 25));
    }
  } catch (cause) {
    throw new DriverError(
      `state file ${file} cannot be locked (${messageOf(cause)})`,
      `check the owner, the mode and the free space of ${dirname(file)}`,
      { cause },
    );
  }
}

/**
 * How to release the lock; undefined while another process holds it. Synchronous: the pool of threads is not started.
 */
function tryLock(file: string, stale: number): (() => void) | undefined {
  try {
    // Compromised: this process stood still so long that another took the lock. The holder asks isHeld before it
    // writes.
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
function dropDeadLock(file: string): boolean {
  if (!looksDead(file)) return false;
  const release = tryLock(`${file}.takeover`, TAKEOVER_STALE_MS);
  if (release === undefined) return false;
  try {
    if (!looksDead(file)) return false;
    rmdirSync(`${file}.lock`);
    return true;
  } catch {
    // Another process was faster.
    return false;
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

/** Tells this lock from the next one: an inode's number alone may be used again. */
function identityOf(file: string): string {
  const found = lookAt(file);
  return found === undefined ? "" : `${found.ino} ${found.ctimeMs}`;
}

function lookAt(file: string): Stats | undefined {
  return statSync(`${file}.lock`, { throwIfNoEntry: false });
}
