// The folders that the driver writes to, their rotation, and the free space below them.
import { constants, existsSync, globSync, readFileSync, statfsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Config } from "../../config.ts";
import { whyNoAccess } from "../access.ts";
import type { Operator, Role } from "../operator.ts";
import { type Finding, failure, ok, warning } from "./finding.ts";

const LOW_BYTES = 500e6;
const FULL_BYTES = 50e6;

/** Whether this user can write into the folder, and to our logs in it. */
export function checkLogs(folder: string): Finding {
  const why = whyNoAccess(folder, constants.W_OK);
  if (why !== undefined) return failure("logs", why, `install -d -m 0750 -o oneadmin -g oneadmin ${folder}`);
  const locked = globSync(join(folder, "scw-flexip*.log")).filter(
    (file) => whyNoAccess(file, constants.W_OK) !== undefined,
  );
  if (locked.length > 0) {
    return failure("logs", `cannot be written: ${locked.join(", ")}`, `chown oneadmin:oneadmin ${locked.join(" ")}`);
  }
  return ok("logs", `${folder} can be written`);
}

/** Without rotation the logs grow for ever. */
export function checkRotation({ layout }: Operator, role: Role, logFolder: string): Finding {
  const { logrotate } = layout;
  const cure = `scw-flexip install --${role}`;
  if (!existsSync(logrotate)) return warning("rotation", `there is no ${logrotate}: the logs grow`, cure);
  const inside = logFolder.slice(layout.root.length);
  if (readFileSync(logrotate, "utf8").includes(`${inside}/`)) return ok("rotation", logrotate);
  return warning("rotation", `${logrotate} does not name the logs in ${inside}`, `sudoedit ${logrotate}`);
}

export function checkState({ stateFile }: Config): Finding {
  const folder = dirname(stateFile);
  const why = whyNoAccess(folder, constants.W_OK);
  if (why !== undefined) return failure("state", why, `install -d -m 0700 -o oneadmin -g oneadmin ${folder}`);
  if ((statSync(folder).mode & 0o077) === 0) return ok("state", `${folder} can be written`);
  return warning("state", `${folder} can be read by others`, `chmod 0700 ${folder}`);
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
    const cure = `df -h ${folder}`;
    if (free < FULL_BYTES) return [failure("space", why, cure, String(free))];
    return [free < LOW_BYTES ? warning("space", why, cure, String(free)) : ok("space", why, String(free))];
  });
}
