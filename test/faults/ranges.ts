// Registered ranges, and what a VM has from one.
import type { Fields, NicFields } from "../documents.ts";

/** A registered range, as oned stores it. */
export type Range = Readonly<Record<string, string>> & { readonly IP: string; readonly MAC: string };

export function idOf(range: Range): string {
  return range.SCW_FLEXIBLE_IP_ID ?? "";
}

/** The ids of all flexible IPs of a range. */
export function idsOf(range: Range): string[] {
  return [range.SCW_FLEXIBLE_IP_ID, range.SCW_FLEXIBLE_IP6_ID].filter((id) => id !== undefined);
}

/** The NIC that a VM has from a range. */
export function nic(id: string, range: Range, more: Fields = {}): NicFields {
  const { IP, MAC, IP6, EXTERNAL_IP, SCW_FLEXIBLE_IP_ID, SCW_FLEXIBLE_IP6_ID } = range;
  return { NIC_ID: id, IP, MAC, IP6, EXTERNAL_IP, SCW_FLEXIBLE_IP_ID, SCW_FLEXIBLE_IP6_ID, ...more };
}

export function alias(id: string, parentId: string, range: Range, more: Fields = {}): NicFields {
  return { ...nic(id, range, { PARENT_ID: parentId, ...more }), alias: "YES" };
}

export function isOurTag(tag: string): boolean {
  return tag === "scw-flexip" || tag.startsWith("scw-flexip:");
}
