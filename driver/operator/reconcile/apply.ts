// Doing a step of a plan. Each looks first: what changed since the plan was made is left to the next one.

import { detachAll, takeOver } from "../../flexible-ip/attachment.ts";
import { detachGroup, dropMac, evictBorrowers, shareMac } from "../../flexible-ip/mac-group.ts";
import { find } from "../../flexible-ip/presence.ts";
import { deleteUntilGone } from "../../ipam/delete.ts";
import type { IpamSession } from "../../ipam/ipam-session.ts";
import { stillToCome, undoIntent } from "../../ipam/recover.ts";
import { type FlexibleIp, nameOf } from "../../scaleway/flexible-ip.ts";
import type { Step } from "./step.ts";

export type Outcome =
  | "done"
  | "not yet: a call may still be acted on"
  | "changed since the plan"
  | "for a person to do";

/** Applies one step. Throws DriverError when it cannot be done; nothing is left half-way that a later plan does not find. */
export async function apply(ports: IpamSession, step: Step): Promise<Outcome> {
  const { remedy } = step;
  switch (remedy.do) {
    case "none":
      return "for a person to do";
    case "undo-intent":
      return undo(ports, remedy.intent);
    case "delete":
      return unchanged(ports, [remedy.flexibleIp], async ([flexibleIp]) => {
        if (flexibleIp !== undefined) await deleteUntilGone(ports.api, flexibleIp, ports.deadline);
      });
    case "detach":
      return unchanged(ports, remedy.flexibleIps, (now) => detachGroup(ports, now.filter(isDetachable), []));
    case "set-tags":
      return unchanged(ports, [remedy.flexibleIp], async () => {
        await ports.api.update(remedy.flexibleIp.id, { tags: remedy.tags });
      });
    case "attach":
    case "move":
      return unchanged(ports, [...remedy.flexibleIps, ...(remedy.aliases ?? [])], async (now) => {
        const count = remedy.flexibleIps.length;
        await place(ports, now.slice(0, count), now.slice(count), remedy.serverId);
      });
  }
}

async function undo(ports: IpamSession, intent: string): Promise<Outcome> {
  const noted = ports.journal.read().intents[intent];
  if (noted === undefined) return "changed since the plan";
  const isClosed = await undoIntent(ports, intent, stillToCome(ports, noted));
  return isClosed ? "done" : "not yet: a call may still be acted on";
}

async function place(
  ports: IpamSession,
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

async function unchanged(
  ports: IpamSession,
  planned: readonly FlexibleIp[],
  work: (now: readonly FlexibleIp[]) => Promise<void>,
): Promise<Outcome> {
  const now = await Promise.all(planned.map(({ id, projectId }) => find(ports.api, id, projectId)));
  const same = now
    .filter((one) => one !== undefined)
    .filter((one, index) => one.updatedAt === planned[index]?.updatedAt);
  if (same.length < planned.length) return "changed since the plan";
  await work(same);
  ports.log.info(`reconciled ${planned.map(nameOf).join(", ")}`);
  return "done";
}

function isDetachable({ serverId, status }: FlexibleIp): boolean {
  return serverId !== null && (status === "attached" || status === "error" || status === "unknown");
}
