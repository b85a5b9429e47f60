import { ApiError, DeadlineError, messageOf, RefusedError } from "../errors.ts";
import { detachGroup } from "../flexible-ip/mac-group.ts";
import { cloudOf } from "../flexible-ip/ownership.ts";
import { settled } from "../flexible-ip/presence.ts";
import type { Vm } from "../opennebula/vm.ts";
import { type FlexibleIp, nameOf } from "../scaleway/flexible-ip.ts";
import type { Session } from "../session.ts";
import { isHotPlug, nicGroups } from "./flexible-ip-nics.ts";
import { runsHere } from "./libvirt.ts";
import { lookUp, type MacGroup } from "./lookup.ts";

/** How long `clean` tries to reach the API. */
export const CLEAN_PATIENCE_MS = 30_000;

/**
 * After the guest is gone, or a NIC was detached: detaches what is attached to this server. A failure would make oned
 * take the whole operation for failed although the guest is gone, so when the API does not do it this is told through
 * `say` and the detach is left to free_address, the next post, or a reconcile.
 */
export async function clean(session: Session, vm: Vm, serverId: string, say: (line: string) => void): Promise<void> {
  try {
    // Storage migration on one host runs clean under a live guest (OpenNebula/one issue 7947).
    const running = isHotPlug(vm) ? Promise.resolve(false) : runsHere(vm.deployId, session.caller.environment.PATH);
    const groups = await lookUp(session, nicGroups(vm));
    if (await running) {
      session.log.info(`kept the addresses of VM ${vm.id}: libvirt says that it still runs here`);
      return;
    }
    for (const foreign of groups.flatMap((group) => group.foreign)) {
      session.log.warn(`left ${nameOf(foreign)} alone: another cloud's range holds it`);
    }
    for (const strayed of groups.flatMap((group) => group.strayed)) {
      session.log.warn(`left ${nameOf(strayed)} alone: another address range holds it by now`);
    }
    await allOf(groups.map((group) => cleanGroup(session, group, serverId)));
  } catch (error) {
    if (![ApiError, DeadlineError, RefusedError].some((kind) => error instanceof kind)) throw error;
    session.log.error(messageOf(error));
    say(
      `clean: addresses of VM ${vm.id} may still be attached to server ${serverId}, to be detached later: ${messageOf(error)}`,
    );
  }
}

async function cleanGroup(session: Session, group: MacGroup, serverId: string): Promise<void> {
  const here = async (members: readonly FlexibleIp[]): Promise<FlexibleIp[]> => {
    const now = await Promise.all(members.map((member) => settled(session.api, member, session.deadline)));
    return now.filter((member) => member !== undefined).filter((member) => isDetachable(session, member, serverId));
  };
  const aliases = await here(group.aliases);
  const own = group.isAliasOnly || isOfAnother(session, group) ? [] : await here(group.own);
  await detachGroup(session, own, aliases);
  for (const member of [...aliases, ...own]) {
    session.log.info(`detached ${nameOf(member)} from server ${serverId}`, {
      address: member.address,
      flexible_ip_id: member.id,
      server_id: serverId,
    });
  }
}

// Addresses and ids come back with the pool they are recycled in: a range that outlived its flexible IP may name the one of
// another range, which has another virtual MAC.
function isOfAnother(session: Session, { nic, own }: MacGroup): boolean {
  const [owner] = own;
  if (owner === undefined || cloudOf(owner) === undefined) return false;
  if (owner.mac === null || owner.mac === nic.mac) return false;
  session.log.warn(`left ${nameOf(owner)} alone: its virtual MAC ${owner.mac} is not that of NIC ${nic.nicId}`);
  return true;
}

function isDetachable(session: Session, flexibleIp: FlexibleIp, serverId: string): boolean {
  if (flexibleIp.serverId !== serverId) return false;
  if (flexibleIp.status === "attached" || flexibleIp.status === "error") return true;
  session.log.warn(`left ${nameOf(flexibleIp)} alone: its status is ${flexibleIp.status}`);
  return false;
}

/** Waits for every one before it throws the first failure: no group is left half-way because of another. */
async function allOf(works: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(works)).find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
