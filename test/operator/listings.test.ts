import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { InputError } from "../../driver/errors.ts";
import { type CloudRange, parseRanges, parseVms } from "../../driver/operator/one/listings.ts";
import { REPOSITORY } from "../rig.ts";

const RECORDED = join(REPOSITORY, "fixtures/recorded/opennebula-7.0.0/cli");
const ID = "f1e81b1e-0000-4000-8000-000000000007";
const INTENT = "10000000-0000-4000-8000-000000000001";
const ID6 = "f1e81b1e-0000-4000-8000-00000000000a";

// PoolObjectSQL::ObjectType, which `onevnet list` puts before the id of who has a lease.
const VM = 0x1000000000n;
const NETWORK = 0x4000000000n;
const ROUTER = 0x4000000000000n;
const IMAGE = 0x8000000000n;

suite("what OpenNebula 7.0.0 printed", () => {
  const read = (name: string): string => readFileSync(join(RECORDED, name), "utf8");
  const range = (arId: string, network: string, networkId: string, last: string): Omit<CloudRange, "holder"> => ({
    networkId,
    network,
    arId,
    ipamMad: "scw-flexip",
    ip: `203.0.113.${last}`,
    ip6: undefined,
    mac: `52:54:00:00:00:0${last}`,
    flexibleIpId: `f1e81b1e-0000-4000-8000-00000000000${last}`,
    flexibleIp6Id: undefined,
    intent: undefined,
  });
  const expected: CloudRange[] = [
    { ...range("0", "pubseed", "1", "3"), holder: { kind: "hold", id: "" } },
    { ...range("0", "pub", "0", "1"), holder: { kind: "vm", id: "0" } },
    { ...range("1", "pub", "0", "2"), holder: { kind: "vm", id: "1" } },
  ];

  test("onevnet list -x: our ranges, and who has each", () => {
    assert.deepEqual(parseRanges(read("onevnet-list.xml"), "scw-flexip"), expected);
  });

  test("onevnet show -x: the same, from its own way of writing leases", () => {
    const shown = ["onevnet-show-3.xml", "onevnet-show-2.xml", "onevnet-show-1.xml", "onevnet-show-0.xml"].map(read);
    assert.deepEqual(parseRanges(`<VNET_POOL>${shown.join("")}</VNET_POOL>`, "scw-flexip"), expected);
  });

  test("onevm list -x: where each VM is", () => {
    assert.deepEqual(parseVms(read("onevm-list.xml")), [
      { id: "1", name: "web", state: "off", host: "" },
      { id: "0", name: "web", state: "running", host: "h2" },
    ]);
  });
});

suite("parseRanges", () => {
  const holders = [
    { name: "free, listed", inside: "", holder: undefined },
    { name: "free, listed empty", inside: "<ALLOCATED/>", holder: undefined },
    { name: "free, shown", inside: "<LEASES/>", holder: undefined },
    { name: "a VM's, listed", inside: allocated(VM | 12937n), holder: { kind: "vm", id: "12937" } },
    { name: "VM 0's, listed", inside: allocated(VM), holder: { kind: "vm", id: "0" } },
    { name: "a VM's, shown", inside: lease("<VM>0</VM>"), holder: { kind: "vm", id: "0" } },
    { name: "on hold, listed", inside: allocated(VM | 0xffffffffn), holder: { kind: "hold", id: "" } },
    { name: "on hold, shown", inside: lease("<VM><![CDATA[-1]]></VM>"), holder: { kind: "hold", id: "" } },
    { name: "a virtual router's, listed", inside: allocated(ROUTER | 4n), holder: { kind: "vrouter", id: "4" } },
    { name: "a virtual router's, shown", inside: lease("<VROUTER>4</VROUTER>"), holder: { kind: "vrouter", id: "4" } },
    { name: "reserved, listed", inside: allocated(NETWORK | 7n), holder: { kind: "network", id: "7" } },
    { name: "reserved, shown", inside: lease("<VNET>7</VNET>"), holder: { kind: "network", id: "7" } },
    // A lease of an unknown kind is still a lease.
    { name: "of an unknown kind, listed", inside: allocated(IMAGE | 7n), holder: { kind: "hold", id: "" } },
    { name: "unreadable, listed", inside: "<ALLOCATED>all</ALLOCATED>", holder: { kind: "hold", id: "" } },
    { name: "of an unknown kind, shown", inside: lease("<X>1</X>"), holder: { kind: "hold", id: "" } },
  ];
  for (const { name, inside, holder } of holders) {
    test(`a lease that is ${name}`, () => {
      const [range] = parseRanges(pool(network("1", ar({ IP: "203.0.113.7" }, inside))), "scw-flexip");
      assert.deepEqual(range?.holder, holder);
    });
  }

  test("parseRanges reads every attribute of a dual-stack range, ids and MAC in lower case", () => {
    const told = { AR_ID: "3", IP: "203.0.113.7", IP6: "2001:DB8:7::1", MAC: "52:54:00:AA:00:01" };
    const ids = {
      SCW_FLEXIBLE_IP_ID: ID.toUpperCase(),
      SCW_FLEXIBLE_IP6_ID: ID6,
      SCW_FLEXIP_INTENT: INTENT.toUpperCase(),
    };
    assert.deepEqual(parseRanges(pool(network("9", ar({ ...told, ...ids }))), "scw-flexip"), [
      {
        networkId: "9",
        network: "net9",
        arId: "3",
        ipamMad: "scw-flexip",
        ip: "203.0.113.7",
        ip6: "2001:db8:7::1",
        mac: "52:54:00:aa:00:01",
        flexibleIpId: ID,
        flexibleIp6Id: ID6,
        intent: INTENT,
        holder: undefined,
      },
    ]);
  });

  test("parseRanges returns only ranges of the IPAM driver asked for, in the order printed", () => {
    const ours = ar({ IP: "203.0.113.7" }) + ar({ IP: "203.0.113.8" });
    const others = ar({ IP: "203.0.113.9", IPAM_MAD: "other" }) + ar({ IP: "10.0.0.1", IPAM_MAD: "" });
    const found = parseRanges(pool(network("1", others) + network("2", ours)), "scw-flexip");
    assert.deepEqual(
      found.map(({ ip }) => ip),
      ["203.0.113.7", "203.0.113.8"],
    );
    assert.deepEqual(parseRanges(pool(""), "scw-flexip"), []);
    assert.deepEqual(parseRanges("<VNET_POOL/>", "scw-flexip"), []);
    assert.deepEqual(parseRanges(pool(network("1", "")), "scw-flexip"), []);
  });

  test("parseRanges returns no range for a reservation, and its lease with the range", () => {
    const reserved = (inside: string): string =>
      pool(
        network("7", ar({ IP: "203.0.113.7", PARENT_NETWORK_AR_ID: "0" }, inside)) +
          network("1", ar({ IP: "203.0.113.7" }, allocated(NETWORK | 7n))),
      );
    const holders = [reserved(allocated(VM | 3n)), reserved(lease("<VM>3</VM>")), reserved("")].map((xml) => {
      const ranges = parseRanges(xml, "scw-flexip");
      assert.equal(ranges.length, 1);
      assert.equal(ranges[0]?.networkId, "1");
      return ranges[0]?.holder;
    });
    assert.deepEqual(holders, [
      { kind: "vm", id: "3" },
      { kind: "vm", id: "3" },
      { kind: "network", id: "7" },
    ]);
  });

  test("parseRanges refuses what is no list of networks", () => {
    for (const text of ["", "<VM_POOL/>", "<VNET_POOL>", "[one.vn.info] Error getting virtual network [99].\n"]) {
      assert.throws(() => parseRanges(text, "scw-flexip"), InputError, text);
    }
  });
});

suite("parseVms", () => {
  // OpenNebula's VmState and LcmState.
  const states = [
    { name: "running", state: 3, lcmState: 3, told: "running" },
    { name: "boot", state: 3, lcmState: 2, told: "busy" },
    { name: "migrating live", state: 3, lcmState: 4, told: "busy" },
    { name: "unknown, its host was lost", state: 3, lcmState: 16, told: "busy" },
    { name: "boot failure", state: 3, lcmState: 36, told: "busy" },
    { name: "pending", state: 1, lcmState: 0, told: "off" },
    { name: "hold", state: 2, lcmState: 0, told: "off" },
    { name: "poweroff", state: 8, lcmState: 0, told: "off" },
    { name: "undeployed", state: 9, lcmState: 0, told: "off" },
    { name: "running, but only by its LCM state", state: 8, lcmState: 3, told: "off" },
  ];
  for (const { name, state, lcmState, told } of states) {
    test(`${name} is ${told}`, () => {
      const [vm] = parseVms(`<VM_POOL><VM><STATE>${state}</STATE><LCM_STATE>${lcmState}</LCM_STATE></VM></VM_POOL>`);
      assert.equal(vm?.state, told);
    });
  }

  test("parseVms takes the host from the last history record", () => {
    const record = (host: string): string => `<HISTORY><HOSTNAME><![CDATA[${host}]]></HOSTNAME></HISTORY>`;
    const vm = (id: string, records: string): string =>
      `<VM><ID>${id}</ID><NAME>vm${id}</NAME><HISTORY_RECORDS>${records}</HISTORY_RECORDS></VM>`;
    const all = vm("1", record("h1") + record("h2")) + vm("2", record("h3")) + vm("3", "");
    assert.deepEqual(
      parseVms(`<VM_POOL>${all}</VM_POOL>`).map(({ id, name, host }) => [id, name, host]),
      [
        ["1", "vm1", "h2"],
        ["2", "vm2", "h3"],
        ["3", "vm3", ""],
      ],
    );
    assert.deepEqual(parseVms("<VM_POOL/>"), []);
  });
});

function pool(networks: string): string {
  return `<VNET_POOL>${networks}</VNET_POOL>`;
}

function network(id: string, ranges: string): string {
  return `<VNET><ID>${id}</ID><NAME>net${id}</NAME><AR_POOL>${ranges}</AR_POOL></VNET>`;
}

function ar(fields: Readonly<Record<string, string>>, inside = ""): string {
  const all = Object.entries({ AR_ID: "0", IPAM_MAD: "scw-flexip", ...fields });
  return `<AR>${all.map(([name, value]) => `<${name}><![CDATA[${value}]]></${name}>`).join("")}${inside}</AR>`;
}

/** As `onevnet list` writes a lease: the address's index, then its owner. */
function allocated(owner: bigint): string {
  return `<ALLOCATED><![CDATA[ 0 ${owner}]]></ALLOCATED>`;
}

/** As `onevnet show` writes one. */
function lease(holder: string): string {
  return `<LEASES><LEASE><IP>203.0.113.7</IP>${holder}</LEASE></LEASES>`;
}
