// Several front-ends: steps rely only on the one that leads its zone, and ask it again right before each step.
import assert from "node:assert/strict";
import { appendFileSync, chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { judge } from "../../driver/operator/one/leader.ts";
import { addRange, type CloudRig, installedRig, OURS, runVm, SERVER_A, SERVER_B } from "./cloud-rig.ts";

type Server = { readonly ID: string; readonly NAME: string; readonly STATE: string; readonly TERM: string };
const server = (ID: string, STATE: string, TERM = "7"): Server => ({ ID, NAME: `fe${ID}`, STATE, TERM });

for (const { name, servers, self, role } of [
  { name: "one front-end is its own leader", servers: [], self: "-1", role: "solo" },
  {
    name: "the server in state leader leads",
    servers: [server("0", "3"), server("1", "2")],
    self: "0",
    role: "leader",
  },
  { name: "a follower does not lead", servers: [server("0", "3"), server("1", "2")], self: "1", role: "follower" },
  { name: "a candidate does not lead", servers: [server("0", "1"), server("1", "-")], self: "0", role: "follower" },
  {
    name: "a leader of an earlier term does not lead",
    servers: [server("0", "3", "6"), server("1", "3")],
    self: "0",
    role: "follower",
  },
  { name: "a server in state solo leads", servers: [server("0", "0")], self: "0", role: "solo" },
  {
    name: "a server that is not in the zone is unknown",
    servers: [server("0", "3")],
    self: undefined,
    role: "unknown",
  },
]) {
  test(name, () => assert.equal(judge(servers, self).role, role));
}

async function rigFor(context: TestContext): Promise<{ rig: CloudRig; id: string }> {
  const rig = await installedRig(context);
  // A guest runs on kvm-b, and its address is attached nowhere.
  const id = addRange(rig, "203.0.113.1", "7");
  runVm(rig, "7", "kvm-b");
  appendFileSync(rig.at("etc/one/oned.conf"), '\nFEDERATION = [ MODE = "STANDALONE", ZONE_ID = 0, SERVER_ID = 1 ]\n');
  return { rig, id };
}

test("reconcile changes nothing on a follower, and does the same step on the leader", async (context) => {
  const { rig, id } = await rigFor(context);
  const servers = [
    { id: "0", name: "fe0", state: "3", term: "4" },
    { id: "1", name: "fe1", state: "2", term: "4" },
  ];
  rig.change((cloud) => Object.assign(cloud, { servers }));
  const follower = await rig.run(["reconcile", "--grace", "0", "--apply"]);
  assert.equal(follower.code, 3, follower.stderr);
  assert.match(follower.stderr, /^this OpenNebula \(fe1\) is a follower, fe0 leads; only .* is done/m);
  const all = await rig.run(["reconcile", "--grace", "0", "--apply-all", "--yes"]);
  assert.equal(all.code, 3);
  assert.equal(rig.simulator.account.get(id)?.server_id, null);

  rig.change((cloud) =>
    Object.assign(cloud, { servers: servers.map((one) => ({ ...one, state: one.id === "1" ? "3" : "2" })) }),
  );
  const leader = await rig.run(["reconcile", "--grace", "0", "--apply"]);
  assert.equal(leader.code, 0, leader.stderr);
  assert.equal(rig.simulator.account.get(id)?.server_id, SERVER_B);
});

test("reconcile skips a step when OpenNebula says something else right before it", async (context) => {
  const { rig, id } = await rigFor(context);
  rig.change(({ networks }) => {
    const [range] = networks[0]?.ranges ?? [];
    if (range !== undefined) delete range.vm;
  });
  rig.simulator.account.set(id, { serverId: SERVER_A, status: "attached" });
  // The address is leased, and the guest lands on the very server, between the listing and the step.
  const path = join(dirname(rig.root), "leases-meanwhile");
  mkdirSync(path);
  const [real, seen] = [join(dirname(rig.root), "bin/onevnet"), join(path, "seen")];
  const allocated = "<ALLOCATED><![CDATA[ 0 68719476743]]></ALLOCATED><AR_ID>";
  const tool = `#!/bin/sh\nif [ -e ${seen} ]; then ${real} "$@" | sed 's|<AR_ID>|${allocated}|'; else touch ${seen}; exec ${real} "$@"; fi\n`;
  writeFileSync(join(path, "onevnet"), tool);
  chmodSync(join(path, "onevnet"), 0o755);
  const words = ["reconcile", "--grace", "0", "--apply", "left-attached:203.0.113.1", "-j"];
  const outcome = await rig.run(words, { env: { PATH: `${path}:${rig.environment().PATH}` } });
  assert.equal(outcome.code, 3, outcome.stderr);
  assert.equal(JSON.parse(outcome.stdout)[0].result, "changed");
  assert.equal(rig.simulator.account.get(id)?.server_id, SERVER_A);
});

test("reconcile shows what changed a moment ago, and does not judge it", async (context) => {
  const { rig, id } = await rigFor(context);
  rig.change((cloud) => Object.assign(cloud, { servers: [] }));
  rig.simulator.account.set(id, { tags: [...OURS, "mine"] });
  const outcome = await rig.run(["reconcile"]);
  assert.equal(outcome.code, 0, outcome.stdout);
  assert.match(outcome.stdout, /^not-attached:203\.0\.113\.1 +attach +young /m);
  assert.match(outcome.stderr, /^changed less than 120 s ago and left alone: not-attached:203\.0\.113\.1 \(--grace 0/m);
});
