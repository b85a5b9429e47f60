import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { nicGroups, unserved } from "../../driver/bridge/nics.ts";
import type { Nic, Vm } from "../../driver/opennebula/vm.ts";

const ID = "f1e81b1e-0000-4000-8000-000000000007";

suite("nicGroups: which NICs a hook is about", () => {
  const pub = (nicId: string, more: Partial<Nic> = {}) => nic({ nicId, ip: `203.0.113.${nicId}`, ...more });
  const priv = (nicId: string, more: Partial<Nic> = {}) => nic({ nicId, ip: `10.1.2.${nicId}`, ...more });
  const alias = (nicId: string, parentId: string, more: Partial<Nic> = {}) =>
    pub(nicId, { isAlias: true, parentId, ...more });
  const isMarked = true;

  const cases: readonly { name: string; nics: readonly Nic[]; groups: readonly string[] }[] = [
    { name: "no NIC", nics: [], groups: [] },
    { name: "private alone", nics: [priv("0"), priv("1")], groups: [] },
    { name: "one public", nics: [priv("0"), pub("1")], groups: ["1: .1"] },
    { name: "two public", nics: [pub("1"), pub("2")], groups: ["1: .1", "2: .2"] },
    { name: "private marked", nics: [priv("0", { isMarked }), pub("1")], groups: [] },
    { name: "public marked", nics: [pub("1"), pub("2", { isMarked })], groups: ["2: .2"] },
    { name: "both marked", nics: [pub("1", { isMarked }), pub("2", { isMarked })], groups: ["1: .1", "2: .2"] },
    { name: "an alias", nics: [pub("1"), alias("2", "1")], groups: ["1: .1 + .2"] },
    { name: "two aliases", nics: [pub("1"), alias("2", "1"), alias("3", "1")], groups: ["1: .1 + .2 .3"] },
    { name: "an alias marked", nics: [pub("1"), alias("2", "1", { isMarked })], groups: ["1 serves on: .1 + .2"] },
    {
      name: "one alias of two marked",
      nics: [pub("1"), alias("2", "1"), alias("3", "1", { isMarked })],
      groups: ["1 serves on: .1 + .3"],
    },
    { name: "the parent marked", nics: [pub("1", { isMarked }), alias("2", "1")], groups: ["1: .1 + .2"] },
    { name: "another parent's alias", nics: [pub("1"), pub("2"), alias("3", "2")], groups: ["1: .1", "2: .2 + .3"] },
    { name: "an alias of a private NIC", nics: [priv("0"), alias("2", "0")], groups: [] },
    {
      name: "an alias that was asked for, of a private NIC",
      nics: [priv("0"), alias("2", "0", { isForAliases: true })],
      groups: ["0:  + .2"],
    },
    { name: "a NIC of the driver bridge", nics: [pub("1", { driver: "bridge" })], groups: ["1: .1"] },
    { name: "a NIC of the driver fw", nics: [pub("1", { driver: "fw" })], groups: ["1: .1"] },
    {
      name: "a NIC of another driver",
      nics: [pub("1", { driver: "802.1Q", flexibleIpId: ID }), priv("2", { driver: "bridge" })],
      groups: [],
    },
    { name: "an alias of a NIC of another driver", nics: [pub("1", { driver: "vxlan" }), alias("2", "1")], groups: [] },
    { name: "a public address with a MAC of OpenNebula", nics: [pub("1", { mac: "02:00:cb:00:71:01" })], groups: [] },
    {
      name: "one with a MAC of OpenNebula that claims a flexible IP",
      nics: [pub("1", { mac: "02:00:cb:00:71:01", flexibleIpId: ID })],
      groups: ["1: .1"],
    },
    { name: "a private alias", nics: [pub("1"), priv("2", { isAlias: true, parentId: "1" })], groups: ["1: .1"] },
    {
      name: "a private alias marked",
      nics: [pub("1"), priv("2", { isAlias: true, parentId: "1", isMarked })],
      groups: [],
    },
    { name: "an alias without its parent", nics: [alias("2", "1")], groups: [] },
    { name: "IPv6 alone", nics: [nic({ nicId: "1", ip6: "2001:db8:7::1" })], groups: ["1: 2001:db8:7::1"] },
    { name: "dual stack", nics: [pub("1", { ip6: "2001:db8:7::1" })], groups: ["1: .1 2001:db8:7::1"] },
    { name: "dual stack, private IPv4", nics: [priv("1", { ip6: "2001:db8:7::1" })], groups: ["1: 2001:db8:7::1"] },
    { name: "unique local IPv6", nics: [priv("1", { ip6: "fd00::1" })], groups: [] },
    { name: "a private NIC behind a public address", nics: [priv("1", { externalIp: "203.0.113.9" })], groups: [] },
  ];
  for (const { name, nics, groups } of cases) {
    test(name, () => {
      assert.deepEqual(
        nicGroups(vmOf(nics)).map((group) => {
          const [own, aliases] = [group.own, group.aliases].map((addresses) =>
            addresses.map(({ address }) => address.replace("203.0.113", "")).join(" "),
          );
          return `${group.nic.nicId}${group.isAliasOnly ? " serves on" : ""}: ${own}${aliases === "" ? "" : ` + ${aliases}`}`;
        }),
        groups,
      );
    });
  }
});

suite("nicGroups: what a NIC says of its flexible IP", () => {
  const none = { hint: undefined, isClaimed: false, isHandWritten: true };
  const usual = { intent: undefined, isHandWritten: false, mac: "52:54:00:00:00:01", isForAliases: false };
  const cases: readonly { name: string; nic: Partial<Nic>; own: readonly unknown[] }[] = [
    { name: "nothing", nic: { ip: "203.0.113.7" }, own: [{ address: "203.0.113.7", ...none }] },
    {
      name: "its id",
      nic: { ip: "203.0.113.7", flexibleIpId: ID },
      own: [{ address: "203.0.113.7", hint: ID, isClaimed: true }],
    },
    {
      name: "the external address",
      nic: { ip: "203.0.113.7", externalIp: "203.0.113.7" },
      own: [{ address: "203.0.113.7", hint: undefined, isClaimed: true }],
    },
    {
      name: "the intent of its range",
      nic: { ip: "203.0.113.7", intent: ID },
      own: [{ address: "203.0.113.7", hint: undefined, intent: ID, isClaimed: true }],
    },
    {
      name: "that its range serves aliases",
      nic: { ip: "203.0.113.7", isForAliases: true },
      own: [{ address: "203.0.113.7", ...none, isForAliases: true }],
    },
    {
      name: "another external address",
      nic: { ip: "203.0.113.7", externalIp: "203.0.113.8" },
      own: [{ address: "203.0.113.7", ...none }],
    },
    {
      name: "the id of the IPv6 alone",
      nic: { ip: "203.0.113.7", ip6: "2001:db8:7::1", flexibleIp6Id: ID },
      own: [
        { address: "203.0.113.7", ...none, isHandWritten: false },
        { address: "2001:db8:7::1", hint: ID, isClaimed: true },
      ],
    },
    {
      name: "nothing, and it has an IPv6 address alone",
      nic: { ip6: "2001:db8:7::1" },
      own: [{ address: "2001:db8:7::1", ...none }],
    },
    { name: "an id for a private address", nic: { ip: "10.1.2.3", flexibleIpId: ID }, own: [] },
  ];
  for (const { name, nic: fields, own } of cases) {
    test(name, () => {
      const groups = nicGroups(vmOf([nic(fields)]));
      assert.deepEqual(
        groups.flatMap((group) => group.own),
        own.map((one) => Object.assign({}, usual, one)),
      );
    });
  }
});

suite("unserved: flexible IPs that pre names because no hook serves them", () => {
  const claimed = { flexibleIpId: ID };
  const cases: readonly { name: string; vm: Partial<Vm>; is: readonly string[] }[] = [
    { name: "none", vm: { nics: [nic({ ip: "203.0.113.7", ...claimed })] }, is: [] },
    {
      name: "a floating address",
      vm: { nics: [nic({ ip: "203.0.113.7", floatingIp: "203.0.113.8", ...claimed })] },
      is: ["203.0.113.8"],
    },
    { name: "a private floating address", vm: { nics: [nic({ floatingIp: "10.1.2.3", ...claimed })] }, is: [] },
    { name: "a floating address of somebody else's range", vm: { nics: [nic({ floatingIp: "203.0.113.8" })] }, is: [] },
    { name: "a PCI NIC", vm: { pciNics: [nic({ ip: "203.0.113.9", ...claimed })] }, is: ["203.0.113.9"] },
    {
      name: "a PCI NIC, while another NIC comes",
      vm: { pciNics: [nic({ ip: "203.0.113.9", ...claimed })], isHotPlug: true },
      is: [],
    },
  ];
  for (const { name, vm, is } of cases) {
    test(name, () => assert.deepEqual(unserved({ ...vmOf([]), ...vm }), is));
  }
});

function vmOf(nics: readonly Nic[]): Vm {
  return {
    id: "1",
    deployId: "one-1",
    host: undefined,
    nics,
    pciNics: [],
    isHotPlug: nics.some(({ isMarked }) => isMarked),
  };
}

function nic(fields: Partial<Nic>): Nic {
  return {
    isAlias: false,
    nicId: "0",
    parentId: undefined,
    driver: undefined,
    ip: undefined,
    ip6: undefined,
    mac: "52:54:00:00:00:01",
    externalIp: undefined,
    flexibleIpId: undefined,
    flexibleIp6Id: undefined,
    intent: undefined,
    isForAliases: false,
    floatingIp: undefined,
    isMarked: false,
    ...fields,
  };
}
