// make test-oned leaves nothing behind, however it ends, and says what it wants where it cannot play.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findInstallation } from "./installation.ts";
import { until } from "./until.ts";

const MAIN = join(import.meta.dirname, "main.ts");

test("without an OpenNebula it says in three lines what it wants, and is content", () => {
  const { status, stdout } = run({ ONE_LOCATION: "/nonexistent" });
  assert.equal(status, 0);
  assert.equal(stdout.trim().split("\n").length, 3);
  assert.match(stdout, /^skipped: .*ONE_LOCATION/s);
});

const obstacle = /^skipped: (.*)/.exec(run({ ONLY: "no such" }).stdout)?.[1];
const skip = findInstallation(process.env) === undefined ? "there is no OpenNebula here" : obstacle;
for (const signal of ["SIGINT", "SIGTERM", "SIGKILL"] as const) {
  test(`ended by ${signal}, it leaves no process, mount, link or file`, { skip }, async () => {
    const before = traces();
    const child = spawn(process.execPath, [MAIN], { env: { ...process.env, ONLY: "life" }, stdio: "ignore" });
    const own = () => [child.pid ?? 0, ...descendants(child.pid ?? 0)];
    await until("its oned runs", () => own().some((pid) => textOf(pid, "cmdline").includes("/bin/oned\0-f")));
    const all = own();
    assert.ok(all.length > 3);
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
    await until("all of its processes are gone", () => all.every((pid) => !existsSync(`/proc/${pid}`)));
    assert.deepEqual(traces(), before);
  });
}

/** Runs it to its end. */
function run(env: Readonly<Record<string, string>>) {
  return spawnSync(process.execPath, [MAIN], { env: { ...process.env, ...env }, encoding: "utf8" });
}

/** What a run could leave on this machine. */
function traces() {
  return {
    mounts: readFileSync("/proc/self/mounts", "utf8"),
    links: readdirSync("/sys/class/net"),
    files: globSync(["/run", "/run/netns", "/var/tmp/one", "/var/lib/one", "/var/log/vnm"].map((one) => `${one}/*`)),
  };
}

/** The processes that this one started, and those that they did. */
function descendants(pid: number): number[] {
  const all = readdirSync("/proc").map(Number).filter(Number.isInteger);
  const children = all.filter((one) => textOf(one, "status").includes(`\nPPid:\t${pid}\n`));
  return children.flatMap((child) => [child, ...descendants(child)]);
}

/** A file about a process; empty once that is gone. */
function textOf(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
}
