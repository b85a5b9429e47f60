// OpenNebula's ranges matched with the project's flexible IPs. Pure.
import { isAddressOf } from "../../addresses.ts";
import { isOfOtherIntent } from "../../flexible-ip/ownership.ts";
import type { FlexibleIp } from "../../scaleway/flexible-ip.ts";
import type { CloudRange } from "../one/listings.ts";

export type RangeState = {
  readonly range: CloudRange;
  /** The flexible IPs that have the range's addresses, the IPv4 one first. */
  readonly flexibleIps: readonly FlexibleIp[];
  /** Addresses of the range that no flexible IP of the project has. */
  readonly missing: readonly string[];
  /** Addresses of the range whose flexible IP another registration has obtained since. */
  readonly recycled: readonly string[];
};

/**
 * Matched by address, which oned vouches for: a network's manager can change the id in a range. A flexible IP that Scaleway
 * recycled for another range has another intent in its tags.
 */
export function rangeStates(view: {
  readonly ranges: readonly CloudRange[];
  readonly flexibleIps: readonly FlexibleIp[];
}): RangeState[] {
  const byIpv4 = new Map(view.flexibleIps.filter((one) => !one.isIpv6).map((one) => [one.address, one]));
  const ipv6 = view.flexibleIps.filter((one) => one.isIpv6);
  const at = (address: string): FlexibleIp | undefined =>
    address.includes(":") ? ipv6.find((one) => isAddressOf(address, one.address)) : byIpv4.get(address);
  return view.ranges.map((range) => {
    const addresses = [range.ip, range.ip6].filter((address) => address !== undefined);
    const found = addresses.map((address) => ({ address, flexibleIp: at(address) }));
    const recycled = found.filter(({ flexibleIp }) => flexibleIp && isOfOtherIntent(flexibleIp, range.intent));
    return {
      range,
      flexibleIps: found.filter((one) => !recycled.includes(one)).flatMap(({ flexibleIp }) => flexibleIp ?? []),
      missing: found.filter(({ flexibleIp }) => flexibleIp === undefined).map(({ address }) => address),
      recycled: recycled.map(({ address }) => address),
    };
  });
}

/** Whether the flexible IP changed so recently that another run may be at work on it. */
export function isYoung(view: { readonly now: Date; readonly graceMs: number }, flexibleIp: FlexibleIp): boolean {
  return view.now.getTime() - Date.parse(flexibleIp.updatedAt) < view.graceMs;
}
