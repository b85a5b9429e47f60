import { randomUUID } from "node:crypto";
import { type Clock, printTimestamp } from "./timestamps.ts";

export const flexibleIpStatuses = ["unknown", "ready", "updating", "attached", "error", "detaching", "locked"] as const;

export type VirtualMac = {
  readonly id: string;
  readonly address: string;
  readonly type: "kvm" | "xen" | "vmware";
  readonly createdAt: bigint;
  status: "ready" | "updating" | "used" | "deleting";
  updatedAt: bigint;
};

/** One flexible IP as the account holds it. */
export type FlexibleIpRecord = {
  readonly id: string;
  readonly ipAddress: string;
  readonly zone: string;
  createdAt: bigint;
  updatedAt: bigint;
  status: (typeof flexibleIpStatuses)[number];
  serverId: string | null;
  /** The server of an attach under way, which the API does not show. */
  targetServerId: string | null;
  mac: VirtualMac | null;
  projectId: string;
  description: string;
  tags: readonly string[];
  reverse: string;
  /** False for what the token may not see: another project's. */
  visible: boolean;
};

export type WireFlexibleIp = ReturnType<typeof toWire>;

/** The organization that owns them all. */
const ORGANIZATION = "0a11ce00-0000-4000-8000-000000000002";

/** A status that ends by itself, and in which the API refuses every change. */
export function isTransient(record: FlexibleIpRecord): boolean {
  return record.status === "updating" || record.status === "detaching";
}

export function newMac(address: string, type: VirtualMac["type"], clock: Clock): VirtualMac {
  const now = clock.next();
  return { id: randomUUID(), address, type, status: "ready", createdAt: now, updatedAt: now };
}

/** The JSON of the API. Stamps from `writtenSince` on carry nine digits, as in the answer of the call that wrote them. */
export function toWire(record: FlexibleIpRecord, writtenSince?: bigint) {
  const { mac, zone } = record;
  const isNew = (stamp: bigint) => writtenSince !== undefined && stamp >= writtenSince;
  const print = (stamp: bigint) => printTimestamp(stamp, isNew(stamp) ? 9 : 6);
  return {
    id: record.id,
    ip_address: record.ipAddress,
    mac_address: mac && {
      id: mac.id,
      mac_address: mac.address,
      mac_type: mac.type,
      status: mac.status,
      zone,
      created_at: print(mac.createdAt),
      updated_at: print(mac.updatedAt),
    },
    server_id: record.serverId,
    status: record.status,
    project_id: record.projectId,
    organization_id: ORGANIZATION,
    description: record.description,
    tags: [...record.tags],
    reverse: record.reverse,
    zone,
    created_at: print(record.createdAt),
    updated_at: print(record.updatedAt),
  };
}
