import { sendAway } from "../flexible-ip/mac-group.ts";
import { cloudOf } from "../flexible-ip/ownership.ts";
import type { Vm } from "../opennebula/vm.ts";
import type { FlexibleIp } from "../scaleway/flexible-ip.ts";
import type { Session } from "../session.ts";
import { guestHere, isAnotherHost, otherGuestWith } from "./guest.ts";
import { type Found, lookUp } from "./lookup.ts";
import type { NicGroup } from "./nics.ts";

/** How long `clean` answers failures of the API with another try. */
export const CLEAN_PATIENCE_MS = 30_000;

/**
 * After the guest is gone, or a NIC was detached: detaches the addresses that this server has. They stay when it is not
 * certain that the guest is gone, when another guest here has the NIC's MAC by now, and when the document's host is
 * certainly another one, where `post` takes them over.
 */
export async function clean(
  session: Session,
  vm: Vm,
  nics: readonly NicGroup[],
  serverId: string,
  say: (line: string) => void,
): Promise<void> {
  const { log } = session;
  const stays = vm.isHotPlug ? undefined : await whyItStays(session, vm);
  if (stays !== undefined) {
    log.info(`kept the addresses of VM ${vm.id}: ${stays.reason}`);
    if (stays.isDoubtful) say(`kept the addresses of VM ${vm.id} on server ${serverId}: ${stays.reason}`);
    return;
  }
  const groups = await lookUp(session, nics);
  const why = (nicId: string): string =>
    vm.isHotPlug ? `NIC ${nicId} of VM ${vm.id} or its alias is detached` : `VM ${vm.id} has left`;
  const interfaces = session.machine.interfaces();
  const leaving = groups.map(({ nic, isAliasOnly, own, aliases }) => {
    const other = otherGuestWith(nic.mac, vm, interfaces);
    if (other !== undefined) {
      session.log.info(`kept the addresses of NIC ${nic.nicId}: the guest behind ${other} has its MAC by now`);
      return Promise.resolve();
    }
    const mine = { own: isAliasOnly ? [] : ofThisNic(session, own), aliases: ofThisNic(session, aliases) };
    return sendAway(session, mine, serverId, why(nic.nicId));
  });
  // Every one is waited for: no group is left half-way because of another.
  await Promise.allSettled(leaving);
  await Promise.all(leaving);
}

async function whyItStays(
  session: Session,
  vm: Vm,
): Promise<{ readonly reason: string; readonly isDoubtful: boolean } | undefined> {
  // Storage migration on one host runs clean under a live guest (OpenNebula/one issue 7947).
  const guest = await guestHere(vm, session.caller.environment.PATH);
  if (guest === "running") return { reason: "libvirt says that it still runs here", isDoubtful: false };
  if (guest === "unknown") return { reason: "libvirt does not say whether it still runs here", isDoubtful: true };
  if (!(await isAnotherHost(vm.host))) return undefined;
  return { reason: `it migrates to host ${vm.host}, where post takes them over`, isDoubtful: false };
}

/** The flexible IPs that may be detached for this NIC. All others stay, with a line in the log. */
function ofThisNic(session: Session, found: readonly Found[]): FlexibleIp[] {
  const mine = found.filter(({ flexibleIp, standing }) => {
    if (standing.is === "ours" || standing.is === "untagged") return true;
    return (standing.is === "no-mac" || standing.is === "bad-status") && cloudOf(flexibleIp) !== undefined;
  });
  for (const { standing } of found.filter((one) => !mine.includes(one))) {
    session.log.warn(`left alone: ${standing.words}`);
  }
  return mine.map(({ flexibleIp }) => flexibleIp);
}
