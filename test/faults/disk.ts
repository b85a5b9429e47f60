// What can be wrong with the front-end's disk and with the state file on it.
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { STRACE, traced } from "./crashes.ts";
import { type Break, inPlaceOf, kind, logFolder, refusesToSpend, stateFolder, tokenOf } from "./front-end.ts";
import { isHook, type Kind } from "./kind.ts";
import { program } from "./launch.ts";
import type { Injected } from "./play.ts";
import type { TestCloud } from "./test-cloud.ts";

const IS_ROOT = process.getuid?.() === 0;
const CAN_MOUNT = IS_ROOT && canMount() ? undefined : "nothing can be mounted here";
const SETPRIV = program("setpriv");
const CAN_SWITCH = IS_ROOT && SETPRIV !== undefined ? undefined : "only root can run it as another user";
const NO_STRACE = STRACE === undefined ? "strace is not there" : undefined;
const NOBODY = 65_534;

export const DISK_FAULTS: readonly Kind[] = [
  kind("state on a full disk", "a full tmpfs", (cloud) => fullDisk(cloud, stateFolder(cloud)), {
    ...{ skipped: CAN_MOUNT, expected: refusesToSpend },
  }),
  kind("log on a full disk", "a full tmpfs", (cloud) => fullDisk(cloud, logFolder(cloud)), { skipped: CAN_MOUNT }),
  kind(
    "state and log on a full disk",
    "two full tmpfs",
    (cloud) => together(fullDisk(cloud, stateFolder(cloud)), fullDisk(cloud, logFolder(cloud))),
    { skipped: CAN_MOUNT, expected: refusesToSpend },
  ),
  kind("read-only state folder", "a tmpfs that is mounted read-only", readOnlyState, {
    ...{ skipped: CAN_MOUNT, expected: refusesToSpend },
  }),
  ...["fsync", "rename"].map((call) => halfWay(call, "ENOSPC", "disk that fills up half-way")),
  ...["fsync", "rename"].map((call) => halfWay(call, "EIO", "disk that fails half-way")),
  ...["fsync", "rename"].map((call) => halfWay(call, "EROFS", "disk that turns read-only half-way")),
  kind("state owned by another user", "run as nobody, the folder is root's", asNobody, {
    ...{ skipped: CAN_SWITCH, expected: refusesToSpend },
  }),
  kind(
    "state path is a folder",
    "",
    inPlaceOfState((file) => mkdirSync(file)),
    { expected: refusesToSpend },
  ),
  kind("a file where the state folder should be", "", stateFolderIsFile, { expected: refusesToSpend }),
  ...[
    ["damaged state", "{ no JSON"],
    ["empty state", ""],
    ["cut state", '{"version":1,"intents":{"0a11ce00-0000-4000'],
    ["state of another version", '{"version":2,"intents":{},"owedDetaches":{},"leases":{}}'],
    ["binary state", "\u0000\u0001\ufffd\u0000"],
    ["state of 4 MiB of nothing", " ".repeat(4 * 1024 * 1024)],
  ].map(([name = "", content = ""]) =>
    kind(
      name,
      "written before the run",
      inPlaceOfState((file) => writeFileSync(file, content)),
    ),
  ),
  kind(
    "a half-written journal beside it",
    "a cut state.json.new",
    inPlaceOfState((file) => writeFileSync(`${file}.new`, "{")),
  ),
];

function halfWay(call: string, error: string, name: string): Kind {
  return {
    ...{ family: "machine", name: `${name}, at ${call}`, how: `strace has ${call} fail with ${error}` },
    skipped: NO_STRACE,
    injections: (path, { journalWrites = 0 }) =>
      path.isCore && !isHook(path)
        ? Array.from({ length: journalWrites }, (_, write) => ({
            point: `from write ${write + 1} on`,
            inject: (cloud: TestCloud) => ({
              how: traced(cloud, `-e trace=${call} -e inject=${call}:error=${error}:when=${whenOf(call, write)}+`),
            }),
          }))
        : [],
    expected: ({ action }) => ({
      outcomes: action === "register_address_range" ? ["refused", "done"] : ["done"],
    }),
  };
}

// Each write has two calls of fsync, of the file and of its folder, and one of rename.
function whenOf(call: string, write: number): number {
  return call === "fsync" ? 1 + 2 * write : 1 + write;
}

function fullDisk(cloud: TestCloud, folder: string): Injected {
  mount(cloud, folder);
  try {
    writeFileSync(join(folder, "filler"), Buffer.alloc(1024 * 1024));
  } catch {
    // Full is what it is to be.
  }
  return { lift: () => rmSync(join(folder, "filler")) };
}

function readOnlyState(cloud: TestCloud): Injected {
  const folder = stateFolder(cloud);
  mount(cloud, folder);
  execFileSync("mount", ["-o", "remount,ro", folder]);
  return { lift: () => void execFileSync("mount", ["-o", "remount,rw", folder]) };
}

function mount(cloud: TestCloud, folder: string): void {
  mkdirSync(folder, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]);
  cloud.atEnd(() => execFileSync("umount", [folder]));
}

function canMount(): boolean {
  try {
    execFileSync("unshare", ["-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function asNobody(cloud: TestCloud): Injected {
  mkdirSync(stateFolder(cloud), { recursive: true, mode: 0o700 });
  chmodSync(cloud.rig.folder, 0o711);
  chownSync(tokenOf(cloud), NOBODY, NOBODY);
  const under = `${SETPRIV} --reuid=${NOBODY} --regid=${NOBODY} --clear-groups`;
  return { how: { under }, lift: () => chownSync(tokenOf(cloud), 0, 0) };
}

/** What stands where the state file should, until the run is over. */
function inPlaceOfState(make: (file: string) => void): Break {
  return (cloud) => {
    const { stateFile } = cloud.rig.frontEnd;
    mkdirSync(stateFolder(cloud), { recursive: true });
    make(stateFile);
    return { lift: () => dropFolders([stateFile, `${stateFile}.new`]) };
  };
}

function stateFolderIsFile(cloud: TestCloud): Injected {
  return inPlaceOf(stateFolder(cloud), (path) => writeFileSync(path, ""));
}

// Takes away what the driver cannot replace itself. A damaged state it must replace.
function dropFolders(paths: readonly string[]): void {
  for (const path of paths) {
    try {
      readFileSync(path);
    } catch {
      rmSync(path, { recursive: true, force: true });
    }
  }
}

function together(...all: readonly Injected[]): Injected {
  return { lift: () => all.map(({ lift }) => lift?.()).forEach(() => {}) };
}
