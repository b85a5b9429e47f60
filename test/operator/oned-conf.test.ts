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
const DUMMY = 'IPAM_MAD = [ ARGUMENTS = "-i dummy" ]\n';

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
    const stock = '-i dummy,aws,equinix,vultr,scaleway"';
    assert.ok(text.includes(stock));
    assert.equal(checkRoundTrip(text), text.replace(stock, '-i dummy,aws,equinix,vultr,scaleway,scw-flexip"') + ALL);
  });
}

test("VMs get the attributes of their addresses, and users may set none of them", () => {
  const values = (name: string) => REQUIRED_LINES.filter(([of]) => of === name).map(([, value]) => value);
  const ofNic = ["SCW_FLEXIBLE_IP_ID", "SCW_FLEXIBLE_IP6_ID", "SCW_FLEXIP_INTENT", "SCW_FLEXIP_ALIAS"];
  const ofPool = ["SCW_FLEXIP_SPARE", "SCW_FLEXIP_MAX", "SCW_FLEXIP_SHRINK_AFTER"];
  const below = (place: string): string[] => ofNic.map((name) => `${place}/${name}`);
  assert.deepEqual(values("INHERIT_VNET_ATTR"), ofNic);
  assert.deepEqual(values("VM_RESTRICTED_ATTR"), [...below("NIC"), ...below("NIC_ALIAS")]);
  const ofNetwork = [...below("AR"), ...ofNic, ...ofPool, "AR/EXTERNAL_IP", "EXTERNAL_IP"];
  assert.deepEqual(values("VNET_RESTRICTED_ATTR"), ofNetwork);
});

/** What is in the file, and what is in the edited text; nothing: one_ipam runs every driver, and no list is made. */
const SPELLINGS: readonly (readonly [string, string?])[] = [
  ['IPAM_MAD = [ EXECUTABLE = "one_ipam", ARGUMENTS = "-t 1" ]'],
  ['IPAM_MAD = [ EXECUTABLE = "one_ipam" ]'],
  ['IPAM_MAD=[EXECUTABLE="one_ipam",ARGUMENTS="-t 1 -i dummy"]', '-i dummy,scw-flexip"'],
  ['  ipam_mad\t=  [\n\n  arguments = "  -i   dummy   -t 4 " ,\n\n EXECUTABLE=x ]', "-i   dummy,scw-flexip   -t 4"],
  ['IPAM_MAD = [ ARGUMENTS = "-idummy,aws", EXECUTABLE = "one_ipam" ]', '"-idummy,aws,scw-flexip"'],
  ['IPAM_MAD = [ ARGUMENTS = "--ipam-types=dummy -t 1" ]', '"--ipam-types=dummy,scw-flexip -t 1"'],
  ['IPAM_MAD = [ ARGUMENTS = "--ipam-types dummy" ]', '"--ipam-types dummy,scw-flexip"'],
  ['IPAM_MAD = [\n    # by hand\n    ARGUMENTS  = "-t 1\n    -i dummy\n    -w 80"\n]', "-i dummy,scw-flexip\n   "],
  ['MAC_GLOBAL_SPACE = "NO"\nIPAM_MAD = [ ARGUMENTS = "-i aws" ]', "-i aws,scw-flexip"],
  ['IPAM_MAD = [ ARGUMENTS = "-i scw-flexip2,my-scw-flexip" ]', "-i scw-flexip2,my-scw-flexip,scw-flexip"],
  [`  # IPAM_MAD = [ ARGUMENTS = "-i old" ]\n${DUMMY.trimEnd()} # "-i no"`, 'dummy,scw-flexip" ] # "-i no"'],
  ['#INHERIT_VNET_ATTR = "SCW_FLEXIBLE_IP_ID"\nIPAM_MAD = [ ARGUMENTS = "-i dummy" ]', "-i dummy,scw-flexip"],
  [`TM_MAD = [ ARGUMENTS = "-i dummy" ]\n${DUMMY}`, '-i dummy" ]\nIPAM_MAD = [ ARGUMENTS = "-i dummy,scw-flexip"'],
  [`${DUMMY}IPAM_MAD=[ARGUMENTS="-i aws"]`, '-i dummy,scw-flexip" ]\nIPAM_MAD=[ARGUMENTS="-i aws,scw-flexip"]'],
];
for (const [text, expected] of SPELLINGS) {
  const standing = expected === undefined ? "open" : "not listed";
  test(`this IPAM_MAD is ${standing}, and is edited: ${text.replaceAll(/\s+/g, " ")}`, () => {
    assert.equal(inspectOnedConf(`${text}\n`).ipam, standing);
    const added = checkRoundTrip(`${text}\n`);
    assert.ok(added.includes(expected ?? text), added);
  });
}

test("a file without a line break at its end gets none", () => {
  assert.match(checkRoundTrip(`${DUMMY}INHERIT_VNET_ATTR = "GATEWAY"`), /[^\n]$/);
});

test("the edit of 0.1.0, whose lines stand among OpenNebula's, gets what came since and is taken out as a whole", () => {
  const [before, after] = [`${DUMMY}INHERIT_VNET_ATTR = "GATEWAY"\n`, "PORT = 2633\n"];
  const lines = 'INHERIT_VNET_ATTR       = SCW_FLEXIBLE_IP_ID # ours\nVM_RESTRICTED_ATTR="NIC/SCW_FLEXIBLE_IP_ID"\n';
  const old = before.replace("dummy", "dummy,scw-flexip") + lines + after;
  const upgraded = addToOnedConf(old);
  assert.ok(upgraded.startsWith(old));
  assert.deepEqual(inspectOnedConf(upgraded).missing, []);
  assert.equal(upgraded.match(/NIC\/SCW_FLEXIBLE_IP_ID/g)?.length, 1);
  assert.equal(removeFromOnedConf(upgraded), before + after);
});

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ["PORT = 2633\n", /has no IPAM_MAD/],
  ['PORT = 2633\nIPAM_MAD = [ ARGUMENTS = "-i dummy" \n', /line \d+: .*bracket of IPAM_MAD/],
  ['A = "x\n', /line 1: the closing quote of A/],
  [`${DUMMY}MAC_GLOBAL_SPACE = "YES"\n`, /MAC_GLOBAL_SPACE = "YES".*set it to "NO"/],
];
for (const [text, reason] of REFUSED) {
  test(`an oned.conf is refused that ${reason.source}`, () => assert.throws(() => addToOnedConf(text), reason));
}

test("only the first IPAM_MAD counts, as for oned", () => {
  const ours = 'IPAM_MAD = [ ARGUMENTS = "-i dummy,scw-flexip,aws" ]\n';
  assert.deepEqual(inspectOnedConf(`${ours}\n${DUMMY}`).furtherIpamMads, [3]);
  assert.equal(inspectOnedConf(ours + DUMMY).ipam, "listed");
  assert.equal(inspectOnedConf(DUMMY + ours).ipam, "not listed");
});
