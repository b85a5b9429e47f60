// What OpenNebula's commands print of networks and VMs (`onevnet list -x`, `onevm list -x`), in the shape recorded from
// OpenNebula 7.0.0.
import type { Fields } from "../documents.ts";
import type { Pool, Range } from "./pool.ts";

type ListedRange = {
  readonly id: string;
  readonly attributes: Fields;
  /** The id of the VM that has the lease; -1 is a hold. */
  readonly vm?: string | undefined;
};
export type ListedNetwork = {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  readonly bridge?: string;
  readonly ranges: readonly ListedRange[];
  /** Attributes of its template. */
  readonly template?: Fields;
};
export type ListedVm = {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly lcmState: string;
  readonly host: string;
};

// PoolObjectSQL::VM, the kind of the owner in ALLOCATED; a hold is that of VM -1.
const VM_OWNER = 0x1000000000n;
const STATES = {
  running: { state: "3", lcmState: "3" },
  off: { state: "8", lcmState: "0" },
  failed: { state: "3", lcmState: "36" },
  lost: { state: "3", lcmState: "16" },
  busy: { state: "3", lcmState: "1" },
} as const;

export function networksXml(networks: readonly ListedNetwork[]): string {
  return `<VNET_POOL>${networks.map(networkXml).join("")}</VNET_POOL>`;
}

export function vmsXml(vms: readonly ListedVm[]): string {
  return `<VM_POOL>${vms.map(vmXml).join("")}</VM_POOL>`;
}

/** Both listings of a pool: each range in a network of its own. */
export function listings({ ranges, vms }: Pool): { networks: string; vms: string } {
  return {
    networks: networksXml(ranges.map(networkOf)),
    vms: vmsXml(vms.map(({ id, state, host }) => ({ id, name: `vm${id}`, ...STATES[state], host }))),
  };
}

/** `<NAME><![CDATA[value]]></NAME>` */
export function element(name: string, value: string): string {
  return `<${name}><![CDATA[${value}]]></${name}>`;
}

function networkOf({ arId, attributes, holder }: Range): ListedNetwork {
  const vm = holder === undefined ? undefined : "vm" in holder ? holder.vm : "-1";
  return { id: arId, name: `net${arId}`, driver: "bridge", ranges: [{ id: arId, attributes, vm }] };
}

function networkXml({ id, name, driver, bridge = "", ranges, template = {} }: ListedNetwork): string {
  const used = ranges.filter(({ vm }) => vm !== undefined).length;
  return (
    `<VNET><ID>${id}</ID><NAME>${name}</NAME>${element("VN_MAD", driver)}${element("BRIDGE", bridge)}` +
    `<USED_LEASES>${used}</USED_LEASES><TEMPLATE>${elements(template)}</TEMPLATE>` +
    `<AR_POOL>${ranges.map(rangeXml).join("")}</AR_POOL></VNET>`
  );
}

function rangeXml({ id, attributes, vm }: ListedRange): string {
  const owner = vm === undefined ? "" : element("ALLOCATED", ` 0 ${VM_OWNER | BigInt.asUintN(32, BigInt(vm))}`);
  return `<AR>${owner}${elements({ ...attributes, AR_ID: id })}</AR>`;
}

function vmXml({ id, name, state, lcmState, host }: ListedVm): string {
  return (
    `<VM><ID>${id}</ID><NAME>${name}</NAME><STATE>${state}</STATE><LCM_STATE>${lcmState}</LCM_STATE>` +
    `<TEMPLATE><CPU>0.1</CPU></TEMPLATE><HISTORY_RECORDS><HISTORY><OID>${id}</OID><SEQ>0</SEQ>` +
    `${element("HOSTNAME", host)}</HISTORY></HISTORY_RECORDS></VM>`
  );
}

function elements(fields: Fields): string {
  return Object.entries(fields)
    .map(([name, value]) => (value === undefined ? "" : element(name, value)))
    .join("");
}
