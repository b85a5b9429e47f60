// Finding the flexible IP that a registered range holds.
import { isAddressOf } from "../addresses.ts";
import { ApiError } from "../errors.ts";
import { cloudOf, cloudTag, isBorrower, isIntended, isOfOtherIntent } from "../flexible-ip/ownership.ts";
import { type FlexibleIp, nameOf } from "../scaleway/flexible-ip.ts";
import type { Session } from "../session.ts";
import type { Range } from "./address-range.ts";

/**
 * The flexible IP of a range's address, or undefined when it is gone. The id stands in an attribute that a network's
 * manager can change: it is believed only when the flexible IP read by it has the address. Otherwise those of this
 * cloud are listed, which also proves that the token works: a read of what is gone answers 403.
 */
export async function findFlexibleIp(
  session: Session,
  address: string,
  id: string | undefined,
): Promise<FlexibleIp | undefined> {
  const { api, config, log } = session;
  if (id !== undefined) {
    try {
      const flexibleIp = await api.get(id);
      if (isAddressOf(address, flexibleIp.address)) return flexibleIp;
      log.warn(`looking for the address ${address}: the range's id is that of ${nameOf(flexibleIp)}`);
    } catch (error) {
      if (!(error instanceof ApiError && error.mayBeGone)) throw error;
    }
  }
  const own = await api.list({ projectId: config.projectId, tag: cloudTag(config.cloud) });
  return own.find((flexibleIp) => isAddressOf(address, flexibleIp.address));
}

/** Whether a range of this cloud holds it. The driver changes and deletes nothing else. */
export function isOurs(session: Session, flexibleIp: FlexibleIp): boolean {
  return cloudOf(flexibleIp) === session.config.cloud && flexibleIp.projectId === session.config.projectId;
}

/** Whether it is the flexible IP that this range was registered with; without an intent, the virtual MAC decides. */
export function isOfRange(session: Session, flexibleIp: FlexibleIp, range: Range): boolean {
  if (!isOurs(session, flexibleIp) || isOfOtherIntent(flexibleIp, range.intent)) return false;
  if (range.intent !== undefined && isIntended(flexibleIp)) return true;
  const { mac } = flexibleIp;
  return (
    mac === undefined || range.mac === undefined || mac === range.mac || flexibleIp.isIpv6 || isBorrower(flexibleIp)
  );
}
