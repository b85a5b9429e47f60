// Changes of one flexible IP that wait until it has settled.
import { ApiError, RefusedError } from "../errors.ts";
import { type FlexibleIp, nameOf } from "../scaleway/flexible-ip.ts";
import { AGAIN, insist } from "../scaleway/retry.ts";
import type { Session } from "../session.ts";
import { settled } from "./presence.ts";
import { waitingLog } from "./waiting.ts";

/** The flexible IP once it has settled; throws RefusedError when it is gone, in error or locked. */
export async function usable(session: Session, flexibleIp: FlexibleIp): Promise<FlexibleIp> {
  const now = await settled(session.api, flexibleIp, session.deadline, waitingLog(session));
  if (now === undefined) {
    throw new RefusedError(`${nameOf(flexibleIp)} is gone`, "remove its address range and add a new one");
  }
  if (now.status === "error" || now.status === "locked") {
    throw new RefusedError(`${nameOf(now)} has status ${now.status}`, "look it up in the Scaleway console");
  }
  return now;
}

/**
 * Calls `act` until the flexible IP is as `isDone` wants it. What may not be done twice blindly (MAC operations) is
 * looked at after each failure before it is tried again.
 */
export async function ensure(
  session: Session,
  flexibleIp: FlexibleIp,
  isDone: (flexibleIp: FlexibleIp) => boolean,
  act: () => Promise<FlexibleIp | undefined>,
): Promise<FlexibleIp> {
  const look = async (): Promise<FlexibleIp> => usable(session, await session.api.get(flexibleIp.id));
  let now = await usable(session, flexibleIp);
  return insist(
    session,
    async () => {
      if (isDone(now)) return now;
      try {
        const answer = await act();
        now = answer === undefined ? await look() : await usable(session, answer);
      } catch (error) {
        // Refused for good, perhaps because another run did it meanwhile.
        if (!(error instanceof ApiError) || error.isRetryable) throw error;
        now = await look();
        if (!isDone(now)) throw error;
      }
      return isDone(now) ? now : AGAIN;
    },
    async () => {
      now = await look();
      return AGAIN;
    },
  );
}
