import { z } from "zod";
import { readArguments, uuid } from "./call-arguments.ts";
import { type FlexibleIpRecord, newMac, toWire, type WireFlexibleIp } from "./flexible-ip-record.ts";
import type { FlexibleIps } from "./flexible-ips.ts";
import { invalidArgument, notFound, preconditionFailed } from "./refusals.ts";

const generation = z.strictObject({ mac_type: z.enum(["kvm", "xen", "vmware"]) });
const duplication = z.strictObject({ duplicate_from_fip_id: uuid });

export function generateMac(account: FlexibleIps, id: string, body: unknown): WireFlexibleIp {
  const type = readArguments(generation, body).mac_type;
  const record = writableForMac(account, id);

  const since = account.clock.next();
  account.transitions.changeMac(record, newMac(account.table.freshMac(), type, account.clock));
  return toWire(record, since);
}

/** Gives the target the address of the source's MAC; the two are a MAC group from then on. */
export function duplicateMac(account: FlexibleIps, id: string, body: unknown): WireFlexibleIp {
  const sourceId = readArguments(duplication, body).duplicate_from_fip_id;
  if (sourceId === id) throw invalidArgument("duplicate_from_fip_id", "is the target itself");
  const target = writableForMac(account, id);
  const source = writableForMac(account, sourceId);
  const { mac } = source;
  if (!mac) throw preconditionFailed(412, `flexible IP ${sourceId} has no virtual MAC`);
  if (target.mac) throw preconditionFailed(409, `flexible IP ${id} has a virtual MAC already`);
  if (target.serverId === null || target.serverId !== source.serverId) {
    throw preconditionFailed(412, "both flexible IPs must be attached to the same server");
  }

  const since = account.clock.next();
  account.transitions.changeMac(target, newMac(mac.address, mac.type, account.clock));
  return toWire(target, since);
}

export function deleteMac(account: FlexibleIps, id: string): void {
  const record = writableForMac(account, id);
  if (!record.mac) throw notFound(id, "mac_addresses");
  account.transitions.changeMac(record, null);
}

function writableForMac(account: FlexibleIps, id: string): FlexibleIpRecord {
  const record = account.table.writable(id);
  if (record.status === "ready" || record.status === "attached") return record;
  throw preconditionFailed(409, `flexible IP ${id} is ${record.status}`);
}
