// Several front-ends: only the one that leads its zone is believed, and asked again right before each step.
import assert from "node:assert/strict";
import { appendFileSync, chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { judge } from "../../driver/operator/one/leader.ts";
import { PROJECT } from "../rig.ts";
import { CloudRig, SERVER_A, SERVER_B } from "./cloud-rig.ts";

const OURS = ["scw-flexip", "scw-flexip:cloud=one", "scw-flexip:created"];

type Server = { readonly ID: string; readonly NAME: string; readonly STATE: string; readonly TERM: string };
const server = (ID: string, STATE: string, TERM = "7"): Server => ({ ID, NAME: `fe${ID}`, STATE, TERM });

for (const { name, servers, self, role } of [
  { name: "one front-end alone", servers: [], self: "-1", role: "solo" },
  { name: "the leader", servers: [server("0", "3"), server("1", "2")], self: "0", role: "leader" },
  { name: "a follower", servers: [server("0", "3"), server("1", "2")], self: "1", role: "follower" },
  { name: "a candidate", servers: [server("0", "1"), server("1", "-")], self: "0", role: "follower" },
  { name: "a leader of before", servers: [server("0", "3", "6"), server("1", "3")], self: "0", role: "follower" },
  { name: "a server that stands alone", servers: [server("0", "0")], self: "0", role: "solo" },
  { name: "nobody knows which one it is", servers: [server("0", "3")], self: undefined, role: "unknown" },
]) {
  test(name, () => assert.equal(judge(servers, self).role, role));
}

async function rigFor(context: TestContext): Promise<{ rig: CloudRig; id: string }> {
  const rig = await CloudRig.start();
  context.after(() => rig.stop());
  await rig.installed();
  // A guest runs on kvm-b, and its address is attached nowhere.
  const { id } = rig.simulator.account.add({
    ip: "203.0.113.1",
    mac: "52:54:00:00:01:01",
    tags: OURS,
    projectId: PROJECT,
  });
  rig.change(({ networks, vms }) => {
    const attributes = { IP: "203.0.113.1", MAC: "52:54:00:00:01:01", SIZE: "1", TYPE: "IP4", IPAM_MAD: "scw-flexip" };
    networks[0]?.ranges.push({ id: "0", attributes, vm: "7" });
    vms.push({ id: "7", name: "web", state: "3", lcmState: "3", host: "kvm-b" });
  });
  appendFileSync(rig.at("etc/one/oned.conf"), '\nFEDERATION = [ MODE = "STANDALONE", ZONE_ID = 0, SERVER_ID = 1 ]\n');
  return { rig, id };
}

test("a follower only looks, and says so; the leader does the same step", async (context) => {
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

test("a step is not taken when OpenNebula says something else by the time it comes", async (context) => {
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

test("--apply-all deletes no address that is attached, and never more than half", async (context) => {
  const { rig } = await rigFor(context);
  const add = (ip: string, serverId: string | null): string =>
    rig.simulator.account.add({ ip, tags: OURS, serverId, projectId: PROJECT }).id;
  const attached = add("203.0.113.2", SERVER_A);
  const free = add("203.0.113.3", null);
  const words = ["reconcile", "--grace", "0", "--apply-all", "--yes"];
  rig.change((cloud) => Object.assign(cloud, { servers: [] }));
  const outcome = await rig.run(words);
  assert.equal(outcome.code, 3, outcome.stderr);
  assert.match(outcome.stderr, /^1 that may serve somebody are left/m);
  assert.ok(rig.simulator.account.get(attached));
  assert.equal(rig.simulator.account.get(free), undefined);

  const more = ["203.0.113.4", "203.0.113.5", "203.0.113.6"].map((ip) => add(ip, null));
  const refused = await rig.run(words);
  assert.equal(refused.code, 4, refused.stderr);
  assert.match(refused.stderr, /would delete 3 of the 5 addresses/);
  for (const id of more) assert.ok(rig.simulator.account.get(id));
});

test("what changed a moment ago is shown, and its key is refused in words that help", async (context) => {
  const { rig, id } = await rigFor(context);
  rig.change((cloud) => Object.assign(cloud, { servers: [] }));
  rig.simulator.account.set(id, { tags: [...OURS, "mine"] });
  const outcome = await rig.run(["reconcile"]);
  assert.equal(outcome.code, 0, outcome.stdout);
  assert.match(outcome.stdout, /^not-attached:203\.0\.113\.1 +attach +young /m);
  assert.match(outcome.stderr, /^changed less than 120 s ago and left alone: not-attached:203\.0\.113\.1 \(--grace 0/m);
  const early = await rig.run(["reconcile", "--apply", "not-attached:203.0.113.1"]);
  assert.equal(early.code, 4);
  assert.match(early.stderr, /changed a moment ago; wait, or add --grace 0/);
});
