// The address range as oned sends it, checked for one action. Pure.
import { isIPv4 } from "node:net";
import { isPublicIpv4, isPublicIpv6, isUuid } from "../addresses.ts";
import { InputError, shown } from "../errors.ts";
import type { Attributes, IpamRequest } from "../opennebula/ipam-request.ts";

export const FLEXIBLE_IP_ID = "SCW_FLEXIBLE_IP_ID";
export const FLEXIBLE_IP6_ID = "SCW_FLEXIBLE_IP6_ID";
/** The intent that obtained the range's flexible IPs: an id and an address come back from the pool, this does not. */
export const INTENT = "SCW_FLEXIP_INTENT";

/** An address range about to be registered: what the user typed. */
export type NewRange = {
  readonly attributes: Attributes;
  readonly isDualStack: boolean;
  /** The flexible IPs the user names by id. */
  readonly flexibleIpId: string | undefined;
  readonly flexibleIp6Id: string | undefined;
  /** The public addresses the user typed: those of flexible IPs to adopt, or placeholders. */
  readonly ip: string | undefined;
  readonly ip6: string | undefined;
};

/** A registered address range: one address. */
export type Range = {
  readonly ip: string;
  readonly mac: string | undefined;
  /** Lies in the IPv6 flexible IP of a dual-stack range. */
  readonly ip6: string | undefined;
  readonly flexibleIpId: string | undefined;
  readonly flexibleIp6Id: string | undefined;
  readonly intent: string | undefined;
  /** Its address serves as a NIC alias, and nothing else. */
  readonly servesAliases: boolean;
};

/** Checks what the user typed. Throws InputError. */
export function newRange(attributes: Attributes): NewRange {
  if (isYes(attributes, "SHARED")) {
    throw new InputError(
      "address range has SHARED=YES, which oned refuses for an IPAM driver",
      "remove SHARED; one flexible IP serves one guest",
    );
  }
  const type = attributes.get("TYPE") ?? "IP4";
  if (type !== "IP4" && type !== "IP4_6_STATIC") {
    throw new InputError(
      `address range has TYPE ${shown(type)}, but a flexible IP needs IP4 or IP4_6_STATIC`,
      "change TYPE",
    );
  }
  const size = attributes.get("SIZE");
  if (size !== "1") {
    throw new InputError(
      `address range has SIZE ${size === undefined ? "missing" : shown(size)}, but one flexible IP is one range of SIZE 1`,
      "add one range for each address",
    );
  }
  const ip = attributes.get("IP");
  const ip6 = attributes.get("IP6");
  return {
    attributes,
    isDualStack: type === "IP4_6_STATIC",
    flexibleIpId: typedId(attributes, FLEXIBLE_IP_ID),
    flexibleIp6Id: typedId(attributes, FLEXIBLE_IP6_ID),
    ip: ip !== undefined && isPublicIpv4(ip) ? ip : undefined,
    ip6: ip6 !== undefined && isPublicIpv6(ip6) ? ip6.toLowerCase() : undefined,
  };
}

function typedId(attributes: Attributes, name: string): string | undefined {
  const id = attributes.get(name);
  if (id === undefined || isUuid(id)) return id?.toLowerCase();
  throw new InputError(`${name} is no UUID`, "copy the flexible IP's id from the Scaleway console or remove it");
}

/** The range of an action other than register. Throws InputError when it has no address. */
export function registeredRange(request: IpamRequest): Range {
  const { addressRange } = request;
  const ip = addressRange.get("IP");
  if (ip === undefined || !isIPv4(ip)) {
    throw new InputError("address range has no IP, so it was not made by this driver", "remove it and add it again");
  }
  const isDualStack = addressRange.get("TYPE") === "IP4_6_STATIC";
  return {
    ip,
    mac: addressRange.get("MAC")?.toLowerCase(),
    ip6: isDualStack ? addressRange.get("IP6")?.toLowerCase() : undefined,
    flexibleIpId: uuidOf(addressRange, FLEXIBLE_IP_ID),
    intent: uuidOf(addressRange, INTENT),
    servesAliases: isYes(addressRange, "SCW_FLEXIP_ALIAS"),
    flexibleIp6Id: isDualStack ? uuidOf(addressRange, FLEXIBLE_IP6_ID) : undefined,
  };
}

/** Checks that oned asks for the one address that the range has. Throws InputError. */
export function checkLease(request: IpamRequest, range: Range): void {
  const size = request.address.get("SIZE") ?? "1";
  const rangeSize = request.addressRange.get("SIZE") ?? "1";
  if (size !== "1" || rangeSize !== "1") {
    throw new InputError(
      `address range ${range.ip} has SIZE ${shown(rangeSize)} and ${shown(size)} were asked for, but one flexible IP is one address`,
      "set SIZE to 1",
    );
  }
  const ip = request.address.get("IP");
  if (ip !== undefined && ip !== range.ip) {
    throw new InputError(
      `address ${shown(ip)} is not in the address range, which holds ${range.ip} alone`,
      "ask for that one",
    );
  }
}

function isYes(attributes: Attributes, name: string): boolean {
  return attributes.get(name)?.toUpperCase() === "YES";
}

function uuidOf(attributes: Attributes, name: string): string | undefined {
  const value = attributes.get(name);
  return value !== undefined && isUuid(value) ? value.toLowerCase() : undefined;
}
