// list and show on what a real OpenNebula printed (fixtures/recorded), in every form, and what a script may count on.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { COMMANDS } from "../../driver/operator/manual.ts";
import { PROJECT, REPOSITORY } from "../rig.ts";
import { CloudRig, OURS, type Outcome, SERVER_A } from "./cloud-rig.ts";

let rig: CloudRig;
let path: string;

before(async () => {
  rig = await (await CloudRig.start()).installed();
  path = join(dirname(rig.root), "recorded");
  mkdirSync(path);
  const recorded = join(REPOSITORY, "fixtures/recorded/opennebula-7.0.0/cli");
  const tools = {
    onevnet: `exec cat ${recorded}/onevnet-list.xml`,
    onevm: `exec cat ${recorded}/onevm-list.xml`,
    onehost: `exec cat ${recorded}/onehost-list.xml`,
    onezone: "echo '<ZONE><ID>0</ID><SERVER_POOL/></ZONE>'",
    ssh: "exit 255",
  };
  for (const [name, text] of Object.entries(tools)) {
    writeFileSync(join(path, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(path, name), 0o755);
  }
  const add = (ip: string, mac: string, tags: readonly string[], serverId: string | null = null) =>
    rig.simulator.account.add({ ip, mac, tags, serverId, projectId: PROJECT });
  add("203.0.113.1", "52:54:00:00:00:01", OURS, SERVER_A);
  add("203.0.113.3", "52:54:00:00:00:03", OURS);
  add("203.0.113.9", "52:54:00:00:00:09", OURS);
  add("203.0.113.8", "52:54:00:00:00:08", ["scw-flexip", "scw-flexip:cloud=two", "scw-flexip:created"]);
  add("203.0.113.7", "52:54:00:00:00:07", ["somebody"]);
});
after(() => rig.stop());

function run(words: readonly string[], more: Record<string, string> = {}): Promise<Outcome> {
  return rig.run(words, { env: { PATH: `${path}:/usr/bin:/bin`, ...more } });
}

test("list shows who has an address", async () => {
  const outcome = await run(["list", "-j", "--grace", "0"]);
  assert.equal(outcome.code, 0, outcome.stderr);
  const records: Record<string, unknown>[] = JSON.parse(outcome.stdout);
  assert.deepEqual(
    records.map(({ address, status, holder, vm_name, network, drift }) => [
      address,
      status,
      holder,
      vm_name,
      network,
      drift,
    ]),
    [
      ["203.0.113.1", "attached", { kind: "vm", id: 0 }, "web", "pub", []],
      ["203.0.113.2", "missing", { kind: "vm", id: 1 }, "web", "pub", ["missing"]],
      ["203.0.113.3", "ready", { kind: "hold", id: null }, null, "pubseed", []],
      ["203.0.113.9", "ready", null, null, null, ["orphan"]],
    ],
    "addresses of another cloud and of nobody are not ours to list",
  );
});

test("list and reconcile judge nothing on a host whose server is not known, and say so", async () => {
  const listed = await run(["list"]);
  assert.match(listed.stdout, /203\.0\.113\.1 .* unknown \(VM on h2\) /);
  assert.match(listed.stderr, /^the server of host h2 is not known/m);
  const plan = await run(["reconcile", "--no-header", "--grace", "0", "--columns", "key,apply"]);
  assert.deepEqual(
    plan.stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/ +/)),
    [
      ["missing:203.0.113.2", "manual"],
      ["orphan:203.0.113.9", "by-key"],
    ],
  );
});

test("list prints chosen columns, with a header or without", async () => {
  const words = ["list", "--grace", "0", "--columns", "address,vm,drift"];
  const [table, bare, wide] = await Promise.all([
    run(words),
    run([...words, "--no-header"]),
    run(["list", "-o", "wide"]),
  ]);
  assert.match(table.stdout, /^ADDRESS +VM +DRIFT$/m);
  assert.match(table.stdout, /^203\.0\.113\.2 +1 +missing$/m);
  const wordsOf = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");
  assert.deepEqual(wordsOf(bare.stdout), wordsOf(table.stdout).slice(3));
  assert.match(wide.stdout, /^ADDRESS .* REVERSE .* DRIFT$/m);
});

test("list filters by network, VM and state", async () => {
  const listed = async (...words: string[]): Promise<string[]> => {
    const outcome = await run(["list", "--grace", "0", "--no-header", "--columns", "address", ...words]);
    assert.equal(outcome.code, 0, outcome.stderr);
    return outcome.stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.trim());
  };
  assert.deepEqual(await listed("--network", "pubseed"), ["203.0.113.3"]);
  assert.deepEqual(await listed("--network", "0"), ["203.0.113.1", "203.0.113.2"]);
  assert.deepEqual(await listed("--vm", "1"), ["203.0.113.2"]);
  assert.deepEqual(await listed("--state", "ready"), ["203.0.113.3", "203.0.113.9"]);
  assert.deepEqual(await listed("--state", "drift"), ["203.0.113.2", "203.0.113.9"]);
  assert.deepEqual(await listed("--state", "free"), []);
});

test("list without a terminal has no colour, no progress and every column", async () => {
  const outcome = await run(["list"], { COLUMNS: "40" });
  for (const code of ["\u001b", "\r"]) assert.equal((outcome.stdout + outcome.stderr).includes(code), false);
  assert.match(outcome.stdout, /^ADDRESS .* SERVER .* DRIFT$/m);
  const quiet = await run(["list", "--quiet"]);
  assert.equal(quiet.stderr, "");
});

test("show finds an address by IPv4 and by id, and refuses any other", async () => {
  const byAddress = await run(["show", "203.0.113.1"]);
  assert.match(byAddress.stdout, /^HOLDER\s+: VM 0$/m);
  const id = /^ID\s+: (\S+)$/m.exec(byAddress.stdout)?.[1] ?? "";
  assert.equal((await run(["show", id.toUpperCase()])).stdout, byAddress.stdout);
  const details = JSON.parse((await run(["show", "203.0.113.9", "-j", "--grace", "0"])).stdout);
  assert.deepEqual(details.repair, ["orphan:203.0.113.9"]);
  const missing = await run(["show", "203.0.113.7"]);
  assert.deepEqual([missing.code, missing.stdout], [4, ""]);
});

test("wrong usage is exit code 2 and leaves standard output empty", async () => {
  for (const words of [
    ["list", "-o", "xml"],
    ["list", "-o", "csv"],
    ["list", "--state", "sleepy"],
    ["list", "-j", "--columns", "address"],
    ["history", "203.0.113.1", "--columns", "colour"],
    ["reverse", "203.0.113.1", "not_a_name"],
    ["range", "add", "public", "--adopt", "203.0.113.7", "--count", "2"],
    ["list", "--columns", "address,color"],
    ["list", "--grace", "soon"],
    ["show"],
    ["lits"],
    ["list", "--frob"],
    ["logs", "--since", "whenever"],
    ["reconcile", "--apply", "--apply-all"],
    ["completion", "tcsh"],
    ["range", "add"],
  ]) {
    const outcome = await run(words);
    assert.deepEqual([words.join(" "), outcome.code, outcome.stdout], [words.join(" "), 2, ""]);
    assert.match(outcome.stderr, /^scw-flexip/);
  }
});

test("usage is checked before the API is asked", async () => {
  const cut = rig.simulator.fault({ do: { kind: "hold", when: "before" }, times: Number.POSITIVE_INFINITY });
  for (const words of [
    ["list", "-o", "xml"],
    ["show", "203.0.113.1", "-o", "xml"],
    ["list", "--columns", "color"],
  ]) {
    assert.equal((await run(words)).code, 2, words.join(" "));
  }
  assert.equal((await run(["show"])).stderr.includes("scw-flexip show --help"), true);
  cut.remove();
});

test("--version prints the version wherever it stands, and does nothing else", async () => {
  for (const words of [["--version"], ["list", "--version"], ["range", "remove", "--all", "--yes", "--version"]]) {
    const outcome = await run(words);
    assert.deepEqual([outcome.code, outcome.stderr], [0, ""], words.join(" "));
    assert.match(outcome.stdout, /^scw-flexip \d+\.\d+\.\d+\n$/);
  }
});

test("every command has help, and examples that name it", async () => {
  for (const { name, examples } of COMMANDS) {
    assert.ok(
      examples.some(({ command }) => command.includes(`scw-flexip ${name}`)),
      name,
    );
  }
  const outcome = await run(["range", "add", "--help"]);
  assert.equal(outcome.code, 0);
  assert.match(
    outcome.stdout,
    /^Usage: scw-flexip range add \[options\] \[network\]\n[\s\S]*Examples:\n {2}scw-flexip range add/,
  );
});

test("wrong settings and a missing OpenNebula are one line and exit code 1", async () => {
  const wrong = await run(["list"], { SCW_FLEXIP_ZONE: "paris" });
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /^scw-flexip list: .*ZONE must be a zone like fr-par-2; correct it\n$/);
  rmSync(join(path, "onevm"));
  const silent = await run(["list"]);
  assert.equal(silent.code, 1);
  assert.match(silent.stderr, /^scw-flexip list: onevm list -x: onevm is not installed here; .*\n$/);
});
