// The life of an installation as an operator sees it, from an empty OpenNebula to an empty OpenNebula.
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { after, before, test } from "node:test";
import { CloudRig, type Outcome, SERVER_A, SERVER_B } from "./cloud-rig.ts";

let rig: CloudRig;
let fresh: string[];
let stock: string;
const version = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version;

before(async () => {
  rig = await CloudRig.start();
  fresh = rig.tree();
  stock = readFileSync(rig.at("etc/one/oned.conf"), "utf8");
  for (const host of ["kvm-a", "kvm-b"]) {
    rig.change(({ hosts }) => {
      const answers = hosts.find(({ name }) => name === host)?.answers ?? {};
      answers["/var/tmp/one/ipam/scw-flexip/scw-flexip --version"] = `scw-flexip ${version}\n`;
    });
  }
});
after(() => rig.stop());

/** The lines of a table by their first column, each with its other columns. */
function table(outcome: Outcome): Map<string, string[]> {
  const lines = outcome.stdout.trimEnd().split("\n").slice(1);
  return new Map(lines.map((line) => line.split(/ {2,}/)).map(([first = "", ...rest]) => [first, rest]));
}

function problems(outcome: Outcome): string[] {
  const findings: { level: string; check: string; cure: string }[] = JSON.parse(outcome.stdout);
  return findings.filter(({ level }) => level !== "ok").map(({ check, cure }) => `${check} → ${cure}`);
}

test("doctor on a fresh machine names what is missing, each with its cure", async () => {
  const outcome = await rig.run(["doctor", "-j"]);
  assert.equal(outcome.code, 1);
  assert.deepEqual(problems(outcome), [
    "settings → scw-flexip install --frontend",
    "token → scw-flexip install --frontend --token-file FILE",
    "files → scw-flexip install --frontend --sync",
    "oned.conf → scw-flexip install --frontend --restart",
    "inherited → scw-flexip install --frontend --restart",
    "restricted → scw-flexip install --frontend --restart",
  ]);
});

test("install changes nothing with --noop, then all of it, then nothing", async () => {
  const look = await rig.run(["install", "--frontend", "--noop"]);
  assert.equal(look.code, 0);
  assert.match(look.stdout, /^\+ {4}ARGUMENTS {2}= "-t 1 -i dummy,aws,equinix,vultr,scaleway,scw-flexip"$/m);
  assert.deepEqual(rig.tree(), fresh);

  const first = await rig.run(["install", "--frontend", "--sync"]);
  assert.equal(first.code, 0, first.stderr);
  assert.deepEqual(rig.cloud.calls, ["onehost sync -f"]);
  assert.equal(statSync(rig.at("var/lib/one/scw-flexip")).mode & 0o777, 0o700);
  assert.equal(statSync(rig.at("var/lib/one/remotes/etc/ipam/scw-flexip/scw-flexip.conf")).mode & 0o777, 0o640);

  const installed = rig.tree();
  const again = await rig.run(["install", "--frontend"]);
  assert.equal(again.stdout, "");
  assert.match(again.stderr, /^nothing to change$/m);
  assert.deepEqual(rig.tree(), installed);
});

test("doctor asks for the settings and the token, and is content when they are there", async () => {
  const settings = rig.at("var/lib/one/remotes/etc/ipam/scw-flexip/scw-flexip.conf");
  assert.deepEqual(problems(await rig.run(["doctor", "-j"])), [
    `settings → sudoedit ${settings}`,
    "token → scw-flexip install --frontend --token-file FILE",
  ]);
  rig.configure();
  const wrong = await rig.run(["install", "--frontend", "--token-stdin"], { input: "of-another-account\n" });
  assert.equal(wrong.code, 0, wrong.stderr);
  assert.deepEqual(problems(await rig.run(["doctor", "-j"])), [
    "token → scw-flexip install --frontend --token-file FILE",
  ]);
  const right = await rig.run(["install", "--frontend", "--token-stdin"], { input: `${rig.simulator.token}\n` });
  assert.match(right.stdout, /^change .*\.scw-flexip\.token\n$/);
  assert.equal(statSync(rig.at("var/lib/one/.scw-flexip.token")).mode & 0o777, 0o600);

  const content = await rig.run(["doctor"]);
  assert.equal(content.code, 0, content.stdout);
  assert.match(content.stderr, / 0 warnings, 0 failures$/m);
});

test("range add buys three addresses, and list shows them", async () => {
  const added = await rig.run(["range", "add", "--network", "public", "--count", "3"]);
  assert.equal(added.code, 0, added.stderr);
  assert.match(added.stderr, /^3 of 3 added to public; each is paid for from now on$/m);
  assert.equal(rig.simulator.account.all().length, 3);
  const bought = rig.simulator.account.all().map(({ ip_address }) => ip_address.replace(/\/.*/, ""));
  const listed = table(await rig.run(["list"]));
  assert.deepEqual([...listed.keys()].sort(), bought.sort());
  for (const [status, host, holder] of listed.values()) assert.deepEqual([status, host, holder], ["ready", "-", "-"]);
});

test("drift made by hand is shown with its reason, and --apply mends it", async () => {
  const [leased, free, lost] = rig.simulator.account.all();
  assert.ok(leased && free && lost);
  const addressOf = ({ ip_address }: { ip_address: string }): string => ip_address.replace(/\/.*/, "");
  rig.change((cloud) => {
    const range = cloud.networks[0]?.ranges.find(({ attributes }) => attributes.IP === addressOf(leased));
    assert.ok(range);
    range.vm = "42";
    cloud.vms = [{ id: "42", name: "web", state: "3", lcmState: "3", host: "kvm-b" }];
  });
  // A hook that never ran, a detach that got lost, tags that somebody deleted in the console.
  rig.simulator.account.set(free.id, { serverId: SERVER_A, status: "attached" });
  rig.simulator.account.set(lost.id, { tags: ["mine"] });

  const quiet = await rig.run(["reconcile"]);
  assert.equal(quiet.stderr.includes("left-attached"), false, "what has just changed is left alone");

  const plan = await rig.run(["reconcile", "--grace", "0"]);
  assert.equal(plan.code, 3);
  const steps = table(plan);
  assert.deepEqual(
    [...steps].map(([key, [action, apply]]) => [key, action, apply]).sort(),
    [
      [`left-attached:${addressOf(free)}`, "detach", "safe"],
      [`lost-tags:${addressOf(lost)}`, "set-tags", "safe"],
      [`not-attached:${addressOf(leased)}`, "attach", "safe"],
    ].sort(),
  );
  assert.match(plan.stdout, /VM 42 runs on host kvm-b/);
  assert.equal(rig.simulator.account.get(free.id)?.server_id, SERVER_A, "a look changes nothing");

  const applied = await rig.run(["reconcile", "--grace", "0", "--apply"]);
  assert.equal(applied.code, 0, applied.stdout + applied.stderr);
  await rig.simulator.account.settled();
  assert.equal(rig.simulator.account.get(leased.id)?.server_id, SERVER_B);
  assert.equal(rig.simulator.account.get(free.id)?.server_id, null);
  assert.ok(rig.simulator.account.get(lost.id)?.tags.includes("scw-flexip:cloud=one"));

  const after = await rig.run(["reconcile", "--grace", "0"]);
  assert.equal(after.code, 0, after.stdout);
  assert.match(after.stderr, /^nothing to reconcile$/m);
  const told = await rig.run(["history", addressOf(leased)]);
  assert.match(told.stdout, /created flexible IP[\s\S]*reconcile not-attached:\S*: done/);
});

test("uninstall refuses while ranges exist", async () => {
  const refused = await rig.run(["uninstall", "--frontend"]);
  assert.equal(refused.code, 4);
  assert.match(refused.stderr, /3 address ranges still use the driver: .* in public; .*range remove --all$/m);
  const inUse = await rig.run(["range", "remove", "--all", "--yes"]);
  assert.equal(inUse.code, 4);
  assert.match(inUse.stderr, /in use: \S+ by VM 42;/);
});

test("ranges are removed, what was bought is given back, and what lost its origin is kept", async () => {
  rig.change((cloud) => {
    cloud.vms = [];
    for (const range of cloud.networks[0]?.ranges ?? []) delete range.vm;
  });
  const asked = await rig.run(["range", "remove", "--all"]);
  assert.equal(asked.code, 2);
  assert.match(asked.stderr, /add --yes$/m);
  const removed = await rig.run(["range", "remove", "--all", "--yes"]);
  assert.equal(removed.code, 0, removed.stderr);
  assert.match(removed.stderr, /^3 of 3 removed$/m);
  await rig.simulator.account.settled();
  const left = rig.simulator.account.all().map(({ tags }) => tags);
  assert.deepEqual(left, [["mine"]], "reconcile could not tell that this one was bought, so it is not deleted");
});

test("uninstall leaves nothing of ours but what it says", async () => {
  const outcome = await rig.run(["uninstall", "--frontend"]);
  assert.equal(outcome.code, 0, outcome.stderr);
  const said = [...outcome.stdout.matchAll(/^left (\S+) \(/gm)].map(([, path = ""]) => path.slice(rig.root.length));
  assert.deepEqual(said.filter((path) => !/oned\.conf\./.test(path)).sort(), [
    "/var/lib/one/.scw-flexip.token",
    "/var/lib/one/remotes/etc/ipam/scw-flexip/scw-flexip.conf",
    "/var/lib/one/scw-flexip",
    "/var/lib/one/scw-flexip/state.json",
    "/var/log/one/scw-flexip.log",
  ]);
  const extra = rig.tree().filter((path) => !fresh.includes(path));
  const folders = new Set(
    said.flatMap((path) => path.split("/").map((_, index, all) => `${all.slice(0, index).join("/")}/`)),
  );
  const unsaid = extra.filter((path) => !(said.includes(path.replace(/\/$/, "")) || folders.has(path)));
  assert.deepEqual(unsaid, []);
  assert.equal(readFileSync(rig.at("etc/one/oned.conf"), "utf8"), stock);

  const purged = await rig.run(["uninstall", "--frontend", "--purge"]);
  assert.equal(purged.code, 0, purged.stderr);
  const rest = rig.tree().filter((path) => !fresh.includes(path) && !/oned\.conf\.scw-flexip-\d{8}T\d{6}Z$/.test(path));
  assert.deepEqual(rest, []);
});
