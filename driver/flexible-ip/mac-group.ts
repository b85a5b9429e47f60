// Flexible IPs that share a virtual MAC form a group. One that is detached on its own loses the MAC. This file ensures that
// it is never the NIC's own flexible IP: its range promised that MAC to the guest.
import { RefusedError } from "../errors.ts";
import { type FlexibleIp, type FlexibleIpFilter, nameOf } from "../scaleway/flexible-ip.ts";
import { attachAll, detachAll, type Elsewhere, fieldsOf, startDetach } from "./attachment.ts";
import { changed } from "./change.ts";
import { borrowerTags, cloudOf, isBorrower, isLender, lenderTags } from "./ownership.ts";
import { settled } from "./presence.ts";
import { ensure } from "./usable.ts";
import { type Bench, waitingLog } from "./waiting.ts";

/** The flexible IPs of a NIC: its own, the first of which owns the virtual MAC, and those of its aliases. */
export type MacGroup = { readonly own: readonly FlexibleIp[]; readonly aliases: readonly FlexibleIp[] };

/**
 * Attaches the group to the server with one virtual MAC and waits until it is. What another server has is left there or
 * taken; aliases stay away when their NIC does. `why` goes into the log. Returns what is on the server then.
 */
export async function bringHere(
  bench: Bench,
  group: MacGroup,
  serverId: string,
  elsewhere: Elsewhere,
  why: string,
): Promise<FlexibleIp[]> {
  const [owner] = group.own;
  if (owner === undefined) return [];
  const isElsewhere = (one: FlexibleIp): boolean => one.serverId !== null && one.serverId !== serverId;
  if (elsewhere === "leave" && isElsewhere(owner)) {
    bench.log.info(`left ${nameOf(owner)} on server ${owner.serverId}, where the guest may still run`, fieldsOf(owner));
    return [];
  }
  if (owner.serverId !== serverId) await refuseStrangers(bench, owner, [...group.own, ...group.aliases]);
  const aliases = group.aliases.filter((alias) => elsewhere === "take" || !isElsewhere(alias));
  const bare = await Promise.all(aliases.map((alias) => giveUpOwnMac(bench, alias, owner)));
  if (aliases.length > 0) await markLender(bench, owner);
  const own = group.own.filter((one) => elsewhere === "take" || !isElsewhere(one));
  const attached = await attachAll(bench, [...own, ...bare], serverId, elsewhere, why);
  const here = attached.filter((one) => one.serverId === serverId);
  await shareMac(bench, owner, here);
  const before = new Map([...group.own, ...group.aliases].map((one) => [one.id, one.serverId]));
  for (const one of here) {
    const was = before.get(one.id) ?? null;
    const change = was === serverId ? {} : changed(bench.api, "attach", one, was, serverId);
    bench.log.info(`serving ${nameOf(one)} on server ${serverId}`, { ...fieldsOf(one), ...change });
  }
  return here;
}

/**
 * Has what of the group is attached to the server detached: the aliases first, and waits for those alone. What shares the
 * virtual MAC and is not this cloud's to detach keeps the NIC's own where they are. `why` goes into the log.
 */
export async function sendAway(bench: Bench, group: MacGroup, serverId: string, why: string): Promise<void> {
  const aliases = await detachableAt(bench, group.aliases, serverId);
  if (group.own.length === 0) return startDetach(bench, aliases, why);
  if (aliases.length > 0) await detachAll(bench, aliases, why);
  const own = await detachableAt(bench, group.own, serverId);
  const [owner] = own;
  if (owner === undefined) return;
  const strangers = await evict(bench, owner, own, { projectId: owner.projectId, serverId });
  if (strangers.length > 0) {
    bench.log.warn(`left ${own.map(nameOf).join(", ")} attached: ${strangers.map(nameOf).join(", ")} shares its MAC`);
    return;
  }
  await startDetach(bench, own, why);
}

async function detachableAt(bench: Bench, members: readonly FlexibleIp[], serverId: string): Promise<FlexibleIp[]> {
  const { api, deadline, log } = bench;
  const now = await Promise.all(members.map((member) => settled(api, member, deadline, waitingLog(bench))));
  const here = now.filter((member) => member !== undefined).filter((member) => member.serverId === serverId);
  for (const locked of here.filter(({ status }) => status !== "attached" && status !== "error")) {
    log.warn(`left ${nameOf(locked)} attached: its status is ${locked.status}`, fieldsOf(locked));
  }
  return here.filter(({ status }) => status === "attached" || status === "error");
}

async function refuseStrangers(bench: Bench, owner: FlexibleIp, group: readonly FlexibleIp[]): Promise<void> {
  const [stranger] = await evict(bench, owner, group, { projectId: owner.projectId });
  if (stranger === undefined) return;
  throw new RefusedError(
    `${nameOf(owner)} cannot be attached: ${nameOf(stranger)} shares its virtual MAC and has status ${stranger.status}`,
    "detach that one in the Scaleway console",
  );
}

/**
 * Takes the lender's virtual MAC from what else has it, because the API attaches a MAC group only as a whole, and without
 * its NIC an alias serves nobody. Returns those that are not this cloud's, or locked: they are left as they are.
 */
async function evict(
  bench: Bench,
  lender: FlexibleIp,
  group: readonly FlexibleIp[],
  among: FlexibleIpFilter,
): Promise<FlexibleIp[]> {
  // A hand-written range's flexible IP carries no tag that would tell. One that serves as an alias itself has the MAC of
  // another NIC, whose guest must not be touched.
  const mayLend = !isBorrower(lender) && (isLender(lender) || cloudOf(lender) === undefined);
  if (!mayLend || lender.mac === null || (lender.serverId === null && !isLender(lender))) return [];
  const others = (await bench.api.list(among)).filter(
    ({ id, mac }) => mac === lender.mac && !group.some((member) => member.id === id),
  );
  const mine = others.filter((one) => cloudOf(one) === bench.config.cloud && one.status !== "locked");
  const away = await detachAll(bench, mine, `its NIC's ${nameOf(lender)} leaves server ${lender.serverId}`);
  for (const one of away.filter(({ mac }) => mac === lender.mac)) await dropMac(bench, one);
  return others.filter((one) => !mine.includes(one));
}

/** An alias sends from its NIC's MAC: its own virtual MAC is deleted, for good, before it can get that one. */
async function giveUpOwnMac(bench: Bench, alias: FlexibleIp, owner: FlexibleIp): Promise<FlexibleIp> {
  if (alias.mac === null || alias.mac === owner.mac) return alias;
  // The tag comes first: a range without its MAC always tells why.
  const tagged = await bench.api.get(alias.id);
  if (cloudOf(tagged) !== undefined) await mark(bench, tagged, borrowerTags(tagged));
  bench.log.warn(`virtual MAC ${alias.mac} of ${nameOf(alias)} is given up for that of ${nameOf(owner)}`);
  const why = `it becomes an alias of ${nameOf(owner)}`;
  const free = alias.serverId === null ? alias : (await detachAll(bench, [alias], why))[0];
  return dropMac(bench, free ?? alias);
}

async function markLender(bench: Bench, owner: FlexibleIp): Promise<void> {
  if (isLender(owner) || cloudOf(owner) === undefined) return;
  const now = await bench.api.get(owner.id);
  await mark(bench, now, lenderTags(now));
}

async function mark(bench: Bench, flexibleIp: FlexibleIp, tags: readonly string[]): Promise<void> {
  await bench.api.update(flexibleIp.id, { tags });
  const fields = changed(bench.api, "mark", flexibleIp, flexibleIp.tags.join(" "), tags.join(" "));
  bench.log.info(`marked ${nameOf(flexibleIp)} for a virtual MAC that is shared`, fields);
}

async function dropMac(bench: Bench, flexibleIp: FlexibleIp): Promise<FlexibleIp> {
  const bare = await ensure(
    bench,
    flexibleIp,
    ({ mac }) => mac === null,
    async () => void (await bench.api.deleteMac(flexibleIp.id)),
  );
  if (flexibleIp.mac !== null) {
    const fields = changed(bench.api, "delete MAC", flexibleIp, flexibleIp.mac, null);
    bench.log.info(`deleted virtual MAC ${flexibleIp.mac} of ${nameOf(flexibleIp)}`, fields);
  }
  return bare;
}

/** Gives those of a group that have no virtual MAC yet the owner's: possible only on one server. */
async function shareMac(bench: Bench, owner: FlexibleIp, here: readonly FlexibleIp[]): Promise<void> {
  for (const member of here.filter(({ id }) => id !== owner.id)) {
    await ensure(
      bench,
      member,
      ({ mac }) => mac === owner.mac,
      () => bench.api.duplicateMac(member.id, owner.id),
    );
    if (member.mac === owner.mac) continue;
    const fields = changed(bench.api, "share MAC", member, member.mac, owner.mac);
    bench.log.info(`gave ${nameOf(member)} the virtual MAC ${owner.mac}`, fields);
  }
}
