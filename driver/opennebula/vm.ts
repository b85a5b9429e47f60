// The VM that a hook is called for → its NICs and aliases. Nothing else of it is looked at: CONTEXT holds passwords.
import { isUuid } from "../addresses.ts";
import { InputError } from "../errors.ts";
import { children, decodeInput, type Element, parseXml, textOf } from "./xml.ts";

export type Nic = {
  readonly isAlias: boolean;
  readonly nicId: string;
  /** The NIC that an alias belongs to. */
  readonly parentId: string | undefined;
  /** The network driver that serves the NIC: "bridge", "fw", "802.1Q", …; undefined in hand-made documents alone. */
  readonly driver: string | undefined;
  /** IPv4, from oned. */
  readonly ip: string | undefined;
  /** IPv6 of a static range, from oned. */
  readonly ip6: string | undefined;
  readonly mac: string;
  /** The public address as the address range names it; a tenant can forge it. */
  readonly externalIp: string | undefined;
  /** The id of the flexible IP of `ip`; a tenant can forge it. */
  readonly flexibleIpId: string | undefined;
  /** The id of the flexible IP of `ip6`; a tenant can forge it. */
  readonly flexibleIp6Id: string | undefined;
  /** The intent that the address range was registered with; a tenant cannot forge it. Undefined for older leases. */
  readonly intent: string | undefined;
  /** The address range or its network is for aliases, and for nothing else. */
  readonly isForAliases: boolean;
  /** The floating address of a virtual router, which the hooks do not serve. */
  readonly floatingIp: string | undefined;
  /** The hook is about this NIC alone; the others belong to a running guest. */
  readonly isMarked: boolean;
};

export type Vm = {
  readonly id: string;
  /** The domain's name in libvirt; undefined before the VM has run for the first time. */
  readonly deployId: string | undefined;
  /** The host that the VM is on, or is going to: in a live migration its destination, in every hook. */
  readonly host: string | undefined;
  readonly nics: readonly Nic[];
  /** NICs that are PCI devices of the host. */
  readonly pciNics: readonly Nic[];
  /** The hook is about a NIC, or a PCI device, that comes or goes while the guest runs. */
  readonly isHotPlug: boolean;
};

const LISTS = ["TEMPLATE", "NIC", "NIC_ALIAS", "PCI", "HISTORY_RECORDS", "HISTORY"];
// A tenant may make these as long as he likes. Nothing in them is read, so nothing in them is parsed.
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
    id: shortText(vm, "ID") ?? "",
    deployId: shortText(vm, "DEPLOY_ID"),
    host: hostOf(vm),
    nics: [...nics.map((nic) => parseNic(nic, false)), ...aliases.map((nic) => parseNic(nic, true))],
    pciNics: devices.filter(isNic).map((device) => parseNic(device, false)),
    isHotPlug: [...nics, ...aliases, ...devices].some(isMarked),
  };
}

function isNic(device: Element): boolean {
  return shortText(device, "NIC_ID") !== undefined;
}

function hostOf(vm: Element): string | undefined {
  const records = children(vm, "HISTORY_RECORDS").flatMap((one) => children(one, "HISTORY"));
  return records.map((record) => shortText(record, "HOSTNAME")).findLast((name) => name !== undefined);
}

function parseNic(nic: Element, isAlias: boolean): Nic {
  return {
    isAlias,
    nicId: shortText(nic, "NIC_ID") ?? "",
    parentId: shortText(nic, "PARENT_ID"),
    driver: shortText(nic, "VN_MAD"),
    ip: shortText(nic, "IP"),
    ip6: shortText(nic, "IP6")?.toLowerCase(),
    mac: shortText(nic, "MAC")?.toLowerCase() ?? "",
    externalIp: shortText(nic, "EXTERNAL_IP"),
    flexibleIpId: idIn(nic, "SCW_FLEXIBLE_IP_ID"),
    flexibleIp6Id: idIn(nic, "SCW_FLEXIBLE_IP6_ID"),
    intent: idIn(nic, "SCW_FLEXIP_INTENT"),
    isForAliases: isYes(nic, "SCW_FLEXIP_ALIAS"),
    floatingIp: shortText(nic, "VROUTER_IP"),
    isMarked: isMarked(nic),
  };
}

function isMarked(device: Element): boolean {
  return isYes(device, "ATTACH");
}

function isYes(element: Element, name: string): boolean {
  return shortText(element, name)?.toUpperCase() === "YES";
}

/** Undefined also for what is no UUID: a tenant may have written it, and it becomes part of a URL. */
function idIn(nic: Element, name: string): string | undefined {
  const id = shortText(nic, name)?.toLowerCase();
  return id !== undefined && isUuid(id) ? id : undefined;
}

/** The text of a value, undefined when it is absent, empty, or so long that it cannot be a value that is read here. */
function shortText(element: Element, name: string): string | undefined {
  const text = textOf(element, name);
  return text === "" || text.length > LONGEST_VALUE ? undefined : text;
}
