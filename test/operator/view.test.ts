// list and show on what a real OpenNebula printed (fixtures/recorded), in every form, and what a script may count on.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { REPOSITORY } from "../rig.ts";
import { installedRig, SERVER_A } from "./cloud-rig.ts";

const rig = await installedRig({ after });
const recorded = join(REPOSITORY, "fixtures/recorded/opennebula-7.0.0/cli");
rig.tool("onevnet", `exec cat ${recorded}/onevnet-list.xml`);
rig.tool("onevm", `exec cat ${recorded}/onevm-list.xml`);
rig.tool("onehost", `exec cat ${recorded}/onehost-list.xml`);
rig.tool("ssh", "exit 255");
rig.flexibleIp("203.0.113.1", { mac: "52:54:00:00:00:01", serverId: SERVER_A });
rig.flexibleIp("203.0.113.3", { mac: "52:54:00:00:00:03" });
rig.flexibleIp("203.0.113.9");
rig.flexibleIp("203.0.113.8", { tags: ["scw-flexip", "scw-flexip:cloud=two", "scw-flexip:created"] });
rig.flexibleIp("203.0.113.7", { tags: ["somebody"] });

test("list shows who has an address, and leaves out those of another cloud and of nobody", async () => {
  const records: { drift: string[] }[] = await rig.json("list --grace 0");
  assert.partialDeepStrictEqual(records, [
    { address: "203.0.113.1", status: "attached", holder: { kind: "vm", id: 0 }, vm_name: "web", network: "pub" },
    { address: "203.0.113.2", status: "missing", holder: { kind: "vm", id: 1 }, vm_name: "web", network: "pub" },
    { address: "203.0.113.3", status: "ready", holder: { kind: "hold", id: null }, vm_name: null, network: "pubseed" },
    { address: "203.0.113.9", status: "ready", holder: null, vm_name: null, network: null },
  ]);
  const drift = records.map((record) => record.drift);
  assert.deepEqual(drift, [[], ["missing"], [], ["orphan"]]);
});

test("list and reconcile judge nothing on a host whose server is not known, and say so", async () => {
  const { stdout, stderr } = await rig.exits(0, "list");
  assert.match(stdout, /203\.0\.113\.1 .* unknown \(VM on h2\) /);
  assert.match(stderr, /^the server of host h2 is not known/m);
  const plan = await rig.exits(3, "reconcile --no-header --grace 0 --columns key,apply");
  assert.match(plan.stdout, /^missing:203\.0\.113\.2 +manual *\norphan:203\.0\.113\.9 +by-key *\n$/);
});

test("list prints chosen columns, with a header or without", async () => {
  const { stdout } = await rig.exits(0, "list --grace 0 --columns address,vm,drift");
  assert.match(stdout, /^ADDRESS +VM +DRIFT\n203.*\n203\.0\.113\.2 +1 +missing *\n/);
  const bare = await rig.exits(0, "list --grace 0 --columns address,vm,drift --no-header");
  assert.deepEqual(bare.stdout.split(/\s+/), stdout.split(/\s+/).slice(3));
  const wide = await rig.exits(0, "list -o wide");
  assert.match(wide.stdout, /^ADDRESS .* REVERSE .* DRIFT$/m);
});

test("list filters by network, VM and state", async () => {
  for (const [filter, addresses] of [
    ["--network pubseed", "203.0.113.3"],
    ["--network 0", "203.0.113.1 203.0.113.2"],
    ["--vm 1", "203.0.113.2"],
    ["--state ready", "203.0.113.3 203.0.113.9"],
    ["--state drift", "203.0.113.2 203.0.113.9"],
    ["--state free", ""],
  ] as const) {
    const { stdout } = await rig.exits(0, `list --grace 0 --no-header --columns address ${filter}`);
    assert.equal(stdout.trim().split(/\s+/).join(" "), addresses, filter);
  }
});

test("list without a terminal has no colour, no progress and every column", async () => {
  const { stdout, stderr } = await rig.exits(0, "list", { env: { COLUMNS: "40" } });
  assert.doesNotMatch((stdout + stderr).replaceAll("\n", ""), /\p{Cc}/u);
  assert.match(stdout, /^ADDRESS .* SERVER .* DRIFT$/m);
  assert.equal((await rig.exits(0, "list --quiet")).stderr, "");
});

test("show finds an address by IPv4 and by id, and refuses any other", async () => {
  const { stdout } = await rig.exits(0, "show 203.0.113.1");
  assert.match(stdout, /^HOLDER\s+: VM 0$/m);
  const id = /^ID\s+: (\S+)$/m.exec(stdout)?.[1] ?? "";
  assert.equal((await rig.exits(0, `show ${id.toUpperCase()}`)).stdout, stdout);
  assert.deepEqual((await rig.json("show 203.0.113.9 --grace 0")).repair, ["orphan:203.0.113.9"]);
  assert.equal((await rig.exits(4, "show 203.0.113.7")).stdout, "");
});

test("wrong usage is exit code 2 before the API is asked, and leaves standard output empty", async () => {
  const cut = rig.simulator.fault({ do: { kind: "hold", when: "before" }, times: Number.POSITIVE_INFINITY });
  for (const line of [
    "list -o csv",
    "list --state sleepy",
    "list -j --columns address",
    "list --grace soon",
    "list --frob",
    "lits",
    "history 203.0.113.1 --columns colour",
    "logs --since whenever",
    "reverse 203.0.113.1 not_a_name",
    "reconcile --apply --apply-all",
    "completion tcsh",
    "range add public --adopt 203.0.113.7 --count 2",
  ]) {
    const { stdout, stderr } = await rig.exits(2, line);
    assert.equal(stdout, "", line);
    assert.match(stderr, /^scw-flexip/);
  }
  assert.match((await rig.exits(2, "show")).stderr, /scw-flexip show --help/);
  cut.remove();
});

test("--version prints the version wherever it stands, and does nothing else", async () => {
  for (const line of ["--version", "list --version", "range remove --all --yes --version"]) {
    const { stdout, stderr } = await rig.exits(0, line);
    assert.match(stdout, /^scw-flexip \d+\.\d+\.\d+\n$/);
    assert.equal(stderr, "");
  }
});

test("a command has help, with examples", async () => {
  const { stdout } = await rig.exits(0, "range add --help");
  assert.match(stdout, /^Usage: scw-flexip range add \[options\] \[network\]\n[\s\S]*Examples:\n {2}scw-flexip range/);
});

test("wrong settings and a missing OpenNebula are one line and exit code 1", async () => {
  const wrong = await rig.exits(1, "list", { env: { SCW_FLEXIP_ZONE: "paris" } });
  assert.match(wrong.stderr, /^scw-flexip list: .*ZONE must be a zone like fr-par-2; correct it\n$/);
  rmSync(join(rig.folder, "bin/onevm"));
  const silent = await rig.exits(1, "list");
  assert.match(silent.stderr, /^scw-flexip list: onevm list -x: onevm is not installed here; .*\n$/);
});
