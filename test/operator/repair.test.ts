// reconcile and range: what they change, what they refuse, and what stays when something fails half-way.
import assert from "node:assert/strict";
import { once } from "node:events";
import { renameSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { CallName } from "../fakes/flexible-ip-server.ts";
import { addGuest, addRange, type CloudRig, OURS, onRig, SERVER_A, SERVER_B, STATE } from "./cloud-rig.ts";

const REFUSAL = { kind: "status", status: 400, body: { type: "invalid", message: "planted refusal" } } as const;

onRig("reconcile takes something away only by key", async (rig) => {
  const { account } = rig.simulator;
  const misplaced = addGuest(rig, "203.0.113.1", SERVER_A);
  const orphan = rig.flexibleIp("203.0.113.2");
  await rig.exits(3, "reconcile --grace 0 --apply");
  await rig.exits(4, "reconcile --grace 0 --apply orphan:203.0.113.77");
  assert.equal(account.get(misplaced)?.server_id, SERVER_A);
  assert.ok(account.get(orphan));
  // The other one is left.
  await rig.exits(3, "reconcile --grace 0 --apply orphan:203.0.113.2");
  assert.equal(account.get(orphan), undefined);

  const unasked = await rig.exits(2, "reconcile --grace 0 --apply-all");
  assert.equal(unasked.stdout, "");
  assert.match(unasked.stderr, /Apply wrong-server:203\.0\.113\.1: .*; add --yes$/m);
  const [step] = await rig.json("reconcile --grace 0 --apply-all --yes");
  assert.deepEqual([step.key, step.action, step.result], ["wrong-server:203.0.113.1", "move", "done"]);
  assert.equal(account.get(misplaced)?.server_id, SERVER_B);
});

onRig("reconcile says why a step fails and does the others: exit code 1", async (rig) => {
  addGuest(rig, "203.0.113.1");
  rig.simulator.account.set(addRange(rig, "203.0.113.2"), { tags: [] });
  rig.simulator.fault({ call: "attach", do: REFUSAL });
  const [failed, done] = await rig.json("reconcile --grace 0 --apply", 1);
  assert.deepEqual([failed.key, failed.result], ["not-attached:203.0.113.1", "failed"]);
  assert.match(failed.error, /planted refusal/);
  assert.deepEqual([done.key, done.result, done.error], ["lost-tags:203.0.113.2", "done", null]);
});

const WATCH = "reconcile --grace 0 --apply --watch --interval 1";

onRig("reconcile --watch repeats until it is stopped: exit code 130", async (rig, context) => {
  const id = addRange(rig, "203.0.113.1");
  const watch = start(context, rig, WATCH);
  await watch.says("next look");
  rig.simulator.account.set(id, { tags: [] });
  await watch.says("1 of 1 done");
  await watch.stop();
  assert.ok(rig.simulator.account.get(id)?.tags.includes("scw-flexip:cloud=one"));
});

onRig("reconcile --watch ends after the step in which it is stopped: exit code 130", async (rig, context) => {
  addGuest(rig, "203.0.113.1");
  const said = await stopAt("attach", context, rig, WATCH);
  assert.equal(said.includes("next look"), false, said);
});

onRig("reconcile --apply undoes a dead registration of the journal, which doctor reports", async (rig) => {
  const intent = "44444444-4444-4444-8444-444444444444";
  const { account } = rig.simulator;
  const orphan = rig.flexibleIp("203.0.113.2", { tags: [...OURS, `scw-flexip:intent=${intent}`] });
  const dead = { since: "2026-01-01T00:00:00Z", process: { pid: 1, startTicks: "0", bootId: "another" } };
  const intents = { [intent]: { ...dead, wanted: 1, flexibleIpIds: [orphan] } };
  rig.write(STATE, JSON.stringify({ version: 1, intents, owedDetaches: {}, leases: {} }), 0o600);
  assert.match((await rig.exits(3, "doctor --no-hosts")).stdout, /^warning +front-end +owed-work /m);
  const { stdout } = await rig.exits(0, "reconcile --apply");
  assert.match(stdout, new RegExp(`^open-intent:${intent} .* done `, "m"));
  assert.equal(account.get(orphan), undefined);
  await rig.exits(0, "doctor --no-hosts");
});

onRig("reconcile does many steps without a warning of the runtime", async (rig) => {
  const ids = Array.from({ length: 12 }, (_, index) => addRange(rig, `203.0.113.${index + 1}`));
  for (const id of ids) rig.simulator.account.set(id, { tags: [] });
  assert.equal((await rig.exits(0, "reconcile --grace 0 --apply")).stderr, "12 of 12 done\n");
});

onRig("range add stops at the first failure and keeps what was bought before: exit code 1", async (rig) => {
  rig.simulator.account.limits.perProject = 2;
  const { stdout, stderr } = await rig.exits(1, "range add --network 0 --count 4");
  assert.equal(stdout.trimEnd().split("\n").length, 3, "header and two addresses");
  assert.match(stderr, /^range 3 of 4 was not added: .*quota/m);
  assert.match(stderr, /^2 of 4 added to public; each is paid for from now on$/m);
  assert.equal(rig.simulator.account.all().length, 2);
});

onRig("range add --dual-stack buys an IPv4 and an IPv6 for one range", async (rig) => {
  const [added] = await rig.json("range add --network public --dual-stack");
  assert.match(added.address6, /:/);
  const listed: { address: string; range: number }[] = await rig.json("list");
  const found = listed.map(({ address, range }) => `${address.includes(":") ? "IPv6" : "IPv4"} of range ${range}`);
  assert.deepEqual(found, ["IPv4 of range 0", "IPv6 of range 0"]);
});

onRig("range add refuses what cannot work, and buys nothing: exit codes 4 and 2", async (rig) => {
  for (const network of ["nowhere", "private"]) await rig.exits(4, `range add --network ${network}`);
  for (const count of ["0", "65"]) await rig.exits(2, `range add --network public --count ${count}`);
  await rig.exits(2, "range add");
  assert.deepEqual([rig.simulator.account.all(), rig.cloud.calls], [[], []]);
});

onRig("range add finishes the current range after Ctrl-C and starts no other: exit code 130", async (rig, context) => {
  const said = await stopAt("create", context, rig, "range add --network public --count 3");
  assert.match(said, /^1 of 3 added to public/m);
  assert.equal(rig.simulator.account.all().length, 1);
});

onRig("range add says what it bought when OpenNebula stops answering", async (rig) => {
  // The third listing, after both ranges were added, fails.
  const [real, asked] = [join(rig.folder, "onevnet"), join(rig.folder, "asked")];
  renameSync(join(rig.folder, "bin/onevnet"), real);
  const isThird = `[ "$1" = list ] && echo x >> ${asked} && [ $(wc -l < ${asked}) -gt 2 ]`;
  rig.tool("onevnet", `if ${isThird}; then echo "Connection refused" >&2; exit 255; fi\nexec ${real} "$@"`);
  const { stderr } = await rig.exits(0, "range add --network public --count 2");
  const bought = "2 of 2 added to public; each is paid for from now on";
  assert.match(stderr, new RegExp(`^${bought}\nwhat was added cannot be listed \\(.*refused`, "m"));
});

onRig("range add buys nothing where it can write no file for OpenNebula", async (rig) => {
  const { stderr } = await rig.exits(1, "range add public", { env: { TMPDIR: "/nowhere" } });
  assert.match(stderr, /^range 1 of 1 was not added: ENOENT.*\n0 of 1 added to public\n$/);
});

onRig("range remove goes on after a failure, and removes only what is named", async (rig) => {
  const ids = ["203.0.113.1", "203.0.113.2", "203.0.113.3"].map((ip) => addRange(rig, ip));
  rig.simulator.fault({ call: "delete", do: REFUSAL });
  const { stderr } = await rig.exits(1, "range remove 203.0.113.1 203.0.113.3 --yes");
  assert.match(stderr, /^203\.0\.113\.1 was not removed: .*planted refusal/m);
  const left = ids.filter((id) => rig.simulator.account.get(id) !== undefined);
  assert.deepEqual(left, ids.slice(0, 2));
  await rig.exits(4, "range remove 203.0.113.9 --yes");
});

onRig("range remove takes an address from a guest only with --force", async (rig) => {
  const id = addGuest(rig, "203.0.113.1", SERVER_B);
  await rig.exits(4, "range remove 203.0.113.1 --yes");
  assert.ok(rig.simulator.account.get(id));
  await rig.exits(0, "range remove 203.0.113.1 --yes --force");
  assert.equal(rig.simulator.account.get(id), undefined);
});

/** Starts the command: `says` waits until it said the words, `stop` is Ctrl-C and waits for its end. */
function start(context: TestContext, rig: CloudRig, command: string) {
  const child = rig.start(command);
  const closed = once(child, "close");
  context.after(() => child.kill("SIGKILL"));
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const says = async (words: string): Promise<void> => {
    for (; !said.includes(words); await sleep(20)) assert.equal(child.exitCode, null, said);
  };
  const stop = async (): Promise<string> => {
    child.kill("SIGINT");
    assert.deepEqual(await closed, [130, null], said);
    return said;
  };
  return { says, stop };
}

/** Stops the command while the call is held back, and returns what it said. */
async function stopAt(call: CallName, context: TestContext, rig: CloudRig, command: string): Promise<string> {
  const held = rig.simulator.fault({ call, do: { kind: "hold", when: "before" } });
  const { stop } = start(context, rig, command);
  await held.reached;
  const stopped = stop();
  // Time for the signal to be seen, before the answer that ends the step.
  await sleep(500);
  held.release();
  return stopped;
}
