// make test-oned leaves nothing behind, however it ends, and says what it wants where it cannot play.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { findInstallation } from "./installation.ts";
import { until } from "./until.ts";

const MAIN = join(import.meta.dirname, "main.ts");

suite("make test-oned", () => {
  test("without an OpenNebula it says in three lines what it wants, and is content", () => {
    const { status, stdout } = run({ ONE_LOCATION: "/nonexistent" });
    assert.equal(status, 0);
    assert.equal(stdout.trim().split("\n").length, 3);
    assert.match(stdout, /^skipped: .*ONE_LOCATION/s);
  });

  const reason =
    findInstallation(process.env) === undefined ? "there is no OpenNebula here" : run({ ONLY: "no such" }).obstacle;
  for (const signal of ["SIGINT", "SIGTERM", "SIGKILL"] as const) {
    test(`ended by ${signal}, it leaves no process, mount, link or file`, { skip: reason }, async () => {
      const before = traces();
      const child = spawn(process.execPath, [MAIN], { env: { ...process.env, ONLY: "life" }, stdio: "ignore" });
      const oned = await until("its oned runs", () =>
        descendants(child).find(({ words }) => words.includes("/bin/oned\0-f")),
      );
      const all = descendants(child);
      assert.ok(all.length > 3 && oned.pid !== child.pid);
      const ended = once(child, "exit");
      child.kill(signal);
      await ended;
      await until(
        "all of its processes are gone",
        () => all.every(({ pid }) => !existsSync(`/proc/${pid}`)) || undefined,
      );
      assert.deepEqual(traces(), before);
    });
  }
});

/** Runs it to its end; `obstacle` is why it did not play. */
function run(env: Readonly<Record<string, string>>) {
  const { status, stdout } = spawnSync(process.execPath, [MAIN], { env: { ...process.env, ...env }, encoding: "utf8" });
  return { status, stdout, obstacle: /^skipped: (.*)/.exec(stdout)?.[1] };
}

/** What a run could leave on this machine. */
function traces() {
  return {
    mounts: readFileSync("/proc/self/mounts", "utf8"),
    links: readdirSync("/sys/class/net"),
    namespaces: existsSync("/run/netns") ? readdirSync("/run/netns") : [],
    files: ["/run", "/var/tmp/one", "/var/lib/one", "/var/log/vnm"].map((folder) =>
      existsSync(folder) ? readdirSync(folder) : undefined,
    ),
  };
}

function descendants({ pid }: ChildProcess): { pid: number; words: string }[] {
  const found = [{ pid: pid ?? 0, words: "" }];
  const processes = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((one, other) => one - other);
  for (const candidate of processes) {
    const parent = found.find((one) => one.pid === parentOf(candidate));
    if (parent !== undefined) found.push({ pid: candidate, words: wordsOf(candidate) });
  }
  return found;
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  } catch {
    return undefined;
  }
}

function wordsOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
