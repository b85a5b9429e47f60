// Commands of everyday use: a silent API, status, reverse names, the audit log and adopting.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { addGuest, LOG, onRig, SERVER_B, STATE } from "./cloud-rig.ts";

const IP = "203.0.113.7";
const ALWAYS = Number.POSITIVE_INFINITY;

onRig("list says what it waits for while the API fails, and gives up", async (rig) => {
  addGuest(rig, IP, SERVER_B);
  const body = { message: "planted outage" };
  rig.simulator.fault({ call: "list", times: ALWAYS, do: { kind: "status", status: 502, body } });
  const { stderr } = await rig.exits(1, "list --timeout 7");
  assert.match(stderr, /^waiting for the API, try [2-9]: .*502.*\n/);
  assert.match(stderr, /^scw-flexip list: .*502/m);
  const ranges = await rig.exits(0, "range list --columns address --no-header");
  assert.deepEqual([ranges.stdout.trim(), ranges.stderr], [IP, ""], "needs no API");
});

onRig("status prints ten lines, also while the API does not answer", async (rig) => {
  addGuest(rig, IP, SERVER_B);
  rig.flexibleIp("203.0.113.8");
  const { stdout } = await rig.exits(3, "status --grace 0");
  assert.equal(stdout.trimEnd().split("\n").length, 10);
  assert.match(stdout, /^hosts +2, 0 offline$/m);
  assert.match(stdout, /^addresses +2: 1 attached, 1 ready$/m);
  assert.match(stdout, /^drift +1: 1 orphan$/m);
  assert.match(stdout, /^API +reachable, \d+ ms$/m);
  rig.simulator.fault({ times: ALWAYS, do: { kind: "status", status: 500, body: {} } });
  const away = await rig.json("status --timeout 3", 1);
  assert.partialDeepStrictEqual(away, { api: { reachable: false, status: 500 }, addresses: null, hosts: { total: 2 } });
});

onRig("reverse shows, sets and clears a name, and only of this cloud's addresses", async (rig) => {
  const id = addGuest(rig, IP, SERVER_B);
  const { account } = rig.simulator;
  const foreign = rig.flexibleIp("203.0.113.9", { tags: ["theirs"] });
  const before = account.get(foreign);
  const { stderr } = await rig.exits(0, `reverse ${IP} mail.example.org`);
  assert.match(stderr, /^reverse of 203\.0\.113\.7: was \S+, is mail\.example\.org$/m);
  assert.equal(account.get(id)?.reverse, "mail.example.org");
  assert.equal((await rig.exits(0, `reverse ${id}`)).stdout, "mail.example.org\n");
  assert.match((await rig.exits(0, "list -o wide")).stdout, / mail\.example\.org /);
  await rig.exits(0, `reverse ${IP} --clear`);
  assert.equal((await rig.exits(0, `reverse ${IP}`)).stdout, "-\n");
  await rig.exits(4, "reverse 203.0.113.9 mail.example.org");
  assert.deepEqual(account.get(foreign), before);
});

onRig("each change of a command names who made it, in the driver's log and the system's", async (rig) => {
  addGuest(rig, IP, SERVER_B);
  const env = { SUDO_USER: "alice" };
  await rig.exits(0, `reverse ${IP} mail.example.org`, { env });
  // A refusal changes nothing, and is no change to note.
  const refused = await rig.exits(4, `range remove ${IP} --yes`, { env });
  assert.match(refused.stderr, /in use: 203\.0\.113\.7 by VM 7;/);
  const log = rig.read(LOG);
  const [audited, ...others] = log.split("\n").filter((line) => line.includes('"by":"alice"'));
  assert.deepEqual(others, []);
  const { before, request_id, ...change } = JSON.parse(audited ?? "");
  assert.partialDeepStrictEqual(change, { audit: true, what: "reverse", after: "mail.example.org", address: IP });
  assert.match(request_id, /^[0-9a-f-]{36}$/);
  assert.ok(typeof before === "string");
  const said = readFileSync(`${rig.stateFile}.syslog`, "utf8");
  assert.equal(said.split("by=alice").length, 2, said);
  assert.match(said, /^-t scw-flexip -p authpriv\.notice -- reverse of 203\.0\.113\.7: was .*by=alice.*what=reverse/m);
});

onRig("range add adopts an address of the project, and refuses any other", async (rig) => {
  const { account } = rig.simulator;
  const id = rig.flexibleIp("203.0.113.20", { tags: ["theirs"] });
  await rig.exits(0, "range add public --adopt 203.0.113.20 --dry-run");
  assert.deepEqual(account.get(id)?.tags, ["theirs"]);
  await rig.exits(0, "range add public --adopt 203.0.113.20");
  assert.ok(account.get(id)?.tags.includes("scw-flexip:adopted"));
  await rig.exits(4, "range add public --adopt 203.0.113.99");
  assert.equal(account.all().length, 1);
});

onRig("range add adopts what an earlier range of this cloud left, which stays bought", async (rig) => {
  addGuest(rig, IP, SERVER_B);
  const left = rig.flexibleIp("203.0.113.20");
  const attached = rig.flexibleIp("203.0.113.21", { serverId: SERVER_B });
  const { stdout } = await rig.exits(0, "range add public --grace 0 --adopt 203.0.113.20");
  const tags = rig.simulator.account.get(left)?.tags ?? [];
  assert.ok(tags.includes("scw-flexip:created") && !tags.includes("scw-flexip:idle"), tags.join(" "));
  assert.match(stdout, /^203\.0\.113\.20 /m);
  const elsewhere = await rig.exits(4, "range add public --grace 0 --adopt 203.0.113.21");
  assert.match(elsewhere.stderr, /203\.0\.113\.21 is attached to server .*; detach it/);
  const inRange = await rig.exits(4, `range add public --grace 0 --adopt ${IP}`);
  assert.match(inRange.stderr, /203\.0\.113\.7 is in a range of this cloud; see scw-flexip list/);
  rig.simulator.account.set(attached, { serverId: null });
  const young = await rig.exits(4, "range add public --adopt 203.0.113.21");
  assert.match(young.stderr, /203\.0\.113\.21 changed a moment ago/);
});

onRig("range add leaves no registration open when the API refuses all calls", async (rig) => {
  rig.simulator.fault({ times: ALWAYS, do: { kind: "status", status: 403, body: { type: "permissions_denied" } } });
  await rig.exits(1, "range add public");
  assert.deepEqual(JSON.parse(rig.read(STATE)).intents, {});
});
