// The edit of oned.conf on OpenNebula's stock files and on odd ones: only what is needed changes, a second edit changes
// nothing, and taking it out gives the first text back.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  addToOnedConf,
  inspectOnedConf,
  REQUIRED_LINES,
  removeFromOnedConf,
} from "../../driver/operator/install/oned-conf.ts";
import { REPOSITORY } from "../rig.ts";

const ALL = REQUIRED_LINES.map(([name, value]) => `${name} = "${value}"\n`).join("");
const SMALL = readFileSync(join(REPOSITORY, "fixtures/oned-conf/small.conf"), "utf8");

function checkRoundTrip(text: string): string {
  const added = addToOnedConf(text);
  assert.equal(addToOnedConf(added), added, "a second edit changes nothing");
  assert.equal(removeFromOnedConf(added), text, "taking it out gives the first text back");
  assert.deepEqual(inspectOnedConf(added).missing, []);
  return added;
}

for (const version of ["7.0.0", "7.2.0", "7.4.0"]) {
  test(`the stock file of ${version} gets the driver's name and the required lines, and nothing else`, () => {
    const text = readFileSync(join(REPOSITORY, "fixtures/recorded/oned.conf", `oned.conf-${version}`), "utf8");
    assert.equal(inspectOnedConf(text).ipam, "not listed");
    const named = text.replace(
      '-i dummy,aws,equinix,vultr,scaleway"',
      '-i dummy,aws,equinix,vultr,scaleway,scw-flexip"',
    );
    assert.notEqual(named, text);
    assert.equal(checkRoundTrip(text), named + ALL);
  });
}

test("users may set none of the attributes, and VMs get those of their NICs", () => {
  assert.deepEqual(ALL.trimEnd().split("\n"), [
    'INHERIT_VNET_ATTR = "SCW_FLEXIBLE_IP_ID"',
    'INHERIT_VNET_ATTR = "SCW_FLEXIBLE_IP6_ID"',
    'INHERIT_VNET_ATTR = "SCW_FLEXIP_INTENT"',
    'INHERIT_VNET_ATTR = "SCW_FLEXIP_ALIAS"',
    'VM_RESTRICTED_ATTR = "NIC/SCW_FLEXIBLE_IP_ID"',
    'VM_RESTRICTED_ATTR = "NIC/SCW_FLEXIBLE_IP6_ID"',
    'VM_RESTRICTED_ATTR = "NIC/SCW_FLEXIP_INTENT"',
    'VM_RESTRICTED_ATTR = "NIC/SCW_FLEXIP_ALIAS"',
    'VM_RESTRICTED_ATTR = "NIC_ALIAS/SCW_FLEXIBLE_IP_ID"',
    'VM_RESTRICTED_ATTR = "NIC_ALIAS/SCW_FLEXIBLE_IP6_ID"',
    'VM_RESTRICTED_ATTR = "NIC_ALIAS/SCW_FLEXIP_INTENT"',
    'VM_RESTRICTED_ATTR = "NIC_ALIAS/SCW_FLEXIP_ALIAS"',
    'VNET_RESTRICTED_ATTR = "AR/SCW_FLEXIBLE_IP_ID"',
    'VNET_RESTRICTED_ATTR = "AR/SCW_FLEXIBLE_IP6_ID"',
    'VNET_RESTRICTED_ATTR = "AR/SCW_FLEXIP_INTENT"',
    'VNET_RESTRICTED_ATTR = "AR/SCW_FLEXIP_ALIAS"',
    'VNET_RESTRICTED_ATTR = "SCW_FLEXIBLE_IP_ID"',
    'VNET_RESTRICTED_ATTR = "SCW_FLEXIBLE_IP6_ID"',
    'VNET_RESTRICTED_ATTR = "SCW_FLEXIP_INTENT"',
    'VNET_RESTRICTED_ATTR = "SCW_FLEXIP_ALIAS"',
    'VNET_RESTRICTED_ATTR = "SCW_FLEXIP_SPARE"',
    'VNET_RESTRICTED_ATTR = "SCW_FLEXIP_MAX"',
    'VNET_RESTRICTED_ATTR = "SCW_FLEXIP_SHRINK_AFTER"',
    'VNET_RESTRICTED_ATTR = "AR/EXTERNAL_IP"',
    'VNET_RESTRICTED_ATTR = "EXTERNAL_IP"',
  ]);
});

const OTHER = 'TM_MAD = [ EXECUTABLE = "one_tm", ARGUMENTS = "-t 15 -i dummy" ]\n';
const COMMENT = '  # IPAM_MAD = [ ARGUMENTS = "-i old" ]\n#INHERIT_VNET_ATTR = "SCW_FLEXIBLE_IP_ID"\n';

/** What is in the file, its standing, and what must be in the edited text; nothing: the text itself stays in it. */
const SPELLINGS: readonly (readonly [string, string, string?])[] = [
  ['IPAM_MAD = [ EXECUTABLE = "one_ipam", ARGUMENTS = "-t 1" ]', "open"],
  ['IPAM_MAD = [ EXECUTABLE = "one_ipam" ]', "open"],
  ['IPAM_MAD=[EXECUTABLE="one_ipam",ARGUMENTS="-t 1 -i dummy"]', "not listed", '-i dummy,scw-flexip"'],
  [
    '  ipam_mad\t=  [\n\n  arguments   =   "  -i   dummy   -t 4 " ,\n\n EXECUTABLE=one_ipam ]',
    "not listed",
    "-i   dummy,scw-flexip   -t 4",
  ],
  ['IPAM_MAD = [ ARGUMENTS = "-idummy,aws", EXECUTABLE = "one_ipam" ]', "not listed", '"-idummy,aws,scw-flexip"'],
  ['IPAM_MAD = [ ARGUMENTS = "--ipam-types=dummy -t 1" ]', "not listed", '"--ipam-types=dummy,scw-flexip -t 1"'],
  ['IPAM_MAD = [ ARGUMENTS = "--ipam-types dummy" ]', "not listed", '"--ipam-types dummy,scw-flexip"'],
  [
    'IPAM_MAD = [\n    EXECUTABLE = "one_ipam",\n    # by hand\n    ARGUMENTS  = "-t 1\n        -i dummy,aws\n        -w 80"\n]',
    "not listed",
    "-i dummy,aws,scw-flexip\n        -w 80",
  ],
  [
    'IPAM_MAD = [ ARGUMENTS = "-i scw-flexip2,my-scw-flexip" ]',
    "not listed",
    "-i scw-flexip2,my-scw-flexip,scw-flexip",
  ],
  [
    `${COMMENT}IPAM_MAD = [ ARGUMENTS = "-i dummy" ] # "-i not this"`,
    "not listed",
    '"-i dummy,scw-flexip" ] # "-i not this"',
  ],
  [
    `${OTHER}IPAM_MAD = [ ARGUMENTS = "-i dummy" ]`,
    "not listed",
    `${OTHER}IPAM_MAD = [ ARGUMENTS = "-i dummy,scw-flexip"`,
  ],
  [
    'IPAM_MAD = [ ARGUMENTS = "-i dummy" ]\nIPAM_MAD = [ ARGUMENTS = "-i aws" ]',
    "not listed",
    'dummy,scw-flexip" ]\nIPAM_MAD = [ ARGUMENTS = "-i aws,scw-flexip" ]',
  ],
];
for (const [text, standing, expected = text] of SPELLINGS) {
  test(`this IPAM_MAD is ${standing}, and is edited: ${text.replaceAll(/\s+/g, " ")}`, () => {
    assert.equal(inspectOnedConf(`${text}\n`).ipam, standing);
    const added = checkRoundTrip(`${text}\n`);
    assert.ok(added.includes(expected), added);
  });
}

test("a file that has everything stays as it is", () => {
  const text = `IPAM_MAD = [ EXECUTABLE = "one_ipam", ARGUMENTS = "-i dummy,scw-flexip,aws" ]\n${ALL}`;
  assert.equal(addToOnedConf(text), text);
  const { ipam, missing } = inspectOnedConf(text);
  assert.deepEqual([ipam, missing], ["listed", []]);
});

test("CRLF stays CRLF, also in new lines", () => {
  assert.deepEqual(checkRoundTrip(SMALL.replaceAll("\n", "\r\n")).match(/[^\r]\n/g), null);
});

test("a file without a line break at its end gets none", () => {
  const text = 'IPAM_MAD = [ ARGUMENTS = "-i dummy" ]\nINHERIT_VNET_ATTR = "GATEWAY"';
  assert.match(checkRoundTrip(text), /[^\n]$/);
});

test("the edit of 0.1.0, whose lines stand among OpenNebula's, gets what came since and is taken out as a whole", () => {
  const stock = 'IPAM_MAD = [ ARGUMENTS = "-i dummy" ]\nINHERIT_VNET_ATTR = "GATEWAY"\nPORT = 2633\n';
  const old = stock
    .replace("dummy", "dummy,scw-flexip")
    .replace(
      "PORT",
      'INHERIT_VNET_ATTR       = SCW_FLEXIBLE_IP_ID # ours\nVM_RESTRICTED_ATTR="NIC/SCW_FLEXIBLE_IP_ID"\nPORT',
    );
  const upgraded = addToOnedConf(old);
  assert.ok(upgraded.startsWith(old));
  assert.deepEqual(inspectOnedConf(upgraded).missing, []);
  assert.equal(upgraded.match(/NIC\/SCW_FLEXIBLE_IP_ID/g)?.length, 1);
  assert.equal(removeFromOnedConf(upgraded), stock);
});

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ["PORT = 2633\n", /has no IPAM_MAD/],
  ['PORT = 2633\nIPAM_MAD = [ ARGUMENTS = "-i dummy" \n', /line \d+: .*bracket of IPAM_MAD/],
  ['A = "x\n', /line 1: the closing quote of A/],
  [`${SMALL}MAC_GLOBAL_SPACE = "YES"\n`, /MAC_GLOBAL_SPACE = "YES".*set it to "NO"/],
];
for (const [text, reason] of REFUSED) {
  test(`an oned.conf is refused that ${reason.source}`, () => {
    assert.throws(() => addToOnedConf(text), reason);
  });
}

test("MAC_GLOBAL_SPACE = NO is accepted", () => {
  assert.ok(addToOnedConf(`${SMALL}MAC_GLOBAL_SPACE = "NO"\n`));
});

test("only the first IPAM_MAD counts, as for oned", () => {
  const [ours, others] = ['IPAM_MAD = [ ARGUMENTS = "-i scw-flexip" ]\n', 'IPAM_MAD = [ ARGUMENTS = "-i dummy" ]\n'];
  assert.deepEqual(inspectOnedConf(`${ours}\n${others}`).furtherIpamMads, [3]);
  assert.equal(inspectOnedConf(ours + others).ipam, "listed");
  assert.equal(inspectOnedConf(others + ours).ipam, "not listed");
});
