// Doing a step of a plan. Each looks first: what changed since the plan was made is left to the next one.

import { bringHere, sendAway } from "../../flexible-ip/mac-group.ts";
import { find } from "../../flexible-ip/presence.ts";
import { deleteUntilGone } from "../../ipam/give-back.ts";
import type { IpamSession } from "../../ipam/ipam-session.ts";
import { stillToCome, undoIntent } from "../../ipam/recover.ts";
import { type FlexibleIp, nameOf } from "../../scaleway/flexible-ip.ts";
import type { Step } from "./step.ts";

export type Outcome =
  | "done"
  | "not yet: a call may still be acted on"
  | "changed since the plan"
  | "for a person to do";

const WHY = "scw-flexip reconcile";

/** Whether OpenNebula still says of the step's address what it said when the plan was made. */
export type Witness = (step: Step) => Promise<boolean>;

/** Applies one step. Throws DriverError when it cannot be done; nothing is left half-way that a later plan does not find. */
export async function apply(ports: IpamSession, step: Step, stillHolds: Witness): Promise<Outcome> {
  const { remedy } = step;
  const unchanged = (planned: readonly FlexibleIp[], work: Work): Promise<Outcome> =>
    ifUnchanged(ports, planned, () => stillHolds(step), work);
  switch (remedy.do) {
    case "none":
      return "for a person to do";
    case "undo-registration":
      return undo(ports, remedy.intent);
    case "delete":
      return unchanged([remedy.flexibleIp], async ([flexibleIp]) => {
        if (flexibleIp !== undefined) await deleteUntilGone(ports, flexibleIp);
      });
    case "detach":
      return unchanged(remedy.flexibleIps, async (now) => {
        const serverId = now.find((one) => one.serverId !== undefined)?.serverId;
        if (serverId) await sendAway(ports, { own: now, aliases: [] }, serverId, WHY);
      });
    case "restore-tags":
    case "remove-tags":
      return unchanged([remedy.flexibleIp], async () => {
        await ports.api.update(remedy.flexibleIp.id, { tags: remedy.tags });
      });
    case "attach":
    case "move":
      return unchanged([...remedy.flexibleIps, ...(remedy.aliases ?? [])], async (now) => {
        const count = remedy.flexibleIps.length;
        const group = { own: now.slice(0, count), aliases: now.slice(count) };
        await bringHere(ports, group, remedy.serverId, remedy.do === "move" ? "take" : "leave", WHY);
      });
  }
}

async function undo(ports: IpamSession, intent: string): Promise<Outcome> {
  const noted = ports.journal.read().intents[intent];
  if (noted === undefined) return "changed since the plan";
  const isClosed = await undoIntent(ports, intent, stillToCome(ports, noted));
  return isClosed ? "done" : "not yet: a call may still be acted on";
}

type Work = (now: readonly FlexibleIp[]) => Promise<void>;

async function ifUnchanged(
  ports: IpamSession,
  planned: readonly FlexibleIp[],
  isStillSo: () => Promise<boolean>,
  work: Work,
): Promise<Outcome> {
  const [so, ...now] = await Promise.all([isStillSo(), ...planned.map((one) => find(ports, one))]);
  const same = now
    .filter((one) => one !== undefined)
    .filter((one, index) => one.updatedAt === planned[index]?.updatedAt);
  if (!so || same.length < planned.length) return "changed since the plan";
  await work(same);
  ports.log.info(`reconciled ${planned.map(nameOf).join(", ")}`);
  return "done";
}
