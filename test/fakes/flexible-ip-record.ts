import { toMicroseconds, toNanoseconds } from "./timestamps.ts";

export const flexibleIpStatuses = ["unknown", "ready", "updating", "attached", "error", "detaching", "locked"] as const;
export type FlexibleIpStatus = (typeof flexibleIpStatuses)[number];

export type VirtualMacStatus = "unknown" | "ready" | "updating" | "used" | "error" | "deleting";

export const virtualMacTypes = ["kvm", "xen", "vmware"] as const;
export type VirtualMacType = (typeof virtualMacTypes)[number];

export type VirtualMac = {
  readonly id: string;
  readonly address: string;
  readonly type: VirtualMacType;
  readonly createdAt: bigint;
  status: VirtualMacStatus;
  updatedAt: bigint;
};

/** One flexible IP as the account holds it. */
export type FlexibleIpRecord = {
  readonly id: string;
  readonly ipAddress: string;
  readonly zone: string;
  createdAt: bigint;
  updatedAt: bigint;
  status: FlexibleIpStatus;
  serverId: string | null;
  /** The server of an attach under way, which the API does not show. */
  targetServerId: string | null;
  mac: VirtualMac | null;
  projectId: string;
  organizationId: string;
  description: string;
  tags: readonly string[];
  reverse: string;
  /** False for what the token may not see: another project's. */
  visible: boolean;
};

export type WireVirtualMac = {
  id: string;
  mac_address: string;
  mac_type: VirtualMacType;
  status: VirtualMacStatus;
  zone: string;
  created_at: string;
  updated_at: string;
};

export type WireFlexibleIp = {
  id: string;
  ip_address: string;
  mac_address: WireVirtualMac | null;
  server_id: string | null;
  status: FlexibleIpStatus;
  project_id: string;
  organization_id: string;
  description: string;
  tags: string[];
  reverse: string;
  zone: string;
  created_at: string;
  updated_at: string;
};

/** A status that ends by itself, and in which the API refuses every change. */
export function isTransient(record: FlexibleIpRecord): boolean {
  return record.status === "updating" || record.status === "detaching";
}

/** The JSON of the API. Stamps from `writtenSince` on carry nine digits, as in the answer of the call that wrote them. */
export function toWire(record: FlexibleIpRecord, writtenSince?: bigint): WireFlexibleIp {
  const print = (stamp: bigint) =>
    writtenSince !== undefined && stamp >= writtenSince ? toNanoseconds(stamp) : toMicroseconds(stamp);
  return {
    id: record.id,
    ip_address: record.ipAddress,
    mac_address: record.mac && macToWire(record.mac, record.zone, print),
    server_id: record.serverId,
    status: record.status,
    project_id: record.projectId,
    organization_id: record.organizationId,
    description: record.description,
    tags: [...record.tags],
    reverse: record.reverse,
    zone: record.zone,
    created_at: print(record.createdAt),
    updated_at: print(record.updatedAt),
  };
}

function macToWire(mac: VirtualMac, zone: string, print: (stamp: bigint) => string): WireVirtualMac {
  return {
    id: mac.id,
    mac_address: mac.address,
    mac_type: mac.type,
    status: mac.status,
    zone,
    created_at: print(mac.createdAt),
    updated_at: print(mac.updatedAt),
  };
}
