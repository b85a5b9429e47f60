import { foreignTags, originOf } from "../flexible-ip/ownership.ts";
import { deleteUntilGone } from "../flexible-ip/presence.ts";
import type { IpamRequest } from "../opennebula/ipam-request.ts";
import { type FlexibleIp, nameOf } from "../scaleway/flexible-ip.ts";
import { type Range, registeredRange } from "./address-range.ts";
import type { Ports } from "./ports.ts";
import { findFlexibleIp, isOfRange } from "./range-flexible-ip.ts";
import { recover } from "./recover.ts";

/**
 * Gives back what this range holds and nothing else: a flexible IP the driver created is deleted, an adopted one loses
 * our tags, one that is gone counts as done, one without our tags is not touched.
 */
export async function unregisterAddressRange(ports: Ports, request: IpamRequest): Promise<void> {
  const range = registeredRange(request);
  await giveBack(ports, range, range.ip, await findFlexibleIp(ports, range.ip, range.flexibleIpId));
  if (range.ip6 !== undefined) {
    await giveBack(ports, range, range.ip6, await findFlexibleIp(ports, range.ip6, range.flexibleIp6Id));
  }
  await ports.journal.note((state) => {
    delete state.leases[range.ip];
    if (range.flexibleIpId !== undefined) delete state.owedDetaches[range.flexibleIpId];
    if (range.flexibleIp6Id !== undefined) delete state.owedDetaches[range.flexibleIp6Id];
  });
  await recover(ports);
}

async function giveBack(
  ports: Ports,
  range: Range,
  address: string,
  flexibleIp: FlexibleIp | undefined,
): Promise<void> {
  const { api, deadline, log } = ports;
  if (flexibleIp === undefined) {
    log.warn(`address ${address} has no flexible IP any more; nothing to give back`);
    return;
  }
  const fields = { address, flexible_ip_id: flexibleIp.id, server_id: flexibleIp.serverId };
  if (!isOfRange(ports, flexibleIp, range) || originOf(flexibleIp) === undefined) {
    log.warn(`left ${nameOf(flexibleIp)} alone: this range does not hold it`, fields);
    return;
  }
  if (originOf(flexibleIp) === "adopted") {
    await api.update(flexibleIp.id, { tags: foreignTags(flexibleIp) });
    log.info(`gave back ${nameOf(flexibleIp)}, which was adopted`, fields);
    return;
  }
  if (flexibleIp.serverId !== null) {
    log.warn(`deleting ${nameOf(flexibleIp)} although it is attached to server ${flexibleIp.serverId}`, fields);
  }
  await deleteUntilGone(api, flexibleIp, deadline);
  log.info(`deleted ${nameOf(flexibleIp)}`, fields);
}
