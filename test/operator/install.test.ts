// install and uninstall in roots of their own: what is written, how, and what is left alone.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, globSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { OTHER_PROJECT, PROJECT, REPOSITORY } from "../rig.ts";
import { CONF, DRIVER, EXECUTABLE, LOG, ONED_CONF, OURS, ROTATION, SERVER_A, TOKEN, TREE } from "./cloud-rig.ts";
import { HOST_TREE, onFrontEnd, onMachine, SERVER_ID } from "./light-machine.ts";

const KEY = "planted-secret-key";

onMachine("a host gets its server id, token, log folder and rotation", async (machine) => {
  const tokenFile = machine.aside("key", `${KEY}\n`);
  const line = `install --host --server-id fr-par-2/${SERVER_A.toUpperCase()} --token-file ${tokenFile}`;
  const { stdout, stderr } = await machine.exits(0, line);
  assert.equal(machine.read("var/lib/one/scw-server-id"), `${SERVER_ID}\n`);
  assert.equal(machine.read(TOKEN), `${KEY}\n`);
  assert.equal(machine.modeOf(TOKEN), "600");
  assert.equal(machine.modeOf("var/log/vnm"), "750");
  assert.match(machine.read(ROTATION), /^\/var\/log\/vnm\/scw-flexip-clean\.log \{$/m);
  assert.equal((stdout + stderr).includes(KEY), false);
  assert.equal(machine.has(DRIVER), false, "the tree comes by onehost sync");
  assert.equal((await machine.exits(0, line)).stdout, "", "a second run changes nothing");
});

const WRONG: readonly (readonly [string, RegExp])[] = [
  ["install", /one of --frontend, --host, --hosts and --timer is needed/],
  ["uninstall", /one of --frontend and --host is needed/],
  [`install --host --server-id ${SERVER_A}`, /zone\/uuid/],
  ["install --host --server-id fr-par-2/server", /zone\/uuid/],
  ["install --host --token-stdin --token-file /dev/null", /give one/],
  [`install --frontend --server-id ${SERVER_ID}`, /--server-id needs --host;/],
  ["install --frontend --one-location /nonexist", /no OpenNebula is here: neither/],
  ["install --frontend --root /nonexist", /--root: there is no \/nonexist/],
];
for (const [line, reason] of WRONG) {
  onMachine(`${line}: wrong usage, and nothing is written`, async (machine) => {
    const before = machine.tree();
    assert.match((await machine.exits(2, line)).stderr, reason);
    assert.deepEqual(machine.tree(), before);
  });
}

onFrontEnd("settings are never overwritten, and install names the settings that they lack", async (machine) => {
  assert.doesNotMatch(machine.read(CONF), /^CLOUD=/m, "an image without a machine id gets none");
  const old = machine.read(CONF).replaceAll(/^#(MAC_TYPE|DNS).*\n/gm, "");
  machine.write(CONF, old, 0o600);
  const { stderr } = await machine.exits(0, "install --frontend");
  assert.equal(machine.read(CONF), old);
  assert.equal(machine.modeOf(CONF), "600");
  assert.match(stderr, /^new settings, not in .*: DNS, MAC_TYPE; they have their defaults$/m);
});

onFrontEnd("install restores a script that was changed, and one that lost its mode", async (machine) => {
  const [shim, hook] = [`${TREE}/ipam/scw-flexip/get_address`, `${TREE}/vnm/bridge/pre.d/01-scw-flexip`];
  const content = machine.read(shim);
  machine.write(shim, "#!/bin/sh\n", 0o755);
  machine.write(hook, machine.read(hook), 0o644);
  const { stdout } = await machine.exits(0, "install --frontend");
  assert.equal(stdout, `change ${machine.at(shim)}\nchange ${machine.at(hook)}\n`);
  assert.equal(machine.read(shim), content);
  assert.equal(machine.modeOf(hook), "755");
});

onMachine("--fw installs the hooks for fw too, and uninstall removes them", async (machine) => {
  await machine.exits(0, "install --frontend --fw");
  const hooks = ["pre", "post", "clean"].map((action) => `${TREE}/vnm/fw/${action}.d/01-scw-flexip`);
  for (const hook of hooks) assert.equal(machine.read(hook), machine.read(hook.replace("/fw/", "/bridge/")));
  await machine.exits(0, "uninstall --frontend");
  for (const hook of hooks) assert.equal(machine.has(hook), false, hook);
});

onMachine("oned.conf keeps mode, link and every byte of a comment, and its old text is kept", async (machine) => {
  const bytes = (path: string): string => readFileSync(path, "latin1");
  const text = `# r\xe9seau, r\xc3\xa9seau\r\n${machine.read(ONED_CONF).replaceAll("\n", "\r\n")}`;
  rmSync(machine.at(ONED_CONF));
  machine.write("etc/one/managed.conf", Buffer.from(text, "latin1"), 0o640);
  symlinkSync("managed.conf", machine.at(ONED_CONF));
  await machine.exits(0, "install --frontend");
  assert.ok(lstatSync(machine.at(ONED_CONF)).isSymbolicLink());
  assert.match(machine.read(ONED_CONF), /,scw-flexip"\r\n/);
  assert.doesNotMatch(machine.read(ONED_CONF), /[^\r]\n/, "new lines end as the others do");
  const [copy = "", ...others] = globSync("etc/one/managed.conf.scw-flexip-*", { cwd: machine.root });
  assert.match(copy, /-\d{8}T\d{6}Z$/);
  assert.deepEqual([bytes(machine.at(copy)), others], [text, []]);
  for (const path of [copy, "etc/one/managed.conf"]) assert.equal(machine.modeOf(path), "640");
  await machine.exits(0, "uninstall --frontend");
  assert.equal(bytes(machine.at(ONED_CONF)), text);
});

onMachine("an oned.conf that cannot be edited stops the installation before anything is changed", async (machine) => {
  machine.write(ONED_CONF, 'IPAM_MAD = [ ARGUMENTS = "-i dummy"\n');
  const before = machine.tree();
  const { stderr } = await machine.exits(1, "install --frontend");
  assert.match(stderr, /oned\.conf line 2: the closing bracket of IPAM_MAD is missing/);
  assert.deepEqual(machine.tree(), before);
});

onMachine("without OpenNebula the tree is installed, and install asks to be run again", async (machine) => {
  rmSync(machine.at(ONED_CONF));
  const { stderr } = await machine.exits(3, "install --frontend");
  assert.match(stderr, /there is no .*oned\.conf; install OpenNebula/);
  assert.ok(machine.has(DRIVER));
});

onMachine("a link in the place of the token is replaced, and its target stays as it is", async (machine) => {
  machine.write("etc/victim", "victim");
  symlinkSync(machine.at("etc/victim"), machine.at(TOKEN));
  await machine.exits(0, `install --frontend --token-file ${machine.aside("key", KEY)}`);
  assert.equal(machine.read("etc/victim"), "victim");
  assert.ok(lstatSync(machine.at(TOKEN)).isFile());
});

onMachine("a self-contained OpenNebula gets its own places, in the settings too", async (machine) => {
  mkdirSync(machine.at("opt/one/etc"), { recursive: true });
  renameSync(machine.at(ONED_CONF), machine.at("opt/one/etc/oned.conf"));
  const tokenFile = machine.aside("key", KEY);
  await machine.exits(0, `install --frontend --one-location /opt/one --token-file ${tokenFile}`);
  const settings = machine.read("opt/one/var/remotes/etc/ipam/scw-flexip/scw-flexip.conf");
  assert.match(settings, /^TOKEN_FILE="\/opt\/one\/var\/\.scw-flexip\.token"$/m);
  assert.match(settings, /^STATE_FILE="\/opt\/one\/var\/scw-flexip\/state\.json"$/m);
  assert.equal(machine.read("opt/one/var/.scw-flexip.token"), `${KEY}\n`);
  assert.match(machine.read("opt/one/etc/oned.conf"), /,scw-flexip"/);
  assert.match(machine.read(ROTATION), /^\/opt\/one\/var\/scw-flexip\.log$/m);
});

onMachine("--from names the tree to install from, and a folder without the driver is refused", async (machine) => {
  const { stderr } = await machine.exits(1, `install --frontend --from ${machine.at("etc")}`);
  assert.match(stderr, /no tree with ipam\/scw-flexip\/scw-flexip in .*--from/);
  await machine.exits(0, `install --frontend --from ${join(REPOSITORY, "remotes")}`);
});

onFrontEnd("uninstall refuses while OpenNebula does not answer, unless it is forced", async (machine) => {
  machine.tool("onevnet", "");
  const { stderr } = await machine.exits(4, "uninstall --frontend");
  assert.match(stderr, /OpenNebula does not say whether address ranges still use the driver/);
  await machine.exits(0, "uninstall --frontend --force");
  assert.equal(machine.has(DRIVER), false);
});

onFrontEnd("a machine of both roles keeps what both need until the second is removed", async (machine) => {
  await machine.exits(0, `install --host --server-id ${SERVER_ID}`);
  cpSync(machine.at(TREE), machine.at(HOST_TREE), { recursive: true });
  const { stderr } = await machine.exits(0, "uninstall --frontend --purge");
  assert.match(stderr, /^the key and the rotation of logs stay: the host here uses them$/m);
  for (const path of [TOKEN, "var/lib/one/scw-server-id", ROTATION]) assert.ok(machine.has(path), path);
  await machine.exits(0, "uninstall --host --purge");
  const left = machine.tree().filter((path) => path.includes("scw-") && !path.includes("oned.conf"));
  assert.deepEqual(left, []);
  assert.ok(machine.has(`${HOST_TREE}/vnm/bridge/pre.d`), "OpenNebula's own folder stays");
});

onMachine("install follows an administrator's link to a folder", async (machine) => {
  mkdirSync(machine.at("disk"));
  rmSync(machine.at("var/log/one"), { recursive: true });
  for (const link of ["var/log/one", "var/lib/one/scw-flexip"]) symlinkSync(machine.at("disk"), machine.at(link));
  await machine.exits(0, "install --frontend");
  assert.ok(lstatSync(machine.at("var/log/one")).isSymbolicLink());
});

onMachine("a file that cannot be written leaves no temporary file", async (machine) => {
  // A folder in the place of the executable cannot be renamed over.
  mkdirSync(machine.at(`${DRIVER}/x`), { recursive: true });
  const { stderr } = await machine.exits(1, "install --frontend");
  assert.match(stderr, /scw-flexip\/scw-flexip cannot be changed \(.*; run this as root, or check the disk\n$/);
  assert.doesNotMatch(machine.tree().join("\n"), /\.new-/);
});

onMachine("without a user oneadmin no rotation is installed: logrotate would fail", async (machine) => {
  rmSync(machine.at("etc/passwd"));
  const isRoot = process.getuid?.() === 0;
  const { stderr } = await machine.exits(isRoot ? 3 : 0, "install --frontend");
  if (isRoot) assert.match(stderr, /^there is no user oneadmin here, .*; install OpenNebula, then run this again$/m);
  assert.equal(machine.has(ROTATION), false);
});

onFrontEnd("three earlier versions of oned.conf are kept", async (machine) => {
  for (const day of ["20260101", "20260102", "20260103"]) machine.write(`${ONED_CONF}.scw-flexip-${day}T000000Z`, day);
  machine.edit(ONED_CONF, (text) => text.replaceAll(/^.*SCW_FLEXIP_INTENT.*\n/gm, ""));
  await machine.exits(0, "install --frontend");
  assert.match(machine.read(ONED_CONF), /^INHERIT_VNET_ATTR = "SCW_FLEXIP_INTENT"$/m);
  assert.equal(globSync(`${ONED_CONF}.scw-flexip-*`, { cwd: machine.root }).length, 3);
  assert.equal(machine.has(`${ONED_CONF}.scw-flexip-20260101T000000Z`), false);
  assert.equal((await machine.exits(0, "install --frontend")).stdout, "", "a second run changes nothing");
});

onMachine("the first settings have a CLOUD of this OpenNebula's own", async (machine) => {
  machine.write("etc/machine-id", `${"0123456789abcdef".repeat(2)}\n`);
  machine.write("etc/hostname", "fe.example\n");
  const { stderr } = await machine.exits(0, "install --frontend");
  const [, cloud = ""] = /^CLOUD="(.*)"$/m.exec(machine.read(CONF)) ?? [];
  assert.match(cloud, /^one-fe-[0-9a-f]{6}$/);
  assert.ok(stderr.includes(`\nCLOUD is ${cloud}; other front-ends of this OpenNebula need the same\n`));
});

onMachine("--dry-run is --noop: the change to oned.conf is printed as a diff", async (machine) => {
  const before = machine.tree();
  const { stdout } = await machine.exits(0, "install --frontend --dry-run");
  assert.match(stdout, /^@@ .* @@\n[\s\S]*^\+.*-i dummy,.*,scw-flexip"$/m);
  assert.deepEqual(machine.tree(), before);
  const noted = [machine.has(LOG), machine.heard("one.json.syslog")];
  assert.deepEqual(noted, [false, ""], "nothing was done, so nothing is noted");
});

onFrontEnd("each run of install and uninstall is noted in the driver's log and in the system's", async (machine) => {
  machine.edit(ONED_CONF, (text) => `${text}MAC_GLOBAL_SPACE = "YES"\n`);
  await machine.exits(1, "install --frontend");
  await machine.exits(0, "uninstall --frontend");
  const lines = machine.read(LOG).trimEnd().split("\n");
  const entries: { audit: boolean; level: string; message: string }[] = lines.map((line) => JSON.parse(line));
  const noted = entries.map(({ audit, level, message }) => `${audit} ${level} ${message.split(",")[0]}`);
  assert.deepEqual(noted, [
    "true info install --frontend: done",
    'true error install --frontend: failed: oned.conf has MAC_GLOBAL_SPACE = "YES"',
    "true info uninstall --frontend: done",
  ]);
  assert.match(
    machine.heard("one.json.syslog"),
    /^-t scw-flexip -p authpriv\.notice -- install --frontend: done \(.*by=.*what=install/m,
  );
  await machine.exits(0, `install --host --server-id ${SERVER_ID}`);
  assert.match(machine.read("var/log/vnm/scw-flexip.log"), /"install --host: done"/);
});

onMachine("a secret key that is typed is asked for and not shown", async (machine) => {
  const command = `${EXECUTABLE} install --host --token-stdin --root ${machine.root}`;
  const child = spawn("script", ["-qec", command, "/dev/null"]);
  let shown = "";
  let isTyped = false;
  child.stdout.on("data", (chunk: Buffer) => {
    shown += chunk.toString();
    if (isTyped || !shown.includes("secret key: ")) return;
    isTyped = true;
    child.stdin.write(`${KEY}\r`);
  });
  const [code] = await once(child, "close");
  assert.equal(code, 0, shown);
  assert.equal(shown.includes(KEY), false, shown);
  assert.equal(machine.read(TOKEN), `${KEY}\n`);
});

onFrontEnd("a host with flexible IPs attached keeps its hooks", async (machine) => {
  machine.configure({ LOG_LEVEL: "debug" });
  renameSync(machine.at(TREE), machine.at(HOST_TREE));
  rmSync(machine.at(LOG));
  machine.write("var/lib/one/scw-server-id", `${SERVER_ID}\n`);
  const hook = `${HOST_TREE}/vnm/bridge/clean.d/01-scw-flexip`;
  const { account } = machine.simulator;
  const [address] = account.add({ tags: OURS, serverId: SERVER_A, projectId: PROJECT }).ip_address.split("/");
  account.add({ tags: OURS, serverId: SERVER_A, projectId: OTHER_PROJECT });
  const refused = await machine.exits(4, "uninstall --host");
  assert.match(refused.stderr, new RegExp(`: flexible IPs attached to this host: 1: ${address};`));
  assert.equal(machine.has(LOG), false, "root asks Scaleway without a log of its own in oneadmin's folder");
  const before = machine.tree();
  const planned = await machine.exits(4, "uninstall --host --noop");
  assert.match(planned.stdout, /^would delete .*01-scw-flexip$/m);
  assert.match(planned.stderr, /^this would be refused: flexible IPs attached/m);
  assert.deepEqual(machine.tree(), before);
  await machine.exits(0, "uninstall --host --force");
  assert.equal(machine.has(hook), false);
});

onFrontEnd("--hosts gives each host its server id and the key it lacks, and OpenNebula its server", async (machine) => {
  const { token } = machine.simulator;
  machine.listHosts({ name: "bare" }, { name: "keyed" });
  const there = (hasKey: number): string => `case "$3 $4" in
    "hostname -I") echo 10.0.0.1 198.51.100.10 ;;
    "test -s") exit ${hasKey} ;;
    *" install") echo "$*" > "$FOLDER/words-$2"; cat > "$FOLDER/key-$2" ;;
    *) cat "$FOLDER/rows-$2" ;;
  esac`;
  const bad = { level: "failure", id: "token", role: "host", host: null, value: null, why: "no key", cure: "true" };
  machine.aside("rows-bare", "[]");
  machine.aside("rows-keyed", JSON.stringify([bad]));
  machine.aside("ssh-bare", there(1));
  machine.aside("ssh-keyed", there(0));
  const planned = await machine.exits(0, "install --hosts --dry-run");
  assert.equal(planned.stdout, `bare: would be server ${SERVER_ID}\nkeyed: would be server ${SERVER_ID}\n`);

  // Its check finds that a key is no key.
  const { stdout } = await machine.exits(1, "install --hosts");
  assert.match(stdout, /^failure +keyed +token +no key$/m);
  assert.match(stdout, new RegExp(`^bare: is server ${SERVER_ID}, has the key, OpenNebula knows its server$`, "m"));
  assert.match(stdout, new RegExp(`^keyed: is server ${SERVER_ID}, OpenNebula knows its server$`, "m"));
  assert.match(machine.heard("words-bare"), new RegExp(`install --host --server-id ${SERVER_ID} --token-stdin$`, "m"));
  assert.match(machine.heard("words-keyed"), new RegExp(`install --host --server-id ${SERVER_ID}$`, "m"));
  assert.deepEqual([machine.heard("key-bare"), machine.heard("key-keyed")], [`${token}\n`, ""]);
  for (const { serverId } of machine.cloud.hosts) assert.equal(serverId, SERVER_ID);
  // A given key goes to a host that has one too.
  machine.aside("rows-keyed", "[]");
  await machine.exits(0, `install --hosts keyed --token-file ${machine.aside("key", KEY)}`);
  assert.equal(machine.heard("key-keyed"), `${KEY}\n`);
});

onFrontEnd("--hosts names an unknown host, a foreign one, a silent one and one without the driver", async (machine) => {
  machine.listHosts({ name: "strange" }, { name: "silent" }, { name: "bare" });
  machine.aside("ssh-strange", '[ "$3 $4" = "hostname -I" ] && echo 203.0.113.99');
  machine.aside("ssh-silent", "echo no route >&2; exit 255");
  machine.aside("ssh-bare", 'case "$3" in hostname) echo 198.51.100.10 ;; test) exit 1 ;; *) exit 127 ;; esac');
  const unknown = await machine.exits(4, "install --hosts other");
  assert.match(unknown.stderr, /OpenNebula has no host other; see onehost list/);
  const { stderr } = await machine.exits(1, "install --hosts");
  const known = "the servers: a 198.51.100.10 127.0.0.1; b 198.51.100.11 127.0.0.1";
  const where = `no server of project ${PROJECT} in fr-par-2 has an address of this host (203.0.113.99)`;
  assert.deepEqual(stderr.split("\n").slice(0, 3), [
    `strange: ${where}; ${known}`,
    "silent: cannot be reached: no route; try: sudo -u oneadmin ssh silent true",
    "bare: the driver is not there yet; run: scw-flexip install --frontend --sync",
  ]);
});
