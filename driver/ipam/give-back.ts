// Ending what this cloud holds: what the driver created is deleted, what it adopted loses our tags and nothing else.
import { ApiError, RefusedError } from "../errors.ts";
import { changed } from "../flexible-ip/log-fields.ts";
import { foreignTags, originOf } from "../flexible-ip/ownership.ts";
import { find } from "../flexible-ip/presence.ts";
import { type FlexibleIp, nameOf } from "../scaleway/flexible-ip.ts";
import type { Session } from "../session.ts";

const FIRST_LOOK_MS = 100;
const LONGEST_PAUSE_MS = 1_000;

/** Deletes a created flexible IP, and waits until it is gone, or gives an adopted one back. `why` goes into the log. */
export async function giveBack(session: Session, flexibleIp: FlexibleIp, why: string): Promise<void> {
  const { api, log } = session;
  if (originOf(flexibleIp) === "created") {
    await deleteUntilGone(session, flexibleIp);
    const change = changed(api, "delete", flexibleIp, flexibleIp.address, undefined);
    log.info(`deleted ${nameOf(flexibleIp)}: ${why}`, change);
    return;
  }
  const tags = foreignTags(flexibleIp);
  await api.update(flexibleIp.id, { tags });
  const change = changed(api, "give back", flexibleIp, flexibleIp.tags.join(" "), tags.join(" "));
  log.info(`gave back ${nameOf(flexibleIp)}, which was adopted: ${why}`, change);
}

// One that is gone already is fine.
async function deleteUntilGone(session: Session, flexibleIp: FlexibleIp): Promise<void> {
  try {
    await session.api.delete(flexibleIp.id);
  } catch (error) {
    if (!(error instanceof ApiError && error.mayBeGone)) throw error;
    // After a lost answer the second try finds nothing; a token that may not delete gets the same status.
    if ((await find(session, flexibleIp)) !== undefined) throw error;
    return;
  }
  if (flexibleIp.serverId !== undefined) await awaitGone(session, flexibleIp);
}

// An attached one is detached first, can be read meanwhile (recorded), and may come back when that fails.
async function awaitGone(session: Session, flexibleIp: FlexibleIp): Promise<void> {
  const { deadline } = session;
  let isUnderWay = false;
  for (let pause = FIRST_LOOK_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    const now = await find(session, flexibleIp);
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
