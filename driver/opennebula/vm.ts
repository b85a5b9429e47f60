// The VM that a hook is called for → its NICs and aliases. Nothing else of it is looked at: CONTEXT holds passwords.
import { children, decodeInput, type Element, parseXml, textOf } from "./xml.ts";

export type Nic = {
  readonly isAlias: boolean;
  readonly nicId: string;
  /** The NIC that an alias belongs to. */
  readonly parentId: string;
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
  /** The hook is about this NIC alone; the others belong to a running guest. */
  readonly isMarked: boolean;
};

export type Vm = {
  readonly id: string;
  /** The domain's name in libvirt. */
  readonly deployId: string;
  readonly nics: readonly Nic[];
};

/** Reads the standard input of a bridge hook. Throws InputError. */
export function parseVm(input: string): Vm {
  const vm = parseXml(decodeInput(input), "VM", ["TEMPLATE", "NIC", "NIC_ALIAS"]);
  // One VM holds several TEMPLATE elements, one NIC in each (recorded).
  const templates = children(vm, "TEMPLATE");
  return {
    id: textOf(vm, "ID"),
    deployId: textOf(vm, "DEPLOY_ID"),
    nics: [
      ...templates.flatMap((template) => children(template, "NIC").map((nic) => parseNic(nic, false))),
      ...templates.flatMap((template) => children(template, "NIC_ALIAS").map((nic) => parseNic(nic, true))),
    ],
  };
}

function parseNic(nic: Element, isAlias: boolean): Nic {
  return {
    isAlias,
    nicId: textOf(nic, "NIC_ID"),
    parentId: textOf(nic, "PARENT_ID"),
    ip: textOf(nic, "IP"),
    ip6: textOf(nic, "IP6").toLowerCase(),
    mac: textOf(nic, "MAC").toLowerCase(),
    externalIp: textOf(nic, "EXTERNAL_IP"),
    flexibleIpId: textOf(nic, "SCW_FLEXIBLE_IP_ID").toLowerCase(),
    flexibleIp6Id: textOf(nic, "SCW_FLEXIBLE_IP6_ID").toLowerCase(),
    isMarked: textOf(nic, "ATTACH").toUpperCase() === "YES",
  };
}
