// Undoes registrations whose process died. Never fails the action it runs in.
import { messageOf } from "../errors.ts";
import { hasIntent, intentTag } from "../flexible-ip/ownership.ts";
import { find } from "../flexible-ip/presence.ts";
import type { FlexibleIp } from "../scaleway/flexible-ip.ts";
import type { Intent } from "../state/journal.ts";
import { giveBack } from "./give-back.ts";
import type { IpamSession } from "./ipam-session.ts";
import { isOurs } from "./range-flexible-ip.ts";

// Longer than a registration lives, and than anything in between keeps a request whose client is gone.
const LATE_CALL_MS = 10 * 60_000;

/** Undoes the intents of processes that are gone, until its own time is up. */
export async function recover(session: IpamSession): Promise<void> {
  const dead = deadIntents(session);
  if (dead.length === 0) return;
  await session.undo(async (own) => {
    for (const [intent, noted] of dead) {
      try {
        await undoIntent({ ...session, ...own }, intent, stillToCome(session, noted));
      } catch (error) {
        session.log.warn(`left for a later run: intent ${intent} (${messageOf(error)})`);
      }
    }
  });
}

/** How many flexible IPs may still come of calls whose answer nobody saw: so long the intent stays open. */
export function stillToCome({ machine }: Pick<IpamSession, "machine">, { wanted, since }: Intent): number {
  return machine.now() - Date.parse(since) < LATE_CALL_MS ? wanted : 0;
}

/** Intents of processes that are gone. */
export function deadIntents(session: Pick<IpamSession, "journal" | "machine">): [string, Intent][] {
  const { journal } = session;
  const gone = Object.entries(journal.read().intents).filter(([, intent]) => !mayRun(session, intent));
  // A process that succeeds closes its intent before it exits: an intent that is still open was interrupted.
  const open = gone.length === 0 ? {} : journal.read().intents;
  return gone.filter(([intent]) => open[intent] !== undefined);
}

/** Whether the intent's process may still be running, which is not known of another front-end's. */
export function mayRun({ machine }: Pick<IpamSession, "machine">, { process, since }: Intent): boolean {
  return machine.isRunning(process) ?? machine.now() - Date.parse(since) < LATE_CALL_MS;
}

/**
 * Takes back all that was obtained under the intent and closes it, unless one of `mayCome` is still to be found. oned
 * does not know of it: when a process dies before it exits with 0, oned refuses the range. Returns whether it is
 * closed.
 */
export async function undoIntent(session: IpamSession, intent: string, mayCome: number): Promise<boolean> {
  const obtained = await obtainedUnder(session, intent);
  for (const flexibleIp of obtained.filter((one) => isOurs(session, one))) {
    await giveBack(session, flexibleIp, "its address range was not registered");
  }
  if (obtained.length < mayCome) return false;
  await closeIntent(session, intent);
  return true;
}

/** Those that a listing shows or the journal names: a listing may lag behind a creation that was answered. */
async function obtainedUnder(session: IpamSession, intent: string): Promise<FlexibleIp[]> {
  const { api, journal } = session;
  const { projectId } = session.config;
  const listed = await api.list({ projectId, tag: intentTag(intent) });
  const noted = journal.read().intents[intent]?.flexibleIpIds ?? [];
  const unlisted = noted.filter((id) => !listed.some((flexibleIp) => flexibleIp.id === id));
  const read = await Promise.all(unlisted.map((id) => find(session, { id, projectId })));
  return [...listed, ...read.filter((one) => one !== undefined)].filter((one) => hasIntent(one, intent));
}

/** Strikes the intent out of the journal. Throws DriverError. */
export async function closeIntent({ journal }: IpamSession, intent: string): Promise<void> {
  await journal.update((state) => {
    delete state.intents[intent];
  });
}
