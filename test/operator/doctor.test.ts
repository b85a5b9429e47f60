// doctor, one trouble at a time: it is found, it comes first, and its cure is the command that fixes it.
import assert from "node:assert/strict";
import { chmodSync, cpSync, mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { dirname } from "node:path";
import { type TestContext, test } from "node:test";
import type { Row } from "../../driver/operator/doctor/report.ts";
import { folderOf, OTHER_PROJECT, PROJECT } from "../rig.ts";
import {
  addRange,
  CONF,
  DRIVER,
  installedRig,
  ONED_CONF,
  ROTATION,
  SERVER_A,
  STATE,
  TOKEN,
  TREE,
} from "./cloud-rig.ts";
import { HOST_TREE, LightMachine, onFrontEnd, SERVER_ID, VERSION } from "./light-machine.ts";

const HOST_CONF = CONF.replace(TREE, HOST_TREE);
const IP = "203.0.113.7";
const OLD_CLOUD = ["scw-flexip:cloud=old"];
const UNKNOWN_SERVER = "99999999-9999-4999-8999-999999999999";
const FRONT_END = "scw-flexip install --frontend";
const SYNC = "sudo -u oneadmin onehost sync -f";
const DO_NOTHING = "#!/bin/sh\nexit 0\n";

/** A host of the front-end on which all is well. */
async function hostFor(context: TestContext, frontEnd: LightMachine): Promise<LightMachine> {
  const host = new LightMachine(frontEnd.simulator, folderOf(context));
  cpSync(frontEnd.at(TREE), host.at(HOST_TREE), { recursive: true });
  host.source = host.at(HOST_TREE);
  rmSync(host.at(ONED_CONF));
  const key = host.aside("key", frontEnd.simulator.token);
  await host.exits(0, `install --host --server-id ${SERVER_ID} --token-file ${key}`);
  return host;
}

async function rowsOf(machine: LightMachine, line = "doctor -j"): Promise<Row[]> {
  return JSON.parse((await machine.run(line.split(" "))).stdout);
}

/** What is not ok. */
async function wrongOn(machine: LightMachine, line?: string): Promise<Row[]> {
  return (await rowsOf(machine, line)).filter(({ level }) => level !== "ok");
}

/** The first thing that is not ok, as the tables have it. */
async function firstOn(machine: LightMachine, changed = machine): Promise<unknown[]> {
  const [row] = await wrongOn(machine);
  const cure = row?.cure?.replaceAll(changed.root, "").replaceAll(machine.simulator.url, "API_URL");
  return [row?.host ?? "front-end", `${row?.level} ${row?.id}`, cure];
}

/** What is wrong, how it came, what doctor finds, and what fixes it below the machine's root. */
type Trouble = readonly [string, (machine: LightMachine) => unknown, finding: string, cure: string];

const PRE = `${TREE}/vnm/bridge/pre.d`;
const ACTION = `${TREE}/ipam/scw-flexip/get_address`;
const LINK = `${TREE}/etc/dangling`;
const TIMER = "usr/lib/systemd/system/scw-flexip-reconcile.timer";
const EDIT = `sudoedit /${CONF}`;
const EDIT_ONED_CONF = `sudoedit /${ONED_CONF}`;
const RESTART = `${FRONT_END} --restart`;
const NEW_TOKEN = `${FRONT_END} --token-stdin`;
const MAKE_FOLDER = "install -d -m 0750 -o oneadmin -g oneadmin";
const USE_BRIDGE = `sudo -u oneadmin sh -c "echo 'VN_MAD=\\"bridge\\"' | onevnet update 0 -a /dev/stdin"`;
const RECONCILE = "scw-flexip reconcile";
const FOLDER = dirname(STATE);
const ASIDE = `${STATE}.damaged-20260101T000000000Z`;
const SECOND = 'IPAM_MAD = [ ARGUMENTS = "-i dummy" ]\n';

const remove = (path: string) => (machine: LightMachine) => rmSync(machine.at(path), { recursive: true });
const mode = (path: string, bits: number) => (machine: LightMachine) => chmodSync(machine.at(path), bits);
const write = (path: string, text: string) => (machine: LightMachine) => machine.write(path, text, 0o755);
const edit = (path: string, before: string | RegExp, after: string) => (machine: LightMachine) =>
  machine.edit(path, (text) => text.replace(before, after));
const append = (path: string, line: string) => edit(path, /$/, `${line}\n`);
const set = (settings: Readonly<Record<string, string>>) => (machine: LightMachine) => machine.configure(settings);
const silence = (command: string) => (machine: LightMachine) => machine.tool(command, "");
const network = (driver: string) => (machine: LightMachine) => {
  addRange(machine, IP);
  machine.change(({ networks: [network] }) => Object.assign(network ?? {}, { driver }));
};
const retag = (machine: LightMachine) => machine.simulator.account.set(addRange(machine, IP), { tags: OLD_CLOUD });
const lose = (machine: LightMachine) => machine.simulator.account.remove(addRange(machine, IP));

const OF_FRONT_END: readonly Trouble[] = [
  ["a setting with a bad value", set({ ZONE: "paris" }), "failure settings", EDIT],
  ["no settings", remove(CONF), "failure settings", FRONT_END],
  ["a gateway that no flexible IP has", set({ GATEWAY: "192.0.2.1" }), "warning gateway", EDIT],
  ["a key that others can read", mode(TOKEN, 0o644), "failure token", `chmod 0600 /${TOKEN}`],
  ["no key", remove(TOKEN), "failure token", NEW_TOKEN],
  ["a revoked key", ({ simulator }) => simulator.account.deny(), "failure token", NEW_TOKEN],
  ["a fresh grant", (fe) => fe.simulator.account.grantPendingUntil(1), "failure token", "sleep 120; scw-flexip doctor"],
  ["no API", set({ API_URL: "http://127.0.0.1:9" }), "failure api", "curl -sSI http://127.0.0.1:9"],
  ["a broken API", (fe) => fe.simulator.account.behave({ api: "unavailable" }), "failure api", "curl -sSI API_URL"],
  ["a project without servers, before the first range", set({ PROJECT_ID: OTHER_PROJECT }), "failure project", EDIT],
  ["a zone that does not exist, before the first range", set({ ZONE: "fr-par-9" }), "failure project", EDIT],
  ["a missing hook", remove(`${PRE}/01-scw-flexip`), "failure files", `${FRONT_END} --sync`],
  ["a hook that does nothing", write(`${PRE}/01-scw-flexip`, DO_NOTHING), "failure files", `${FRONT_END} --sync`],
  ["an action without its x bit", mode(ACTION, 0o644), "failure files", `chmod 0755 /${ACTION}`],
  ["a copy of a hook", write(`${PRE}/01-scw-flexip~`, ""), "failure other-hooks", `rm /${PRE}/01-scw-flexip~`],
  ["a rival hook", write(`${PRE}/02`, "curl $URL/flexible-ip"), "failure other-hooks", `chmod -x /${PRE}/02`],
  ["a folder among the hooks", (fe) => mkdirSync(fe.at(`${PRE}/old`)), "failure other-hooks", `mv /${PRE}/old /root/`],
  ["a link on which onehost sync fails", (fe) => symlinkSync("/no", fe.at(LINK)), "failure remotes", `rm /${LINK}`],
  ["another version", write(DRIVER, "#!/bin/sh\necho scw-flexip 0.0.1\n"), "warning version", `${FRONT_END} --sync`],
  ["a truncated executable", write(DRIVER, "\x7fELF"), "failure executable", `${FRONT_END} --sync`],
  ["an oned.conf that an upgrade replaced", write(ONED_CONF, SECOND), "failure oned-conf", RESTART],
  ["an oned.conf of 0.1.0", edit(ONED_CONF, /^INHERIT.*_INTENT.*\n/m, ""), "warning inherited", RESTART],
  ["attributes that users may set", edit(ONED_CONF, /^VM_REST.*_INTENT.*\n/m, ""), "warning restricted", RESTART],
  ["an oned.conf with a syntax error", append(ONED_CONF, 'X = "'), "failure oned-conf", EDIT_ONED_CONF],
  ["a second IPAM_MAD", append(ONED_CONF, SECOND), "warning oned-conf", EDIT_ONED_CONF],
  ["MACs that oned would refuse", append(ONED_CONF, 'MAC_GLOBAL_SPACE = "YES"'), "failure mac-space", EDIT_ONED_CONF],
  ["no log folder", remove("var/log/one"), "failure logs", `${MAKE_FOLDER} /var/log/one`],
  ["logs that nothing rotates", remove(ROTATION), "warning rotation", FRONT_END],
  ["a journal's folder that others can read", mode(FOLDER, 0o755), "warning state", `chmod 0700 /${FOLDER}`],
  ["a damaged journal", write(STATE, '{ "vers'), "warning journal", RECONCILE],
  ["a damaged journal that was set aside", write(ASIDE, "{"), "warning journal", `${RECONCILE} && rm /${ASIDE}`],
  ["a timer that is off", write(TIMER, ""), "warning timer", "scw-flexip install --timer"],
  ["no user oneadmin", remove("etc/passwd"), "failure user", "apt install opennebula"],
  ["OpenNebula that is silent", silence("onevnet"), "failure opennebula", "sudo -u oneadmin onevnet list"],
  ["hosts that cannot be listed", silence("onehost"), "failure hosts", "sudo -u oneadmin onehost list"],
  ["a front-end that may not lead", silence("onezone"), "warning leader", "sudo -u oneadmin onezone show 0"],
  ["a network with VN_MAD fw", network("fw"), "warning networks", `${FRONT_END} --fw --sync`],
  ["a network whose driver runs no hook of ours", network("802.1Q"), "warning networks", USE_BRIDGE],
  ["addresses of another project", lose, "failure addresses", EDIT],
  ["a changed CLOUD", retag, "failure cloud", EDIT],
  ["a server that is nearly full", fillServer, "warning quota", "scw-flexip list"],
];

function fillServer({ simulator }: LightMachine): void {
  for (let each = 0; each < 60; each += 1) simulator.account.add({ serverId: SERVER_A, projectId: PROJECT });
}

onFrontEnd("a front-end on which all is well has no finding", async (frontEnd) => {
  addRange(frontEnd, IP);
  const rows = await rowsOf(frontEnd);
  assert.ok(rows.length > 15);
  assert.deepEqual(new Set(rows.map(({ level }) => level)), new Set(["ok"]));
});

for (const [name, cause, finding, cure] of OF_FRONT_END) {
  onFrontEnd(`doctor finds on a front-end: ${name}`, async (frontEnd) => {
    cause(frontEnd);
    assert.deepEqual(await firstOn(frontEnd), ["front-end", finding, cure]);
  });
}

const HOST_PRE = `${HOST_TREE}/vnm/bridge/pre.d`;
const HOST_DRIVER = `${HOST_TREE}/ipam/scw-flexip/scw-flexip`;
const BUILD = `#!/bin/sh\n# Another build.\necho scw-flexip ${VERSION}\n`;
const RENAME = "scw-flexip install --hosts HOST  # on the front-end; HOST: this host's name in OpenNebula";
const OF_HOST: readonly Trouble[] = [
  ["no hooks", remove(HOST_PRE), "failure files", `${SYNC}  # on the front-end`],
  ["no key", remove(TOKEN), "failure token", "scw-flexip install --host --token-stdin"],
  ["settings of another zone", edit(HOST_CONF, "fr-par-2", "nl-ams-1"), "failure settings", SYNC],
  ["another CLOUD", append(HOST_CONF, 'CLOUD="two"'), "failure settings", SYNC],
  ["no such server", write("var/lib/one/scw-server-id", `fr-par-2/${UNKNOWN_SERVER}`), "failure server-id", RENAME],
  ["another build of this version", write(HOST_DRIVER, BUILD), "failure executable", SYNC],
  ["no log folder", remove("var/log/vnm"), "failure logs", `${MAKE_FOLDER} /var/log/vnm`],
];

for (const [name, cause, finding, cure] of OF_HOST) {
  onFrontEnd(`doctor on the front-end finds on a host: ${name}`, async (frontEnd, context) => {
    const host = await hostFor(context, frontEnd);
    cause(host);
    const rows = JSON.stringify(await rowsOf(host));
    frontEnd.aside("ssh-h1", `cat ${frontEnd.aside("rows", rows)}`);
    frontEnd.listHosts({ serverId: SERVER_ID });
    assert.deepEqual(await firstOn(frontEnd, host), ["h1", finding, cure]);
  });
}

const OTHER = '{"level":"ok","id":"version","role":"host","host":null,"value":"0.0.1","why":"","cure":null}';
/** OpenNebula's state of h1, what ssh answers there, and what doctor makes of it. */
const ASKED: readonly (readonly [string, state: string, answer: string, finding: string, cure: string])[] = [
  ["an older driver, whose doctor has no ids", "2", `echo '[{"level":"ok","check":"files"}]'`, "warning version", SYNC],
  ["another version", "2", `echo '[${OTHER}]'`, "warning version", SYNC],
  ["a tree that was never copied", "2", "echo sh: not found >&2; exit 127", "failure files", SYNC],
  ["no answer", "2", "exit 255", "warning reach", "sudo -u oneadmin ssh h1 true"],
  ["a monitoring that fails", "3", "echo '[]'", "warning host-state", "sudo -u oneadmin onehost forceupdate h1"],
];
for (const [name, state, answer, finding, cure] of ASKED) {
  onFrontEnd(`doctor on the front-end finds a host with ${name}`, async (frontEnd) => {
    frontEnd.listHosts({ state, serverId: SERVER_ID });
    frontEnd.aside("ssh-h1", answer);
    assert.deepEqual(await firstOn(frontEnd), ["h1", finding, cure]);
  });
}

onFrontEnd("doctor finds hosts that are the same server, an unknown one, and none", async (frontEnd) => {
  const found = async () => (await wrongOn(frontEnd)).map(({ host, id, why }) => [host, id, why]);
  for (const name of ["h1", "h2"]) frontEnd.aside(`ssh-${name}`, "echo '[]'");
  frontEnd.listHosts({ serverId: SERVER_ID }, { name: "h2", serverId: SERVER_ID });
  assert.deepEqual(await found(), [
    ["h1", "server", `is server ${SERVER_A}, and so is h2`],
    ["h2", "server", `is server ${SERVER_A}, and so is h1`],
  ]);
  frontEnd.listHosts({ serverId: UNKNOWN_SERVER });
  const elsewhere = `is server ${UNKNOWN_SERVER}, which the project does not have in this zone`;
  assert.deepEqual(await found(), [["h1", "server", elsewhere]]);
  frontEnd.listHosts({}, { name: "h2", state: "8" });
  assert.deepEqual(await found(), [["h1", "server", "its server is not known"]]);
});

onFrontEnd("only an address on a server of no known host points at another OpenNebula", async (frontEnd) => {
  const cloud = async () => {
    const rows = await wrongOn(frontEnd, "doctor -j --no-hosts");
    return rows.map(({ id, why, cure }) => [id, why, cure]);
  };
  const one = "flexible IPs tagged with cloud one that no range here has: ";
  frontEnd.flexibleIp(IP, { serverId: SERVER_A });
  frontEnd.listHosts({ serverId: SERVER_ID });
  assert.deepEqual(await cloud(), [["cloud", `${one}1`, RECONCILE]]);
  frontEnd.listHosts({});
  const unknown = `${one}1; attached elsewhere: 1, perhaps to h1, whose server is not known`;
  assert.deepEqual(await cloud(), [["cloud", unknown, "scw-flexip install --hosts h1"]]);
  frontEnd.flexibleIp("203.0.113.8", { serverId: UNKNOWN_SERVER });
  frontEnd.listHosts({ serverId: SERVER_ID });
  const away = `${one}2; attached elsewhere: 1, perhaps by another OpenNebula with this CLOUD`;
  assert.deepEqual(await cloud(), [["cloud", away, RECONCILE]]);
});

onFrontEnd("a bridge must exist, be up and lead outside", async (frontEnd, context) => {
  const host = await hostFor(context, frontEnd);
  const bridge = async () => {
    const rows = await rowsOf(host, "doctor -j --bridges br0");
    return rows.filter(({ id }) => id === "bridge").map(({ level, why }) => `${level}: ${why}`);
  };
  assert.deepEqual(await bridge(), ["failure: there is no bridge br0"]);
  const net = "sys/class/net";
  for (const folder of ["br0/bridge", "br0/brif/vnet7"]) mkdirSync(host.at(`${net}/${folder}`), { recursive: true });
  host.write(`${net}/vnet7/tun_flags`, "0x1002\n");
  host.write(`${net}/br0/operstate`, "down\n");
  assert.deepEqual(await bridge(), ["failure: br0 is down"]);
  host.write(`${net}/br0/operstate`, "up\n");
  assert.deepEqual(await bridge(), ["failure: br0 has no interface that leads outside: guests reach nobody"]);
  mkdirSync(host.at(`${net}/br0/brif/eno1`));
  assert.deepEqual(await bridge(), ["ok: br0 is up, and reaches outside by eno1"]);
});

onFrontEnd("a host's server id is compared with its addresses and with the project", async (frontEnd, context) => {
  const host = await hostFor(context, frontEnd);
  const wrong = async () => (await wrongOn(host)).map(({ level, id }) => `${level} ${id}`);
  assert.deepEqual(await wrong(), []);
  const { account } = host.simulator;
  const [server] = account.servers;
  assert.ok(server);
  account.servers = [{ ...server, addresses: ["198.51.100.1"] }];
  assert.deepEqual(await wrong(), ["failure server-id"]);
  account.servers = [{ ...server, projectId: OTHER_PROJECT }];
  assert.deepEqual(await wrong(), ["failure project"]);
  rmSync(host.at("var/lib/one/scw-server-id"));
  assert.deepEqual(await wrong(), ["failure server-id"]);
});

onFrontEnd("the host half of a machine of both roles has settings of its own", async (frontEnd, context) => {
  const host = await hostFor(context, frontEnd);
  renameSync(host.at(HOST_TREE), frontEnd.at(HOST_TREE));
  frontEnd.edit(HOST_CONF, (text) => text.replace("fr-par-2", "nl-ams-1"));
  const settings = (await rowsOf(frontEnd)).filter(({ id }) => id === "settings");
  const zones = settings.map(({ role, why }) => `${role}: ${/zone [\w-]+/.exec(why)?.[0]}`);
  assert.deepEqual(zones, ["frontend: zone fr-par-2", "host: zone nl-ams-1"]);
});

onFrontEnd("a clock that is a minute off is a warning, ten minutes are a failure", async (frontEnd, { mock }) => {
  for (const [offsetMs, level] of [
    [60_000, "warning"],
    [-600_000, "failure"],
  ] as const) {
    // The date of an HTTP answer is the runtime's own, which keeps the right time.
    mock.timers.enable({ apis: ["Date"], now: Date.now() + offsetMs });
    const wrong = (await wrongOn(frontEnd)).map((row) => [row.level, row.id, row.cure]);
    mock.timers.reset();
    assert.deepEqual(wrong, [[level, "clock", "timedatectl set-ntp true"]]);
  }
});

onFrontEnd("--plugin answers as monitoring plugins do: 0, 1, 2, 3", async (machine) => {
  const plugin = async (code: number) => (await machine.exits(code, "doctor --plugin")).stdout;
  assert.match(await plugin(0), /^SCW-FLEXIP OK - \d+ checks \| ok=\d+ warnings=0 failures=0\n$/);
  chmodSync(machine.at(FOLDER), 0o755);
  assert.match(await plugin(1), /^SCW-FLEXIP WARNING - front-end state: .* \| ok=\d+ warnings=1 failures=0\n$/);
  rmSync(machine.at(TOKEN));
  assert.match(await plugin(2), /^SCW-FLEXIP CRITICAL - front-end token: .*; front-end state: /);
  rmSync(machine.at(ONED_CONF));
  assert.match(await plugin(3), /^SCW-FLEXIP UNKNOWN - /);
  await machine.exits(2, "doctor");
});

test("hosts answer over one ssh each, and a cure stands on a line of its own and does what it says", async (context) => {
  const rig = await installedRig(context);
  await rig.exits(0, "install --frontend --sync --hosts");
  const key = rig.host("kvm-a", TOKEN);
  chmodSync(key, 0o640);
  const { stdout } = await rig.exits(1, "doctor");
  const cure = /^token, kvm-a:\n {2}(chmod .*)$/m.exec(stdout)?.[1] ?? "";
  assert.equal(cure, `chmod 0600 ${key}`);
  assert.equal((await rig.runProgram("/bin/sh", ["-c", cure])).code, 0);
  assert.match(stdout, /^ok +kvm-b +server +is server .*; \d+ checks are ok$/m);
  const rows: Row[] = await rig.json("doctor");
  const versions = rows.filter(({ id }) => id === "version").map(({ role, host }) => `${role} ${host}`);
  assert.deepEqual(versions, ["frontend null", "host kvm-a", "host kvm-b"]);
  const ids = rows.map(({ id, host }) => `${host} ${id}`);
  assert.equal(new Set(ids).size, ids.length, "an id names one thing on one machine");
});
