// Flexible IPs that share a virtual MAC form a group. One that is detached on its own loses the MAC. This file ensures
// that it is never the NIC's own flexible IP: its range promised that MAC to the guest.
import { RefusedError } from "../errors.ts";
import { type FlexibleIp, type FlexibleIpFilter, nameOf } from "../scaleway/flexible-ip.ts";
import type { Session } from "../session.ts";
import { attachAll, detachAll, type Elsewhere, startDetach } from "./attachment.ts";
import { changed, fieldsOf } from "./log-fields.ts";
import { borrowerTags, cloudOf, isBorrower, isLender, lenderTags } from "./ownership.ts";
import { deleteMac, shareMac } from "./virtual-mac.ts";
import { settled } from "./waiting.ts";

/** The flexible IPs of a NIC: its own, the first of which owns the virtual MAC, and those of its aliases. */
export type MacGroup = { readonly own: readonly FlexibleIp[]; readonly aliases: readonly FlexibleIp[] };

/**
 * Attaches the group to the server with one virtual MAC and waits until it is attached. Those that another server has
 * stay there or are taken; aliases stay away when their NIC does. `why` goes into the log.
 */
export async function bringHere(
  session: Session,
  group: MacGroup,
  serverId: string,
  elsewhere: Elsewhere,
  why: string,
): Promise<void> {
  const [owner] = group.own;
  if (owner === undefined) return;
  const isElsewhere = (one: FlexibleIp): boolean => one.serverId !== undefined && one.serverId !== serverId;
  if (elsewhere === "leave" && isElsewhere(owner)) {
    session.log.info(
      `left ${nameOf(owner)} on server ${owner.serverId}, where the guest may still run`,
      fieldsOf(owner),
    );
    return;
  }
  const members = [...group.own, ...group.aliases];
  if (owner.serverId !== serverId) await refuseStrangers(session, owner, members);
  const mayCome = (one: FlexibleIp): boolean => elsewhere === "take" || !isElsewhere(one);
  const aliases = group.aliases.filter(mayCome);
  const bare = await Promise.all(aliases.map((alias) => giveUpOwnMac(session, alias, owner)));
  if (aliases.length > 0) await markLender(session, owner);
  const all = await attachAll(session, [...group.own.filter(mayCome), ...bare], serverId, elsewhere, why);
  const here = all.filter((one) => one.serverId === serverId);
  for (const one of here) if (one.id !== owner.id) await shareMac(session, one, owner);
  for (const one of here) {
    const before = members.find(({ id }) => id === one.id)?.serverId;
    const change = before === serverId ? {} : changed(session.api, "attach", one, before, serverId);
    session.log.info(`serving ${nameOf(one)} on server ${serverId}`, { ...fieldsOf(one), ...change });
  }
}

/**
 * Detaches the members of the group that the server has: the aliases first, and waits for those alone. A flexible IP
 * that shares the virtual MAC and is not this cloud's to detach keeps the NIC's own where they are. `why` goes into the
 * log.
 */
export async function sendAway(session: Session, group: MacGroup, serverId: string, why: string): Promise<void> {
  const aliases = await detachableAt(session, group.aliases, serverId);
  if (group.own.length === 0) return startDetach(session, aliases, why);
  if (aliases.length > 0) await detachAll(session, aliases, why);
  const own = await detachableAt(session, group.own, serverId);
  const [owner] = own;
  if (owner === undefined) return;
  const strangers = await evict(session, owner, own, { projectId: owner.projectId, serverId });
  if (strangers.length > 0) {
    session.log.warn(`left ${own.map(nameOf).join(", ")} attached: ${strangers.map(nameOf).join(", ")} shares its MAC`);
    return;
  }
  await startDetach(session, own, why);
}

async function detachableAt(session: Session, members: readonly FlexibleIp[], serverId: string): Promise<FlexibleIp[]> {
  const now = await Promise.all(members.map((member) => settled(session, member)));
  const here = now.filter((member) => member !== undefined).filter((member) => member.serverId === serverId);
  const isDetachable = ({ status }: FlexibleIp): boolean => status === "attached" || status === "error";
  for (const one of here.filter((member) => !isDetachable(member))) {
    session.log.warn(`left ${nameOf(one)} attached: its status is ${one.status}`, fieldsOf(one));
  }
  return here.filter(isDetachable);
}

async function refuseStrangers(session: Session, owner: FlexibleIp, group: readonly FlexibleIp[]): Promise<void> {
  const [stranger] = await evict(session, owner, group, { projectId: owner.projectId });
  if (stranger === undefined) return;
  throw new RefusedError(
    `${nameOf(owner)} cannot be attached: ${nameOf(stranger)} shares its virtual MAC and has status ${stranger.status}`,
    "detach that one in the Scaleway console",
  );
}

/**
 * Takes the lender's virtual MAC from what else has it, because the API attaches a MAC group only as a whole, and
 * without its NIC an alias serves nobody. Returns those that are not this cloud's, or locked: they are left as they
 * are.
 */
async function evict(
  session: Session,
  lender: FlexibleIp,
  group: readonly FlexibleIp[],
  among: FlexibleIpFilter,
): Promise<FlexibleIp[]> {
  // A hand-written range's flexible IP carries no tag that would tell. One that serves as an alias itself has the MAC
  // of another NIC, whose guest must not be touched.
  const mayLend = !isBorrower(lender) && (isLender(lender) || cloudOf(lender) === undefined);
  if (!mayLend || lender.mac === undefined || (lender.serverId === undefined && !isLender(lender))) return [];
  const others = (await session.api.list(among)).filter(
    ({ id, mac }) => mac === lender.mac && !group.some((member) => member.id === id),
  );
  const mine = others.filter((one) => cloudOf(one) === session.config.cloud && one.status !== "locked");
  const away = await detachAll(session, mine, `its NIC's ${nameOf(lender)} leaves server ${lender.serverId}`);
  for (const one of away.filter(({ mac }) => mac === lender.mac)) await deleteMac(session, one);
  return others.filter((one) => !mine.includes(one));
}

/** An alias sends from its NIC's MAC: its own virtual MAC is deleted, for good, before it can get that one. */
async function giveUpOwnMac(session: Session, alias: FlexibleIp, owner: FlexibleIp): Promise<FlexibleIp> {
  if (alias.mac === undefined || alias.mac === owner.mac) return alias;
  // The tag comes first: it explains why a range has no MAC.
  const tagged = await session.api.get(alias.id);
  if (cloudOf(tagged) !== undefined) await mark(session, tagged, borrowerTags(tagged));
  session.log.warn(`virtual MAC ${alias.mac} of ${nameOf(alias)} is given up for that of ${nameOf(owner)}`);
  const why = `it becomes an alias of ${nameOf(owner)}`;
  const free = alias.serverId === undefined ? alias : (await detachAll(session, [alias], why))[0];
  return deleteMac(session, free ?? alias);
}

async function markLender(session: Session, owner: FlexibleIp): Promise<void> {
  if (isLender(owner) || cloudOf(owner) === undefined) return;
  const now = await session.api.get(owner.id);
  await mark(session, now, lenderTags(now));
}

async function mark(session: Session, flexibleIp: FlexibleIp, tags: readonly string[]): Promise<void> {
  await session.api.update(flexibleIp.id, { tags });
  const fields = changed(session.api, "mark", flexibleIp, flexibleIp.tags.join(" "), tags.join(" "));
  session.log.info(`marked ${nameOf(flexibleIp)} for a virtual MAC that is shared`, fields);
}
