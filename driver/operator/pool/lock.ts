// One pool run at a time.
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import lockfile from "proper-lockfile";
import { DriverError, messageOf } from "../../errors.ts";

const STALE_MS = 60_000;

/** Takes the lock of `file` for as long as the process lives or until it is released; undefined while another has it. */
export async function holdLock(file: string): Promise<(() => Promise<void>) | undefined> {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    return await lockfile.lock(file, { realpath: false, stale: STALE_MS });
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ELOCKED") return undefined;
    throw new DriverError(`${file} cannot be locked (${messageOf(cause)})`, `check the owner of ${dirname(file)}`, {
      cause,
    });
  }
}
