// install and uninstall in roots of their own: what is written, how, and what is left alone.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { install } from "../../driver/operator/install/install.ts";
import { uninstall } from "../../driver/operator/install/uninstall.ts";
import { OTHER_PROJECT, PROJECT, REPOSITORY } from "../rig.ts";
import { EXECUTABLE, type Outcome } from "./cloud-rig.ts";
import { CONF, LightMachine, SERVER } from "./light-machine.ts";

const KEY = "planted-secret-key";
const TOKEN = "var/lib/one/.scw-flexip.token";
const ONED_CONF = "etc/one/oned.conf";
const ROTATION = "etc/logrotate.d/scw-flexip";
const LOG = "var/log/one/scw-flexip.log";
const DRIVER = "var/lib/one/remotes/ipam/scw-flexip/scw-flexip";
const ID = `fr-par-2/${SERVER}`;

type Values = Readonly<Record<string, unknown>>;

/** A machine, with what install and uninstall do on it. */
async function machineFor(context: TestContext) {
  const machine = await LightMachine.start(context);
  return Object.assign(machine, {
    install: (values: Values): Promise<Outcome> => machine.run(install, values),
    uninstall: (values: Values): Promise<Outcome> => machine.run(uninstall, values),
  });
}

/** A front-end that is installed and configured. */
async function frontEndFor(context: TestContext) {
  const machine = await machineFor(context);
  const { code, stderr } = await machine.install({ frontend: true, tokenFile: machine.aside("key", KEY) });
  assert.equal(code, 0, stderr);
  machine.configure("frontend");
  return machine;
}

function listHosts(machine: LightMachine, names: readonly string[]): void {
  const hosts = names.map((name) => `<HOST><NAME>${name}</NAME><STATE>2</STATE><TEMPLATE/></HOST>`);
  machine.says("onehost", `<HOST_POOL>${hosts.join("")}</HOST_POOL>`);
}

test("a host gets its server id, token, log folder and rotation", async (context) => {
  const host = await machineFor(context);
  rmSync(host.at("var/log/vnm"), { recursive: true });
  const values = { host: true, serverId: `fr-par-2/${SERVER.toUpperCase()}`, tokenFile: host.aside("key", `${KEY}\n`) };
  const outcome = await host.install(values);
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.equal(host.read("var/lib/one/scw-server-id"), `${ID}\n`);
  assert.equal(host.read(TOKEN), `${KEY}\n`);
  assert.equal(host.modeOf(TOKEN), "600");
  assert.equal(host.modeOf("var/log/vnm"), "750");
  assert.match(host.read(ROTATION), /^\/var\/log\/vnm\/scw-flexip-clean\.log \{$/m);
  assert.equal((outcome.stdout + outcome.stderr).includes(KEY), false);
  assert.equal(host.has("var/lib/one/remotes/ipam"), false, "the tree comes by onehost sync");
  assert.equal((await host.install(values)).stdout, "");
});

const WRONG: readonly (readonly [string, Values, RegExp])[] = [
  ["nothing to install", {}, /one of --frontend, --host, --hosts and --timer is needed/],
  ["a server id without its zone", { host: true, serverId: SERVER }, /zone\/uuid/],
  ["a server id of no zone", { host: true, serverId: `paris/${SERVER}` }, /zone\/uuid/],
  ["two keys", { host: true, tokenStdin: true, tokenFile: "/dev/null" }, /give one/],
  ["a server id for a front-end", { frontend: true, serverId: ID }, /--server-id needs --host;/],
  [
    "a --one-location without OpenNebula",
    { frontend: true, oneLocation: "/nonexist" },
    /no OpenNebula is here: neither/,
  ],
  ["a --root that is no folder", { host: true, root: "/nonexist" }, /--root: there is no \/nonexist/],
];
for (const [what, values, reason] of WRONG) {
  test(`install refuses ${what} as wrong usage, and writes nothing`, async (context) => {
    const machine = await machineFor(context);
    const before = machine.tree();
    const outcome = await machine.install(values);
    assert.equal(outcome.code, 2);
    assert.match(outcome.stderr, reason);
    assert.deepEqual(machine.tree(), before);
  });
}

test("uninstall needs a role", async (context) => {
  assert.equal((await (await machineFor(context)).uninstall({})).code, 2);
});

test("settings are never overwritten, and install names the settings that they lack", async (context) => {
  const machine = await frontEndFor(context);
  const old = machine.read(CONF.frontend).replaceAll(/^#(MAC_TYPE|DNS).*\n/gm, "");
  machine.write(CONF.frontend, old, 0o600);
  const outcome = await machine.install({ frontend: true });
  assert.equal(outcome.code, 0);
  assert.equal(machine.read(CONF.frontend), old);
  assert.equal(machine.modeOf(CONF.frontend), "600");
  assert.match(outcome.stderr, /^new settings, not in .*: DNS, MAC_TYPE; they have their defaults$/m);
});

test("install restores a script that was changed, and one that lost its mode", async (context) => {
  const machine = await frontEndFor(context);
  const shim = "var/lib/one/remotes/ipam/scw-flexip/get_address";
  const hook = "var/lib/one/remotes/vnm/bridge/pre.d/01-scw-flexip";
  const content = machine.read(shim);
  machine.write(shim, "#!/bin/sh\n", 0o755);
  machine.write(hook, machine.read(hook), 0o644);
  const outcome = await machine.install({ frontend: true });
  assert.deepEqual(outcome.stdout.trimEnd().split("\n"), [`change ${machine.at(shim)}`, `change ${machine.at(hook)}`]);
  assert.equal(machine.read(shim), content);
  assert.equal(machine.modeOf(hook), "755");
});

test("--fw installs the hooks for fw too, and uninstall removes them", async (context) => {
  const machine = await machineFor(context);
  await machine.install({ frontend: true, fw: true });
  const hooks = ["pre", "post", "clean"].map((action) => `var/lib/one/remotes/vnm/fw/${action}.d/01-scw-flexip`);
  for (const hook of hooks) assert.equal(machine.read(hook), machine.read(hook.replace("/fw/", "/bridge/")));
  await machine.uninstall({ frontend: true });
  assert.deepEqual(hooks.filter(machine.has.bind(machine)), []);
});

test("oned.conf keeps mode, link and every byte of a comment, and its old text is kept", async (context) => {
  const machine = await machineFor(context);
  const text = Buffer.from(
    `# r\xe9seau, r\xc3\xa9seau\r\n${machine.read(ONED_CONF).replaceAll("\n", "\r\n")}`,
    "latin1",
  );
  rmSync(machine.at(ONED_CONF));
  writeFileSync(machine.at("etc/one/managed.conf"), text, { mode: 0o640 });
  symlinkSync("managed.conf", machine.at(ONED_CONF));
  assert.equal((await machine.install({ frontend: true })).code, 0);
  assert.ok(lstatSync(machine.at(ONED_CONF)).isSymbolicLink());
  assert.equal(machine.modeOf("etc/one/managed.conf"), "640");
  assert.match(machine.read(ONED_CONF), /,scw-flexip"\r\n/);
  const copies = readdirSync(machine.at("etc/one")).filter((name) =>
    /^managed\.conf\.scw-flexip-\d{8}T\d{6}Z$/.test(name),
  );
  assert.deepEqual(
    copies.map((name) => [readFileSync(machine.at(`etc/one/${name}`)).equals(text), machine.modeOf(`etc/one/${name}`)]),
    [[true, "640"]],
  );
  assert.equal((await machine.uninstall({ frontend: true })).code, 0);
  assert.ok(readFileSync(machine.at(ONED_CONF)).equals(text));
});

test("an oned.conf that cannot be edited stops the installation before anything is changed", async (context) => {
  const machine = await machineFor(context);
  machine.write(ONED_CONF, 'IPAM_MAD = [ ARGUMENTS = "-i dummy"\n');
  const before = machine.tree();
  const outcome = await machine.install({ frontend: true });
  assert.equal(outcome.code, 1);
  assert.match(outcome.stderr, /oned\.conf line 2: the closing bracket of IPAM_MAD is missing/);
  assert.deepEqual(machine.tree(), before);
});

test("without OpenNebula the tree is installed, and install asks to be run again", async (context) => {
  const machine = await machineFor(context);
  rmSync(machine.at(ONED_CONF));
  const outcome = await machine.install({ frontend: true });
  assert.equal(outcome.code, 3);
  assert.match(outcome.stderr, /there is no .*oned\.conf; install OpenNebula/);
  assert.ok(machine.has(DRIVER));
});

test("a link in the place of the token is replaced, and its target stays as it is", async (context) => {
  const machine = await machineFor(context);
  machine.write("etc/victim", "victim");
  symlinkSync(machine.at("etc/victim"), machine.at(TOKEN));
  assert.equal((await machine.install({ frontend: true, tokenFile: machine.aside("key", KEY) })).code, 0);
  assert.equal(machine.read("etc/victim"), "victim");
  assert.ok(lstatSync(machine.at(TOKEN)).isFile());
});

test("a self-contained OpenNebula gets its own places, in the settings too", async (context) => {
  const machine = await machineFor(context);
  mkdirSync(machine.at("opt/one/etc"), { recursive: true });
  renameSync(machine.at(ONED_CONF), machine.at("opt/one/etc/oned.conf"));
  const values = { frontend: true, oneLocation: "/opt/one", tokenFile: machine.aside("key", KEY) };
  assert.equal((await machine.install(values)).code, 0);
  const settings = machine.read("opt/one/var/remotes/etc/ipam/scw-flexip/scw-flexip.conf");
  assert.match(settings, /^TOKEN_FILE="\/opt\/one\/var\/\.scw-flexip\.token"$/m);
  assert.match(settings, /^STATE_FILE="\/opt\/one\/var\/scw-flexip\/state\.json"$/m);
  assert.equal(machine.read("opt/one/var/.scw-flexip.token"), `${KEY}\n`);
  assert.match(machine.read("opt/one/etc/oned.conf"), /,scw-flexip"/);
  assert.match(machine.read(ROTATION), /^\/opt\/one\/var\/scw-flexip\.log$/m);
});

test("--from names the tree to install from, and a folder without the driver is refused", async (context) => {
  const machine = await machineFor(context);
  const wrong = await machine.install({ frontend: true, from: machine.at("etc") });
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /no tree with ipam\/scw-flexip\/scw-flexip in .*--from/);
  assert.equal((await machine.install({ frontend: true, from: join(REPOSITORY, "remotes") })).code, 0);
});

test("uninstall refuses while OpenNebula does not answer, unless it is forced", async (context) => {
  const machine = await frontEndFor(context);
  machine.says("onevnet", "");
  const refused = await machine.uninstall({ frontend: true });
  assert.equal(refused.code, 4);
  assert.match(refused.stderr, /OpenNebula does not say whether address ranges still use the driver/);
  assert.equal((await machine.uninstall({ frontend: true, force: true })).code, 0);
  assert.equal(machine.has(DRIVER), false);
});

test("uninstall --noop changes nothing, and prints what would go and what would stay", async (context) => {
  const machine = await frontEndFor(context);
  const before = machine.tree();
  const outcome = await machine.uninstall({ frontend: true, noop: true });
  assert.equal(outcome.code, 0);
  assert.match(outcome.stdout, /^would delete .*get_address$/m);
  assert.match(outcome.stdout, /^left .*scw-flexip\.conf \(settings\)$/m);
  assert.deepEqual(machine.tree(), before);
});

test("an edited rotation of logs is left alone by install and uninstall, which say so", async (context) => {
  const machine = await frontEndFor(context);
  machine.edit(ROTATION, (text) => text.replace("rotate 52", "rotate 4"));
  const edited = machine.read(ROTATION);
  const again = await machine.install({ frontend: true, host: true, serverId: ID });
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stderr, /^left as it is: .*logrotate\.d\/scw-flexip, which differs/m);
  const gone = await machine.uninstall({ frontend: true });
  assert.match(gone.stdout, /^left .*logrotate\.d\/scw-flexip \(rotation of the logs\)$/m);
  assert.equal(machine.read(ROTATION), edited);
  await machine.uninstall({ frontend: true, purge: true });
  assert.equal(machine.has(ROTATION), false);
});

test("a machine of both roles keeps what both need until the second is removed", async (context) => {
  const machine = await frontEndFor(context);
  assert.equal((await machine.install({ host: true, serverId: ID })).code, 0);
  const shared = [TOKEN, "var/lib/one/scw-server-id", ROTATION];
  cpSync(machine.at("var/lib/one/remotes"), machine.at("var/tmp/one"), { recursive: true });
  const first = await machine.uninstall({ frontend: true, purge: true });
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stderr, /^the key and the rotation of logs stay: the host here uses them$/m);
  assert.ok(shared.every((path) => machine.has(path)));
  machine.simulator.account.servers = [];
  machine.write(TOKEN, machine.simulator.token, 0o600);
  assert.equal((await machine.uninstall({ host: true, purge: true })).code, 0);
  assert.deepEqual(
    machine.tree().filter((path) => path.includes("scw-") && !path.includes("oned.conf")),
    [],
  );
  assert.ok(machine.has("var/tmp/one/vnm/bridge/pre.d"), "OpenNebula's own folder stays");
});

test("install follows an administrator's link to a folder", async (context) => {
  const machine = await machineFor(context);
  mkdirSync(machine.at("disk"));
  rmSync(machine.at("var/log/one"), { recursive: true });
  for (const link of ["var/log/one", "var/lib/one/scw-flexip"]) symlinkSync(machine.at("disk"), machine.at(link));
  const outcome = await machine.install({ frontend: true });
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.ok(lstatSync(machine.at("var/log/one")).isSymbolicLink());
});

test("a file that cannot be written leaves no temporary file", async (context) => {
  const machine = await machineFor(context);
  // A folder in the place of the executable cannot be renamed over.
  mkdirSync(machine.at(`${DRIVER}/x`), { recursive: true });
  const outcome = await machine.install({ frontend: true });
  assert.equal(outcome.code, 1);
  assert.match(outcome.stderr, /scw-flexip\/scw-flexip cannot be changed \(.*; run this as root, or check the disk\n$/);
  assert.deepEqual(
    machine.tree().filter((path) => path.includes(".new-")),
    [],
  );
});

test("root without a user oneadmin must install OpenNebula first", {
  skip: process.getuid?.() === 0 ? false : "not root",
}, async (context) => {
  const machine = await machineFor(context);
  rmSync(machine.at("etc/passwd"));
  const outcome = await machine.install({ frontend: true });
  assert.equal(outcome.code, 3);
  assert.match(outcome.stderr, /^there is no user oneadmin here, .*; install OpenNebula, then run this again$/m);
  assert.equal(machine.has(ROTATION), false, "logrotate fails where its user is missing");
});

test("the oned.conf of 0.1.0 is upgraded, and three earlier ones are kept", async (context) => {
  const machine = await frontEndFor(context);
  for (const day of ["20260101", "20260102", "20260103"]) machine.write(`${ONED_CONF}.scw-flexip-${day}T000000Z`, day);
  machine.edit(ONED_CONF, (text) => text.replaceAll(/^.*SCW_FLEXIP_(INTENT|ALIAS|SPARE|MAX).*\n/gm, ""));
  const outcome = await machine.install({ frontend: true });
  assert.equal(outcome.code, 0, outcome.stderr);
  for (const line of ['INHERIT_VNET_ATTR = "SCW_FLEXIP_INTENT"', 'VM_RESTRICTED_ATTR = "NIC/SCW_FLEXIP_ALIAS"']) {
    assert.ok(machine.read(ONED_CONF).includes(`\n${line}\n`), line);
  }
  const copies = readdirSync(machine.at("etc/one")).filter((name) => name.startsWith("oned.conf.scw-flexip-"));
  assert.equal(copies.length, 3);
  assert.equal(machine.has(`${ONED_CONF}.scw-flexip-20260101T000000Z`), false);
  assert.equal((await machine.install({ frontend: true })).stdout, "", "a second run changes nothing");
});

test("the first settings have a CLOUD of this OpenNebula's own, and an image without a machine id gets none", async (context) => {
  const machine = await machineFor(context);
  machine.write("etc/machine-id", `${"0123456789abcdef".repeat(2)}\n`);
  machine.write("etc/hostname", "fe.example\n");
  const outcome = await machine.install({ frontend: true });
  const [, cloud] = /^CLOUD="(.*)"$/m.exec(machine.read(CONF.frontend)) ?? [];
  assert.match(cloud ?? "", /^one-fe-[0-9a-f]{6}$/);
  assert.ok(outcome.stderr.includes(`\nCLOUD is ${cloud}; other front-ends of this OpenNebula need the same\n`));
  const image = await machineFor(context);
  await image.install({ frontend: true });
  assert.doesNotMatch(image.read(CONF.frontend), /^CLOUD=/m);
});

test("--dry-run is --noop: the change to oned.conf is printed as a diff", async (context) => {
  const machine = await machineFor(context);
  const before = machine.tree();
  const outcome = await machine.install({ frontend: true, dryRun: true });
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.match(outcome.stdout, /^@@ .* @@\n[\s\S]*^\+.*-i dummy,.*,scw-flexip"$/m);
  assert.deepEqual(machine.tree(), before);
  assert.deepEqual([machine.has(LOG), machine.heard("logger")], [false, ""], "nothing was done, so nothing is noted");
});

test("each run of install and uninstall is noted in the driver's log and in the system's", async (context) => {
  const machine = await frontEndFor(context);
  machine.edit(ONED_CONF, (text) => `${text}MAC_GLOBAL_SPACE = "YES"\n`);
  assert.equal((await machine.install({ frontend: true })).code, 1);
  assert.equal((await machine.uninstall({ frontend: true })).code, 0);
  const lines = machine.read(LOG).trimEnd().split("\n");
  const entries: { audit: boolean; level: string; message: string }[] = lines.map((line) => JSON.parse(line));
  assert.deepEqual(
    entries.map(({ audit, level, message }) => [audit, level, message.replace(/ bought .*/, "")]),
    [
      [true, "info", "install --frontend: done"],
      [
        true,
        "error",
        'install --frontend: failed: oned.conf has MAC_GLOBAL_SPACE = "YES", with which oned refuses addresses that are',
      ],
      [true, "info", "uninstall --frontend: done"],
    ],
  );
  assert.match(machine.heard("logger"), /^install --frontend: done \(.*by=/m);
  await machine.install({ host: true, serverId: ID });
  assert.match(machine.read("var/log/vnm/scw-flexip.log"), /"install --host: done"/);
});

test("a secret key that is typed is asked for and not shown", async (context) => {
  const machine = await machineFor(context);
  const command = `${EXECUTABLE} install --host --token-stdin --root ${machine.root}`;
  const child = spawn("script", ["-qec", command, "/dev/null"]);
  let shown = "";
  let isTyped = false;
  child.stdout.on("data", (chunk: Buffer) => {
    shown += chunk.toString();
    if (!isTyped && shown.includes("secret key: ")) {
      isTyped = true;
      child.stdin.write(`${KEY}\r`);
    }
  });
  const [code] = await once(child, "close");
  assert.equal(code, 0, shown);
  assert.equal(shown.includes(KEY), false, shown);
  assert.equal(machine.read(TOKEN), `${KEY}\n`);
});

test("a host with flexible IPs attached keeps its hooks", async (context) => {
  const machine = await frontEndFor(context);
  machine.configure("frontend", { LOG_LEVEL: "debug" });
  renameSync(machine.at("var/lib/one/remotes"), machine.at("var/tmp/one"));
  rmSync(machine.at(LOG));
  machine.write(TOKEN, machine.simulator.token, 0o600);
  machine.write("var/lib/one/scw-server-id", `${ID}\n`);
  const hook = "var/tmp/one/vnm/bridge/clean.d/01-scw-flexip";
  const tags = ["scw-flexip", "scw-flexip:cloud=one", "scw-flexip:created"];
  const { account } = machine.simulator;
  const { ip_address: address } = account.add({ tags, serverId: SERVER, projectId: PROJECT });
  account.add({ tags, serverId: SERVER, projectId: OTHER_PROJECT });
  const refused = await machine.uninstall({ host: true });
  assert.equal(refused.code, 4);
  const reason = `flexible IPs attached to this host: 1: ${address.replace(/\/.*/, "")}`;
  assert.ok(refused.stderr.includes(reason), refused.stderr);
  assert.ok(machine.has(hook));
  assert.equal(machine.has(LOG), false, "root asks Scaleway without a log of its own in oneadmin's folder");
  const planned = await machine.uninstall({ host: true, noop: true });
  assert.equal(planned.code, 4);
  assert.match(planned.stdout, /^would delete .*01-scw-flexip$/m);
  assert.match(planned.stderr, /^this would be refused: flexible IPs attached/m);
  assert.ok(machine.has(hook));
  assert.equal((await machine.uninstall({ host: true, force: true })).code, 0);
  assert.equal(machine.has(hook), false);
});

test("--hosts gives each host its server id and the key that it lacks, and OpenNebula its server", async (context) => {
  const machine = await frontEndFor(context);
  machine.write(TOKEN, machine.simulator.token, 0o600);
  listHosts(machine, ["bare", "keyed"]);
  const there = (hasKey: number): string => `case "$3 $4" in
    "hostname -I") echo 10.0.0.1 198.51.100.10 ;;
    "test -s") exit ${hasKey} ;;
    *" install") echo "$*" > "$STAND_INS/words-$2"; cat > "$STAND_INS/key-$2" ;;
    *) cat "$STAND_INS/rows-$2" ;;
  esac`;
  const bad = { level: "failure", id: "token", role: "host", host: null, value: null, why: "no key", cure: "true" };
  machine.says("rows-bare", "[]");
  machine.says("rows-keyed", JSON.stringify([bad]));
  machine.says("ssh-bare", there(1));
  machine.says("ssh-keyed", there(0));
  const planned = await machine.install({ hosts: true, dryRun: true });
  assert.equal(planned.stdout, `bare: would be server ${ID}\nkeyed: would be server ${ID}\n`);

  const { code, stdout } = await machine.install({ hosts: true });
  assert.equal(code, 1, "its check finds that a key is no key");
  assert.match(stdout, /^failure +keyed +token +no key$/m);
  assert.match(stdout, new RegExp(`^bare: is server ${ID}, has the key, OpenNebula knows its server$`, "m"));
  assert.match(stdout, new RegExp(`^keyed: is server ${ID}, OpenNebula knows its server$`, "m"));
  assert.match(machine.heard("words-bare"), new RegExp(`install --host --server-id ${ID} --token-stdin$`, "m"));
  assert.match(machine.heard("words-keyed"), new RegExp(`install --host --server-id ${ID}$`, "m"));
  assert.deepEqual([machine.heard("key-bare"), machine.heard("key-keyed")], [`${machine.simulator.token}\n`, ""]);
  assert.equal(machine.heard("updated-keyed"), `SCW_SERVER_ID = "${ID}"\n`);
  machine.says("rows-keyed", "[]");
  const given = await machine.install({ hosts: ["keyed"], tokenFile: machine.aside("key", KEY) });
  assert.equal(given.code, 3, "OpenNebula's answer here names no server");
  assert.equal(machine.heard("key-keyed"), `${KEY}\n`);
});

test("--hosts names an unknown host, one that is no server of the project, and one that does not answer", async (context) => {
  const machine = await frontEndFor(context);
  machine.write(TOKEN, machine.simulator.token, 0o600);
  listHosts(machine, ["strange", "silent", "bare"]);
  machine.says("ssh-strange", '[ "$3 $4" = "hostname -I" ] && echo 203.0.113.99');
  machine.says("ssh-silent", "echo no route >&2; exit 255");
  machine.says("ssh-bare", 'case "$3" in hostname) echo 198.51.100.10 ;; test) exit 1 ;; *) exit 127 ;; esac');
  const unknown = await machine.install({ hosts: ["other"] });
  assert.equal(unknown.code, 4);
  assert.match(unknown.stderr, /OpenNebula has no host other; see onehost list/);
  const { code, stderr } = await machine.install({ hosts: true });
  assert.equal(code, 1);
  const where = `no server of project ${PROJECT} in fr-par-2 has an address of this host (203.0.113.99)`;
  assert.deepEqual(stderr.split("\n").slice(0, 3), [
    `strange: ${where}; the servers: a 198.51.100.10 127.0.0.1`,
    "silent: cannot be reached: no route; try: sudo -u oneadmin ssh silent true",
    "bare: the driver is not there yet; run: scw-flexip install --frontend --sync",
  ]);
});
