import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type NicAddress, nicGroups, unserved } from "../../driver/bridge/nics.ts";
import { parseVm, type Vm } from "../../driver/opennebula/vm.ts";
import { type Fields, type NicFields, vmDocument } from "../documents.ts";

const ID = "f1e81b1e-0000-4000-8000-000000000007";
const MAC = "52:54:00:00:00:01";
const MARKED = { ATTACH: "YES" };
const IP6 = { IP6: "2001:db8:7::1" };

suite("nicGroups: which NICs a hook is about", () => {
  const pub = (id: string, more: Fields = {}) => ({ NIC_ID: id, IP: `203.0.113.${id}`, MAC, ...more });
  const priv = (id: string, more: Fields = {}) => pub(id, { IP: `10.1.2.${id}`, ...more });
  const alias = (id: string, parent: string, more: Fields = {}): NicFields => {
    return { ...pub(id, { PARENT_ID: parent, ...more }), alias: "YES" };
  };
  const ofOpenNebula = { MAC: "02:00:cb:00:71:01" };

  for (const [name, nics, groups] of [
    ["private alone", [priv("0"), priv("1")], []],
    ["two public, one private", [priv("0"), pub("1"), pub("2")], ["1: .1", "2: .2"]],
    ["private marked", [priv("0", MARKED), pub("1")], []],
    ["public marked", [pub("1"), pub("2", MARKED)], ["2: .2"]],
    ["two aliases", [pub("1"), alias("2", "1"), alias("3", "1")], ["1: .1 + .2 .3"]],
    ["one alias of two marked", [pub("1"), alias("2", "1"), alias("3", "1", MARKED)], ["1 serves on: .1 + .3"]],
    ["the parent marked", [pub("1", MARKED), alias("2", "1")], ["1: .1 + .2"]],
    ["another parent's alias", [pub("1"), pub("2"), alias("3", "2")], ["1: .1", "2: .2 + .3"]],
    ["an alias of a private NIC", [priv("0"), alias("2", "0")], []],
    ["an alias of a private NIC, asked for", [priv("0"), alias("2", "0", { SCW_FLEXIP_ALIAS: "YES" })], ["0:  + .2"]],
    ["a private alias", [pub("1"), alias("2", "1", { IP: "10.1.2.2" })], ["1: .1"]],
    ["a private alias marked", [pub("1"), alias("2", "1", { IP: "10.1.2.2", ...MARKED })], []],
    ["an alias without its parent", [alias("2", "1")], []],
    ["NICs of our drivers", [pub("1", { VN_MAD: "bridge" }), pub("2", { VN_MAD: "fw" })], ["1: .1", "2: .2"]],
    ["a NIC of another driver", [pub("1", { VN_MAD: "802.1Q", SCW_FLEXIBLE_IP_ID: ID })], []],
    ["an alias of a NIC of another driver", [pub("1", { VN_MAD: "vxlan" }), alias("2", "1")], []],
    ["a public address with a MAC of OpenNebula", [pub("1", ofOpenNebula)], []],
    ["the same, claiming a flexible IP", [pub("1", { ...ofOpenNebula, SCW_FLEXIBLE_IP_ID: ID })], ["1: .1"]],
    ["IPv6 alone", [{ NIC_ID: "1", MAC, ...IP6 }], ["1: 2001:db8:7::1"]],
    ["dual stack", [pub("1", IP6)], ["1: .1 2001:db8:7::1"]],
    ["dual stack, private IPv4", [priv("1", IP6)], ["1: 2001:db8:7::1"]],
    ["unique local IPv6", [priv("1", { IP6: "fd00::1" })], []],
    ["a private NIC behind a public address", [priv("1", { EXTERNAL_IP: "203.0.113.9" })], []],
  ] satisfies [string, NicFields[], string[]][]) {
    test(name, () => assert.deepEqual(nicGroups(vmWith(nics)).map(shown), groups));
  }
});

suite("nicGroups: what a NIC says of its flexible IP", () => {
  const IP = "203.0.113.7";
  const usual = { intent: undefined, mac: MAC, isForAliases: false, hint: undefined };
  const claimed = { ...usual, address: IP, isClaimed: true, isHandWritten: false };
  const unclaimed = { ...usual, address: IP, isClaimed: false, isHandWritten: true };
  for (const [name, nic, own] of [
    ["nothing", { IP }, [unclaimed]],
    ["its id", { IP, SCW_FLEXIBLE_IP_ID: ID }, [{ ...claimed, hint: ID }]],
    ["the external address", { IP, EXTERNAL_IP: IP }, [claimed]],
    ["another external address", { IP, EXTERNAL_IP: "203.0.113.8" }, [unclaimed]],
    ["the intent of its range", { IP, SCW_FLEXIP_INTENT: ID }, [{ ...claimed, intent: ID }]],
    ["that its range serves aliases", { IP, SCW_FLEXIP_ALIAS: "YES" }, [{ ...unclaimed, isForAliases: true }]],
    [
      "the id of the IPv6 alone",
      { IP, ...IP6, SCW_FLEXIBLE_IP6_ID: ID },
      [
        { ...unclaimed, isHandWritten: false },
        { ...claimed, address: IP6.IP6, hint: ID },
      ],
    ],
    ["nothing, and it has an IPv6 address alone", IP6, [{ ...unclaimed, address: IP6.IP6 }]],
    ["an id for a private address", { IP: "10.1.2.3", SCW_FLEXIBLE_IP_ID: ID }, []],
  ] satisfies [string, Fields, NicAddress[]][]) {
    test(name, () => {
      assert.deepEqual(
        nicGroups(vmWith([{ NIC_ID: "0", MAC, ...nic }])).flatMap((group) => group.own),
        own,
      );
    });
  }
});

suite("unserved: flexible IPs that pre names because no hook serves them", () => {
  const ours = { NIC_ID: "0", MAC, SCW_FLEXIBLE_IP_ID: ID };
  const pci = `<PCI><NIC_ID>1</NIC_ID><IP>203.0.113.9</IP><SCW_FLEXIBLE_IP_ID>${ID}</SCW_FLEXIBLE_IP_ID></PCI>`;
  for (const [name, vm, is] of [
    ["none", vmWith([{ ...ours, IP: "203.0.113.7" }]), []],
    ["a floating address", vmWith([{ ...ours, VROUTER_IP: "203.0.113.8" }]), ["203.0.113.8"]],
    ["a private floating address", vmWith([{ ...ours, VROUTER_IP: "10.1.2.3" }]), []],
    ["a floating address of somebody else's range", vmWith([{ NIC_ID: "0", VROUTER_IP: "203.0.113.8" }]), []],
    ["a PCI NIC", vmWith([], pci), ["203.0.113.9"]],
    ["a PCI NIC, while another NIC comes", vmWith([{ ...ours, ...MARKED }], pci), []],
  ] satisfies [string, Vm, string[]][]) {
    test(name, () => assert.deepEqual(unserved(vm), is));
  }
});

function vmWith(nics: readonly NicFields[], pci = ""): Vm {
  return parseVm(Buffer.from(vmDocument(nics, { pci })).toString("base64"));
}

/** `1: .1 + .2`: NIC 1 with the addresses that end so, behind the plus those of its aliases. */
function shown({ nic, isAliasOnly, own, aliases }: ReturnType<typeof nicGroups>[number]): string {
  const [ofNic, ofAliases] = [own, aliases].map((addresses) => {
    return addresses.map(({ address }) => address.replace("203.0.113", "")).join(" ");
  });
  return `${nic.nicId}${isAliasOnly ? " serves on" : ""}: ${ofNic}${ofAliases === "" ? "" : ` + ${ofAliases}`}`;
}
