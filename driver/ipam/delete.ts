import type { Deadline } from "../deadline.ts";
import { ApiError, RefusedError } from "../errors.ts";
import { find } from "../flexible-ip/presence.ts";
import { type FlexibleIp, type FlexibleIpApi, nameOf } from "../scaleway/flexible-ip.ts";

const FIRST_LOOK_MS = 100;
const LONGEST_PAUSE_MS = 1_000;

/** Deletes the flexible IP and waits until it is gone. One that is gone already is fine. */
export async function deleteUntilGone(api: FlexibleIpApi, flexibleIp: FlexibleIp, deadline: Deadline): Promise<void> {
  try {
    await api.delete(flexibleIp.id);
  } catch (error) {
    if (!(error instanceof ApiError && error.mayBeGone)) throw error;
    // After a lost answer the second try finds nothing; a token that may not delete gets the same status.
    if ((await find(api, flexibleIp.id, flexibleIp.projectId)) !== undefined) throw error;
    return;
  }
  if (flexibleIp.serverId !== undefined) await awaitGone(api, flexibleIp, deadline);
}

// An attached one is detached first, can be read meanwhile (recorded), and may come back when that fails.
async function awaitGone(api: FlexibleIpApi, flexibleIp: FlexibleIp, deadline: Deadline): Promise<void> {
  let isUnderWay = false;
  for (let pause = FIRST_LOOK_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    const now = await find(api, flexibleIp.id, flexibleIp.projectId);
    if (now === undefined) return;
    if (isUnderWay && (now.status === "attached" || now.status === "error" || now.status === "locked")) {
      throw new RefusedError(
        `${nameOf(now)} was not deleted, its status is ${now.status} again`,
        "try again, or delete it in the Scaleway console",
      );
    }
    isUnderWay ||= now.status === "detaching";
    deadline.blame({ reason: `${nameOf(now)} is to be deleted and has status ${now.status}`, move: "try again" });
    await deadline.sleep(pause);
  }
}
