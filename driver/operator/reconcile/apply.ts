// Doing a step of a plan. Each looks first: what changed since the plan was made is left to the next one.

import { detachAll, takeOver } from "../../flexible-ip/attachment.ts";
import { dropMac, evictBorrowers, shareMac } from "../../flexible-ip/mac-group.ts";
import { deleteUntilGone, find } from "../../flexible-ip/presence.ts";
import type { Ports } from "../../ipam/ports.ts";
import { stillToCome, undoIntent } from "../../ipam/recover.ts";
import { release } from "../../ipam/release.ts";
import { type FlexibleIp, nameOf } from "../../scaleway/flexible-ip.ts";
import type { Step } from "./step.ts";

export type Outcome =
  | "done"
  | "not yet: a call may still be acted on"
  | "changed since the plan"
  | "for a person to do";

/** Whether OpenNebula still says of the step's address what it said when the plan was made. */
export type Witness = (step: Step) => Promise<boolean>;

/** Applies one step. Throws DriverError when it cannot be done; nothing is left half-way that a later plan does not find. */
export async function apply(ports: Ports, step: Step, stillHolds: Witness): Promise<Outcome> {
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
        if (flexibleIp !== undefined) await deleteUntilGone(ports.api, flexibleIp, ports.deadline);
      });
    case "detach":
      return unchanged(remedy.flexibleIps, async (now) => {
        await release(ports, now);
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
        await place(ports, now.slice(0, count), now.slice(count), remedy.serverId);
      });
  }
}

async function undo(ports: Ports, intent: string): Promise<Outcome> {
  const noted = ports.journal.read().intents[intent];
  if (noted === undefined) return "changed since the plan";
  const isClosed = await undoIntent(ports, ports.api, ports.deadline, intent, stillToCome(noted));
  return isClosed ? "done" : "not yet: a call may still be acted on";
}

async function place(
  ports: Ports,
  flexibleIps: readonly FlexibleIp[],
  aliases: readonly FlexibleIp[],
  serverId: string,
): Promise<void> {
  const [owner] = flexibleIps;
  if (owner === undefined) return;
  if (owner.serverId !== serverId) await evictBorrowers(ports, owner, flexibleIps);
  await shareMac(ports, owner, await takeOver(ports, flexibleIps, serverId));
  // An alias can be attached only without a virtual MAC, and gets its NIC's where that one is.
  const now = (await Promise.all(aliases.map(({ id, projectId }) => find(ports.api, id, projectId)))).filter(
    (alias) => alias !== undefined,
  );
  const here = now.filter((alias) => alias.serverId === serverId);
  const away = await detachAll(
    ports,
    now.filter((alias) => alias.serverId !== serverId),
  );
  const bare = await Promise.all(away.map((alias) => (alias.mac === null ? alias : dropMac(ports, alias))));
  await shareMac(ports, owner, await takeOver(ports, [...bare, ...here], serverId));
}

type Work = (now: readonly FlexibleIp[]) => Promise<void>;

async function ifUnchanged(
  ports: Ports,
  planned: readonly FlexibleIp[],
  isStillSo: () => Promise<boolean>,
  work: Work,
): Promise<Outcome> {
  const [so, ...now] = await Promise.all([
    isStillSo(),
    ...planned.map(({ id, projectId }) => find(ports.api, id, projectId)),
  ]);
  const same = now
    .filter((one) => one !== undefined)
    .filter((one, index) => one.updatedAt === planned[index]?.updatedAt);
  if (!so || same.length < planned.length) return "changed since the plan";
  await work(same);
  ports.log.info(`reconciled ${planned.map(nameOf).join(", ")}`);
  return "done";
}
