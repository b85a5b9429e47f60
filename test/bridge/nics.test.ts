import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { isHotPlug, nicGroups } from "../../driver/bridge/flexible-ip-nics.ts";
import type { Nic } from "../../driver/opennebula/vm.ts";

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
    { name: "an alias of a private NIC", nics: [priv("0"), alias("2", "0")], groups: ["0:  + .2"] },
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
        nicGroups({ id: "1", deployId: "one-1", nics }).map((group) => {
          const [own, aliases] = [group.own, group.aliases].map((addresses) =>
            addresses.map(({ address }) => address.replace("203.0.113", "")).join(" "),
          );
          return `${group.nic.nicId}${group.isAliasOnly ? " serves on" : ""}: ${own}${aliases === "" ? "" : ` + ${aliases}`}`;
        }),
        groups,
      );
      assert.equal(
        isHotPlug({ id: "1", deployId: "one-1", nics }),
        nics.some((each) => each.isMarked),
      );
    });
  }
});

suite("nicGroups: what a NIC says of its flexible IP", () => {
  const none = { hint: undefined, isClaimed: false };
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
      name: "another external address",
      nic: { ip: "203.0.113.7", externalIp: "203.0.113.8" },
      own: [{ address: "203.0.113.7", ...none }],
    },
    {
      name: "an id that would leave its place in a path",
      nic: { ip: "203.0.113.7", flexibleIpId: `../${ID}` },
      own: [{ address: "203.0.113.7", ...none }],
    },
    {
      name: "the id of the IPv6 alone",
      nic: { ip: "203.0.113.7", ip6: "2001:db8:7::1", flexibleIp6Id: ID },
      own: [
        { address: "203.0.113.7", ...none },
        { address: "2001:db8:7::1", hint: ID, isClaimed: true },
      ],
    },
    { name: "an id for a private address", nic: { ip: "10.1.2.3", flexibleIpId: ID }, own: [] },
  ];
  for (const { name, nic: fields, own } of cases) {
    test(name, () => {
      const groups = nicGroups({ id: "1", deployId: "one-1", nics: [nic(fields)] });
      assert.deepEqual(
        groups.flatMap((group) => group.own),
        own.map((one) => Object.assign({ mac: "52:54:00:00:00:01" }, one)),
      );
    });
  }
});

function nic(fields: Partial<Nic>): Nic {
  return {
    isAlias: false,
    nicId: "0",
    parentId: "",
    ip: "",
    ip6: "",
    mac: "52:54:00:00:00:01",
    externalIp: "",
    flexibleIpId: "",
    flexibleIp6Id: "",
    isMarked: false,
    ...fields,
  };
}
