// What earlier runs left undone: creations whose process died, detaches that are owed. Never fails the action it runs in.
import { isAddressOf } from "../addresses.ts";
import type { Deadline } from "../deadline.ts";
import { messageOf } from "../errors.ts";
import { foreignTags, hasIntent, intentTag, originOf } from "../flexible-ip/ownership.ts";
import { deleteUntilGone, find } from "../flexible-ip/presence.ts";
import { type FlexibleIp, type FlexibleIpApi, nameOf } from "../scaleway/flexible-ip.ts";
import type { Intent, OwedDetach } from "../state/journal.ts";
import { isRunning } from "../state/process-identity.ts";
import type { Ports } from "./ports.ts";
import { isOurs } from "./range-flexible-ip.ts";
import { release } from "./release.ts";

// Longer than anything in between keeps a request whose client is gone.
const LATE_CALL_MS = 10 * 60_000;

/** Undoes the intents of processes that are gone and does the detaches owed, as far as its own time goes. */
export async function recover(ports: Ports): Promise<void> {
  const dead = deadIntents(ports);
  const owed = owedByLease(ports);
  if (dead.length === 0 && owed.size === 0) return;
  await ports.undo(async (api, deadline) => {
    for (const [intent, noted] of dead) {
      await attempt(ports, `intent ${intent}`, async () => {
        await undoIntent(ports, api, deadline, intent, stillToCome(noted));
      });
    }
    for (const [lease, entries] of owed) {
      await attempt(ports, `owed detach of ${lease}`, () => payDetach(ports, api, deadline, entries));
    }
  });
}

/** A call whose answer nobody saw may still be acted on: the intent stays open while that can be. */
export function stillToCome({ wanted, since }: Intent): number {
  return Date.now() - Date.parse(since) < LATE_CALL_MS ? wanted : 0;
}

/** Intents of processes that are gone. */
export function deadIntents(ports: Pick<Ports, "journal">): [string, Intent][] {
  const gone = Object.entries(ports.journal.read().intents).filter(([, intent]) => !isRunning(intent.process));
  // A process closes its intent before it ends well: only what is still open once it is gone was cut short.
  const open = gone.length === 0 ? {} : ports.journal.read().intents;
  return gone.filter(([intent]) => open[intent] !== undefined);
}

/**
 * Takes back all that was obtained under the intent and closes it, unless one of `mayCome` is still to be found. oned was
 * never told of it: a process that dies before it exits with 0 makes oned refuse the range. Answers whether it is closed.
 */
export async function undoIntent(
  ports: Ports,
  api: FlexibleIpApi,
  deadline: Deadline,
  intent: string,
  mayCome: number,
): Promise<boolean> {
  const obtained = await api.list({ projectId: ports.config.projectId, tag: intentTag(intent) });
  for (const flexibleIp of obtained) await takeBack(ports, api, deadline, flexibleIp, intent);
  if (obtained.length < mayCome) return false;
  await ports.journal.update((state) => {
    delete state.intents[intent];
  });
  return true;
}

async function takeBack(
  ports: Ports,
  api: FlexibleIpApi,
  deadline: Deadline,
  flexibleIp: FlexibleIp,
  intent: string,
): Promise<void> {
  if (!(isOurs(ports, flexibleIp) && hasIntent(flexibleIp, intent))) return;
  const fields = { address: flexibleIp.address, flexible_ip_id: flexibleIp.id };
  if (originOf(flexibleIp) === "created") {
    await deleteUntilGone(api, flexibleIp, deadline);
    ports.log.info(`undone: ${nameOf(flexibleIp)}, created for a range that was not registered, is deleted`, fields);
  } else {
    await api.update(flexibleIp.id, { tags: foreignTags(flexibleIp) });
    ports.log.info(`undone: ${nameOf(flexibleIp)}, adopted for a range that was not registered, is given back`, fields);
  }
}

type Owed = readonly (readonly [string, OwedDetach])[];

// What one lease held is detached together: those that share a virtual MAC keep it only so.
function owedByLease(ports: Ports): Map<string, Owed> {
  return Map.groupBy(Object.entries(ports.journal.read().owedDetaches), ([, { lease }]) => lease);
}

async function payDetach(ports: Ports, api: FlexibleIpApi, deadline: Deadline, owed: Owed): Promise<void> {
  const found = await Promise.all(
    owed.map(async ([id, entry]) => ({ entry, flexibleIp: await find(api, id, ports.config.projectId) })),
  );
  const held = found.flatMap(({ flexibleIp }) => flexibleIp ?? []);
  const isChanged = found.some(({ entry, flexibleIp }) => flexibleIp && !isOfEndedLease(ports, flexibleIp, entry));
  if (!isStillOwed(ports, owed)) return;
  const unsettled = isChanged ? [] : await release({ api, deadline, log: ports.log }, held);
  for (const flexibleIp of held.filter(({ id }) => !unsettled.some((one) => one.id === id))) {
    if (isChanged)
      ports.log.warn(`not detached: ${nameOf(flexibleIp)} or its companion changed; see scw-flexip reconcile`);
    else ports.log.info(`paid: ${nameOf(flexibleIp)}, whose lease has ended, is detached`);
  }
  await ports.journal.update((state) => {
    for (const [id] of owed) if (!unsettled.some((flexibleIp) => flexibleIp.id === id)) delete state.owedDetaches[id];
  });
}

function isOfEndedLease(ports: Ports, flexibleIp: FlexibleIp, { address, asOf }: OwedDetach): boolean {
  const isRight = isOurs(ports, flexibleIp) && isAddressOf(address, flexibleIp.address);
  return isRight && Date.parse(flexibleIp.updatedAt) <= Date.parse(asOf);
}

// A lease given meanwhile has taken the entries away.
function isStillOwed(ports: Ports, owed: Owed): boolean {
  const { owedDetaches } = ports.journal.read();
  return owed.every(([id]) => owedDetaches[id] !== undefined);
}

async function attempt(ports: Ports, what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    ports.log.warn(`left for a later run: ${what} (${messageOf(error)})`);
  }
}
