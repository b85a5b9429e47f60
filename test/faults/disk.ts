// What can be wrong with the front-end's disk. A state file or folder that is damaged, or may not be written, is in
// test/state/journal.test.ts.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Machine } from "../rig.ts";
import { journalWrites } from "./crashes.ts";
import { DONE, type Kind, throughout } from "./kind.ts";
import { NO_STRACE, traced } from "./launch.ts";
import { isIpam, type Path } from "./path.ts";
import type { Expectation, Injected } from "./play.ts";
import type { TestCloud } from "./test-cloud.ts";

const NO_MOUNT = canMount() ? undefined : "nothing can be mounted here";

export const DISK_FAULTS: readonly Kind[] = [
  fullDisk("state on a full disk", ({ stateFile }) => dirname(stateFile), refusesToSpend),
  fullDisk(
    "log on a full disk",
    ({ logDir }) => logDir,
    () => DONE,
  ),
  // Each write has two calls of fsync, of the file and of its folder, and one of rename.
  halfWay("disk that fails half-way, at fsync", "fsync", "EIO", 2),
  halfWay("disk that fills up half-way, at rename", "rename", "ENOSPC", 1),
];

/** Nothing is bought that cannot be noted. The other actions need no journal. */
function refusesToSpend({ action }: Path): Expectation {
  return { outcomes: action === "register_address_range" ? ["refused"] : ["done"] };
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

function fullDisk(name: string, folder: (frontEnd: Machine) => string, expected: Kind["expected"]): Kind {
  const inject = (cloud: TestCloud): Injected => filled(cloud, folder(cloud.rig.frontEnd));
  return throughout(name, "a full tmpfs", inject, { skipped: NO_MOUNT, on: isIpam, expected });
}

function filled(cloud: TestCloud, folder: string): Injected {
  mkdirSync(folder, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]);
  cloud.atEnd(() => execFileSync("umount", [folder]));
  const filler = join(folder, "filler");
  try {
    writeFileSync(filler, Buffer.alloc(1024 * 1024));
  } catch {
    // Full is what it is to be.
  }
  return { lift: () => rmSync(filler) };
}

function canMount(): boolean {
  return spawnSync("unshare", ["-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).status === 0;
}
