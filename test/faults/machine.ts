// What can be wrong with the machine that an action or hook runs on: disk, locks, limits, environment, settings, signals,
// streams. A state file or folder that is damaged, or may not be written, is in test/state/journal.test.ts.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Machine } from "../rig.ts";
import { journalWrites } from "./crashes.ts";
import { DONE, type Kind, NO_STRACE, signalAt, throughout, traced } from "./kind.ts";
import { isIpam, type Path } from "./path.ts";
import type { Expectation, Injected, Injection } from "./play.ts";
import type { Launch, TestCloud } from "./test-cloud.ts";

// Programs with their folders, since a rig has no PATH.
const UNSHARE = "/usr/bin/unshare";
const canMount = spawnSync(UNSHARE, ["-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).status === 0;
const NO_MOUNT = canMount ? undefined : "nothing can be mounted here";
const HOUR_MS = 3_600_000;
const HOSTILE = {
  ...{ NODE_OPTIONS: "--require /nonexistent/module.js", NODE_EXTRA_CA_CERTS: "/nonexistent", LC_ALL: "xx_XX" },
  ...{ NODE_TLS_REJECT_UNAUTHORIZED: "0", NODE_DEBUG: "http,net", TZ: "Nowhere/Nothing", HOME: "/nonexistent" },
};

export const MACHINE_FAULTS: readonly Kind[] = [
  fullDisk("state on a full disk", ({ stateFile }) => dirname(stateFile), refusesToSpend),
  fullDisk(
    "log on a full disk",
    ({ logDir }) => logDir,
    () => DONE,
  ),
  // Each write has two calls of fsync, of the file and of its folder, and one of rename.
  halfWay("disk that fails half-way, at fsync", "fsync", "EIO", 2),
  halfWay("disk that fills up half-way, at rename", "rename", "ENOSPC", 1),
  throughout("lock that a dead process left just now", "the lock's folder, of now", lockOf(0), { on: isIpam }),
  throughout("clock set back an hour after a lock was left", "the lock's folder, of in an hour", lockOf(HOUR_MS), {
    on: isIpam,
  }),
  started("32 file descriptors", "ulimit -n 32", { shell: 'ulimit -n 32; exec "$@"' }),
  throughout(
    "files may hold nothing",
    "ulimit -f 0; it goes on or refuses, unless the kernel's signal ends it first",
    () => ({ how: { shell: 'ulimit -f 0; exec "$@"' } }),
    { on: isIpam, expected: () => ({ outcomes: ["done", "refused", "later"] }) },
  ),
  started("an environment that would change Node", "NODE_OPTIONS and its like", { env: HOSTILE }),
  throughout("settings file missing", "made so before the run", withoutSettings, {
    on: isIpam,
    // free_address ends the lease whatever is wrong, and detaches nothing.
    expected: ({ action }) => (action === "free_address" ? DONE : { outcomes: ["refused"] }),
  }),
  signalled("SIGTERM at a request", "SIGTERM", "before"),
  signalled("SIGTERM after a request acted", "SIGTERM", "after"),
  signalled("SIGINT after a request acted", "SIGINT", "after"),
  // In which other ways standard input may come, or not, is in test/stdin.test.ts.
  started("standard input cut off", "half of a document", { raw: "PElQQU1fRFJJVkVSX0FDVElPTl9EQVRBPjxBUj4" }, unread),
  started("standard input is a folder", "</", { shell: 'exec "$@" </' }, unread),
  started(
    "standard output closed early",
    "its reader goes at the start",
    { started: (child) => void child.stdout?.destroy() },
    answerLost,
  ),
  started("standard output on a full disk", ">/dev/full", { shell: 'exec "$@" >/dev/full' }, answerLost),
  started("standard error closed early", "its reader goes at the start", {
    started: (child) => void child.stderr?.destroy(),
  }),
  started("standard error on a full disk", "2>/dev/full", { shell: 'exec "$@" 2>/dev/full' }),
  started("no standard error", "2>&-", { shell: 'exec "$@" 2>&-' }),
];

function fullDisk(name: string, folderOf: (frontEnd: Machine) => string, expected: Kind["expected"]): Kind {
  const inject = ({ rig }: TestCloud): Injected => {
    const folder = folderOf(rig.frontEnd);
    mkdirSync(folder, { recursive: true });
    // Nobody else sees the mount, which ends with the process.
    const mount = `/usr/bin/mount -t tmpfs -o size=64k tmpfs ${folder}`;
    const fill = `! /usr/bin/head -c 1M /dev/zero 2>&- >${folder}/filler`;
    return { how: { shell: `exec ${UNSHARE} -m /bin/sh -c '${mount} && ${fill} && exec "$@"' sh "$@"` } };
  };
  return throughout(name, "a full tmpfs", inject, { skipped: NO_MOUNT, on: isIpam, expected });
}

function halfWay(name: string, call: string, error: string, each: number): Kind {
  return {
    ...{ family: "machine", name, how: `strace has ${call} fail with ${error}`, skipped: NO_STRACE },
    injections: (path, survey) =>
      journalWrites(path, survey)
        .filter(() => path.isCore)
        .map((write) => ({
          point: `from write ${write + 1} on`,
          inject: ({ rig }) => ({
            how: traced(rig, `-e trace=${call} -e inject=${call}:error=${error}:when=${1 + each * write}+`),
          }),
        })),
    expected: (path) => ({ ...refusesToSpend(path), mayLeak: true }),
  };
}

/** Nothing is bought that cannot be noted. The other actions need no journal. */
function refusesToSpend({ action }: Path): Expectation {
  return { outcomes: action === "register_address_range" ? ["refused"] : ["done"] };
}

/** Started differently, on all actions and hooks. */
function started(name: string, what: string, how: Launch, expected: Kind["expected"] = () => DONE): Kind {
  return throughout(name, what, () => ({ how }), { expected });
}

function signalled(name: string, signal: "SIGTERM" | "SIGINT", when: "before" | "after"): Kind {
  return {
    ...{ family: "machine", name, how: "sent while the simulator holds the request" },
    injections: ({ isCore }, { calls }) =>
      isCore ? calls.map((call, skip) => signalAt(signal, call, skip, { kind: "hold", when })) : [],
    expected: signalledOutcome,
  };
}

// A request that is held before it acts still acts when it is let go, as one under way would: after the undoing.
function signalledOutcome({ action }: Path): Expectation {
  if (action === "free_address" || action === "clean") return { outcomes: ["later", "done"] };
  if (action !== "register_address_range") return { outcomes: ["refused"] };
  return { outcomes: ["refused", "reconciled"], mayLeak: true, mayNeedReconcile: true };
}

function lockOf(ageMs: number): Injection["inject"] {
  return ({ rig }) => {
    const lock = `${rig.frontEnd.stateFile}.lock`;
    mkdirSync(lock, { recursive: true });
    const time = new Date(Date.now() + ageMs);
    utimesSync(lock, time, time);
    // A lease does not wait for so young a lock, and goes unnoted; later ones take the lock.
    return ageMs === 0 ? { lift: () => rmSync(lock, { recursive: true, force: true }) } : {};
  };
}

function withoutSettings({ rig }: TestCloud): Injected {
  const file = join(rig.frontEnd.root, "etc/ipam/scw-flexip/scw-flexip.conf");
  const before = readFileSync(file);
  rmSync(file);
  return { lift: () => writeFileSync(file, before) };
}

// A clean that cannot read its document says so, and the addresses stay.
function unread({ action }: Path): Expectation {
  return { outcomes: action === "clean" ? ["later", "done"] : ["refused"] };
}

/** Only get and register have an answer to lose. */
function answerLost({ action }: Path): Expectation {
  return { outcomes: [action === "register_address_range" || action === "get_address" ? "refused" : "done"] };
}
