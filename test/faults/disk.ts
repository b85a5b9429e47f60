// What can be wrong with the front-end's disk. What the state file can hold is in test/state/journal.test.ts.
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { journalWrites } from "./crashes.ts";
import { type Kind, throughout } from "./kind.ts";
import { NO_STRACE, program, traced } from "./launch.ts";
import { isIpam, type Path } from "./path.ts";
import type { Expectation, Injected } from "./play.ts";
import type { TestCloud } from "./test-cloud.ts";

const SETPRIV = program("setpriv");
const NO_SWITCH =
  process.getuid?.() === 0 && SETPRIV !== undefined ? undefined : "only root can run it as another user";
const NO_MOUNT = canMount() ? undefined : "nothing can be mounted here";
const NOBODY = 65_534;

export const DISK_FAULTS: readonly Kind[] = [
  throughout("state on a full disk", "a full tmpfs", (cloud) => fullDisk(cloud, stateFolder(cloud)), {
    ...{ skipped: NO_MOUNT, on: isIpam, expected: refusesToSpend },
  }),
  throughout("log on a full disk", "a full tmpfs", (cloud) => fullDisk(cloud, cloud.rig.frontEnd.logDir), {
    ...{ skipped: NO_MOUNT, on: isIpam },
  }),
  throughout("read-only state folder", "a tmpfs that is mounted read-only", readOnlyState, {
    ...{ skipped: NO_MOUNT, on: isIpam, expected: refusesToSpend },
  }),
  throughout("state owned by another user", "run as nobody, the folder is root's", asNobody, {
    ...{ skipped: NO_SWITCH, on: isIpam, expected: refusesToSpend },
  }),
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

function fullDisk(cloud: TestCloud, folder: string): Injected {
  mount(cloud, folder);
  const filler = join(folder, "filler");
  try {
    writeFileSync(filler, Buffer.alloc(1024 * 1024));
  } catch {
    // Full is what it is to be.
  }
  return { lift: () => rmSync(filler) };
}

function readOnlyState(cloud: TestCloud): Injected {
  const folder = stateFolder(cloud);
  mount(cloud, folder);
  execFileSync("mount", ["-o", "remount,ro", folder]);
  return { lift: () => void execFileSync("mount", ["-o", "remount,rw", folder]) };
}

function asNobody({ rig }: TestCloud): Injected {
  const token = join(rig.folder, "front-end", "token");
  mkdirSync(dirname(rig.frontEnd.stateFile), { recursive: true, mode: 0o700 });
  chmodSync(rig.folder, 0o711);
  chownSync(token, NOBODY, NOBODY);
  const shell = `exec ${SETPRIV} --reuid=${NOBODY} --regid=${NOBODY} --clear-groups "$@"`;
  return { how: { shell }, lift: () => chownSync(token, 0, 0) };
}

function mount(cloud: TestCloud, folder: string): void {
  mkdirSync(folder, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]);
  cloud.atEnd(() => execFileSync("umount", [folder]));
}

function canMount(): boolean {
  return spawnSync("unshare", ["-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).status === 0;
}

function stateFolder({ rig }: TestCloud): string {
  return dirname(rig.frontEnd.stateFile);
}
