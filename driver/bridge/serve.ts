// pre and post: having the flexible IPs of a VM's NICs on this server, each with the guest's virtual MAC.
import { messageOf, RefusedError } from "../errors.ts";
import type { Elsewhere } from "../flexible-ip/attachment.ts";
import { bringHere, type MacGroup, sendAway } from "../flexible-ip/mac-group.ts";
import { isBorrower } from "../flexible-ip/ownership.ts";
import { lookAgain } from "../flexible-ip/waiting.ts";
import type { Vm } from "../opennebula/vm.ts";
import { type FlexibleIp, nameOf } from "../scaleway/flexible-ip.ts";
import type { Session } from "../session.ts";
import { type Found, type FoundGroup, lookUp } from "./lookup.ts";
import type { NicGroup } from "./nics.ts";

/**
 * Before the guest boots, or before a NIC is attached: attaches free addresses to this server. An address that another
 * server has stays there while this may be a migration: the guest still runs there, and goes on when the copy fails. In
 * a first deploy and a hot plug it is left over from a lease that has ended, and is taken. Throws when an address
 * cannot serve: no guest boots without its network.
 */
export async function pre(session: Session, vm: Vm, nics: readonly NicGroup[], serverId: string): Promise<void> {
  const groups = await lookUp(session, nics);
  // All are looked at before any is attached: a VM that cannot boot leaves nothing behind.
  for (const group of groups) refuseAliasNetwork(group);
  for (const group of groups) refuse(session, group);
  const cannotMigrate = vm.isHotPlug || vm.deployId === undefined;
  const serving = groups.map((group) => {
    // Without tags, nothing shows whether a machine outside OpenNebula uses it.
    const isLeftOver = cannotMigrate && !group.own.some(({ standing }) => standing.is === "untagged");
    return serve(session, vm, group, serverId, isLeftOver ? "take" : "leave");
  });
  await Promise.allSettled(serving);
  try {
    await Promise.all(serving);
  } catch (error) {
    for (const group of groups) await detachAgain(session, group, serverId);
    throw error;
  }
}

/**
 * The guest runs here: takes over its addresses that another server has, after a migration or because that host was
 * lost, and confirms that all are attached here.
 */
export async function post(session: Session, vm: Vm, nics: readonly NicGroup[], serverId: string): Promise<void> {
  const groups = await lookUp(session, nics);
  for (const group of groups) refuse(session, group);
  const serving = groups.map((group) => serve(session, vm, group, serverId, "take"));
  await Promise.allSettled(serving);
  await Promise.all(serving);
}

async function serve(
  session: Session,
  vm: Vm,
  group: FoundGroup,
  serverId: string,
  elsewhere: Elsewhere,
): Promise<void> {
  const why = `VM ${vm.id} ${session.caller.action === "pre" ? "is about to run" : "runs"} on server ${serverId}`;
  await bringHere(session, macGroup(group), serverId, elsewhere, why);
}

/** Throws when something of the group is not this NIC's, or cannot serve. Nothing is changed before. */
function refuse(session: Session, { nic, own, aliases, missing }: FoundGroup): void {
  const refused = (reason: string, move?: string): RefusedError =>
    new RefusedError(`NIC ${nic.nicId}: ${reason}`, move);
  const [gone] = missing;
  if (gone !== undefined) {
    const reason = `project ${session.config.projectId} has no flexible IP ${gone} any more`;
    throw refused(reason, "remove its address range and add a new one");
  }
  const unfit = [...own, ...aliases].find(({ standing }) => standing.is !== "ours" && standing.is !== "untagged");
  if (unfit !== undefined) throw refused(unfit.standing.words, unfit.standing.move);
  const unasked = aliases.find((alias) => !mayBeAlias(alias));
  if (unasked !== undefined) {
    const reason = `${nameOf(unasked.flexibleIp)} as a NIC alias would lose its own virtual MAC for good, which its address range does not allow`;
    throw refused(reason, 'use an address range with SCW_FLEXIP_ALIAS = "YES", or attach it as a NIC');
  }
  const [alias] = aliases;
  if (alias !== undefined && own.length === 0) {
    const reason = `its alias ${alias.flexibleIp.address} needs the NIC to have a flexible IP too, whose virtual MAC it shares`;
    throw refused(reason, "attach it to another NIC");
  }
}

/** An IPv6 flexible IP has no virtual MAC to lose; a borrower has given its own up already. */
function mayBeAlias({ address, flexibleIp, standing }: Found): boolean {
  if (standing.is === "untagged") return false;
  return address.isForAliases || flexibleIp.isIpv6 || isBorrower(flexibleIp);
}

function refuseAliasNetwork({ nic, own, isAliasOnly }: FoundGroup): void {
  const reserved = isAliasOnly ? undefined : own.find(({ address }) => address.isForAliases);
  if (reserved === undefined) return;
  throw new RefusedError(
    `NIC ${nic.nicId}: ${nameOf(reserved.flexibleIp)} is for NIC aliases alone, because its address range has SCW_FLEXIP_ALIAS = "YES"`,
    "use another network",
  );
}

function macGroup({ own, aliases }: Pick<FoundGroup, "own" | "aliases">): MacGroup {
  const flexibleIps = (found: readonly Found[]): FlexibleIp[] => found.map(({ flexibleIp }) => flexibleIp);
  return { own: flexibleIps(own), aliases: flexibleIps(aliases) };
}

/** After a failed pre OpenNebula runs no clean: an address that was moved here would stay without a guest. */
async function detachAgain(session: Session, group: FoundGroup, serverId: string): Promise<void> {
  const { own, aliases } = macGroup(group);
  const moved = [...own, ...aliases].filter((one) => one.serverId !== serverId);
  if (moved.length === 0) return;
  try {
    await session.undo(async (undoing) => {
      const here = async (members: readonly FlexibleIp[]): Promise<FlexibleIp[]> => {
        const now = members.filter((one) => moved.includes(one)).map((one) => lookAgain(undoing, one));
        return (await Promise.all(now)).filter((one) => one !== undefined);
      };
      const now = { own: await here(own), aliases: await here(aliases) };
      await sendAway(undoing, now, serverId, "pre failed, so the guest does not run");
    });
  } catch (error) {
    session.log.warn(`not detached again: ${moved.map(nameOf).join(", ")} (${messageOf(error)})`);
  }
}
