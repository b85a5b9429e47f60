// What earlier runs left undone: creations whose process died, detaches that are owed. Never fails the action it runs in.
import type { Deadline } from "../deadline.ts";
import { messageOf } from "../errors.ts";
import { type FlexibleIp, type FlexibleIpApi, nameOf } from "../scaleway/flexible-ip.ts";
import { foreignTags, hasIntent, intentTag, originOf } from "../scaleway/ownership.ts";
import { deleteUntilGone, find } from "../scaleway/presence.ts";
import type { OwedDetach } from "../state/journal.ts";
import { isRunning } from "../state/process-identity.ts";
import type { Ports } from "./ports.ts";
import { isOurs } from "./range-flexible-ip.ts";
import { release } from "./release.ts";

/** Undoes the intents of processes that are gone and does the detaches owed, as far as its own time goes. */
export async function recover(ports: Ports): Promise<void> {
  const { intents, owedDetaches } = ports.journal.read();
  const dead = Object.entries(intents).filter(([, intent]) => !isRunning(intent.process));
  const owed = Object.entries(owedDetaches);
  if (dead.length === 0 && owed.length === 0) return;
  await ports.undo(async (api, deadline) => {
    for (const [intent] of dead)
      await attempt(ports, `intent ${intent}`, () => undoIntent(ports, api, deadline, intent));
    for (const [id, entry] of owed) {
      await attempt(ports, `owed detach of ${entry.address}`, () => payDetach(ports, api, deadline, id, entry));
    }
  });
}

/**
 * Takes back all that was obtained under the intent and closes it. oned was never told of it: a process that dies before
 * it exits with 0 makes oned refuse the range, and the intent is closed before that.
 */
export async function undoIntent(ports: Ports, api: FlexibleIpApi, deadline: Deadline, intent: string): Promise<void> {
  const obtained = await api.list({ projectId: ports.config.projectId, tag: intentTag(intent) });
  for (const flexibleIp of obtained) await takeBack(ports, api, deadline, flexibleIp, intent);
  await ports.journal.update((state) => {
    delete state.intents[intent];
  });
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

async function payDetach(
  ports: Ports,
  api: FlexibleIpApi,
  deadline: Deadline,
  id: string,
  entry: OwedDetach,
): Promise<void> {
  const flexibleIp = await find(api, id, ports.config.projectId);
  if (flexibleIp !== undefined && isOurs(ports, flexibleIp)) {
    const isOfEndedLease = Date.parse(flexibleIp.updatedAt) <= Date.parse(entry.asOf);
    const isLeased = ports.journal.read().owedDetaches[id] === undefined;
    if (isOfEndedLease && !isLeased) {
      const unsettled = await release({ api, deadline, log: ports.log }, [flexibleIp]);
      if (unsettled.length > 0) return;
      ports.log.info(`paid: ${nameOf(flexibleIp)} is detached, as was owed since its lease ended`, {
        address: flexibleIp.address,
        flexible_ip_id: id,
      });
    }
  }
  await ports.journal.update((state) => {
    delete state.owedDetaches[id];
  });
}

async function attempt(ports: Ports, what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    ports.log.warn(`left for a later run: ${what} (${messageOf(error)})`);
  }
}
