import { fieldsOf } from "../flexible-ip/log-fields.ts";
import { originOf } from "../flexible-ip/ownership.ts";
import type { IpamRequest } from "../opennebula/ipam-request.ts";
import { nameOf } from "../scaleway/flexible-ip.ts";
import { type Range, registeredRange } from "./address-range.ts";
import { giveBack } from "./give-back.ts";
import type { IpamSession } from "./ipam-session.ts";
import { findFlexibleIp, isOfRange } from "./range-flexible-ip.ts";

/** Gives back what this range holds and nothing else: what is gone counts as done, what has no tag of ours stays. */
export async function unregisterAddressRange(session: IpamSession, request: IpamRequest): Promise<void> {
  const range = registeredRange(request);
  await release(session, range, range.ip, range.flexibleIpId);
  if (range.ip6 !== undefined) await release(session, range, range.ip6, range.flexibleIp6Id);
  await session.journal.note((state) => {
    delete state.leases[range.ip];
  });
}

async function release(session: IpamSession, range: Range, address: string, id: string | undefined): Promise<void> {
  const { log } = session;
  const flexibleIp = await findFlexibleIp(session, address, id);
  if (flexibleIp === undefined) {
    log.warn(`address ${address} has no flexible IP any more; nothing to give back`);
    return;
  }
  const origin = originOf(flexibleIp);
  if (!isOfRange(session, flexibleIp, range) || origin === undefined) {
    log.warn(`left ${nameOf(flexibleIp)} alone: this range does not hold it`, fieldsOf(flexibleIp));
    return;
  }
  if (origin === "created" && flexibleIp.serverId !== undefined) {
    log.warn(
      `deleting ${nameOf(flexibleIp)} although it is attached to server ${flexibleIp.serverId}`,
      fieldsOf(flexibleIp),
    );
  }
  await giveBack(session, flexibleIp, "its address range is removed");
}
