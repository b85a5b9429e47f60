// What the log and the user learn while a flexible IP settles: a server attaches one after the other, and many may wait.
import { ApiError } from "../errors.ts";
import { type FlexibleIp, nameOf } from "../scaleway/flexible-ip.ts";
import type { Session } from "../session.ts";

const FIRST_LINE_MS = 3_000;
const LONGEST_SILENCE_MS = 60_000;

/**
 * Returns what `settled` calls before each pause: after 3, 6, 12, … seconds it logs what is waited for, how long, and how
 * many others of the project settle too. The deadline blames the same wait when the time runs out.
 */
export function waitingLog(session: Session): (flexibleIp: FlexibleIp) => Promise<void> {
  const { deadline, log } = session;
  const start = deadline.remainingMs();
  let next = FIRST_LINE_MS;
  return async (flexibleIp) => {
    const waited = start - deadline.remainingMs();
    if (waited < next) return;
    next += Math.min(next, LONGEST_SILENCE_MS);
    const place = await placeOf(session, flexibleIp);
    const reason = `${nameOf(flexibleIp)} is ${flexibleIp.status} since ${Math.round(waited / 1_000)} s${place}`;
    deadline.blame({ reason, move: "start fewer VMs at once on one server, or raise HOOK_TIMEOUT" });
    log.info(`waiting: ${reason}`, { address: flexibleIp.address, flexible_ip_id: flexibleIp.id });
  };
}

// While an attach is under way the API does not tell its server (recorded), so the queue is known by project alone.
async function placeOf({ api, config }: Session, flexibleIp: FlexibleIp): Promise<string> {
  try {
    const listed = await api.list({ projectId: config.projectId, status: flexibleIp.status });
    const others = listed.filter(({ id }) => id !== flexibleIp.id);
    const ahead = others.filter(({ updatedAt }) => updatedAt < flexibleIp.updatedAt).length;
    return `, place ${ahead + 1} of ${others.length + 1} in the project's queue`;
  } catch (error) {
    if (error instanceof ApiError) return "";
    throw error;
  }
}
