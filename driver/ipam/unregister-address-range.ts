import { changed } from "../flexible-ip/change.ts";
import { foreignTags, originOf } from "../flexible-ip/ownership.ts";
import type { IpamRequest } from "../opennebula/ipam-request.ts";
import { type FlexibleIp, nameOf } from "../scaleway/flexible-ip.ts";
import { type Range, registeredRange } from "./address-range.ts";
import { deleteUntilGone } from "./delete.ts";
import type { IpamSession } from "./ipam-session.ts";
import { findFlexibleIp, isOfRange } from "./range-flexible-ip.ts";

/**
 * Gives back what this range holds and nothing else: a flexible IP the driver created is deleted, an adopted one loses
 * our tags, one that is gone counts as done, one without our tags is not touched.
 */
export async function unregisterAddressRange(session: IpamSession, request: IpamRequest): Promise<void> {
  const range = registeredRange(request);
  await giveBack(session, range, range.ip, await findFlexibleIp(session, range.ip, range.flexibleIpId));
  if (range.ip6 !== undefined) {
    await giveBack(session, range, range.ip6, await findFlexibleIp(session, range.ip6, range.flexibleIp6Id));
  }
  await session.journal.note((state) => {
    delete state.leases[range.ip];
  });
}

async function giveBack(
  session: IpamSession,
  range: Range,
  address: string,
  flexibleIp: FlexibleIp | undefined,
): Promise<void> {
  const { api, deadline, log } = session;
  if (flexibleIp === undefined) {
    log.warn(`address ${address} has no flexible IP any more; nothing to give back`);
    return;
  }
  const fields = { address, flexible_ip_id: flexibleIp.id, server_id: flexibleIp.serverId ?? null };
  if (!isOfRange(session, flexibleIp, range) || originOf(flexibleIp) === undefined) {
    log.warn(`left ${nameOf(flexibleIp)} alone: this range does not hold it`, fields);
    return;
  }
  if (originOf(flexibleIp) === "adopted") {
    const tags = foreignTags(flexibleIp);
    await api.update(flexibleIp.id, { tags });
    const change = changed(api, "give back", flexibleIp, flexibleIp.tags.join(" "), tags.join(" "));
    log.info(`gave back ${nameOf(flexibleIp)}, which was adopted`, { ...fields, ...change });
    return;
  }
  if (flexibleIp.serverId !== undefined) {
    log.warn(`deleting ${nameOf(flexibleIp)} although it is attached to server ${flexibleIp.serverId}`, fields);
  }
  await deleteUntilGone(api, flexibleIp, deadline);
  log.info(`deleted ${nameOf(flexibleIp)}`, {
    ...fields,
    ...changed(api, "delete", flexibleIp, flexibleIp.address, undefined),
  });
}
