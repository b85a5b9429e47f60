// install and uninstall in roots of their own: what is written, how, and what is left alone.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { PROJECT, REPOSITORY } from "../rig.ts";
import { CloudRig, EXECUTABLE, SERVER_A, SERVER_B } from "./cloud-rig.ts";

const TOKEN = "planted-secret-key";
const SETTINGS = "var/lib/one/remotes/etc/ipam/scw-flexip/scw-flexip.conf";

async function rigFor(context: TestContext): Promise<CloudRig> {
  const rig = await CloudRig.start();
  context.after(() => rig.stop());
  return rig;
}

function modeOf(path: string): string {
  return (statSync(path).mode & 0o7777).toString(8);
}

test("a host gets its server id, token, log folder and rotation", async (context) => {
  const rig = await rigFor(context);
  const key = join(dirname(rig.root), "key");
  writeFileSync(key, `${TOKEN}\n`);
  const words = ["install", "--host", "--server-id", `fr-par-2/${SERVER_A.toUpperCase()}`, "--token-file", key];
  const outcome = await rig.run(words);
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.equal(readFileSync(rig.at("var/lib/one/scw-server-id"), "utf8"), `fr-par-2/${SERVER_A}\n`);
  assert.equal(readFileSync(rig.at("var/lib/one/.scw-flexip.token"), "utf8"), `${TOKEN}\n`);
  assert.equal(modeOf(rig.at("var/lib/one/.scw-flexip.token")), "600");
  assert.equal(modeOf(rig.at("var/log/vnm")), "750");
  assert.match(
    readFileSync(rig.at("etc/logrotate.d/scw-flexip"), "utf8"),
    /^\/var\/log\/vnm\/scw-flexip-clean\.log \{$/m,
  );
  assert.equal((outcome.stdout + outcome.stderr).includes(TOKEN), false);
  assert.equal(existsSync(rig.at("var/lib/one/remotes/ipam/scw-flexip")), false, "the tree comes by onehost sync");
  assert.equal((await rig.run(words)).stdout, "");
});

test("wrong usage is exit code 2, with nothing written", async (context) => {
  const rig = await rigFor(context);
  const before = rig.tree();
  for (const words of [
    ["install"],
    ["install", "--host", "--server-id", "fr-par-2"],
    ["install", "--host", "--server-id", `paris/${SERVER_A}`],
    ["install", "--host", "--token", TOKEN],
    ["install", "--host", "--token-stdin", "--token-file", "/dev/null"],
    ["uninstall"],
  ]) {
    const outcome = await rig.run(words, { input: TOKEN });
    assert.equal(outcome.code, 2, words.join(" "));
    assert.match(outcome.stderr, /^scw-flexip/);
  }
  assert.deepEqual(rig.tree(), before);
});

test("settings are never overwritten, and keys they lack are told", async (context) => {
  const rig = await (await rigFor(context)).installed();
  const file = rig.at(SETTINGS);
  const old = readFileSync(file, "utf8")
    .replace(/^#MAC_TYPE.*\n/m, "")
    .replace(/^#DNS.*\n/m, "");
  writeFileSync(file, old);
  chmodSync(file, 0o600);
  const outcome = await rig.run(["install", "--frontend"]);
  assert.equal(outcome.code, 0);
  assert.equal(readFileSync(file, "utf8"), old);
  assert.equal(modeOf(file), "600");
  assert.match(outcome.stderr, /^new settings, not in .*: DNS, MAC_TYPE; they have their defaults$/m);
});

test("a file of ours that was changed is put right, and one that lost its mode", async (context) => {
  const rig = await (await rigFor(context)).installed();
  const shim = rig.at("var/lib/one/remotes/ipam/scw-flexip/get_address");
  const hook = rig.at("var/lib/one/remotes/vnm/bridge/pre.d/01-scw-flexip");
  const content = readFileSync(shim, "utf8");
  writeFileSync(shim, "#!/bin/sh\n");
  chmodSync(hook, 0o644);
  const outcome = await rig.run(["install", "--frontend"]);
  assert.deepEqual(outcome.stdout.trimEnd().split("\n"), [`change ${shim}`, `change ${hook}`]);
  assert.equal(readFileSync(shim, "utf8"), content);
  assert.equal(modeOf(hook), "755");
});

test("--fw installs the hooks for fw too, and uninstall takes them out", async (context) => {
  const rig = await rigFor(context);
  await rig.run(["install", "--frontend", "--fw"]);
  const hooks = ["pre", "post", "clean"].map((action) =>
    rig.at(`var/lib/one/remotes/vnm/fw/${action}.d/01-scw-flexip`),
  );
  const vm = Buffer.from("<VM><ID>1</ID><TEMPLATE/></VM>").toString("base64");
  for (const hook of hooks) assert.equal((await rig.runProgram(hook, [], { input: vm })).code, 0, hook);
  await rig.run(["uninstall", "--frontend"]);
  assert.deepEqual(
    hooks.filter((hook) => existsSync(hook)),
    [],
  );
});

test("oned.conf keeps mode and line endings, its old text lies beside it, a link to it stays one", async (context) => {
  const rig = await rigFor(context);
  const conf = rig.at("etc/one/oned.conf");
  const real = rig.at("etc/one/managed.conf");
  const text = readFileSync(conf, "utf8").replaceAll("\n", "\r\n");
  rmSync(conf);
  writeFileSync(real, text);
  chmodSync(real, 0o640);
  symlinkSync("managed.conf", conf);
  assert.equal((await rig.run(["install", "--frontend"])).code, 0);
  assert.ok(lstatSync(conf).isSymbolicLink());
  assert.equal(modeOf(real), "640");
  assert.match(readFileSync(real, "utf8"), /,scw-flexip"\r\n/);
  const copies = readdirSync(dirname(real)).filter((name) => /^managed\.conf\.scw-flexip-\d{8}T\d{6}Z$/.test(name));
  assert.deepEqual(
    copies.map((name) => [readFileSync(join(dirname(real), name), "utf8") === text, modeOf(join(dirname(real), name))]),
    [[true, "640"]],
  );
});

test("an oned.conf that cannot be read stops the installation before anything is written", async (context) => {
  const rig = await rigFor(context);
  writeFileSync(rig.at("etc/one/oned.conf"), 'IPAM_MAD = [ ARGUMENTS = "-i dummy"\n');
  const before = rig.tree();
  const outcome = await rig.run(["install", "--frontend"]);
  assert.equal(outcome.code, 1);
  assert.match(outcome.stderr, /oned\.conf line 2: the closing bracket of IPAM_MAD is missing/);
  assert.deepEqual(rig.tree(), before);
});

test("without OpenNebula the tree is installed and the rest is told: exit code 3", async (context) => {
  const rig = await rigFor(context);
  rmSync(rig.at("etc/one/oned.conf"));
  const outcome = await rig.run(["install", "--frontend"]);
  assert.equal(outcome.code, 3);
  assert.match(outcome.stderr, /there is no .*oned\.conf; install OpenNebula/);
});

test("a link in the place of the token is replaced, not followed", async (context) => {
  const rig = await rigFor(context);
  const victim = rig.at("etc/victim");
  writeFileSync(victim, "victim");
  symlinkSync(victim, rig.at("var/lib/one/.scw-flexip.token"));
  assert.equal((await rig.run(["install", "--frontend", "--token-stdin"], { input: TOKEN })).code, 0);
  assert.equal(readFileSync(victim, "utf8"), "victim");
  assert.ok(lstatSync(rig.at("var/lib/one/.scw-flexip.token")).isFile());
});

test("a self-contained OpenNebula gets its own places, in the settings too", async (context) => {
  const rig = await rigFor(context);
  mkdirSync(rig.at("opt/one/etc"), { recursive: true });
  renameSync(rig.at("etc/one/oned.conf"), rig.at("opt/one/etc/oned.conf"));
  const words = ["install", "--frontend", "--one-location", "/opt/one", "--token-stdin"];
  assert.equal((await rig.run(words, { input: TOKEN })).code, 0);
  const settings = readFileSync(rig.at("opt/one/var/remotes/etc/ipam/scw-flexip/scw-flexip.conf"), "utf8");
  assert.match(settings, /^TOKEN_FILE="\/opt\/one\/var\/\.scw-flexip\.token"$/m);
  assert.match(settings, /^STATE_FILE="\/opt\/one\/var\/scw-flexip\/state\.json"$/m);
  assert.equal(readFileSync(rig.at("opt/one/var/.scw-flexip.token"), "utf8"), `${TOKEN}\n`);
  assert.match(readFileSync(rig.at("opt/one/etc/oned.conf"), "utf8"), /,scw-flexip"/);
  assert.match(readFileSync(rig.at("etc/logrotate.d/scw-flexip"), "utf8"), /^\/opt\/one\/var\/scw-flexip\.log$/m);
});

test("--from names the tree to install from, and a wrong one is said to be", async (context) => {
  const rig = await rigFor(context);
  const wrong = await rig.run(["install", "--frontend", "--from", rig.at("etc")]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /no tree with ipam\/scw-flexip\/scw-flexip in .*--from/);
  assert.equal((await rig.run(["install", "--frontend", "--from", join(REPOSITORY, "remotes")])).code, 0);
});

test("uninstall refuses when OpenNebula does not answer, unless it is forced to", async (context) => {
  const rig = await (await rigFor(context)).installed();
  const silent = { env: { FAKE_ONE: "/nowhere" } };
  const refused = await rig.run(["uninstall", "--frontend"], silent);
  assert.equal(refused.code, 4);
  assert.match(refused.stderr, /OpenNebula does not say whether address ranges still use the driver/);
  const forced = await rig.run(["uninstall", "--frontend", "--force"], silent);
  assert.equal(forced.code, 0, forced.stderr);
  assert.equal(existsSync(rig.at("var/lib/one/remotes/ipam/scw-flexip")), false);
});

test("uninstall --noop changes nothing, and tells what would go and what would stay", async (context) => {
  const rig = await (await rigFor(context)).installed();
  const before = rig.tree();
  const outcome = await rig.run(["uninstall", "--frontend", "--noop"]);
  assert.equal(outcome.code, 0);
  assert.match(outcome.stdout, /^would delete .*get_address$/m);
  assert.match(outcome.stdout, /^left .*scw-flexip\.conf \(settings\)$/m);
  assert.deepEqual(rig.tree(), before);
});

test("a host is cleaned of the tree that onehost sync brought", async (context) => {
  const host = await rigFor(context);
  rmSync(host.at("var/tmp/one"), { recursive: true });
  await host.installed();
  renameSync(host.at("var/lib/one/remotes"), host.at("var/tmp/one"));
  const outcome = await host.run(["uninstall", "--host", "--purge"]);
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.deepEqual(
    host.tree().filter((path) => path.includes("scw-flexip") && !path.includes("oned.conf")),
    [],
  );
  assert.equal(existsSync(host.at("var/tmp/one/vnm/bridge/pre.d")), true, "OpenNebula's own folder stays");
});

test("a rotation of logs that was edited is left alone by install and uninstall, which say so", async (context) => {
  const rig = await (await rigFor(context)).installed();
  const file = rig.at("etc/logrotate.d/scw-flexip");
  const edited = readFileSync(file, "utf8").replace("rotate 52", "rotate 4");
  writeFileSync(file, edited);
  const again = await rig.run(["install", "--frontend", "--host", "--server-id", `fr-par-2/${SERVER_A}`]);
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stderr, /^left as it is: .*logrotate\.d\/scw-flexip, which differs/m);
  const gone = await rig.run(["uninstall", "--frontend"]);
  assert.match(gone.stdout, /^left .*logrotate\.d\/scw-flexip \(rotation of the logs\)$/m);
  assert.equal(readFileSync(file, "utf8"), edited);
  await rig.run(["uninstall", "--frontend", "--purge"]);
  assert.equal(existsSync(file), false);
});

test("a machine that is front-end and host keeps what both need until the last half goes", async (context) => {
  const rig = await (await rigFor(context)).installed();
  assert.equal((await rig.run(["install", "--host", "--server-id", `fr-par-2/${SERVER_A}`])).code, 0);
  const shared = ["var/lib/one/.scw-flexip.token", "var/lib/one/scw-server-id", "etc/logrotate.d/scw-flexip"];
  cpSync(rig.at("var/lib/one/remotes"), rig.at("var/tmp/one"), { recursive: true });
  const first = await rig.run(["uninstall", "--frontend", "--purge"]);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stderr, /^the key and the rotation of logs stay: the host here uses them$/m);
  assert.deepEqual(
    shared.filter((path) => !existsSync(rig.at(path))),
    [],
  );
  assert.equal((await rig.run(["uninstall", "--host", "--purge"])).code, 0);
  assert.deepEqual(
    rig.tree().filter((path) => path.includes("scw-flexip") && !path.includes("oned.conf")),
    [],
  );
});

test("an administrator's link to a folder is followed", async (context) => {
  const rig = await rigFor(context);
  mkdirSync(rig.at("disk"));
  rmSync(rig.at("var/log/one"), { recursive: true });
  symlinkSync(rig.at("disk"), rig.at("var/log/one"));
  symlinkSync(rig.at("disk"), rig.at("var/lib/one/scw-flexip"));
  const outcome = await rig.run(["install", "--frontend"]);
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.ok(lstatSync(rig.at("var/log/one")).isSymbolicLink());
});

test("comments of oned.conf keep their bytes, whatever their encoding", async (context) => {
  const rig = await rigFor(context);
  const conf = rig.at("etc/one/oned.conf");
  const comment = Buffer.from("# r\xe9seau, r\xc3\xa9seau\n", "latin1");
  const before = Buffer.concat([comment, readFileSync(conf)]);
  writeFileSync(conf, before);
  assert.equal((await rig.run(["install", "--frontend"])).code, 0);
  assert.ok(readFileSync(conf).subarray(0, comment.length).equals(comment));
  assert.equal((await rig.run(["uninstall", "--frontend"])).code, 0);
  assert.ok(readFileSync(conf).equals(before));
});

test("what cannot be written leaves no half of it beside", async (context) => {
  const rig = await rigFor(context);
  // A folder in the place of the executable cannot be renamed over.
  mkdirSync(rig.at("var/lib/one/remotes/ipam/scw-flexip/scw-flexip/x"), { recursive: true });
  const outcome = await rig.run(["install", "--frontend"]);
  assert.equal(outcome.code, 1);
  assert.match(outcome.stderr, /scw-flexip\/scw-flexip cannot be changed \(.*; run this as root, or check the disk\n$/);
  assert.deepEqual(
    rig.tree().filter((path) => path.includes(".new-")),
    [],
  );
});

test("root without a user oneadmin is told to come back: exit code 3", {
  skip: process.getuid?.() === 0 ? false : "not root",
}, async (context) => {
  const rig = await rigFor(context);
  rmSync(rig.at("etc/passwd"));
  const outcome = await rig.run(["install", "--frontend"]);
  assert.equal(outcome.code, 3);
  assert.match(outcome.stderr, /^there is no user oneadmin here, .*; install OpenNebula, then run this again$/m);
  const doctor = await rig.run(["doctor", "--no-hosts"]);
  assert.equal(doctor.code, 1);
  assert.match(doctor.stdout, /^failure +front-end +user +there is no user oneadmin /m);
  assert.match(doctor.stdout, /^user, front-end:\n {2}apt install opennebula$/m);
  assert.equal(existsSync(rig.at("etc/logrotate.d/scw-flexip")), false, "logrotate fails on a user that is not there");
});

test("a --root or --one-location without an OpenNebula is refused, and nothing is written", async (context) => {
  const rig = await rigFor(context);
  const before = rig.tree();
  const typo = await rig.run(["install", "--frontend", "--one-location", "/nonexist"]);
  assert.equal(typo.code, 2);
  assert.match(
    typo.stderr,
    /no OpenNebula is here: neither .*nonexist\/etc\/oned\.conf nor .*nonexist\/var\/remotes; install it/,
  );
  const root = await rig.runProgram(EXECUTABLE, ["install", "--host", "--root", `${rig.root}-typo`]);
  assert.equal(root.code, 2);
  assert.match(root.stderr, /--root: there is no .*-typo$/m);
  const misplaced = await rig.run(["install", "--frontend", "--server-id", `fr-par-2/${SERVER_A}`]);
  assert.equal(misplaced.code, 2);
  assert.match(misplaced.stderr, /--server-id is of a host/);
  assert.deepEqual(rig.tree(), before);
});

test("an oned.conf that would refuse bought addresses stops the installation", async (context) => {
  const rig = await rigFor(context);
  appendFileSync(rig.at("etc/one/oned.conf"), 'MAC_GLOBAL_SPACE = "YES"\n');
  const before = rig.tree();
  const outcome = await rig.run(["install", "--frontend"]);
  assert.equal(outcome.code, 1);
  assert.match(outcome.stderr, /MAC_GLOBAL_SPACE = "YES".*set it to "NO", then run this again$/m);
  assert.deepEqual(rig.tree(), before);
});

test("the oned.conf of 0.1.0 is upgraded, and three earlier ones are kept", async (context) => {
  const rig = await (await rigFor(context)).installed();
  const conf = rig.at("etc/one/oned.conf");
  const old = readFileSync(conf, "utf8").replaceAll(/^.*SCW_FLEXIP_(INTENT|ALIAS|SPARE|MAX).*\n/gm, "");
  for (const day of ["20260101", "20260102", "20260103"]) writeFileSync(`${conf}.scw-flexip-${day}T000000Z`, day);
  writeFileSync(conf, old);
  const outcome = await rig.run(["install", "--frontend"]);
  assert.equal(outcome.code, 0, outcome.stderr);
  for (const name of ["SCW_FLEXIP_INTENT", "SCW_FLEXIP_ALIAS"]) {
    assert.match(readFileSync(conf, "utf8"), new RegExp(`^INHERIT_VNET_ATTR +.*"${name}"$`, "m"));
    assert.match(readFileSync(conf, "utf8"), new RegExp(`^VM_RESTRICTED_ATTR = "NIC/${name}"$`, "m"));
  }
  const copies = readdirSync(rig.at("etc/one")).filter((name) => name.startsWith("oned.conf.scw-flexip-"));
  assert.equal(copies.length, 3);
  assert.equal(existsSync(`${conf}.scw-flexip-20260101T000000Z`), false);
  assert.equal((await rig.run(["install", "--frontend"])).stdout, "", "a second run changes nothing");
});

test("the first settings name a CLOUD of this OpenNebula's own; an image without a machine id gets none", async (context) => {
  const rig = await rigFor(context);
  writeFileSync(rig.at("etc/machine-id"), `${"0123456789abcdef".repeat(2)}\n`);
  writeFileSync(rig.at("etc/hostname"), "fe.example\n");
  const outcome = await rig.run(["install", "--frontend"]);
  const [, cloud] = /^CLOUD="(.*)"$/m.exec(readFileSync(rig.at(SETTINGS), "utf8")) ?? [];
  assert.match(cloud ?? "", /^one-fe-[0-9a-f]{6}$/);
  assert.match(
    outcome.stderr,
    new RegExp(`^CLOUD is ${cloud}; other front-ends of this OpenNebula need the same$`, "m"),
  );
  const other = await rigFor(context);
  await other.run(["install", "--frontend"]);
  assert.doesNotMatch(readFileSync(other.at(SETTINGS), "utf8"), /^CLOUD=/m);
});

test("--dry-run is --noop: the change to oned.conf is shown as a diff", async (context) => {
  const rig = await rigFor(context);
  const before = rig.tree();
  const outcome = await rig.run(["install", "--frontend", "--dry-run"]);
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.match(outcome.stdout, /^@@ .* @@\n[\s\S]*^\+.*-i dummy,.*,scw-flexip"$/m);
  assert.deepEqual(rig.tree(), before);
});

test("a secret key that is typed is asked for and not shown", async (context) => {
  const rig = await rigFor(context);
  const command = `${EXECUTABLE} install --host --token-stdin --root ${rig.root}`;
  const child = spawn("script", ["-qec", command, "/dev/null"], { env: rig.environment() });
  let shown = "";
  let isTyped = false;
  child.stdout.on("data", (chunk: Buffer) => {
    shown += chunk.toString();
    if (!isTyped && shown.includes("secret key: ")) {
      isTyped = true;
      child.stdin.write(`${TOKEN}\r`);
    }
  });
  const [code] = await once(child, "close");
  assert.equal(code, 0, shown);
  assert.equal(shown.includes(TOKEN), false, shown);
  assert.equal(readFileSync(rig.at("var/lib/one/.scw-flexip.token"), "utf8"), `${TOKEN}\n`);
});

test("--hosts gives each host its server id and the key, and OpenNebula its server", async (context) => {
  const rig = await (await rigFor(context)).installed();
  rig.change(({ hosts }) => {
    for (const host of hosts) delete host.serverId;
  });
  assert.equal((await rig.run(["install", "--frontend", "--sync"])).code, 0);
  writeFileSync(rig.host("kvm-b", "var/lib/one/.scw-flexip.token"), "a key of its own\n", { mode: 0o600 });
  const planned = await rig.run(["install", "--hosts", "--dry-run"]);
  assert.equal(
    planned.stdout,
    `kvm-a: would be server fr-par-2/${SERVER_A}\nkvm-b: would be server fr-par-2/${SERVER_B}\n`,
  );

  const outcome = await rig.run(["install", "--hosts"]);
  assert.match(
    outcome.stdout,
    new RegExp(`^kvm-a: is server fr-par-2/${SERVER_A}, has the key, OpenNebula knows its server$`, "m"),
  );
  assert.match(outcome.stdout, new RegExp(`^kvm-b: is server fr-par-2/${SERVER_B}, OpenNebula knows its server$`, "m"));
  assert.equal(readFileSync(rig.host("kvm-a", "var/lib/one/scw-server-id"), "utf8"), `fr-par-2/${SERVER_A}\n`);
  assert.equal(readFileSync(rig.host("kvm-a", "var/lib/one/.scw-flexip.token"), "utf8"), `${rig.simulator.token}\n`);
  assert.equal(modeOf(rig.host("kvm-a", "var/lib/one/.scw-flexip.token")), "600");
  assert.equal(readFileSync(rig.host("kvm-b", "var/lib/one/.scw-flexip.token"), "utf8"), "a key of its own\n", "kept");
  assert.deepEqual(
    rig.cloud.hosts.map(({ serverId }) => serverId),
    [`fr-par-2/${SERVER_A}`, `fr-par-2/${SERVER_B}`],
  );
  assert.equal(outcome.code, 1, "its check finds that kvm-b's key is no key");
  assert.match(outcome.stdout, /^failure +kvm-b +token /m);
  const given = await rig.run(["install", "--hosts", "kvm-b", "--token-stdin"], { input: rig.simulator.token });
  assert.equal(given.code, 0, given.stdout + given.stderr);
  assert.match(given.stderr, /^(\d+) of \1 checks on the hosts are ok$/m);
});

test("--hosts: an unknown name, a host that is no server of the project, one that does not answer", async (context) => {
  const rig = await (await rigFor(context)).installed();
  await rig.run(["install", "--frontend", "--sync"]);
  const unknown = await rig.run(["install", "--hosts", "kvm-z"]);
  assert.equal(unknown.code, 4);
  assert.match(unknown.stderr, /OpenNebula has no host kvm-z; see onehost list/);
  rig.change(({ hosts: [a, b] }) => {
    if (a) a.answers["hostname -I"] = "203.0.113.99\n";
    if (b) {
      delete b.answers["hostname -I"];
      delete b.root;
    }
  });
  const outcome = await rig.run(["install", "--hosts"]);
  assert.equal(outcome.code, 1);
  assert.match(
    outcome.stderr,
    /^kvm-a: no server of project .* has an address of this host \(203\.0\.113\.99\); the servers: a 198\.51/m,
  );
  assert.match(outcome.stderr, /^kvm-b: cannot be reached: .*; try: sudo -u oneadmin ssh kvm-b true$/m);
});

test("a host that flexible IPs are attached to keeps its hooks", async (context) => {
  const rig = await (await (await rigFor(context)).installed()).withHosts();
  const tags = ["scw-flexip", "scw-flexip:cloud=one", "scw-flexip:created"];
  const { ip_address: address } = rig.simulator.account.add({ tags, serverId: SERVER_A, projectId: PROJECT });
  const uninstall = (...words: string[]) =>
    rig.runProgram(EXECUTABLE, ["uninstall", "--host", ...words, "--root", rig.host("kvm-a")]);
  const hook = rig.host("kvm-a", "var/tmp/one/vnm/bridge/clean.d/01-scw-flexip");
  const refused = await uninstall();
  assert.equal(refused.code, 4);
  assert.ok(
    refused.stderr.includes(`flexible IPs attached to this host: 1: ${address.replace(/\/.*/, "")}`),
    refused.stderr,
  );
  assert.ok(existsSync(hook));
  const planned = await uninstall("--noop");
  assert.equal(planned.code, 4);
  assert.match(planned.stdout, /^would delete .*01-scw-flexip$/m);
  assert.match(planned.stderr, /^this would be refused: flexible IPs attached/m);
  assert.ok(existsSync(hook));
  assert.equal((await uninstall("--force")).code, 0);
  assert.equal(existsSync(hook), false);
});
