// Views to make plans of: what OpenNebula, Scaleway and the journal say, in as few words as a test needs.
import { ownershipTags } from "../../../driver/flexible-ip/ownership.ts";
import type { CloudRange, CloudVm, Holder } from "../../../driver/operator/one/listings.ts";
import type { View } from "../../../driver/operator/reconcile/step.ts";
import type { FlexibleIp } from "../../../driver/scaleway/flexible-ip.ts";
import { PROJECT } from "../../rig.ts";

export const IP = "203.0.113.7";
export const IP6 = "2001:db8:7::";
export const MAC = "52:54:00:aa:00:07";
export const ID = "f1e81b1e-0000-4000-8000-000000000007";
export const ID6 = "f1e81b1e-0000-4000-8000-00000000000a";
export const INTENT = "1e000000-0000-4000-8000-000000000001";
/** The servers of the hosts h1 and h2. */
export const SERVER = { h1: "5e4be400-0000-4000-8000-000000000001", h2: "5e4be400-0000-4000-8000-000000000002" };
export const OURS = ownershipTags("one", "created", INTENT);
export const ADOPTED = ["theirs", ...ownershipTags("one", "adopted", INTENT)];
export const BORROWER = [...OURS, "scw-flexip:mac-borrower"];
export const LENDER = [...OURS, "scw-flexip:mac-lender"];
export const NOW = new Date("2026-03-01T12:00:00Z");
export const GRACE_MS = 600_000;
export const VM_HOLDER: Holder = { kind: "vm", id: "42" };

export function flexibleIp(changes: Partial<FlexibleIp> = {}): FlexibleIp {
  return {
    id: ID,
    address: IP,
    isIpv6: false,
    mac: MAC,
    serverId: undefined,
    status: changes.serverId === undefined ? "ready" : "attached",
    projectId: PROJECT,
    description: "",
    tags: OURS,
    updatedAt: "2026-03-01T11:00:00.000001Z",
    ...changes,
  };
}

export function ipv6(changes: Partial<FlexibleIp> = {}): FlexibleIp {
  return flexibleIp({ id: ID6, address: IP6, isIpv6: true, mac: undefined, ...changes });
}

export function range(changes: Partial<CloudRange> = {}): CloudRange {
  return {
    networkId: "1",
    network: "pub",
    arId: "0",
    ipamMad: "scw-flexip",
    ip: IP,
    ip6: undefined,
    mac: MAC,
    flexibleIpId: ID,
    flexibleIp6Id: undefined,
    intent: INTENT,
    holder: undefined,
    ...changes,
  };
}

/** A range with both addresses. */
export function dualRange(changes: Partial<CloudRange> = {}): CloudRange {
  return range({ ip6: "2001:db8:7::1", flexibleIp6Id: ID6, ...changes });
}

export function vm(state: CloudVm["state"] = "running", host = "h1"): CloudVm {
  return { id: VM_HOLDER.id, name: "vm42", state, host };
}

/** The VM, to which the ranges are leased. */
export function leasedTo(one: CloudVm, ...ranges: readonly CloudRange[]): Pick<View, "ranges" | "vms"> {
  return { ranges: ranges.map((each) => ({ ...each, holder: VM_HOLDER })), vms: [one] };
}

/** A free range with its flexible IP, unless changed. */
export function view(changes: Partial<View> = {}): View {
  return {
    cloud: "one",
    projectId: PROJECT,
    flexibleIps: [flexibleIp()],
    ranges: [range()],
    vms: [],
    servers: new Map(Object.entries(SERVER)),
    deadIntents: [],
    liveIntents: [],
    now: NOW,
    graceMs: GRACE_MS,
    ...changes,
  };
}
