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

/** The lines that only one of the texts has. */
function changedLines(before: string, after: string): string[] {
  const [old, now] = [before.split("\n"), after.split("\n")];
  const lost = old.filter((line) => !now.includes(line)).map((line) => `-${line}`);
  return [...lost, ...now.filter((line) => !old.includes(line)).map((line) => `+${line}`)];
}

function checkRoundTrip(text: string): string {
  const added = addToOnedConf(text);
  assert.equal(addToOnedConf(added), added, "a second edit changes nothing");
  assert.equal(removeFromOnedConf(added), text, "taking it out gives the first text back");
  assert.deepEqual(inspectOnedConf(added).missing, []);
  return added;
}

for (const version of ["7.0.0", "7.2.0", "7.4.0"]) {
  const file = join(REPOSITORY, "fixtures/recorded/oned.conf", `oned.conf-${version}`);
  test(`the stock file of ${version}`, () => {
    const text = readFileSync(file, "utf8");
    assert.equal(inspectOnedConf(text).ipam, "not listed");
    assert.deepEqual(changedLines(text, checkRoundTrip(text)), [
      '-    ARGUMENTS  = "-t 1 -i dummy,aws,equinix,vultr,scaleway"',
      '+    ARGUMENTS  = "-t 1 -i dummy,aws,equinix,vultr,scaleway,scw-flexip"',
      '+VM_RESTRICTED_ATTR = "NIC/SCW_FLEXIBLE_IP_ID"',
      '+VM_RESTRICTED_ATTR = "NIC/SCW_FLEXIBLE_IP6_ID"',
      '+VM_RESTRICTED_ATTR = "NIC/SCW_FLEXIP_INTENT"',
      '+VM_RESTRICTED_ATTR = "NIC/SCW_FLEXIP_ALIAS"',
      '+VM_RESTRICTED_ATTR = "NIC_ALIAS/SCW_FLEXIBLE_IP_ID"',
      '+VM_RESTRICTED_ATTR = "NIC_ALIAS/SCW_FLEXIBLE_IP6_ID"',
      '+VM_RESTRICTED_ATTR = "NIC_ALIAS/SCW_FLEXIP_INTENT"',
      '+VM_RESTRICTED_ATTR = "NIC_ALIAS/SCW_FLEXIP_ALIAS"',
      '+VNET_RESTRICTED_ATTR = "AR/SCW_FLEXIBLE_IP_ID"',
      '+VNET_RESTRICTED_ATTR = "AR/SCW_FLEXIBLE_IP6_ID"',
      '+VNET_RESTRICTED_ATTR = "AR/SCW_FLEXIP_INTENT"',
      '+VNET_RESTRICTED_ATTR = "AR/SCW_FLEXIP_ALIAS"',
      '+VNET_RESTRICTED_ATTR = "SCW_FLEXIP_ALIAS"',
      '+VNET_RESTRICTED_ATTR = "SCW_FLEXIP_SPARE"',
      '+VNET_RESTRICTED_ATTR = "SCW_FLEXIP_MAX"',
      '+VNET_RESTRICTED_ATTR = "SCW_FLEXIP_SHRINK_AFTER"',
      '+VNET_RESTRICTED_ATTR = "AR/EXTERNAL_IP"',
      '+VNET_RESTRICTED_ATTR = "EXTERNAL_IP"',
      '+INHERIT_VNET_ATTR       = "SCW_FLEXIBLE_IP_ID"',
      '+INHERIT_VNET_ATTR       = "SCW_FLEXIBLE_IP6_ID"',
      '+INHERIT_VNET_ATTR       = "SCW_FLEXIP_INTENT"',
      '+INHERIT_VNET_ATTR       = "SCW_FLEXIP_ALIAS"',
    ]);
  });
}

test("no -i: one_ipam runs every driver, and the arguments stay", () => {
  const text = 'IPAM_MAD = [ EXECUTABLE = "one_ipam", ARGUMENTS = "-t 1" ]\n';
  assert.equal(inspectOnedConf(text).ipam, "open");
  assert.equal(checkRoundTrip(text), text + ALL);
});

test("no ARGUMENTS: one_ipam runs every driver, and stays as it is", () => {
  const text = 'IPAM_MAD = [ EXECUTABLE = "one_ipam" ]\n';
  assert.equal(inspectOnedConf(text).ipam, "open");
  assert.ok(addToOnedConf(text).startsWith(text));
});

test("already done: nothing changes", () => {
  const text = `IPAM_MAD = [ EXECUTABLE = "one_ipam", ARGUMENTS = "-i dummy,scw-flexip,aws" ]\n${ALL}`;
  assert.equal(addToOnedConf(text), text);
  const { ipam, missing } = inspectOnedConf(text);
  assert.deepEqual([ipam, missing], ["listed", []]);
});

test("only a part done: the rest is added", () => {
  const text = `IPAM_MAD = [ ARGUMENTS = "-i dummy,scw-flexip" ]\nINHERIT_VNET_ATTR = SCW_FLEXIBLE_IP_ID\n`;
  assert.deepEqual(changedLines(text, addToOnedConf(text)).slice(0, 1), ['+INHERIT_VNET_ATTR = "SCW_FLEXIBLE_IP6_ID"']);
});

const SPELLINGS = [
  ['IPAM_MAD=[EXECUTABLE="one_ipam",ARGUMENTS="-t 1 -i dummy"]', '-i dummy,scw-flexip"'],
  [
    '  ipam_mad\t=  [\n\n  arguments   =   "  -i   dummy   -t 4 " ,\n\n EXECUTABLE=one_ipam ]',
    "-i   dummy,scw-flexip   -t 4",
  ],
  ['IPAM_MAD = [ ARGUMENTS = "-idummy,aws", EXECUTABLE = "one_ipam" ]', '"-idummy,aws,scw-flexip"'],
  ['IPAM_MAD = [ ARGUMENTS = "--ipam-types=dummy -t 1" ]', '"--ipam-types=dummy,scw-flexip -t 1"'],
  ['IPAM_MAD = [ ARGUMENTS = "--ipam-types dummy" ]', '"--ipam-types dummy,scw-flexip"'],
  [
    'IPAM_MAD = [\n    EXECUTABLE = "one_ipam",\n    # by hand\n    ARGUMENTS  = "-t 1\n        -i dummy,aws\n        -w 80"\n]',
    "-i dummy,aws,scw-flexip\n        -w 80",
  ],
] as const;
for (const [text, expected] of SPELLINGS) {
  test(`odd spelling: ${text.replaceAll(/\s+/g, " ")}`, () => {
    const added = checkRoundTrip(`${text}\n`);
    assert.ok(added.includes(expected), added);
  });
}

test("a name that only looks like ours does not count", () => {
  const added = checkRoundTrip('IPAM_MAD = [ ARGUMENTS = "-i scw-flexip2,my-scw-flexip" ]\n');
  assert.match(added, /-i scw-flexip2,my-scw-flexip,scw-flexip"/);
});

test("an IPAM_MAD inside a comment stays as it is", () => {
  const comment = '  # IPAM_MAD = [ ARGUMENTS = "-i old" ]\n#INHERIT_VNET_ATTR = "SCW_FLEXIBLE_IP_ID"\n';
  const added = checkRoundTrip(`${comment}IPAM_MAD = [ ARGUMENTS = "-i dummy" ] # "-i not this"\n`);
  assert.ok(added.startsWith(comment));
  assert.match(added, /"-i dummy,scw-flexip" \] # "-i not this"$/m);
});

test("the -i of another driver stays as it is", () => {
  const other = 'TM_MAD = [ EXECUTABLE = "one_tm", ARGUMENTS = "-t 15 -i dummy" ]\n';
  assert.ok(checkRoundTrip(`${other}IPAM_MAD = [ ARGUMENTS = "-i dummy" ]\n`).startsWith(other));
});

test("two IPAM_MAD: both get the name", () => {
  const one = 'IPAM_MAD = [ EXECUTABLE = "one_ipam", ARGUMENTS = "-i dummy" ]\n';
  const added = checkRoundTrip(one + one.replace("dummy", "aws"));
  assert.equal(added.match(/,scw-flexip"/g)?.length, 2);
});

test("CRLF stays CRLF, also in new lines", () => {
  const text = readFileSync(join(REPOSITORY, "fixtures/oned-conf/small.conf"), "utf8").replaceAll("\n", "\r\n");
  const added = checkRoundTrip(text);
  assert.deepEqual(added.match(/[^\r]\n/g), null);
});

test("a last line without a line break stays the last without one", () => {
  const text = 'IPAM_MAD = [ ARGUMENTS = "-i dummy" ]\nINHERIT_VNET_ATTR = "GATEWAY"';
  assert.match(checkRoundTrip(text), /[^\n]$/);
});

test("no IPAM_MAD, and text that oned could not read, are refused with a reason", () => {
  assert.throws(() => addToOnedConf("PORT = 2633\n"), /has no IPAM_MAD/);
  assert.throws(
    () => addToOnedConf('PORT = 2633\nIPAM_MAD = [ ARGUMENTS = "-i dummy" \n'),
    /line \d+: .*bracket of IPAM_MAD/,
  );
  assert.throws(() => addToOnedConf('A = "x\n'), /line 1: the closing quote of A/);
});

test("the edit of 0.1.0 gets the attributes that came since, and goes as a whole", () => {
  const stock = 'IPAM_MAD = [ ARGUMENTS = "-i dummy" ]\n';
  const old = [
    'IPAM_MAD = [ ARGUMENTS = "-i dummy,scw-flexip" ]',
    ...["SCW_FLEXIBLE_IP_ID", "SCW_FLEXIBLE_IP6_ID"].map((id) => `INHERIT_VNET_ATTR = "${id}"`),
    ...["NIC", "NIC_ALIAS"].map((nic) => `VM_RESTRICTED_ATTR = "${nic}/SCW_FLEXIBLE_IP_ID"`),
    'VNET_RESTRICTED_ATTR = "AR/SCW_FLEXIP_INTENT"',
    "",
  ].join("\n");
  const upgraded = addToOnedConf(old);
  for (const line of [
    'INHERIT_VNET_ATTR = "SCW_FLEXIP_INTENT"',
    'INHERIT_VNET_ATTR = "SCW_FLEXIP_ALIAS"',
    'VM_RESTRICTED_ATTR = "NIC/SCW_FLEXIP_INTENT"',
    'VNET_RESTRICTED_ATTR = "AR/SCW_FLEXIP_ALIAS"',
  ]) {
    assert.ok(upgraded.includes(`${line}\n`), line);
  }
  assert.equal(removeFromOnedConf(upgraded), stock);
});

test("oned reads the first IPAM_MAD alone", () => {
  const [ours, others] = ['IPAM_MAD = [ ARGUMENTS = "-i scw-flexip" ]\n', 'IPAM_MAD = [ ARGUMENTS = "-i dummy" ]\n'];
  assert.deepEqual(inspectOnedConf(`${ours}\n${others}`).furtherIpamMads, [3]);
  assert.equal(inspectOnedConf(ours + others).ipam, "listed");
  assert.equal(inspectOnedConf(others + ours).ipam, "not listed");
});

test("MAC_GLOBAL_SPACE = YES is refused, and NO is not", () => {
  const text = 'IPAM_MAD = [ ARGUMENTS = "-i dummy" ]\nMAC_GLOBAL_SPACE = "NO"\n';
  assert.ok(addToOnedConf(text));
  assert.throws(() => addToOnedConf(text.replace('"NO"', '"YES"')), /MAC_GLOBAL_SPACE = "YES".*set it to "NO"/);
});
