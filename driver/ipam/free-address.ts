import { messageOf } from "../errors.ts";
import { standingOf } from "../flexible-ip/standing.ts";
import type { IpamRequest } from "../opennebula/ipam-request.ts";
import { type FlexibleIp, nameOf } from "../scaleway/flexible-ip.ts";
import { type Range, registeredRange } from "./address-range.ts";
import type { IpamSession } from "./ipam-session.ts";

/**
 * The lease ends; the flexible IP stays with the range, and where it is attached: `onevnet release` also sends this for
 * an address that a guest still uses. The next guest's host takes over what is left. Succeeds whatever the API does.
 */
export async function freeAddress(session: IpamSession, request: IpamRequest): Promise<void> {
  const range = registeredRange(request);
  const fields = { address: range.ip, flexible_ip_id: range.flexibleIpId };
  await session.journal.note((state) => {
    delete state.leases[range.ip];
  });
  session.log.info(`freed address ${range.ip}`, fields);
  try {
    const flexibleIp = range.flexibleIpId === undefined ? undefined : await session.api.get(range.flexibleIpId);
    if (flexibleIp === undefined || !isLeftAttached(session, flexibleIp, range)) return;
    session.log.warn(
      `freed, but ${nameOf(flexibleIp)} is attached to server ${flexibleIp.serverId}: it stays there until another guest takes it over`,
      { ...fields, server_id: flexibleIp.serverId },
    );
  } catch (error) {
    session.log.info(`not known whether address ${range.ip} is still attached (${messageOf(error)})`, fields);
  }
}

function isLeftAttached({ config }: IpamSession, flexibleIp: FlexibleIp, range: Range): boolean {
  const { cloud, projectId } = config;
  const { is } = standingOf(flexibleIp, { cloud, projectId, mac: range.mac, intent: range.intent });
  return is === "ours" && flexibleIp.serverId !== undefined && flexibleIp.status !== "detaching";
}
