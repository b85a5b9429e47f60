/** The status of a flexible IP as recorded: there is no `attaching`. A value that is not listed becomes `unknown`. */
export const FLEXIBLE_IP_STATUSES = [
  "unknown",
  "ready",
  "updating",
  "attached",
  "error",
  "detaching",
  "locked",
] as const;
export type FlexibleIpStatus = (typeof FLEXIBLE_IP_STATUSES)[number];

/** A flexible IP as the API last reported it. */
export type FlexibleIp = {
  readonly id: string;
  /** The address without its prefix length: an IPv4, or the network of an IPv6 /64. */
  readonly address: string;
  readonly isIpv6: boolean;
  /** The virtual MAC in lower case. */
  readonly mac: string | undefined;
  readonly serverId: string | undefined;
  readonly status: FlexibleIpStatus;
  readonly projectId: string;
  readonly description: string;
  readonly tags: readonly string[];
  /** ISO 8601, the API's own clock. */
  readonly updatedAt: string;
  /** Reverse DNS. */
  readonly reverse?: string | undefined;
};

export type FlexibleIpFilter = {
  readonly projectId?: string | undefined;
  readonly tag?: string | undefined;
  readonly serverId?: string | undefined;
  readonly status?: FlexibleIpStatus | undefined;
};

/** An empty `reverse` clears it. */
export type FlexibleIpChange = {
  readonly tags?: readonly string[];
  readonly reverse?: string;
};

export type NewFlexibleIp = {
  readonly projectId: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly isIpv6: boolean;
};

/** Whether an attach, a detach or a MAC operation is under way, whose end the next look may show. */
export function isSettling(flexibleIp: FlexibleIp): boolean {
  return flexibleIp.status === "updating" || flexibleIp.status === "detaching" || flexibleIp.status === "unknown";
}

/** How messages name a flexible IP. */
export function nameOf(flexibleIp: FlexibleIp): string {
  return `flexible IP ${flexibleIp.address}${flexibleIp.isIpv6 ? "/64" : ""} (${flexibleIp.id})`;
}
