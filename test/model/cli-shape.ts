// What `onevnet list -x` and `onevm list -x` print of a modelled cloud, in the shape recorded from OpenNebula 7.0.0.
import type { Oned, Range, Vm } from "./oned.ts";

// PoolObjectSQL::VM, the kind of the owner in ALLOCATED; a hold is that of VM -1.
const VM_OWNER = 0x1000000000n;

const STATES = { running: ["3", "3"], off: ["8", "0"], failed: ["3", "36"], lost: ["3", "16"] } as const;

/**
 * The networks of the cloud, one range in each. `list` gives the leases as ALLOCATED, pairs of index and owner; `show`
 * gives them as LEASES.
 */
export function networksXml(cloud: Oned, shape: "list" | "show"): string {
  const networks = cloud.ranges.map((range) => networkXml(range, shape));
  return `<VNET_POOL>${PRIVATE}${networks.join("")}</VNET_POOL>`;
}

export function vmsXml(cloud: Oned): string {
  return `<VM_POOL>${cloud.vms.map(vmXml).join("")}</VM_POOL>`;
}

const PRIVATE =
  "<VNET><ID>900</ID><NAME>priv</NAME><AR_POOL><AR><ALLOCATED><![CDATA[ 0 68719476736]]></ALLOCATED>" +
  "<AR_ID><![CDATA[0]]></AR_ID><IP><![CDATA[10.1.2.100]]></IP><MAC><![CDATA[02:00:0a:01:02:64]]></MAC>" +
  "<SIZE><![CDATA[48]]></SIZE><TYPE><![CDATA[IP4]]></TYPE></AR></AR_POOL></VNET>";

function networkXml(range: Range, shape: "list" | "show"): string {
  const attributes = Object.entries(range.attributes)
    .filter(([name]) => !["MAC_END", "IP_END", "USED_LEASES", "AR_ID"].includes(name))
    .map(([name, value]) => element(name, value));
  const ar = `${element("AR_ID", range.arId)}${attributes.join("")}`;
  return (
    `<VNET><ID>${range.arId}</ID><NAME>net${range.arId}</NAME><USED_LEASES>${range.holder ? 1 : 0}</USED_LEASES>` +
    `<TEMPLATE><VN_MAD><![CDATA[bridge]]></VN_MAD></TEMPLATE>` +
    `<AR_POOL><AR>${shape === "list" ? allocated(range) + ar : ar + leases(range)}</AR></AR_POOL></VNET>`
  );
}

function allocated({ holder }: Range): string {
  if (holder === undefined) return "";
  const owner = VM_OWNER | ("vm" in holder ? BigInt(holder.vm) : 0xffffffffn);
  return element("ALLOCATED", ` 0 ${owner}`);
}

function leases({ holder, ip, mac }: Range): string {
  if (holder === undefined) return "<LEASES/>";
  const vm = element("VM", "vm" in holder ? holder.vm : "-1");
  return `<LEASES><LEASE>${element("IP", ip)}${element("MAC", mac)}${vm}</LEASE></LEASES>`;
}

function vmXml(vm: Vm): string {
  const [state, lcmState] = STATES[vm.state];
  return (
    `<VM><ID>${vm.id}</ID><NAME>vm${vm.id}</NAME><STATE>${state}</STATE><LCM_STATE>${lcmState}</LCM_STATE>` +
    `<TEMPLATE><CPU>0.1</CPU></TEMPLATE><HISTORY_RECORDS><HISTORY><OID>${vm.id}</OID><SEQ>0</SEQ>` +
    `<HOSTNAME><![CDATA[${vm.host}]]></HOSTNAME></HISTORY></HISTORY_RECORDS></VM>`
  );
}

function element(name: string, value: string): string {
  return `<${name}><![CDATA[${value}]]></${name}>`;
}
