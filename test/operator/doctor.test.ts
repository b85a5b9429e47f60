// doctor, one trouble at a time: it is found, it comes first, and its cure is the command that fixes it.
import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, cpSync, mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { createServer, request } from "node:http";
import { dirname } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { examine } from "../../driver/operator/doctor/examine.ts";
import type { Row } from "../../driver/operator/doctor/report.ts";
import { doctor } from "../../driver/operator/doctor.ts";
import { install } from "../../driver/operator/install/install.ts";
import { startSimulator } from "../fakes/flexible-ip-server.ts";
import { OTHER_PROJECT, PROJECT } from "../rig.ts";
import { CloudRig } from "./cloud-rig.ts";
import { CONF, LightMachine, SERVER, VERSION } from "./light-machine.ts";

const TREE = "var/lib/one/remotes";
const HOST_TREE = "var/tmp/one";
const TOKEN = "var/lib/one/.scw-flexip.token";
const ONED_CONF = "etc/one/oned.conf";
const JOURNAL = "var/lib/one/scw-flexip/state.json";
const SYNC = "sudo -u oneadmin onehost sync -f";
const INSTALL = "scw-flexip install --frontend --sync";
const RESTART = "scw-flexip install --frontend --restart";
const NEW_TOKEN = "scw-flexip install --frontend --token-stdin";
const DO_NOTHING = "#!/bin/sh\nexit 0\n";

let installed: LightMachine;
before(async () => {
  installed = new LightMachine(await startSimulator());
  const key = installed.aside("key", installed.simulator.token);
  const { code, stderr } = await installed.run(install, { frontend: true, tokenFile: key });
  assert.equal(code, 0, stderr);
});
after(() => installed.stop());

/** A front-end on which all is well. */
async function frontEndFor(context: TestContext): Promise<LightMachine> {
  const machine = await LightMachine.start(context);
  cpSync(installed.root, machine.root, { recursive: true });
  // A copy of a folder has no mode of its own.
  chmodSync(machine.at(dirname(JOURNAL)), 0o700);
  machine.configure("frontend");
  return machine;
}

/** A host of the front-end on which all is well. */
async function hostFor(context: TestContext, frontEnd: LightMachine): Promise<LightMachine> {
  const host = new LightMachine(frontEnd.simulator);
  context.after(() => host.remove());
  cpSync(frontEnd.at(TREE), host.at(HOST_TREE), { recursive: true });
  host.source = host.at(HOST_TREE);
  const key = host.aside("key", frontEnd.simulator.token);
  const { code, stderr } = await host.run(install, { host: true, serverId: `fr-par-2/${SERVER}`, tokenFile: key });
  assert.equal(code, 0, stderr);
  return host;
}

function rowsOf(machine: LightMachine, values: { hosts?: true; host?: true; bridges?: string[] } = {}): Promise<Row[]> {
  return examine(machine.operator("doctor", values), values.hosts === true);
}

/** What is not ok: level, host, id, cure. */
function problems(rows: readonly Row[]): (string | null)[][] {
  return rows.filter(({ level }) => level !== "ok").map(({ level, host, id, cure }) => [level, host, id, cure]);
}

/** OpenNebula's hosts, each with its state and server. */
function listHosts(frontEnd: LightMachine, hosts: readonly (readonly [string, string, string])[]): void {
  const xml = hosts.map(
    ([name, state, server]) =>
      `<HOST><NAME>${name}</NAME><STATE>${state}</STATE><TEMPLATE><SCW_SERVER_ID>${server}</SCW_SERVER_ID></TEMPLATE></HOST>`,
  );
  frontEnd.says("onehost", `<HOST_POOL>${xml.join("")}</HOST_POOL>`);
}

/** One network, with a range of ours for each flexible IP. */
function listRanges(frontEnd: LightMachine, ids: readonly string[], driver = "bridge"): void {
  const ranges = ids.map(
    (id) => `<AR><IPAM_MAD>scw-flexip</IPAM_MAD><SCW_FLEXIBLE_IP_ID>${id}</SCW_FLEXIBLE_IP_ID></AR>`,
  );
  const network = `<ID>3</ID><NAME>public</NAME><VN_MAD>${driver}</VN_MAD><BRIDGE>br0</BRIDGE>`;
  frontEnd.says("onevnet", `<VNET_POOL><VNET>${network}<AR_POOL>${ranges.join("")}</AR_POOL></VNET></VNET_POOL>`);
}

/** What is wrong, how it came, what doctor finds, and what fixes it below the machine's root. */
type Trouble = readonly [string, (machine: LightMachine) => unknown, finding: string, cure: string];

const PRE = `${TREE}/vnm/bridge/pre.d`;
const ACTION = `${TREE}/ipam/scw-flexip/get_address`;
const DRIVER = `${TREE}/ipam/scw-flexip/scw-flexip`;
const LINK = `${TREE}/etc/dangling`;
const TIMER = "usr/lib/systemd/system/scw-flexip-reconcile.timer";
const EDIT = `sudoedit /${CONF.frontend}`;
const EDIT_ONED_CONF = `sudoedit /${ONED_CONF}`;
const MAKE_FOLDER = "install -d -m 0750 -o oneadmin -g oneadmin";
const USE_BRIDGE = `sudo -u oneadmin sh -c "echo 'VN_MAD=\\"bridge\\"' | onevnet update 3 -a /dev/stdin"`;
const ROTATION = "etc/logrotate.d/scw-flexip";
const ASIDE = `${JOURNAL}.damaged-20260101T000000000Z`;
const SECOND = 'IPAM_MAD = [ ARGUMENTS = "-i dummy" ]\n';

const remove = (path: string) => (machine: LightMachine) => rmSync(machine.at(path), { recursive: true });
const mode = (path: string, bits: number) => (machine: LightMachine) => chmodSync(machine.at(path), bits);
const write = (path: string, text: string) => (machine: LightMachine) => machine.write(path, text, 0o755);
const edit = (path: string, before: string | RegExp, after: string) => (machine: LightMachine) =>
  machine.edit(path, (text) => text.replace(before, after));
const append = (path: string, line: string) => edit(path, /$/, `${line}\n`);
const set = (settings: Readonly<Record<string, string>>) => (machine: LightMachine) =>
  machine.configure("frontend", settings);
const silence = (command: string) => (machine: LightMachine) => machine.says(command, "");
const network = (driver: string) => (machine: LightMachine) => listRanges(machine, [addressOf(machine)], driver);

const OF_FRONT_END: readonly Trouble[] = [
  ["a setting with a bad value", set({ ZONE: "paris" }), "failure settings", EDIT],
  ["no settings", remove(CONF.frontend), "failure settings", "scw-flexip install --frontend"],
  ["a gateway that no flexible IP has", set({ GATEWAY: "192.0.2.1" }), "warning gateway", EDIT],
  ["a key that others can read", mode(TOKEN, 0o644), "failure token", `chmod 0600 /${TOKEN}`],
  ["no key", remove(TOKEN), "failure token", NEW_TOKEN],
  ["a revoked key", ({ simulator }) => simulator.account.deny(), "failure token", NEW_TOKEN],
  ["a fresh grant", (fe) => fe.simulator.account.grantPendingUntil(1), "failure token", "sleep 120; scw-flexip doctor"],
  ["no API", set({ API_URL: "http://127.0.0.1:9" }), "failure api", "curl -sSI http://127.0.0.1:9"],
  ["a broken API", (fe) => fe.simulator.account.behave({ api: "unavailable" }), "failure api", "curl -sSI API_URL"],
  ["a project without servers, before the first range", set({ PROJECT_ID: OTHER_PROJECT }), "failure project", EDIT],
  ["a zone that does not exist, before the first range", set({ ZONE: "fr-par-9" }), "failure project", EDIT],
  ["a missing hook", remove(`${PRE}/01-scw-flexip`), "failure files", INSTALL],
  ["a hook that does nothing", write(`${PRE}/01-scw-flexip`, DO_NOTHING), "failure files", INSTALL],
  ["an action without its x bit", mode(ACTION, 0o644), "failure files", `chmod 0755 /${ACTION}`],
  [
    "a copy of a hook beside it",
    write(`${PRE}/01-scw-flexip~`, ""),
    "failure other-hooks",
    `rm /${PRE}/01-scw-flexip~`,
  ],
  [
    "another hook for flexible IPs",
    write(`${PRE}/02`, "curl $URL/flexible-ip"),
    "failure other-hooks",
    `chmod -x /${PRE}/02`,
  ],
  ["a folder among the hooks", (fe) => mkdirSync(fe.at(`${PRE}/old`)), "failure other-hooks", `mv /${PRE}/old /root/`],
  ["a link on which onehost sync fails", (fe) => symlinkSync("/no", fe.at(LINK)), "failure remotes", `rm /${LINK}`],
  ["an executable of another version", write(DRIVER, "#!/bin/sh\necho scw-flexip 0.0.1\n"), "warning version", INSTALL],
  ["a truncated executable", write(DRIVER, "\x7fELF"), "failure executable", INSTALL],
  ["an oned.conf that an upgrade replaced", write(ONED_CONF, SECOND), "failure oned-conf", RESTART],
  ["an oned.conf of 0.1.0", edit(ONED_CONF, /^INHERIT.*_INTENT.*\n/m, ""), "warning inherited", RESTART],
  ["attributes that users may set", edit(ONED_CONF, /^VM_REST.*_INTENT.*\n/m, ""), "warning restricted", RESTART],
  ["an oned.conf with a syntax error", append(ONED_CONF, 'X = "'), "failure oned-conf", EDIT_ONED_CONF],
  ["a second IPAM_MAD", append(ONED_CONF, SECOND), "warning oned-conf", EDIT_ONED_CONF],
  ["MACs that oned would refuse", append(ONED_CONF, 'MAC_GLOBAL_SPACE = "YES"'), "failure mac-space", EDIT_ONED_CONF],
  ["no log folder", remove("var/log/one"), "failure logs", `${MAKE_FOLDER} /var/log/one`],
  ["logs that nothing rotates", remove(ROTATION), "warning rotation", "scw-flexip install --frontend"],
  [
    "a journal's folder that others can read",
    mode(dirname(JOURNAL), 0o755),
    "warning state",
    `chmod 0700 /${dirname(JOURNAL)}`,
  ],
  ["a damaged journal", write(JOURNAL, '{ "vers'), "warning journal", "scw-flexip reconcile"],
  [
    "a journal of another form",
    write(JOURNAL, '{ "version": 1, "intents": [] }'),
    "warning journal",
    "scw-flexip reconcile",
  ],
  [
    "a damaged journal that was set aside",
    write(ASIDE, "{"),
    "warning journal",
    `scw-flexip reconcile && rm /${ASIDE}`,
  ],
  ["a timer that is off", write(TIMER, ""), "warning timer", "scw-flexip install --timer"],
  ["no user oneadmin", remove("etc/passwd"), "failure user", "apt install opennebula"],
  ["OpenNebula that is silent", silence("onevnet"), "failure opennebula", "sudo -u oneadmin onevnet list"],
  ["hosts that cannot be listed", silence("onehost"), "failure hosts", "sudo -u oneadmin onehost list"],
  ["a front-end that may not lead", silence("onezone"), "warning leader", "sudo -u oneadmin onezone show 0"],
  ["a network with VN_MAD fw", network("fw"), "warning networks", "scw-flexip install --frontend --fw --sync"],
  ["a network whose driver runs no hook of ours", network("802.1Q"), "warning networks", USE_BRIDGE],
  ["addresses of another project", (fe) => listRanges(fe, ["lost"]), "failure addresses", EDIT],
  ["a changed CLOUD", (fe) => listRanges(fe, [addressOf(fe, { cloud: "before" })]), "failure cloud", EDIT],
  ["a server that is nearly full", fillServer, "warning quota", "scw-flexip list"],
];

/** Adds a flexible IP with our tags and returns its id. */
function addressOf(machine: LightMachine, { cloud = "one", serverId = "" } = {}): string {
  const tags = ["scw-flexip", `scw-flexip:cloud=${cloud}`, "scw-flexip:created"];
  const at = serverId === "" ? {} : { serverId };
  return machine.simulator.account.add({ tags, projectId: PROJECT, ...at }).id;
}

function fillServer({ simulator }: LightMachine): void {
  for (let each = 0; each < 60; each += 1) simulator.account.add({ serverId: SERVER, projectId: PROJECT });
}

/** The finding as the tables have it. */
function first(rows: readonly Row[], machine: LightMachine): (string | null)[] {
  const { level, host, id, cure } = rows.find((row) => row.level !== "ok") ?? {};
  const command = cure?.replaceAll(machine.root, "").replaceAll(machine.simulator.url, "API_URL");
  return [host ?? "front-end", `${level} ${id}`, command ?? null];
}

test("a front-end on which all is well has no finding", async (context) => {
  const frontEnd = await frontEndFor(context);
  listRanges(frontEnd, [addressOf(frontEnd)]);
  const rows = await rowsOf(frontEnd);
  assert.deepEqual(problems(rows), []);
  assert.ok(rows.length > 15);
});

for (const [name, cause, finding, cure] of OF_FRONT_END) {
  test(`doctor finds on a front-end: ${name}`, async (context) => {
    const frontEnd = await frontEndFor(context);
    cause(frontEnd);
    assert.deepEqual(first(await rowsOf(frontEnd), frontEnd), ["front-end", finding, cure]);
  });
}

const NO_SERVER = "fr-par-2/99999999-9999-4999-8999-999999999999";
const HOST_DRIVER = `${HOST_TREE}/ipam/scw-flexip/scw-flexip`;
const BUILD = `#!/bin/sh\n# Another build.\necho scw-flexip ${VERSION}\n`;
const OTHER = '{"level":"ok","id":"version","role":"host","host":null,"value":"0.0.1","why":"","cure":null}';
const HOST_PRE = `${HOST_TREE}/vnm/bridge/pre.d`;
const RENAME = "scw-flexip install --hosts HOST  # on the front-end; HOST: this host's name in OpenNebula";
const OF_HOST: readonly Trouble[] = [
  ["no hooks", remove(HOST_PRE), "failure files", `${SYNC}  # on the front-end`],
  ["a hook that does nothing", write(`${HOST_PRE}/01-scw-flexip`, DO_NOTHING), "failure files", SYNC],
  ["no key", remove(TOKEN), "failure token", "scw-flexip install --host --token-stdin"],
  ["a key that others can read", mode(TOKEN, 0o640), "failure token", `chmod 0600 /${TOKEN}`],
  ["settings of another zone", edit(CONF.host, "fr-par-2", "nl-ams-1"), "failure settings", SYNC],
  ["another CLOUD", append(CONF.host, 'CLOUD="two"'), "failure settings", SYNC],
  ["the id of no server", write("var/lib/one/scw-server-id", NO_SERVER), "failure server-id", RENAME],
  ["another build of this version", write(HOST_DRIVER, BUILD), "failure executable", SYNC],
  ["no log folder", remove("var/log/vnm"), "failure logs", `${MAKE_FOLDER} /var/log/vnm`],
];

for (const [name, cause, finding, cure] of OF_HOST) {
  test(`doctor on the front-end finds on a host: ${name}`, async (context) => {
    const frontEnd = await frontEndFor(context);
    const host = await hostFor(context, frontEnd);
    cause(host);
    const rows = await rowsOf(host, { host: true });
    frontEnd.says("ssh-h1", `cat ${frontEnd.aside("rows", JSON.stringify(rows))}`);
    listHosts(frontEnd, [["h1", "2", `fr-par-2/${SERVER}`]]);
    assert.deepEqual(first(await rowsOf(frontEnd, { hosts: true }), host), ["h1", finding, cure]);
  });
}

const INSTALL_H1 = "scw-flexip install --hosts h1";
/** OpenNebula's state of h1, what ssh answers there, and what doctor makes of it. */
const ASKED: readonly (readonly [string, state: string, answer: string, finding: string, cure: string])[] = [
  ["an older driver, whose doctor has no ids", "2", `echo '[{"level":"ok","check":"files"}]'`, "warning version", SYNC],
  ["another version", "2", `echo '[${OTHER}]'`, "warning version", SYNC],
  ["a tree that was never copied", "2", "echo sh: not found >&2; exit 127", "failure files", SYNC],
  ["no answer", "2", "exit 255", "warning reach", "sudo -u oneadmin ssh h1 true"],
  ["a monitoring that fails", "3", "echo '[]'", "warning host-state", "sudo -u oneadmin onehost forceupdate h1"],
];
for (const [name, state, answer, finding, cure] of ASKED) {
  test(`doctor on the front-end finds a host with ${name}`, async (context) => {
    const frontEnd = await frontEndFor(context);
    listHosts(frontEnd, [["h1", state, `fr-par-2/${SERVER}`]]);
    frontEnd.says("ssh-h1", answer);
    assert.deepEqual(first(await rowsOf(frontEnd, { hosts: true }), frontEnd), ["h1", finding, cure]);
  });
}

test("doctor finds hosts that are the same server, an unknown one, and none", async (context) => {
  const frontEnd = await frontEndFor(context);
  const found = async (...hosts: (readonly [string, string, string])[]): Promise<string[][]> => {
    listHosts(frontEnd, hosts);
    const rows = await rowsOf(frontEnd, { hosts: true });
    return rows.filter(({ level }) => level !== "ok").map(({ host, id, why }) => [host ?? "", id, why]);
  };
  for (const name of ["h1", "h2"]) frontEnd.says(`ssh-${name}`, "echo '[]'");
  const [own, other] = [`fr-par-2/${SERVER}`, "99999999-9999-4999-8999-999999999999"];
  assert.deepEqual(await found(["h1", "2", own], ["h2", "2", own]), [
    ["h1", "server", `is server ${SERVER}, and so is h2`],
    ["h2", "server", `is server ${SERVER}, and so is h1`],
  ]);
  assert.deepEqual(await found(["h1", "2", other]), [
    ["h1", "server", `is server ${other}, which the project does not have in this zone`],
  ]);
  assert.deepEqual(await found(["h1", "2", ""], ["h2", "8", ""]), [["h1", "server", "its server is not known"]]);
});

test("only an address on a server of nobody here points at another OpenNebula, once every host's server is known", async (context) => {
  const frontEnd = await frontEndFor(context);
  const cloud = async (): Promise<string[]> => {
    const rows = await rowsOf(frontEnd);
    return rows.filter(({ id }) => id === "cloud").flatMap(({ why, cure }) => [why, cure ?? ""]);
  };
  const one = "flexible IPs tagged with cloud one that no range here has: ";
  addressOf(frontEnd, { serverId: SERVER });
  listHosts(frontEnd, [["h1", "2", `fr-par-2/${SERVER}`]]);
  assert.deepEqual(await cloud(), [`${one}1`, "scw-flexip reconcile"]);
  listHosts(frontEnd, [["h1", "2", ""]]);
  const unknown = "; attached elsewhere: 1, perhaps to h1, whose server is not known";
  assert.deepEqual(await cloud(), [`${one}1${unknown}`, INSTALL_H1]);
  addressOf(frontEnd, { serverId: "99999999-9999-4999-8999-999999999999" });
  listHosts(frontEnd, [["h1", "2", `fr-par-2/${SERVER}`]]);
  const away = "; attached elsewhere: 1, perhaps by another OpenNebula with this CLOUD";
  assert.deepEqual(await cloud(), [`${one}2${away}`, "scw-flexip reconcile"]);
});

test("a bridge must exist, be up and lead outside", async (context) => {
  const frontEnd = await frontEndFor(context);
  const host = await hostFor(context, frontEnd);
  const bridge = async (): Promise<string[][]> => {
    const rows = await rowsOf(host, { host: true, bridges: ["br0"] });
    return rows.filter(({ id }) => id === "bridge").map(({ level, why }) => [level, why]);
  };
  assert.deepEqual(await bridge(), [["failure", "there is no bridge br0"]]);
  const net = "sys/class/net";
  for (const folder of ["br0/bridge", "br0/brif/vnet7"]) mkdirSync(host.at(`${net}/${folder}`), { recursive: true });
  host.write(`${net}/vnet7/tun_flags`, "0x1002\n");
  host.write(`${net}/br0/operstate`, "down\n");
  assert.deepEqual(await bridge(), [["failure", "br0 is down"]]);
  host.write(`${net}/br0/operstate`, "up\n");
  assert.deepEqual(await bridge(), [["failure", "br0 has no interface that leads outside: guests reach nobody"]]);
  mkdirSync(host.at(`${net}/br0/brif/eno1`));
  assert.deepEqual(await bridge(), [["ok", "br0 is up, and reaches outside by eno1"]]);
});

test("a host's server id is compared with this machine's addresses and with the project", async (context) => {
  const frontEnd = await frontEndFor(context);
  const host = await hostFor(context, frontEnd);
  const wrong = async (): Promise<string[]> =>
    problems(await rowsOf(host, { host: true })).map(([level, , id]) => `${level} ${id}`);
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

test("the host half of a machine of both roles has settings of its own", async (context) => {
  const frontEnd = await frontEndFor(context);
  const host = await hostFor(context, frontEnd);
  renameSync(host.at(HOST_TREE), frontEnd.at(HOST_TREE));
  frontEnd.configure("host", { ZONE: "nl-ams-1" });
  const settings = (await rowsOf(frontEnd)).filter(({ id }) => id === "settings");
  assert.deepEqual(
    settings.map(({ role, why }) => [role, /zone \S+/.exec(why)?.[0]]),
    [
      ["frontend", "zone fr-par-2,"],
      ["host", "zone nl-ams-1,"],
    ],
  );
});

/** The simulated API with a clock that is wrong. */
async function apiWithClock(context: TestContext, url: string, offsetMs: number): Promise<string> {
  const proxy = createServer((incoming, outgoing) => {
    const options = { method: incoming.method, headers: incoming.headers };
    const onward = request(url + incoming.url, options, (answer) => {
      const date = new Date(Date.now() + offsetMs).toUTCString();
      outgoing.writeHead(answer.statusCode ?? 500, { ...answer.headers, date });
      answer.pipe(outgoing);
    });
    incoming.pipe(onward);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  context.after(() => proxy.close());
  const address = proxy.address();
  assert.ok(address !== null && typeof address === "object");
  return `http://127.0.0.1:${address.port}`;
}

test("a clock that is a minute off is a warning, ten minutes are a failure", async (context) => {
  const frontEnd = await frontEndFor(context);
  for (const [offsetMs, level] of [
    [60_000, "warning"],
    [-600_000, "failure"],
  ] as const) {
    frontEnd.configure("frontend", { API_URL: await apiWithClock(context, frontEnd.simulator.url, offsetMs) });
    assert.deepEqual(problems(await rowsOf(frontEnd)), [[level, null, "clock", "timedatectl set-ntp true"]]);
  }
});

test("--plugin answers as monitoring plugins do: 0, 1, 2, 3", async (context) => {
  const machine = await frontEndFor(context);
  const plugin = () => machine.run(doctor, { plugin: true });
  const fine = await plugin();
  assert.equal(fine.code, 0);
  assert.match(fine.stdout, /^SCW-FLEXIP OK - \d+ checks \| ok=\d+ warnings=0 failures=0\n$/);
  chmodSync(machine.at("var/lib/one/scw-flexip"), 0o755);
  const warned = await plugin();
  assert.equal(warned.code, 1);
  assert.match(warned.stdout, /^SCW-FLEXIP WARNING - front-end state: .* \| ok=\d+ warnings=1 failures=0\n$/);
  rmSync(machine.at(TOKEN));
  const failed = await plugin();
  assert.equal(failed.code, 2);
  assert.match(failed.stdout, /^SCW-FLEXIP CRITICAL - front-end token: .*; front-end state: /);
  rmSync(machine.at(ONED_CONF));
  const unknown = await plugin();
  assert.equal(unknown.code, 3);
  assert.match(unknown.stdout, /^SCW-FLEXIP UNKNOWN - /);
  assert.equal((await machine.run(doctor, {})).code, 2, "neither a front-end nor a host");
});

test("hosts answer over one ssh each, and a cure stands on a line of its own and does what it says", async (context) => {
  const rig = await CloudRig.start();
  context.after(() => rig.stop());
  await rig.installed();
  await rig.withHosts();
  const key = rig.host("kvm-a", TOKEN);
  chmodSync(key, 0o640);
  const broken = await rig.run(["doctor"]);
  assert.equal(broken.code, 1, broken.stdout);
  const cure = /^token, kvm-a:\n {2}(chmod .*)$/m.exec(broken.stdout)?.[1];
  assert.equal(cure, `chmod 0600 ${key}`);
  assert.equal((await rig.runProgram("/bin/sh", ["-c", cure ?? ""])).code, 0);
  assert.match(broken.stdout, /^ok +kvm-b +server +is server .*; \d+ checks are ok$/m);
  const { code, stdout, stderr } = await rig.run(["doctor", "-j"]);
  assert.equal(code, 0, stdout);
  assert.match(stderr, /^\d+ ok, 0 warnings, 0 failures$/m);
  const rows: Row[] = JSON.parse(stdout);
  const versions = rows.filter(({ id }) => id === "version").map(({ role, host }) => [role, host]);
  assert.deepEqual(versions, [
    ["frontend", null],
    ["host", "kvm-a"],
    ["host", "kvm-b"],
  ]);
  const ids = rows.map(({ id, host }) => `${host} ${id}`);
  assert.equal(new Set(ids).size, ids.length, "an id names one thing on one machine");
});
