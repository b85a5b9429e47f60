// The lock of the journal between real processes: no update is lost, and no dead process is waited for.
import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";

const HOUR_S = 3_600;

test("eight processes at once lose no update", async (t) => {
  const file = newFile(t);
  await countWith(8, 25, file);
  assert.equal(readFileSync(file, "utf8"), "200");
  assert.ok(!existsSync(`${file}.lock`));
});

test("what a killed process holds is overcome", async (t) => {
  const file = newFile(t);
  const holder = child("hold-lock.ts", file);
  await ready(holder);
  holder.kill("SIGKILL");
  await once(holder, "close");
  assert.ok(existsSync(`${file}.lock`));
  await countWith(1, 2, file);
  assert.equal(readFileSync(file, "utf8"), "2");
  assert.ok(!existsSync(`${file}.lock`));
});

test("what a killed process holds since before the clock was set back is overcome", async (t) => {
  const file = newFile(t);
  leaveLock(file, HOUR_S);
  await countWith(1, 2, file);
  assert.equal(readFileSync(file, "utf8"), "2");
  assert.ok(!existsSync(`${file}.lock`));
});

for (const [when, ageS, rounds] of [
  ["an hour ago", -HOUR_S, 12],
  ["in an hour", HOUR_S, 3],
] as const) {
  test(`eight processes at once overcome a lock from ${when} and lose no update`, async (t) => {
    // One process in the right moment is enough to lose an update, so this is tried some times.
    for (let round = 1; round <= rounds; round += 1) {
      const file = newFile(t);
      leaveLock(file, ageS);
      await countWith(8, 3, file);
      assert.equal(readFileSync(file, "utf8"), "24", `round ${round}`);
    }
  });
}

test("a folder that cannot be made is told", async (t) => {
  const file = newFile(t);
  const counter = child("count-under-lock.ts", join(file, "state.json"), "1");
  counter.stdin.end();
  let stderr = "";
  counter.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  assert.notDeepEqual(await once(counter, "close"), [0, null]);
  assert.match(stderr, /state file .* cannot be locked .*; check the owner, the mode and the free space/);
});

function newFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "scw-flexip-lock-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "number");
  writeFileSync(file, "0");
  return file;
}

/** A lock whose holder is gone, taken so many seconds from now. */
function leaveLock(file: string, ageS: number): void {
  const time = Date.now() / 1_000 + ageS;
  mkdirSync(`${file}.lock`);
  utimesSync(`${file}.lock`, time, time);
}

/** Has processes that all begin at once count to the end. */
async function countWith(processes: number, times: number, file: string): Promise<void> {
  const counters = Array.from({ length: processes }, () => child("count-under-lock.ts", file, String(times)));
  await Promise.all(counters.map(ready));
  const ends = counters.map((counter) => once(counter, "close"));
  for (const counter of counters) counter.stdin.end();
  for (const end of await Promise.all(ends)) assert.deepEqual(end, [0, null]);
}

function child(script: string, ...parameters: string[]): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [join(import.meta.dirname, script), ...parameters], { stdio: "pipe" });
}

async function ready(process: ChildProcessWithoutNullStreams): Promise<void> {
  await once(process.stdout, "data");
}
