// Folders that are written to, and the journal.
import { accessSync, constants, globSync, statfsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Config } from "../../config.ts";
import { messageOf } from "../../errors.ts";
import { deadIntents } from "../../ipam/recover.ts";
import { openLog } from "../../log.ts";
import { realMachine } from "../../session.ts";
import { inspectJournal, Journal } from "../../state/journal.ts";
import { type Finding, failure, ok, warning } from "./finding.ts";

const LOW_BYTES = 500e6;
const FULL_BYTES = 50e6;

/** A folder of logs: it and our logs in it can be written by whoever this runs as. */
export function checkLogs(folder: string): Finding {
  const make = `install -d -m 0750 -o oneadmin -g oneadmin ${folder}`;
  const why = whyNotWritable(folder);
  if (why !== undefined) return failure("logs", why, make);
  const locked = globSync(join(folder, "scw-flexip*.log")).filter((file) => whyNotWritable(file) !== undefined);
  if (locked.length > 0) {
    return failure("logs", `cannot be written: ${locked.join(", ")}`, `chown oneadmin:oneadmin ${locked.join(" ")}`);
  }
  return ok("logs", `${folder} can be written`);
}

export function checkState({ stateFile }: Config): Finding[] {
  const folder = dirname(stateFile);
  const make = `install -d -m 0700 -o oneadmin -g oneadmin ${folder}`;
  const why = whyNotWritable(folder);
  if (why !== undefined) return [failure("state", why, make)];
  const isOpen = (statSync(folder).mode & 0o077) !== 0;
  const state = isOpen
    ? warning("state", `${folder} can be read by others`, `chmod 0700 ${folder}`)
    : ok("state", `${folder} can be written`);
  return [state, ...journal(stateFile)];
}

export function checkSpace(folders: readonly string[]): Finding[] {
  const seen = new Set<number>();
  return folders.flatMap((folder): Finding[] => {
    const stat = statSync(folder, { throwIfNoEntry: false });
    if (stat === undefined || seen.has(stat.dev)) return [];
    seen.add(stat.dev);
    const { bavail, bsize } = statfsSync(folder);
    const free = bavail * bsize;
    const why = `${Math.round(free / 1e6)} MB free below ${folder}`;
    if (free < FULL_BYTES) return [failure("space", why, `df -h ${folder}`)];
    return [free < LOW_BYTES ? warning("space", why, `df -h ${folder}`) : ok("space", why)];
  });
}

function journal(file: string): Finding[] {
  const damaged = globSync(`${file}.damaged-*`).map((path) =>
    warning("journal", `${path} was set aside: it could not be read`, `scw-flexip reconcile && rm ${path}`),
  );
  let now: ReturnType<typeof inspectJournal>;
  try {
    now = inspectJournal(file);
  } catch (error) {
    const why = `${file} cannot be read (${messageOf(error)})`;
    return [failure("journal", why, `chown oneadmin:oneadmin ${file}`), ...damaged];
  }
  if (now === "damaged") {
    return [
      warning("journal", `${file} is damaged; the next action begins a new one`, "scw-flexip reconcile"),
      ...damaged,
    ];
  }
  // Only reading: nothing is logged.
  const state = new Journal(file, openLog({ level: "error", file: "/dev/null", context: {}, warn: () => {} }));
  const dead = deadIntents({ journal: state, machine: realMachine }).length;
  const work =
    dead === 0
      ? ok("unfinished work", "none")
      : warning("unfinished work", `${dead} registrations to undo`, "scw-flexip reconcile --apply");
  return [ok("journal", `${file} can be read`), work, ...damaged];
}

function whyNotWritable(path: string): string | undefined {
  try {
    accessSync(path, constants.W_OK);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
