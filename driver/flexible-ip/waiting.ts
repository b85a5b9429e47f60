// Waiting until a flexible IP has settled, and what the log says meanwhile: a server attaches one after the other, and
// many may wait.
import { ApiError, RefusedError } from "../errors.ts";
import { type FlexibleIp, isSettling, nameOf } from "../scaleway/flexible-ip.ts";
import type { Session } from "../session.ts";
import { find } from "./presence.ts";

const FIRST_LOOK_MS = 100;
const LONGEST_PAUSE_MS = 1_000;
const FIRST_LINE_MS = 3_000;
const LONGEST_SILENCE_MS = 60_000;

/** Waits until nothing is under way: the flexible IP as it is then, undefined when it is gone. Looks first. */
export async function settled(session: Session, last: FlexibleIp): Promise<FlexibleIp | undefined> {
  const tell = waitingLog(session);
  let flexibleIp: FlexibleIp | undefined = last;
  // A lone attach settles in 2 s, the third of three in 43 s (recorded): look often at first, then every second.
  for (let pause = FIRST_LOOK_MS; flexibleIp !== undefined && isSettling(flexibleIp); pause *= 2) {
    await tell(flexibleIp);
    await session.deadline.sleep(Math.min(pause, LONGEST_PAUSE_MS));
    flexibleIp = await find(session, flexibleIp);
  }
  return flexibleIp;
}

/** As settled, but reads first. */
export async function lookAgain(session: Session, last: FlexibleIp): Promise<FlexibleIp | undefined> {
  const now = await find(session, last);
  return now && settled(session, now);
}

/** As settled, but throws RefusedError when the flexible IP is gone, in error or locked. */
export async function usable(session: Session, last: FlexibleIp): Promise<FlexibleIp> {
  const now = await settled(session, last);
  if (now === undefined) {
    throw new RefusedError(`${nameOf(last)} is gone`, "remove its address range and add a new one");
  }
  if (now.status === "error" || now.status === "locked") {
    throw new RefusedError(`${nameOf(now)} has status ${now.status}`, "look it up in the Scaleway console");
  }
  return now;
}

/**
 * Returns what to call before each pause: after 3, 6, 12, … seconds it logs what is waited for, how long, and how many
 * others of the project settle too. When the time runs out, the deadline gives the same wait as its reason.
 */
function waitingLog(session: Session): (flexibleIp: FlexibleIp) => Promise<void> {
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
async function placeOf({ api, config }: Session, { id, status, updatedAt }: FlexibleIp): Promise<string> {
  try {
    const others = (await api.list({ projectId: config.projectId, status })).filter((one) => one.id !== id);
    const ahead = others.filter((one) => one.updatedAt < updatedAt).length;
    return `, place ${ahead + 1} of ${others.length + 1} in the project's queue`;
  } catch (error) {
    if (error instanceof ApiError) return "";
    throw error;
  }
}
