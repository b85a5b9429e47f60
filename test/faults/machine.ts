// What can be wrong with the front-end itself: a lock left behind, its clock, its logs, its limits, its settings.
import { chmodSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Break, DONE, HOUR_MS, inPlaceOf, kind, logFolder, settingsOf, tokenOf } from "./front-end.ts";
import type { Kind } from "./kind.ts";
import type { Injected } from "./play.ts";
import type { TestCloud } from "./test-cloud.ts";

export const MACHINE_FAULTS: readonly Kind[] = [
  kind("lock that a dead process left just now", "the lock's folder, of now", lockOf(0)),
  kind("lock that a dead process left an hour ago", "the lock's folder, of an hour ago", lockOf(-HOUR_MS)),
  kind("clock set back an hour after a lock was left", "the lock's folder, of in an hour", lockOf(HOUR_MS)),
  kind("log folder missing", "", (cloud) => {
    rmSync(logFolder(cloud), { recursive: true, force: true });
    return {};
  }),
  kind("a file where the log folder should be", "", (cloud) =>
    inPlaceOf(logFolder(cloud), (path) => writeFileSync(path, "")),
  ),
  kind("a folder where the log file should be", "", (cloud) =>
    inPlaceOf(logFolder(cloud), (path) => mkdirSync(join(path, "scw-flexip.log"), { recursive: true })),
  ),
  kind("20 file descriptors", "ulimit -n 20", () => ({ how: { before: "ulimit -n 20" } }), {
    hooksToo: true,
    // Too few for the settings to be read; free_address then succeeds as with wrong ones.
    expected: ({ action }) => ({
      outcomes: ["done", "refused", "later", "reconciled"],
      ...(action === "free_address" ? { reconcile: "safe" } : {}),
      isUntold: true,
    }),
  }),
  kind("32 file descriptors", "ulimit -n 32", () => ({ how: { before: "ulimit -n 32" } }), { hooksToo: true }),
  kind(
    "files may hold nothing",
    "ulimit -f 0; it goes on or refuses, unless the kernel's signal ends it first",
    () => ({ how: { before: "ulimit -f 0" } }),
    {
      expected: () => ({ outcomes: ["done", "refused", "later"] }),
    },
  ),
  kind("an environment that would change Node", "NODE_OPTIONS and its like", () => ({ how: { env: HOSTILE } }), {
    hooksToo: true,
  }),
  settingKind("token file missing", (cloud) => rmSync(tokenOf(cloud))),
  settingKind("token file that others can read", (cloud) => chmodSync(tokenOf(cloud), 0o644)),
  settingKind("token file empty", (cloud) => writeFileSync(tokenOf(cloud), "")),
  kind("another key's token", "a token that the API does not know", wrongToken, {
    expected: ({ action }) => ({ outcomes: /^(get|allocate|free)_/.test(action) ? ["done"] : ["refused"] }),
  }),
  settingKind("settings file missing", (cloud) => rmSync(settingsOf(cloud))),
  settingKind("settings file with an unknown key", (cloud) => writeFileSync(settingsOf(cloud), 'SPEED="11"\n')),
];

const HOSTILE = {
  ...{ NODE_OPTIONS: "--require /nonexistent/module.js", NODE_EXTRA_CA_CERTS: "/nonexistent", LC_ALL: "xx_XX" },
  ...{ NODE_TLS_REJECT_UNAUTHORIZED: "0", NODE_DEBUG: "http,net", TZ: "Nowhere/Nothing", HOME: "/nonexistent" },
};

function lockOf(ageMs: number): Break {
  return (cloud) => {
    const lock = `${cloud.rig.frontEnd.stateFile}.lock`;
    mkdirSync(lock, { recursive: true });
    const time = new Date(Date.now() + ageMs);
    utimesSync(lock, time, time);
    // A lease does not wait for so young a lock, and goes unnoted; later ones take the lock.
    return ageMs === 0 ? { lift: () => rmSync(lock, { recursive: true, force: true }) } : {};
  };
}

/** Wrong local settings: every action fails on them but free_address, which frees the lease all the same. */
function settingKind(name: string, spoil: (cloud: TestCloud) => void): Kind {
  return kind(
    name,
    "made so before the run",
    (cloud) => {
      const files = [tokenOf(cloud), settingsOf(cloud)];
      const before = files.map((file) => readFileSync(file));
      spoil(cloud);
      return {
        lift: () => {
          for (const [index, file] of files.entries()) {
            writeFileSync(file, before[index] ?? "", { mode: 0o600 });
            chmodSync(file, 0o600);
          }
        },
      };
    },
    {
      // free_address ends the lease whatever is wrong, and detaches nothing.
      expected: ({ action }) => (action === "free_address" ? DONE : { outcomes: ["refused"], isUndoneAtOnce: true }),
    },
  );
}

function wrongToken(cloud: TestCloud): Injected {
  const file = join(cloud.rig.folder, "wrong-token");
  writeFileSync(file, "0a11ce00-0000-4000-8000-00000000dead\n", { mode: 0o600 });
  return { how: { settings: { TOKEN_FILE: file } } };
}
