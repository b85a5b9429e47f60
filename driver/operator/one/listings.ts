// What OpenNebula's own command line says of its networks and VMs (`onevnet list -x`, `onevm list -x`) → ranges, leases,
// places. Shapes as recorded from OpenNebula 7.0.0.
import { child, children, type Element, parseXml, textOf } from "../../opennebula/xml.ts";

/** Who has a lease: a VM, a virtual router, a network that reserved it, or a hold, which has no id. */
export type Holder =
  | { readonly kind: "vm"; readonly id: string }
  | { readonly kind: "vrouter" | "network" | "hold"; readonly id: string };

export type CloudRange = {
  readonly networkId: string;
  readonly network: string;
  readonly arId: string;
  readonly ipamMad: string;
  readonly ip: string;
  readonly ip6: string | undefined;
  readonly mac: string;
  readonly flexibleIpId: string | undefined;
  readonly flexibleIp6Id: string | undefined;
  /** The intent that obtained the range's flexible IPs; undefined where the range does not say. */
  readonly intent: string | undefined;
  /** Undefined: the address is free. */
  readonly holder: Holder | undefined;
};

export type CloudVm = {
  readonly id: string;
  readonly name: string;
  /** `busy`: in transition or in an unknown state; its host says nothing about its address. */
  readonly state: "running" | "busy" | "off";
  readonly host: string;
};

// OpenNebula's VM states: 3 is ACTIVE, of which LCM state 3 is RUNNING.
const ACTIVE = "3";
const RUNNING = "3";

const HOLDER_KINDS: ReadonlyMap<bigint, "vm" | "network" | "vrouter"> = new Map([
  [0x10n, "vm"],
  [0x40n, "network"],
  [0x40000n, "vrouter"],
]);

/** The ranges of `ipamMad` in `onevnet list -x`. A network reserved from another has its lease, not a range of its own. */
export function parseRanges(xml: string, ipamMad: string): CloudRange[] {
  const networks = children(parseXml(xml, "VNET_POOL", ["VNET", "AR", "LEASE"]), "VNET");
  const all = networks.flatMap((network) => {
    const ranges = children(child(network, "AR_POOL"), "AR");
    return ranges.map((range) => ({ range, parsed: parseRange(network, range) }));
  });
  const reserved = all.filter(({ range }) => textOf(range, "PARENT_NETWORK_AR_ID") !== "");
  return all
    .filter(({ range, parsed }) => parsed.ipamMad === ipamMad && textOf(range, "PARENT_NETWORK_AR_ID") === "")
    .map(({ parsed }) => {
      const reservation = reserved.find((other) => other.parsed.ip === parsed.ip);
      return reservation?.parsed.holder === undefined ? parsed : { ...parsed, holder: reservation.parsed.holder };
    });
}

/** The VMs in `onevm list -x`. */
export function parseVms(xml: string): CloudVm[] {
  return children(parseXml(xml, "VM_POOL", ["VM", "HISTORY"]), "VM").map((vm) => {
    const last = children(child(vm, "HISTORY_RECORDS"), "HISTORY").at(-1);
    return { id: textOf(vm, "ID"), name: textOf(vm, "NAME"), state: stateOf(vm), host: textOf(last, "HOSTNAME") };
  });
}

function parseRange(network: Element, range: Element): CloudRange {
  return {
    networkId: textOf(network, "ID"),
    network: textOf(network, "NAME"),
    arId: textOf(range, "AR_ID"),
    ipamMad: textOf(range, "IPAM_MAD"),
    ip: textOf(range, "IP"),
    ip6: textOf(range, "IP6").toLowerCase() || undefined,
    mac: textOf(range, "MAC").toLowerCase(),
    flexibleIpId: textOf(range, "SCW_FLEXIBLE_IP_ID").toLowerCase() || undefined,
    flexibleIp6Id: textOf(range, "SCW_FLEXIBLE_IP6_ID").toLowerCase() || undefined,
    intent: textOf(range, "SCW_FLEXIP_INTENT").toLowerCase() || undefined,
    holder: shownHolder(children(child(range, "LEASES"), "LEASE")[0]) ?? listedHolder(textOf(range, "ALLOCATED")),
  };
}

// `onevnet show` lists the leases of a range one by one.
function shownHolder(lease: Element | undefined): Holder | undefined {
  if (lease === undefined) return undefined;
  // VNET is also the name of a network, which comes as a list.
  const [network] = children(lease, "VNET");
  if (typeof network === "string") return { kind: "network", id: network.trim() };
  const router = textOf(lease, "VROUTER");
  if (router !== "") return { kind: "vrouter", id: router };
  const vm = textOf(lease, "VM");
  return vm === "" || vm === "-1" ? { kind: "hold", id: "" } : { kind: "vm", id: vm };
}

// `onevnet list` packs them: pairs of an index and a number, whose low 32 bits are the holder's id and whose high ones its
// kind (OpenNebula/one, include/PoolObjectSQL.h). An entry that cannot be parsed still counts as leased.
function listedHolder(allocated: string): Holder | undefined {
  if (allocated === "") return undefined;
  const packed = /^\d+ (\d+)/.exec(allocated)?.[1];
  if (packed === undefined) return { kind: "hold", id: "" };
  const id = BigInt.asIntN(32, BigInt(packed));
  const kind = HOLDER_KINDS.get(BigInt(packed) >> 32n);
  return kind === undefined || id < 0n ? { kind: "hold", id: "" } : { kind, id: String(id) };
}

function stateOf(vm: Element): CloudVm["state"] {
  if (textOf(vm, "STATE") !== ACTIVE) return "off";
  return textOf(vm, "LCM_STATE") === RUNNING ? "running" : "busy";
}
