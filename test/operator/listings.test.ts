// What OpenNebula's listings say of ranges, leases and VMs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { InputError } from "../../driver/errors.ts";
import { type CloudRange, parseRanges, parseVms } from "../../driver/operator/one/listings.ts";
import { element } from "../cloud/listing.ts";
import { dualRange, ID, ID6, INTENT, IP, MAC } from "./reconcile/view.ts";

const rangesOf = (...networks: string[]): CloudRange[] =>
  parseRanges(`<VNET_POOL>${networks.join("")}</VNET_POOL>`, "scw-flexip");

// PoolObjectSQL::ObjectType, which `onevnet list` puts before the id of who has a lease.
const VM = 0x1000000000n;
const NETWORK = 0x4000000000n;
const ROUTER = 0x4000000000000n;
const IMAGE = 0x8000000000n;

for (const [who, listed, shown, holder] of [
  ["nobody", "<ALLOCATED/>", "<LEASES/>", undefined],
  ["a VM", allocated(VM | 12937n), lease("<VM>12937</VM>"), { kind: "vm", id: "12937" }],
  ["VM 0", allocated(VM), lease("<VM>0</VM>"), { kind: "vm", id: "0" }],
  ["a hold", allocated(VM | 0xffffffffn), lease("<VM><![CDATA[-1]]></VM>"), { kind: "hold", id: "" }],
  ["a virtual router", allocated(ROUTER | 4n), lease("<VROUTER>4</VROUTER>"), { kind: "vrouter", id: "4" }],
  ["a reservation", allocated(NETWORK | 7n), lease("<VNET>7</VNET>"), { kind: "network", id: "7" }],
  // A lease that is not understood is still a lease.
  ["an image", allocated(IMAGE | 7n), lease("<IMAGE>7</IMAGE>"), { kind: "hold", id: "" }],
  ["somebody who cannot be read", "<ALLOCATED>all</ALLOCATED>", lease(""), { kind: "hold", id: "" }],
] as const) {
  test(`a range is leased to ${who}, listed and shown`, () => {
    const ranges = rangesOf(network("1", ar({ AR_ID: "0" }, listed) + ar({ AR_ID: "1" }, shown)));
    assert.deepEqual([ranges[0]?.holder, ranges[1]?.holder], [holder, holder]);
  });
}

test("parseRanges reads every attribute of a dual-stack range, ids and MAC in lower case", () => {
  const intent = { SCW_FLEXIP_INTENT: INTENT.toUpperCase() };
  const ids = { SCW_FLEXIBLE_IP_ID: ID.toUpperCase(), SCW_FLEXIBLE_IP6_ID: ID6, ...intent };
  const attributes = { AR_ID: "3", IP, IP6: "2001:DB8:7::1", MAC: MAC.toUpperCase(), ...ids };
  assert.deepEqual(rangesOf(network("9", ar(attributes))), [dualRange({ networkId: "9", network: "net9", arId: "3" })]);
});

test("parseRanges returns no range for a reservation, and its lease with the range", () => {
  const range = network("1", ar({ IP: "203.0.113.7" }, allocated(NETWORK | 7n)));
  for (const [inside, holder] of [
    [allocated(VM | 3n), { kind: "vm", id: "3" }],
    [lease("<VM>3</VM>"), { kind: "vm", id: "3" }],
    ["", { kind: "network", id: "7" }],
  ] as const) {
    const ranges = rangesOf(network("7", ar({ IP: "203.0.113.7", PARENT_NETWORK_AR_ID: "0" }, inside)), range);
    assert.equal(ranges.length, 1);
    assert.partialDeepStrictEqual(ranges[0], { networkId: "1", holder });
  }
});

test("parseRanges refuses what is no list of networks", () => {
  for (const text of ["", "<VM_POOL/>", "<VNET_POOL>", "[one.vn.info] Error getting virtual network [99].\n"]) {
    assert.throws(() => parseRanges(text, "scw-flexip"), InputError, text);
  }
});

// OpenNebula's VmState and LcmState.
for (const [state, lcmState, is] of [
  [3, 3, "running"],
  [3, 2, "busy"], // boot
  [3, 36, "busy"], // boot failure
  [1, 0, "off"], // pending
  [8, 3, "off"], // poweroff
] as const) {
  test(`a VM in state ${state} and LCM state ${lcmState} is ${is}`, () => {
    const [vm] = parseVms(`<VM_POOL><VM><STATE>${state}</STATE><LCM_STATE>${lcmState}</LCM_STATE></VM></VM_POOL>`);
    assert.equal(vm?.state, is);
  });
}

test("parseVms takes the host from the last history record", () => {
  const records = ["h1", "h2"].map((host) => `<HISTORY><HOSTNAME><![CDATA[${host}]]></HOSTNAME></HISTORY>`);
  const [vm] = parseVms(`<VM_POOL><VM><HISTORY_RECORDS>${records.join("")}</HISTORY_RECORDS></VM></VM_POOL>`);
  assert.equal(vm?.host, "h2");
});

function network(id: string, ranges: string): string {
  return `<VNET><ID>${id}</ID><NAME>net${id}</NAME><AR_POOL>${ranges}</AR_POOL></VNET>`;
}

function ar(fields: Readonly<Record<string, string>>, inside = ""): string {
  const all = Object.entries({ AR_ID: "0", IPAM_MAD: "scw-flexip", ...fields });
  return `<AR>${all.map(([name, value]) => element(name, value)).join("")}${inside}</AR>`;
}

/** As `onevnet list` writes a lease: the address's index, then its owner. */
function allocated(owner: bigint): string {
  return `<ALLOCATED><![CDATA[ 0 ${owner}]]></ALLOCATED>`;
}

/** As `onevnet show` writes one. */
function lease(holder: string): string {
  return `<LEASES><LEASE><IP>203.0.113.7</IP>${holder}</LEASE></LEASES>`;
}
