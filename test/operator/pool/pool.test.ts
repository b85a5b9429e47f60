// scw-flexip pool by the built executable: what is bought, taken, given back, and what a bill and a guest see of it.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { PROJECT } from "../../rig.ts";
import { type CloudRig, installedRig, OURS } from "../cloud-rig.ts";

const POOL = ["pool", "public", "--spare", "2", "--max", "4", "--grace", "0"];

test("pool buys up to the spare ranges, then nothing, and buys again when they are leased", async (context) => {
  const rig = await installedRig(context);
  assert.equal((await rig.run(POOL)).code, 0);
  assert.deepEqual([paid(rig), free(rig)], [2, 2]);
  const again = await rig.run(POOL);
  assert.deepEqual([again.code, again.stdout, paid(rig)], [0, "", 2]);
  leaseAll(rig);
  assert.equal((await rig.run(POOL)).code, 0);
  assert.deepEqual([paid(rig), free(rig)], [4, 2]);
});

test("pool stops at the maximum and says how many are missing", async (context) => {
  const rig = await installedRig(context);
  await rig.run(POOL);
  leaseAll(rig);
  await rig.run(POOL);
  leaseAll(rig);
  const { code, stderr } = await rig.run(POOL);
  assert.equal(code, 3);
  assert.match(stderr, /public: 2 more are wanted, but 4 is the maximum; raise --max/);
  assert.equal(paid(rig), 4);
});

test("pool gives back ranges that have been free for long enough, and none with a lease or an adopted address", async (context) => {
  const rig = await installedRig(context);
  await rig.run(["pool", "public", "--spare", "3", "--max", "4"]);
  rig.simulator.account.add({ ip: "203.0.113.77", projectId: PROJECT });
  await rig.run(["range", "add", "--network", "public", "--adopt", "203.0.113.77"]);
  rig.change(({ networks }) => {
    const [first] = networks[0]?.ranges ?? [];
    if (first !== undefined) first.vm = "7";
  });
  const young = await rig.run(["pool", "public", "--spare", "0", "--max", "4", "--shrink-after", "1h"]);
  assert.deepEqual([young.code, paid(rig)], [0, 4]);
  const grown = await rig.run(["pool", "public", "--spare", "0", "--max", "4", "--shrink-after", "0m"]);
  assert.equal(grown.code, 0, grown.stderr);
  assert.deepEqual(
    rig.cloud.networks[0]?.ranges.map(({ vm, attributes }) => vm ?? attributes.IP),
    ["7", "203.0.113.77"],
  );
  assert.equal(paid(rig), 2);
});

test("pool counts free time from the first run that saw the range free, whatever changes its tags", async (context) => {
  const rig = await installedRig(context);
  const grow = ["pool", "public", "--spare", "1", "--max", "4"];
  const shrink = ["pool", "public", "--spare", "0", "--max", "4", "--shrink-after", "1h"];
  await rig.run(grow);
  assert.equal((await rig.run(shrink)).code, 0);
  assert.equal(paid(rig), 1, "free for less than an hour");
  // As if an earlier run had seen it two hours ago.
  const note = rig.at("var/lib/one/scw-flexip/pool.json");
  const since = new Date(Date.now() - 7_200_000).toISOString();
  writeFileSync(note, readFileSync(note, "utf8").replaceAll(/"\d{4}-[^"]*"/g, JSON.stringify(since)));
  const [one] = rig.simulator.account.all();
  rig.simulator.account.set(one?.id ?? "", { tags: [...(one?.tags ?? []), "theirs"] });
  assert.equal((await rig.run([...shrink, "--dry-run"])).stdout.includes("remove"), true);
  assert.equal((await rig.run(shrink)).code, 0);
  assert.equal(paid(rig), 0);
});

test("pool takes idle addresses of this cloud before it buys, and they stay bought", async (context) => {
  const rig = await installedRig(context);
  const { id } = rig.simulator.account.add({
    ip: "203.0.113.9",
    mac: "52:54:00:00:01:09",
    tags: OURS,
    projectId: PROJECT,
  });
  const { code, stdout } = await rig.run([...POOL, "-j"]);
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(stdout), [
    { network: "public", action: "adopt", address: "203.0.113.9", result: "done" },
    { network: "public", action: "buy", address: null, result: "done" },
  ]);
  assert.equal(paid(rig), 2);
  const tags = rig.simulator.account.get(id)?.tags ?? [];
  assert.ok(tags.includes("scw-flexip:created") && !tags.includes("scw-flexip:idle"), tags.join(" "));
});

test("pool --dry-run changes nothing and says what it would cost", async (context) => {
  const rig = await installedRig(context);
  rig.configure({ PRICE_MONTH: "2.20" });
  const { code, stderr } = await rig.run([...POOL, "--dry-run"]);
  assert.equal(code, 0);
  assert.match(stderr, /public: 0 of 0 free, 2 wanted, at most 4; would buy 2, give back 0; \+4\.40 a month/);
  assert.equal(paid(rig), 0);
});

test("pool stops at the first refusal and keeps what it bought before", async (context) => {
  const rig = await installedRig(context, { perProjectQuota: 1 });
  const { code, stdout } = await rig.run(POOL);
  assert.equal(code, 1);
  assert.match(stdout, /quota/);
  assert.equal(paid(rig), 1);
});

test("pool fills the networks that declare a target, and refuses a second run at once", async (context) => {
  const rig = await installedRig(context);
  rig.change(({ networks }) => {
    if (networks[0] !== undefined) networks[0].template = { SCW_FLEXIP_SPARE: "2", SCW_FLEXIP_MAX: "3" };
  });
  const outcomes = await Promise.all([rig.run(["pool"]), rig.run(["pool"])]);
  assert.deepEqual(outcomes.map(({ code }) => code).sort(), [0, 4], outcomes.map(({ stderr }) => stderr).join(""));
  assert.equal(paid(rig), 2);
});

test("pool refuses a target that is no number, and names the network", async (context) => {
  const rig = await installedRig(context);
  const { code, stderr } = await rig.run(["pool", "public", "--spare", "two", "--max", "4"]);
  assert.equal(code, 2);
  assert.match(stderr, /network public: spare two is no whole number/);
  assert.equal((await rig.run(["pool", "public", "--spare", "2"])).code, 2);
});

function paid(rig: CloudRig): number {
  return rig.simulator.account.all().length;
}

function free(rig: CloudRig): number {
  return (rig.cloud.networks[0]?.ranges ?? []).filter(({ vm }) => vm === undefined).length;
}

function leaseAll(rig: CloudRig): void {
  rig.change(({ networks, vms }) => {
    for (const range of networks[0]?.ranges ?? []) range.vm ??= "7";
    if (vms.length === 0) vms.push({ id: "7", name: "web", state: "8", lcmState: "0", host: "kvm-a" });
  });
}
