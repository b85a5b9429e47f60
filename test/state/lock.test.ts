// The lock of the journal between real processes: no update is lost, and no dead process is waited for.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, suite, type TestContext, test } from "node:test";
import { withLock } from "../../driver/state/lock.ts";
import { folderOf } from "../rig.ts";

const HOUR_S = 3_600;
const PROCESSES = 8;

suite(`${PROCESSES} processes at once lose no update`, () => {
  const script = join(import.meta.dirname, "other-process.ts");
  const counters = Array.from({ length: PROCESSES }, () => spawn(process.execPath, [script, "count"]));
  const areReady = Promise.all(counters.map((counter) => once(counter.stdout, "data")));
  after(() => {
    for (const counter of counters) counter.stdin.end();
  });

  // One process in the right moment is enough to lose an update, so this is tried some times.
  for (const [what, ageS, rounds] of [
    ["of a file that nobody has locked", undefined, 4],
    ["where a process that died an hour ago holds the lock", -HOUR_S, 12],
    ["where a lock is from the future, because the clock was set back", HOUR_S, 3],
  ] as const) {
    test(what, async (t) => {
      await areReady;
      for (let round = 1; round <= rounds; round += 1) {
        const file = newFile(t);
        if (ageS !== undefined) leaveLock(file, ageS);
        const done = counters.map((counter) => once(counter.stdout, "data"));
        for (const counter of counters) counter.stdin.write(`${file}\n`);
        await Promise.all(done);
        assert.equal(readFileSync(file, "utf8"), String(PROCESSES * 3), `round ${round}`);
        assert.ok(!existsSync(`${file}.lock`));
      }
    });
  }
});

test("the lock of a process that died is overcome, and the next holder knows", async (t) => {
  const file = newFile(t);
  leaveLock(file, -HOUR_S);
  assert.equal(await withLock(file, ({ wasDead }) => wasDead), true);
  assert.equal(await withLock(file, ({ wasDead }) => wasDead), false);
});

test("a lock that is not free in time is one error with the next move", async (t) => {
  const file = newFile(t);
  mkdirSync(`${file}.lock`);
  await assert.rejects(
    withLock(file, () => {}, 50),
    /state file .* cannot be locked \(another process holds it\); check the owner, the mode and the free space/,
  );
});

function newFile(t: TestContext): string {
  const file = join(folderOf(t), "number");
  writeFileSync(file, "0");
  return file;
}

/** A lock whose holder is gone, taken so many seconds from now. */
function leaveLock(file: string, ageS: number): void {
  const time = Date.now() / 1_000 + ageS;
  mkdirSync(`${file}.lock`);
  utimesSync(`${file}.lock`, time, time);
}
