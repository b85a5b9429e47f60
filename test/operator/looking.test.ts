// Commands of everyday use: a silent API, status, reverse names, the audit log, history and adopting.
import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { PROJECT } from "../rig.ts";
import { addRange, type CloudRig, installedRig, OURS, runVm, SERVER_B } from "./cloud-rig.ts";

const IP = "203.0.113.7";
const ALWAYS = Number.POSITIVE_INFINITY;

async function rigFor(context: TestContext): Promise<{ rig: CloudRig; id: string }> {
  const rig = await installedRig(context);
  const id = addRange(rig, IP, "7", SERVER_B);
  runVm(rig, "7", "kvm-b");
  return { rig, id };
}

test("list says what it waits for while the API fails, and gives up", async (context) => {
  const { rig } = await rigFor(context);
  const body = { message: "planted outage" };
  rig.simulator.fault({ call: "list", times: ALWAYS, do: { kind: "status", status: 502, body } });
  const outcome = await rig.run(["list", "--timeout", "7"]);
  assert.equal(outcome.code, 1);
  assert.match(outcome.stderr, /^waiting for the API, try [2-9]: .*502.*\n/);
  assert.match(outcome.stderr, /^scw-flexip list: .*502/m);
  const ranges = await rig.run(["range", "list", "--columns", "address", "--no-header"]);
  assert.deepEqual([ranges.code, ranges.stdout.trim(), ranges.stderr], [0, IP, ""], "needs no API");
});

test("status prints ten lines, also while the API does not answer", async (context) => {
  const { rig } = await rigFor(context);
  rig.simulator.account.add({ ip: "203.0.113.8", tags: OURS, projectId: PROJECT });
  const well = await rig.run(["status", "--grace", "0"]);
  assert.equal(well.code, 3, well.stderr);
  assert.equal(well.stdout.trimEnd().split("\n").length, 10);
  assert.match(well.stdout, /^hosts +2, 0 offline$/m);
  assert.match(well.stdout, /^addresses +2: 1 attached, 1 ready$/m);
  assert.match(well.stdout, /^drift +1: 1 orphan$/m);
  assert.match(well.stdout, /^API +reachable, \d+ ms$/m);
  rig.simulator.fault({ times: ALWAYS, do: { kind: "status", status: 500, body: {} } });
  const away = await rig.run(["status", "--timeout", "3", "-j"]);
  assert.equal(away.code, 1);
  const { api, addresses, hosts } = JSON.parse(away.stdout);
  assert.deepEqual([api.reachable, api.status, addresses, hosts.total], [false, 500, null, 2]);
});

test("reverse shows, sets and clears a name, and only of this cloud's addresses", async (context) => {
  const { rig, id } = await rigFor(context);
  const foreign = rig.simulator.account.add({ ip: "203.0.113.9", tags: ["theirs"], projectId: PROJECT }).id;
  const before = rig.simulator.account.get(foreign)?.reverse;
  const set = await rig.run(["reverse", IP, "mail.example.org"]);
  assert.equal(set.code, 0, set.stderr);
  assert.match(set.stderr, /^reverse of 203\.0\.113\.7: was \S+, is mail\.example\.org$/m);
  assert.equal(rig.simulator.account.get(id)?.reverse, "mail.example.org");
  assert.equal((await rig.run(["reverse", id])).stdout, "mail.example.org\n");
  assert.match((await rig.run(["list", "-o", "wide"])).stdout, / mail\.example\.org /);
  assert.equal((await rig.run(["reverse", IP, "--clear"])).code, 0);
  assert.equal((await rig.run(["reverse", IP])).stdout, "-\n");
  assert.equal((await rig.run(["reverse", "203.0.113.9", "mail.example.org"])).code, 4);
  assert.equal(rig.simulator.account.get(foreign)?.reverse, before);
});

test("each change of a command names who made it, in the driver's log and the system's", async (context) => {
  const { rig } = await rigFor(context);
  const env = { SUDO_USER: "alice" };
  await rig.run(["reverse", IP, "mail.example.org"], { env });
  const refused = await rig.run(["range", "remove", IP, "--yes"], { env });
  assert.equal(refused.code, 4, "a refusal changes nothing, and is no change to note");
  const log = readFileSync(rig.at("var/log/one/scw-flexip.log"), "utf8");
  const audited = log.split("\n").filter((line) => line.includes('"by":"alice"') && line.includes('"audit":true'));
  assert.equal(audited.length, 1);
  const { by, what, before, after, address, request_id } = JSON.parse(audited[0] ?? "");
  assert.deepEqual([by, what, after, address], ["alice", "reverse", "mail.example.org", IP]);
  assert.match(request_id, /^[0-9a-f-]{36}$/);
  assert.ok(typeof before === "string");
  assert.equal((await rig.run(["install", "--frontend", "--fw"], { env })).code, 0);
  const said = rig.syslog("by=alice");
  assert.equal(said.length, 2, said.join("\n"));
  assert.match(said[0] ?? "", /^-t scw-flexip -p authpriv\.notice -- reverse of 203\.0\.113\.7: was .*what=reverse/);
  assert.match(said[1] ?? "", /^-t scw-flexip -p authpriv\.notice -- install --frontend --fw: done .*what=install/);
});

test("history shows the failures of the VM, and with --hosts the logs of the hosts", async (context) => {
  const { rig } = await rigFor(context);
  const entry = (fields: Record<string, unknown>): string =>
    `${JSON.stringify({ time: "2026-01-01T00:00:00.000Z", level: "info", host: "kvm-b", pid: 1, ...fields })}\n`;
  mkdirSync(rig.at("var/log/vnm"), { recursive: true });
  const failed = entry({ action: "pre", level: "error", vm: "7", message: "no server id" });
  const other = entry({ action: "pre", level: "error", vm: "8", message: "of another VM" });
  writeFileSync(rig.at("var/log/vnm/scw-flexip-pre.log"), failed + other);
  appendFileSync(
    rig.at("var/log/one/scw-flexip.log"),
    entry({ action: "get_address", time: "2026-01-01T12:00:00.000Z", message: `leased ${IP}` }),
  );
  const messages = async (...words: string[]): Promise<string[]> => {
    const outcome = await rig.run(["history", IP, "-j", ...words]);
    assert.equal(outcome.code, 0, outcome.stderr);
    return JSON.parse(outcome.stdout).map(({ message }: { message: string }) => message);
  };
  assert.deepEqual(await messages("--vm", "7"), ["no server id", `leased ${IP}`]);

  const remote = JSON.stringify([
    {
      ...JSON.parse(entry({ action: "post", time: "2026-01-02T00:00:00.000Z", message: `serving ${IP}` })),
      vm: 7,
      address: IP,
      flexible_ip_id: null,
    },
  ]);
  rig.change(({ hosts }) => {
    const [first] = hosts;
    if (first !== undefined) {
      first.answers[`/var/tmp/one/ipam/scw-flexip/scw-flexip history ${IP} -j --vm=7`] = remote;
    }
  });
  const outcome = await rig.run(["history", IP, "-j", "--hosts"]);
  assert.deepEqual(
    JSON.parse(outcome.stdout).map(({ message }: { message: string }) => message),
    ["no server id", `leased ${IP}`, `serving ${IP}`],
  );
  assert.match(outcome.stderr, /^host kvm-b was left out: its log cannot be read \(.*\)$/m);
});

test("range add adopts an address of the project, and refuses any other", async (context) => {
  const { rig } = await rigFor(context);
  const { id } = rig.simulator.account.add({ ip: "203.0.113.20", tags: ["theirs"], projectId: PROJECT });
  const dry = await rig.run(["range", "add", "public", "--adopt", "203.0.113.20", "--dry-run"]);
  assert.deepEqual([dry.code, rig.simulator.account.get(id)?.tags], [0, ["theirs"]]);
  const count = rig.simulator.account.all().length;
  const added = await rig.run(["range", "add", "public", "--adopt", "203.0.113.20"]);
  assert.equal(added.code, 0, added.stderr);
  assert.ok(rig.simulator.account.get(id)?.tags.includes("scw-flexip:adopted"));
  for (const wanted of ["203.0.113.99", "203.0.113.20"]) {
    assert.equal((await rig.run(["range", "add", "public", "--adopt", wanted])).code, 4, wanted);
  }
  assert.equal(rig.simulator.account.all().length, count);
});

test("range add adopts what an earlier range of this cloud left, which stays bought", async (context) => {
  const { rig } = await rigFor(context);
  const left = rig.simulator.account.add({ ip: "203.0.113.20", tags: OURS, projectId: PROJECT }).id;
  const attached = { ip: "203.0.113.21", tags: OURS, projectId: PROJECT, serverId: SERVER_B };
  rig.simulator.account.add(attached);
  const words = ["range", "add", "public", "--grace", "0", "--adopt"];
  const added = await rig.run([...words, "203.0.113.20"]);
  assert.equal(added.code, 0, added.stderr);
  const tags = rig.simulator.account.get(left)?.tags ?? [];
  assert.ok(tags.includes("scw-flexip:created") && !tags.includes("scw-flexip:idle"), tags.join(" "));
  assert.match(added.stdout, /^203\.0\.113\.20 /m);
  const refused = await rig.run([...words, attached.ip]);
  assert.match(refused.stderr, /203\.0\.113\.21 is attached to server .*; detach it/);
  const inRange = await rig.run([...words, IP]);
  assert.match(inRange.stderr, /203\.0\.113\.7 is in a range of this cloud; see scw-flexip list/);
  rig.simulator.account.set(rig.simulator.account.byAddress(attached.ip)?.id ?? "", { serverId: null });
  const young = await rig.run(["range", "add", "public", "--adopt", attached.ip]);
  assert.match(young.stderr, /203\.0\.113\.21 changed a moment ago/);
});

test("range add leaves no registration open when the API refuses all calls", async (context) => {
  const { rig } = await rigFor(context);
  rig.simulator.fault({ times: ALWAYS, do: { kind: "status", status: 403, body: { type: "permissions_denied" } } });
  const outcome = await rig.run(["range", "add", "public"]);
  assert.equal(outcome.code, 1);
  const { intents } = JSON.parse(readFileSync(rig.at("var/lib/one/scw-flexip/state.json"), "utf8"));
  assert.deepEqual(intents, {});
});
