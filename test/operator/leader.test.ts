// Several front-ends: steps rely only on the one that leads its zone, and ask it again right before each step.
import assert from "node:assert/strict";
import { renameSync } from "node:fs";
import { test } from "node:test";
import { judge } from "../../driver/operator/one/leader.ts";
import { addGuest, addRange, type CloudRig, ONED_CONF, onRig, SERVER_A, SERVER_B } from "./cloud-rig.ts";

const server = (ID: string, STATE: string, TERM = "7") => ({ ID, NAME: `fe${ID}`, STATE, TERM });
const elected = [server("0", "3"), server("1", "2")];

for (const [name, servers, self, role] of [
  ["one front-end is its own leader", [], "-1", "solo"],
  ["a server in state solo leads", [server("0", "0")], "0", "solo"],
  ["the server in state leader leads", elected, "0", "leader"],
  ["a follower does not lead", elected, "1", "follower"],
  ["a candidate does not lead", [server("0", "1"), server("1", "-")], "0", "follower"],
  ["a leader of an earlier term does not lead", [server("0", "3", "6"), server("1", "3")], "0", "follower"],
  ["a server that is not in the zone is unknown", elected, undefined, "unknown"],
] as const) {
  test(name, () => assert.equal(judge(servers, self).role, role));
}

/** This is the front-end 1 of a zone, which that one leads. */
function elect(rig: CloudRig, leader: string): void {
  const server = (id: string): string =>
    `<SERVER><ID>${id}</ID><NAME>fe${id}</NAME><STATE>${id === leader ? 3 : 2}</STATE></SERVER>`;
  rig.change((cloud) => Object.assign(cloud, { servers: server("0") + server("1") }));
}

onRig("reconcile changes nothing on a follower, and does the same step on the leader", async (rig) => {
  const id = addGuest(rig, "203.0.113.1");
  rig.edit(ONED_CONF, (text) => `${text}FEDERATION = [ MODE = "STANDALONE", ZONE_ID = 0, SERVER_ID = 1 ]\n`);
  elect(rig, "0");
  const { stderr } = await rig.exits(3, "reconcile --grace 0 --apply");
  assert.match(stderr, /^this OpenNebula \(fe1\) is a follower, fe0 leads; only .* is done/m);
  await rig.exits(3, "reconcile --grace 0 --apply-all --yes");
  assert.equal(rig.simulator.account.get(id)?.server_id, null);

  elect(rig, "1");
  await rig.exits(0, "reconcile --grace 0 --apply");
  assert.equal(rig.simulator.account.get(id)?.server_id, SERVER_B);
});

onRig("reconcile skips a step when OpenNebula says something else right before it", async (rig) => {
  const id = addRange(rig, "203.0.113.1", undefined, SERVER_A);
  // The address is leased between the listing and the step.
  const [real, seen] = [`${rig.folder}/bin/onevnet-before "$@"`, `${rig.folder}/seen`];
  renameSync(`${rig.folder}/bin/onevnet`, `${rig.folder}/bin/onevnet-before`);
  const lease = "s|<AR_ID>|<ALLOCATED><![CDATA[ 0 68719476743]]></ALLOCATED><AR_ID>|";
  rig.tool("onevnet", `if [ -e ${seen} ]; then ${real} | sed '${lease}'; else touch ${seen}; exec ${real}; fi`);
  const [step] = await rig.json("reconcile --grace 0 --apply left-attached:203.0.113.1", 3);
  assert.equal(step.result, "changed");
  assert.equal(rig.simulator.account.get(id)?.server_id, SERVER_A);
});

onRig("reconcile shows what changed a moment ago, and does not judge it", async (rig) => {
  addGuest(rig, "203.0.113.1");
  const { stdout, stderr } = await rig.exits(0, "reconcile");
  assert.match(stdout, /^not-attached:203\.0\.113\.1 +attach +young /m);
  assert.match(stderr, /^changed less than 120 s ago and left alone: not-attached:203\.0\.113\.1 \(--grace 0/m);
});
