// reconcile and range: what they change, what they refuse, and what stays when something fails half-way.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { CallName } from "../fakes/flexible-ip-server.ts";
import { PROJECT } from "../rig.ts";
import { addRange, type CloudRig, EXECUTABLE, installedRig, OURS, runVm, SERVER_A, SERVER_B } from "./cloud-rig.ts";

test("reconcile takes something away only by key", async (context) => {
  const rig = await installedRig(context);
  const misplaced = addRange(rig, "203.0.113.1", "7", SERVER_A);
  runVm(rig, "7", "kvm-b");
  const orphan = rig.simulator.account.add({ ip: "203.0.113.2", tags: OURS, projectId: PROJECT }).id;
  const words = ["reconcile", "--grace", "0"];

  const safe = await rig.run([...words, "--apply"]);
  assert.equal(safe.code, 3, safe.stderr);
  assert.equal(rig.simulator.account.get(misplaced)?.server_id, SERVER_A);
  assert.ok(rig.simulator.account.get(orphan));

  const unknown = await rig.run([...words, "--apply", "orphan:203.0.113.77"]);
  assert.equal(unknown.code, 4);
  assert.ok(rig.simulator.account.get(orphan));

  const named = await rig.run([...words, "--apply", "orphan:203.0.113.2"]);
  assert.equal(named.code, 3, "the other one is left");
  assert.equal(rig.simulator.account.get(orphan), undefined);

  const unasked = await rig.run([...words, "--apply-all"]);
  assert.deepEqual([unasked.code, unasked.stdout], [2, ""]);
  assert.match(unasked.stderr, /Apply wrong-server:203\.0\.113\.1: .*; add --yes$/m);

  const all = await rig.run([...words, "--apply-all", "--yes", "-j"]);
  assert.equal(all.code, 0, all.stderr);
  const [step] = JSON.parse(all.stdout);
  assert.deepEqual([step.key, step.action, step.result], ["wrong-server:203.0.113.1", "move", "done"]);
  assert.equal(rig.simulator.account.get(misplaced)?.server_id, SERVER_B);
});

test("reconcile says why a step fails and does the others: exit code 1", async (context) => {
  const rig = await installedRig(context);
  addRange(rig, "203.0.113.1", "7");
  runVm(rig, "7", "kvm-b");
  const lost = addRange(rig, "203.0.113.2");
  rig.simulator.account.set(lost, { tags: [] });
  const body = { type: "invalid", message: "planted refusal" };
  rig.simulator.fault({ call: "attach", do: { kind: "status", status: 400, body } });
  const outcome = await rig.run(["reconcile", "--grace", "0", "--apply", "-j"]);
  assert.equal(outcome.code, 1, outcome.stderr);
  const steps: { key: string; result: string; error: string | null }[] = JSON.parse(outcome.stdout);
  const [failed, done] = steps;
  assert.deepEqual([failed?.key, failed?.result], ["not-attached:203.0.113.1", "failed"]);
  assert.match(failed?.error ?? "", /planted refusal/);
  assert.deepEqual([done?.key, done?.result, done?.error], ["lost-tags:203.0.113.2", "done", null]);
});

test("reconcile --watch repeats until it is stopped: exit code 130", async (context) => {
  const rig = await installedRig(context);
  const id = addRange(rig, "203.0.113.1");
  const words = ["reconcile", "--watch", "--interval", "1", "--apply", "--grace", "0", "--root", rig.root];
  const child = spawn(EXECUTABLE, words, { env: rig.environment(), stdio: ["ignore", "ignore", "pipe"] });
  const closed = once(child, "close");
  context.after(() => child.kill("SIGKILL"));
  let said = "";
  let wasSet = false;
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString("utf8");
    if (!wasSet && said.includes("next look")) {
      wasSet = true;
      rig.simulator.account.set(id, { tags: [] });
    }
    if (said.includes("1 of 1 done")) child.kill("SIGINT");
  });
  const [code] = await closed;
  assert.equal(code, 130, said);
  assert.ok(rig.simulator.account.get(id)?.tags.includes("scw-flexip:cloud=one"));
});

test("reconcile --apply undoes a dead registration of the journal, which doctor reports", async (context) => {
  const rig = await installedRig(context);
  const intent = "44444444-4444-4444-8444-444444444444";
  const orphan = rig.simulator.account.add({ tags: [...OURS, `scw-flexip:intent=${intent}`], projectId: PROJECT }).id;
  const process = { pid: 1, startTicks: "0", bootId: "another" };
  const state = {
    version: 1,
    intents: {
      [intent]: { action: "create", since: "2026-01-01T00:00:00Z", process, wanted: 1, flexibleIpIds: [orphan] },
    },
    owedDetaches: {},
    leases: {},
  };
  writeFileSync(rig.at("var/lib/one/scw-flexip/state.json"), JSON.stringify(state));
  const doctor = await rig.run(["doctor", "-j", "--no-hosts"]);
  assert.equal(doctor.code, 3, doctor.stdout);
  const rows: { id: string; level: string }[] = JSON.parse(doctor.stdout);
  assert.ok(rows.some(({ id, level }) => id === "owed-work" && level === "warning"));
  const outcome = await rig.run(["reconcile", "--apply"]);
  assert.match(outcome.stdout, new RegExp(`^open-intent:${intent} .* done `, "m"));
  assert.equal(rig.simulator.account.get(orphan), undefined);
  assert.equal((await rig.run(["doctor", "--no-hosts"])).code, 0);
});

test("range add stops at the first failure and keeps what was bought before: exit code 1", async (context) => {
  const rig = await installedRig(context, { perProjectQuota: 2 });
  const outcome = await rig.run(["range", "add", "--network", "0", "--count", "4"]);
  assert.equal(outcome.code, 1);
  assert.equal(outcome.stdout.trimEnd().split("\n").length, 3, "header and two addresses");
  assert.match(outcome.stderr, /^range 3 of 4 was not added: .*quota/m);
  assert.match(outcome.stderr, /^2 of 4 added to public; each is paid for from now on$/m);
  assert.equal(rig.simulator.account.all().length, 2);
});

test("range add --dual-stack buys an IPv4 and an IPv6 for one range", async (context) => {
  const rig = await installedRig(context);
  const outcome = await rig.run(["range", "add", "--network", "public", "--dual-stack", "-j"]);
  assert.equal(outcome.code, 0, outcome.stderr);
  const [added] = JSON.parse(outcome.stdout);
  assert.match(added.address6, /:/);
  const listed: { address: string; range: number }[] = JSON.parse((await rig.run(["list", "-j"])).stdout);
  assert.deepEqual(
    listed.map(({ address, range }) => [address.includes(":"), range]),
    [
      [false, 0],
      [true, 0],
    ],
  );
});

test("range add refuses what cannot work, and buys nothing: exit codes 4 and 2", async (context) => {
  const rig = await installedRig(context);
  const tries = [
    [["--network", "nowhere"], 4],
    [["--network", "private"], 4],
    [["--network", "public", "--count", "0"], 2],
    [["--network", "public", "--count", "65"], 2],
    [[], 2],
  ] as const;
  for (const [words, code] of tries)
    assert.equal((await rig.run(["range", "add", ...words])).code, code, words.join(" "));
  assert.deepEqual([rig.simulator.account.all(), rig.cloud.calls], [[], []]);
});

test("range remove goes on after a failure, and removes only what is named", async (context) => {
  const rig = await installedRig(context);
  const ids = ["203.0.113.1", "203.0.113.2", "203.0.113.3"].map((ip) => addRange(rig, ip));
  const body = { type: "invalid", message: "planted refusal" };
  rig.simulator.fault({ call: "delete", do: { kind: "status", status: 400, body } });
  const outcome = await rig.run(["range", "remove", "203.0.113.1", "203.0.113.3", "--yes"]);
  assert.equal(outcome.code, 1);
  assert.match(outcome.stderr, /^203\.0\.113\.1 was not removed: .*planted refusal/m);
  assert.deepEqual(
    ids.map((id) => rig.simulator.account.get(id) !== undefined),
    [true, true, false],
  );
  assert.equal((await rig.run(["range", "remove", "203.0.113.9", "--yes"])).code, 4);
});

test("range remove takes an address from a guest only with --force", async (context) => {
  const rig = await installedRig(context);
  const id = addRange(rig, "203.0.113.1", "7", SERVER_B);
  runVm(rig, "7", "kvm-b");
  assert.equal((await rig.run(["range", "remove", "203.0.113.1", "--yes"])).code, 4);
  assert.ok(rig.simulator.account.get(id));
  const forced = await rig.run(["range", "remove", "203.0.113.1", "--yes", "--force"]);
  assert.equal(forced.code, 0, forced.stderr);
  assert.equal(rig.simulator.account.get(id), undefined);
});

test("range add finishes the current range after Ctrl-C and starts no other: exit code 130", async (context) => {
  const rig = await installedRig(context);
  const words = ["range", "add", "--network", "public", "--count", "3"];
  const { code, said } = await interruptedAt(context, rig, "create", words);
  assert.equal(code, 130, said);
  assert.match(said, /^1 of 3 added to public/m);
  assert.equal(rig.simulator.account.all().length, 1);
});

test("reconcile --watch ends after the step in which it is stopped: exit code 130", async (context) => {
  const rig = await installedRig(context);
  addRange(rig, "203.0.113.1", "7");
  runVm(rig, "7", "kvm-b");
  const words = ["reconcile", "--grace", "0", "--apply", "--watch", "--interval", "1"];
  const { code, said } = await interruptedAt(context, rig, "attach", words);
  assert.equal(code, 130, said);
  assert.equal(said.includes("next look"), false, said);
});

test("reconcile does many steps without a warning of the runtime", async (context) => {
  const rig = await installedRig(context);
  const ids = Array.from({ length: 12 }, (_, index) => addRange(rig, `203.0.113.${index + 1}`));
  for (const id of ids) rig.simulator.account.set(id, { tags: [] });
  const outcome = await rig.run(["reconcile", "--grace", "0", "--apply"]);
  assert.deepEqual([outcome.code, outcome.stderr], [0, "12 of 12 done\n"]);
});

test("range add says what it bought when OpenNebula stops answering", async (context) => {
  const rig = await installedRig(context);
  const words = ["range", "add", "--network", "public", "--count", "2", "--root", rig.root];
  // The third listing, after both ranges were added, fails.
  const path = join(dirname(rig.root), "flaky");
  mkdirSync(path);
  const tool = `#!/bin/sh\nif [ "$1" = list ]; then echo x >> ${path}/asked; [ $(wc -l < ${path}/asked) -lt 3 ] || { echo "Connection refused" >&2; exit 255; }; fi\nexec ${join(dirname(rig.root), "bin/onevnet")} "$@"\n`;
  writeFileSync(join(path, "onevnet"), tool, { mode: 0o755 });
  const outcome = await rig.runProgram(EXECUTABLE, words, { env: { PATH: `${path}:${rig.environment().PATH}` } });
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.match(
    outcome.stderr,
    /^2 of 2 added to public; each is paid for from now on\nwhat was added cannot be listed \(.*refused/m,
  );
  const noFolder = await rig.run(["range", "add", "--network", "public"], { env: { TMPDIR: "/nowhere" } });
  assert.equal(noFolder.code, 1);
  assert.match(noFolder.stderr, /^range 1 of 1 was not added: ENOENT.*\n0 of 1 added to public\n$/);
});

/** Ctrl-C while the call is held back: how the command ended, and what it said. */
async function interruptedAt(
  context: TestContext,
  rig: CloudRig,
  call: CallName,
  words: readonly string[],
): Promise<{ code: number; said: string }> {
  const held = rig.simulator.fault({ call, do: { kind: "hold", when: "before" } });
  const child = spawn(EXECUTABLE, [...words, "--root", rig.root], {
    env: rig.environment(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const closed = once(child, "close");
  context.after(() => child.kill("SIGKILL"));
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString("utf8");
  });
  await held.reached;
  child.kill("SIGINT");
  // Time for the signal to be seen, before the answer that ends the step.
  await sleep(500);
  held.release();
  const [code] = await closed;
  return { code, said };
}
