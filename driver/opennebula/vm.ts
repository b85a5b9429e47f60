// The VM that a hook is called for → its NICs and aliases. Nothing else of it is looked at: CONTEXT holds passwords.
import { InputError } from "../errors.ts";
import { children, decodeInput, type Element, parseXml, textOf } from "./xml.ts";

export type Nic = {
  readonly isAlias: boolean;
  readonly nicId: string;
  /** The NIC that an alias belongs to. */
  readonly parentId: string;
  /** The network driver that serves the NIC: "bridge", "fw", "802.1Q", …; empty in hand-made documents alone. */
  readonly driver: string;
  /** IPv4, from oned. */
  readonly ip: string;
  /** IPv6 of a static range, from oned. */
  readonly ip6: string;
  readonly mac: string;
  /** What the address range says the public address is; a tenant can forge it. */
  readonly externalIp: string;
  /** Flexible IP of `ip`; a tenant can forge it. */
  readonly flexibleIpId: string;
  /** Flexible IP of `ip6`; a tenant can forge it. */
  readonly flexibleIp6Id: string;
  /** The intent that the address range was registered with; a tenant cannot forge it. Empty for older leases. */
  readonly intent: string;
  /** The address range or its network is for aliases, and for nothing else. */
  readonly isForAliases: boolean;
  /** The floating address of a virtual router, which the hooks do not serve. */
  readonly floatingIp: string;
  /** The hook is about this NIC alone; the others belong to a running guest. */
  readonly isMarked: boolean;
};

export type Vm = {
  readonly id: string;
  /** The domain's name in libvirt; empty before the VM has run for the first time. */
  readonly deployId: string;
  /** The host that the VM is on, or is going to: in a live migration its destination, in every hook. */
  readonly host: string;
  readonly nics: readonly Nic[];
  /** NICs that are PCI devices of the host. */
  readonly pciNics: readonly Nic[];
  /** The hook is about a NIC, or a PCI device, that comes or goes while the guest runs. */
  readonly isHotPlug: boolean;
};

const LISTS = ["TEMPLATE", "NIC", "NIC_ALIAS", "PCI", "HISTORY_RECORDS", "HISTORY"];
// What a tenant may make as long as he likes. Nothing in them is read, so nothing in them is parsed.
const SKIPPED = ["VM.USER_TEMPLATE", "VM.TEMPLATE.CONTEXT"];
const MOST_NICS = 1_024;
const LONGEST_VALUE = 256;

/** Reads the standard input of a bridge hook. Throws InputError. */
export function parseVm(input: string): Vm {
  const vm = parseXml(decodeInput(input), "VM", LISTS, SKIPPED);
  // One VM holds several TEMPLATE elements, one NIC in each (recorded).
  const inTemplates = (name: string): Element[] => children(vm, "TEMPLATE").flatMap((one) => children(one, name));
  const [nics, aliases, devices] = [inTemplates("NIC"), inTemplates("NIC_ALIAS"), inTemplates("PCI")];
  if (nics.length + aliases.length + devices.length > MOST_NICS) {
    throw new InputError(`VM has more than ${MOST_NICS} NICs, which is more than any server serves`, "remove some");
  }
  return {
    id: shortText(vm, "ID"),
    deployId: shortText(vm, "DEPLOY_ID"),
    host: hostOf(vm),
    nics: [...nics.map((nic) => parseNic(nic, false)), ...aliases.map((nic) => parseNic(nic, true))],
    pciNics: devices.map((device) => parseNic(device, false)).filter(({ nicId }) => nicId !== ""),
    isHotPlug: [...nics, ...aliases, ...devices].some(isMarked),
  };
}

function hostOf(vm: Element): string {
  const records = children(vm, "HISTORY_RECORDS").flatMap((one) => children(one, "HISTORY"));
  return records.map((record) => shortText(record, "HOSTNAME")).findLast((name) => name !== "") ?? "";
}

function parseNic(nic: Element, isAlias: boolean): Nic {
  return {
    isAlias,
    nicId: shortText(nic, "NIC_ID"),
    parentId: shortText(nic, "PARENT_ID"),
    driver: shortText(nic, "VN_MAD"),
    ip: shortText(nic, "IP"),
    ip6: shortText(nic, "IP6").toLowerCase(),
    mac: shortText(nic, "MAC").toLowerCase(),
    externalIp: shortText(nic, "EXTERNAL_IP"),
    flexibleIpId: shortText(nic, "SCW_FLEXIBLE_IP_ID").toLowerCase(),
    flexibleIp6Id: shortText(nic, "SCW_FLEXIBLE_IP6_ID").toLowerCase(),
    intent: shortText(nic, "SCW_FLEXIP_INTENT").toLowerCase(),
    isForAliases: shortText(nic, "SCW_FLEXIP_ALIAS").toUpperCase() === "YES",
    floatingIp: shortText(nic, "VROUTER_IP"),
    isMarked: isMarked(nic),
  };
}

function isMarked(device: Element): boolean {
  return shortText(device, "ATTACH").toUpperCase() === "YES";
}

/** A value that no message or log line can grow by: no value that is read is longer. */
function shortText(element: Element, name: string): string {
  const text = textOf(element, name);
  return text.length > LONGEST_VALUE ? "" : text;
}
