// Flexible IPs that share a virtual MAC form a group, and one that is detached alone from it loses the MAC. Which one
// may lose it is the point of this file: never a NIC's own, whose MAC the address range has promised to guests.

import type { FlexibleIp } from "../scaleway/flexible-ip.ts";
import { type Bench, detachAll, ensure, startDetach } from "./attachment.ts";
import { cloudOf, isBorrower, isLender } from "./ownership.ts";

/**
 * Has a NIC's own flexible IPs and its aliases' detached from their server. The aliases go first, and are gone before
 * the others are detached; nobody waits for those.
 */
export async function detachGroup(
  bench: Bench,
  own: readonly FlexibleIp[],
  aliases: readonly FlexibleIp[],
): Promise<void> {
  if (own.length === 0) return startDetach(bench, aliases);
  await detachAll(bench, aliases);
  for (const member of own) await evictBorrowers(bench, member, own);
  await startDetach(bench, own);
}

/**
 * Takes the lender's virtual MAC from whatever else has it, since the API attaches a MAC group only as a whole: detaches
 * what is beside it on its server, and drops the MAC of what is free as it is. Without its NIC an alias serves nobody.
 */
export async function evictBorrowers(
  bench: Bench,
  lender: FlexibleIp,
  companions: readonly FlexibleIp[],
): Promise<void> {
  // A hand-written range's flexible IP carries no tag that would tell.
  // One that lent its MAC once and serves as an alias now has the MAC of another NIC, whose guest must not be touched.
  const mayLend = !isBorrower(lender) && (isLender(lender) || cloudOf(lender) === undefined);
  if (!mayLend || lender.mac === null) return;
  const borrowersAmong = (flexibleIps: readonly FlexibleIp[]): FlexibleIp[] =>
    flexibleIps.filter(({ id, mac }) => mac === lender.mac && !companions.some((companion) => companion.id === id));
  const { projectId, serverId } = lender;
  if (serverId !== null) {
    await detachAll(bench, borrowersAmong(await bench.api.list({ projectId, serverId })));
    return;
  }
  if (!isLender(lender)) return;
  for (const borrower of borrowersAmong(await bench.api.list({ projectId }))) await dropMac(bench, borrower);
}

/** Deletes the virtual MAC of a free flexible IP. */
export async function dropMac(bench: Bench, flexibleIp: FlexibleIp): Promise<FlexibleIp> {
  return ensure(
    bench,
    flexibleIp,
    ({ mac }) => mac === null,
    () => bench.api.deleteMac(flexibleIp.id),
  );
}

/** Gives those of a group that have no virtual MAC yet the owner's: possible only on one server. */
export async function shareMac(bench: Bench, owner: FlexibleIp, here: readonly FlexibleIp[]): Promise<void> {
  for (const member of here.filter(({ id }) => id !== owner.id)) {
    await ensure(
      bench,
      member,
      ({ mac }) => mac === owner.mac,
      () => bench.api.duplicateMac(member.id, owner.id),
    );
  }
}
