// What pre and post share: having the flexible IPs of a VM's NICs on this server, each with the guest's virtual MAC.
import { messageOf, RefusedError } from "../errors.ts";
import { attachFree, takeOver, usable } from "../flexible-ip/attachment.ts";
import { detachGroup, dropMac, evictBorrowers, shareMac } from "../flexible-ip/mac-group.ts";
import { borrowerTags, cloudOf, isBorrower, isLender, lenderTags } from "../flexible-ip/ownership.ts";
import { lookAgain } from "../flexible-ip/presence.ts";
import type { Vm } from "../opennebula/vm.ts";
import { type FlexibleIp, nameOf } from "../scaleway/flexible-ip.ts";
import type { Session } from "../session.ts";
import { nicGroups } from "./flexible-ip-nics.ts";
import { lookUp, type MacGroup } from "./lookup.ts";

export type ServeOptions = {
  readonly serverId: string;
  /** Whether to take what is attached to another server; else it is left to serve the guest there. */
  readonly takeOver: boolean;
};

/** Attaches, waits, and throws when a flexible IP cannot serve. What this run attached is then detached again. */
export async function serve(session: Session, vm: Vm, options: ServeOptions): Promise<void> {
  const groups = await lookUp(session, nicGroups(vm));
  // All are looked at before any is attached: a VM that cannot boot leaves nothing behind.
  const teams = await Promise.all(groups.map((group) => checkedTeam(session, group)));
  const attached = new Set<string>();
  const results = await Promise.allSettled(teams.map((team) => serveTeam(session, team, options, attached)));
  const failed = results.find((result) => result.status === "rejected");
  if (failed === undefined) return;
  if (!options.takeOver) for (const group of groups) await detachAgain(session, group, attached, options.serverId);
  throw failed.reason;
}

/** A NIC's flexible IPs once they have settled: the owner of the virtual MAC, and those that share it. */
type Team = { readonly owner: FlexibleIp; readonly members: readonly FlexibleIp[]; readonly hasAliases: boolean };

async function checkedTeam(session: Session, group: MacGroup): Promise<Team | undefined> {
  refuseUnusable(session, group);
  const members = await Promise.all([...group.own, ...group.aliases].map((member) => usable(session, member)));
  const [owner] = members;
  if (owner === undefined) return undefined;
  checkMac(group, owner);
  return { owner, members, hasAliases: group.aliases.length > 0 };
}

function refuseUnusable(session: Session, group: MacGroup): void {
  const [missing] = group.missing;
  if (missing !== undefined) {
    throw new RefusedError(
      `NIC ${group.nic.nicId}: project ${session.config.projectId} has no flexible IP ${missing} any more; remove its address range and add a new one`,
    );
  }
  const [foreign] = group.foreign;
  if (foreign !== undefined) {
    throw new RefusedError(
      `NIC ${group.nic.nicId}: ${nameOf(foreign)} belongs to cloud ${cloudOf(foreign)}, not to ${session.config.cloud}; remove its address range here`,
    );
  }
  const [strayed] = group.strayed;
  if (strayed !== undefined) {
    throw new RefusedError(
      `NIC ${group.nic.nicId}: its alias ${nameOf(strayed)} belongs to another address range by now; detach the alias`,
    );
  }
  if (group.aliases.length > 0 && group.own.length === 0) {
    throw new RefusedError(
      `NIC ${group.nic.nicId}: its alias ${group.aliases[0]?.address} needs the NIC to have a flexible IP too, whose virtual MAC it shares; attach it as a NIC`,
    );
  }
}

async function serveTeam(
  session: Session,
  team: Team | undefined,
  options: ServeOptions,
  attached: Set<string>,
): Promise<void> {
  if (team === undefined) return;
  const { log } = session;
  const { owner, members } = team;
  const isElsewhere = (member: FlexibleIp): boolean => member.serverId !== null && member.serverId !== options.serverId;
  if (isElsewhere(owner) && !options.takeOver) {
    log.info(`left ${nameOf(owner)} on server ${owner.serverId}, where the guest may still run`, fieldsOf(owner));
    return;
  }
  const moving = members.filter((member) => options.takeOver || !isElsewhere(member));
  for (const member of moving) if (member.serverId === null) attached.add(member.id);
  for (const member of moving.filter(isElsewhere)) {
    log.info(`taking over ${nameOf(member)} from server ${member.serverId}`, fieldsOf(member));
  }
  if (owner.serverId !== options.serverId) await evictBorrowers(session, owner, members);
  const ready = await Promise.all(
    moving.map((member) => (member.id === owner.id ? member : giveUpOwnMac(session, member, owner))),
  );
  if (team.hasAliases) await markLender(session, owner);
  const attach = options.takeOver ? takeOver : attachFree;
  const here = (await attach(session, ready, options.serverId)).filter((member) => !isElsewhere(member));
  await shareMac(session, owner, here);
  for (const member of here) log.info(`serving ${nameOf(member)} on server ${options.serverId}`, fieldsOf(member));
}

// A guest whose MAC is not the flexible IP's virtual MAC has no network: better said before it boots.
function checkMac({ nic }: MacGroup, owner: FlexibleIp): void {
  if (owner.mac === nic.mac) return;
  const reason =
    owner.mac === null && isBorrower(owner)
      ? "gave up its virtual MAC to serve as a NIC alias; use it for aliases, or remove its address range and add a new one"
      : `has virtual MAC ${owner.mac ?? "none"}, not the NIC's ${nic.mac}; correct the MAC of the address range`;
  throw new RefusedError(`NIC ${nic.nicId}: ${nameOf(owner)} ${reason}`);
}

/** An alias sends from its NIC's MAC: its own virtual MAC has to go, for good, before it can get that one. */
async function giveUpOwnMac(bench: Session, alias: FlexibleIp, owner: FlexibleIp): Promise<FlexibleIp> {
  if (alias.mac === null || alias.mac === owner.mac) return alias;
  // The tag comes first, so that a range without its MAC always tells why.
  if (cloudOf(alias) !== undefined) await bench.api.update(alias.id, { tags: borrowerTags(alias) });
  bench.log.warn(`virtual MAC ${alias.mac} of ${nameOf(alias)} is given up for that of ${nameOf(owner)}`);
  return dropMac(bench, alias);
}

async function markLender(bench: Session, owner: FlexibleIp): Promise<void> {
  if (isLender(owner) || cloudOf(owner) === undefined) return;
  await bench.api.update(owner.id, { tags: lenderTags(owner) });
}

/** After a failed pre OpenNebula runs no clean: what it attached would stay on a server without the guest. */
async function detachAgain(
  session: Session,
  group: MacGroup,
  attached: ReadonlySet<string>,
  serverId: string,
): Promise<void> {
  const ofThisRun = [...group.own, ...group.aliases].filter(({ id }) => attached.has(id));
  if (ofThisRun.length === 0) return;
  try {
    await session.undo(async (own) => {
      const here = async (members: readonly FlexibleIp[]): Promise<FlexibleIp[]> => {
        const mine = members.filter(({ id }) => attached.has(id));
        const now = await Promise.all(mine.map((member) => lookAgain(own.api, member, own.deadline)));
        return now.filter((member) => member !== undefined).filter((member) => member.serverId === serverId);
      };
      const aliases = await here(group.aliases);
      await detachGroup(own, await here(group.own), aliases);
    });
  } catch (error) {
    session.log.warn(`not detached again: ${ofThisRun.map(nameOf).join(", ")} (${messageOf(error)})`);
  }
}

function fieldsOf(flexibleIp: FlexibleIp): { address: string; flexible_ip_id: string; server_id: string | null } {
  return { address: flexibleIp.address, flexible_ip_id: flexibleIp.id, server_id: flexibleIp.serverId };
}
