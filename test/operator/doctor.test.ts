// doctor, one trouble at a time: it is found, it is alone, and its cure is the command that fixes it.
import assert from "node:assert/strict";
import { once } from "node:events";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer, request } from "node:http";
import { after, before, beforeEach, type TestContext, test } from "node:test";
import type { Outcome } from "./cloud-rig.ts";
import { CloudRig, SERVER_A, SERVER_B } from "./cloud-rig.ts";

type Row = {
  level: string;
  id: string;
  role: string;
  host: string | null;
  value: string | null;
  why: string;
  cure: string | null;
};

const version = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version;

/** A front-end with two hosts, on which all is well before each test. */
let rig: CloudRig;
before(async () => {
  rig = await CloudRig.start();
  await rig.installed();
  await rig.withHosts();
  rig.save();
});
beforeEach(() => rig.restore());
after(() => rig.stop());

async function rowsOf(words: readonly string[] = []): Promise<{ code: number | null; rows: Row[] }> {
  const { code, stdout } = await rig.run(["doctor", "-j", ...words]);
  return { code, rows: JSON.parse(stdout) };
}

/** Exit code and what is not ok: level, host, id, cure. */
async function problems(words: readonly string[] = []): Promise<[number | null, (string | null)[][]]> {
  const { code, rows } = await rowsOf(words);
  const wrong = rows.filter(({ level }) => level !== "ok");
  return [code, wrong.map(({ level, host, id, cure }) => [level, host, id, cure])];
}

const TREE = "var/lib/one/remotes";
const CONF = "etc/ipam/scw-flexip/scw-flexip.conf";
const INSTALL = "scw-flexip install --frontend --sync";
const RESTART = "scw-flexip install --frontend --restart";
const SYNC = "sudo -u oneadmin onehost sync -f";
const NEW_TOKEN = "scw-flexip install --frontend --token-stdin";

type Trouble = readonly [string, (rig: CloudRig) => void, number, (rig: CloudRig) => (string | null)[]];

function edit(file: string, change: (text: string) => string): void {
  writeFileSync(file, change(readFileSync(file, "utf8")));
}

// Looked at with --no-hosts: each is alone.
const OF_FRONT_END: readonly Trouble[] = [
  [
    "a settings file with a bad value",
    (rig) => rig.configure({ ZONE: "paris" }),
    1,
    (rig) => ["failure", null, "settings", `sudoedit ${rig.at(`${TREE}/${CONF}`)}`],
  ],
  [
    "settings that are missing",
    (rig) => rmSync(rig.at(`${TREE}/${CONF}`)),
    1,
    () => ["failure", null, "settings", "scw-flexip install --frontend"],
  ],
  [
    "a gateway that no flexible IP has",
    (rig) => rig.configure({ GATEWAY: "192.0.2.1" }),
    3,
    (rig) => ["warning", null, "gateway", `sudoedit ${rig.at(`${TREE}/${CONF}`)}`],
  ],
  [
    "a key that others can read",
    (rig) => chmodSync(rig.at("var/lib/one/.scw-flexip.token"), 0o644),
    1,
    (rig) => ["failure", null, "token", `chmod 0600 ${rig.at("var/lib/one/.scw-flexip.token")}`],
  ],
  [
    "a key that is missing",
    (rig) => rmSync(rig.at("var/lib/one/.scw-flexip.token")),
    1,
    () => ["failure", null, "token", NEW_TOKEN],
  ],
  ["a key that was revoked", (rig) => rig.simulator.account.deny(), 1, () => ["failure", null, "token", NEW_TOKEN]],
  [
    "a grant that has not spread yet",
    (rig) => rig.simulator.account.grantPendingUntil(1),
    1,
    () => ["failure", null, "token", "sleep 120; scw-flexip doctor"],
  ],
  [
    "an API that is not there",
    (rig) => rig.configure({ API_URL: "http://127.0.0.1:9" }),
    1,
    () => ["failure", null, "api", "curl -sSI http://127.0.0.1:9"],
  ],
  [
    "an API that is broken",
    (rig) => rig.simulator.account.behave({ api: "unavailable" }),
    1,
    (rig) => ["failure", null, "api", `curl -sSI ${rig.simulator.url}`],
  ],
  [
    "a project without servers, before the first range",
    (rig) => rig.configure({ PROJECT_ID: "44444444-4444-4444-8444-444444444444" }),
    1,
    (rig) => ["failure", null, "project", `sudoedit ${rig.at(`${TREE}/${CONF}`)}`],
  ],
  [
    "a zone that does not exist, before the first range",
    (rig) => rig.configure({ ZONE: "fr-par-9" }),
    1,
    (rig) => ["failure", null, "project", `sudoedit ${rig.at(`${TREE}/${CONF}`)}`],
  ],
  [
    "a hook that is gone",
    (rig) => rmSync(rig.at(`${TREE}/vnm/bridge/clean.d/01-scw-flexip`)),
    1,
    () => ["failure", null, "files", INSTALL],
  ],
  [
    "a hook that does nothing",
    (rig) => writeFileSync(rig.at(`${TREE}/vnm/bridge/clean.d/01-scw-flexip`), "#!/bin/sh\nexit 0\n", { mode: 0o755 }),
    1,
    () => ["failure", null, "files", INSTALL],
  ],
  [
    "an action that is not executable",
    (rig) => chmodSync(rig.at(`${TREE}/ipam/scw-flexip/get_address`), 0o644),
    1,
    (rig) => ["failure", null, "files", `chmod 0755 ${rig.at(`${TREE}/ipam/scw-flexip/get_address`)}`],
  ],
  [
    "a copy of a hook beside it",
    (rig) => writeFileSync(rig.at(`${TREE}/vnm/bridge/pre.d/01-scw-flexip~`), "", { mode: 0o755 }),
    1,
    (rig) => ["failure", null, "other-hooks", `rm ${rig.at(`${TREE}/vnm/bridge/pre.d/01-scw-flexip~`)}`],
  ],
  [
    "another hook that changes flexible IPs",
    (rig) =>
      writeFileSync(rig.at(`${TREE}/vnm/bridge/pre.d/01_flexible_ip`), "curl $API/flexible-ip/v1alpha1\n", {
        mode: 0o755,
      }),
    1,
    (rig) => ["failure", null, "other-hooks", `chmod -x ${rig.at(`${TREE}/vnm/bridge/pre.d/01_flexible_ip`)}`],
  ],
  [
    "a folder among the hooks",
    (rig) => mkdirSync(rig.at(`${TREE}/vnm/bridge/post.d/old`)),
    1,
    (rig) => ["failure", null, "other-hooks", `mv ${rig.at(`${TREE}/vnm/bridge/post.d/old`)} /root/`],
  ],
  [
    "a dangling link, on which onehost sync fails",
    (rig) => symlinkSync("/nowhere", rig.at(`${TREE}/etc/dangling`)),
    1,
    (rig) => ["failure", null, "remotes", `rm ${rig.at(`${TREE}/etc/dangling`)}`],
  ],
  [
    "an executable of another version",
    (rig) => {
      rmSync(rig.at(`${TREE}/ipam/scw-flexip/scw-flexip`));
      writeFileSync(rig.at(`${TREE}/ipam/scw-flexip/scw-flexip`), "#!/bin/sh\necho scw-flexip 0.0.1\n", {
        mode: 0o755,
      });
    },
    3,
    () => ["warning", null, "version", INSTALL],
  ],
  [
    "an executable that was cut off",
    (rig) => {
      rmSync(rig.at(`${TREE}/ipam/scw-flexip/scw-flexip`));
      writeFileSync(rig.at(`${TREE}/ipam/scw-flexip/scw-flexip`), "\x7fELF", { mode: 0o755 });
    },
    1,
    () => ["failure", null, "executable", INSTALL],
  ],
  [
    "an oned.conf that an upgrade wrote again, by its first trouble",
    (rig) => writeFileSync(rig.at("etc/one/oned.conf"), 'IPAM_MAD = [ ARGUMENTS = "-i dummy" ]\n'),
    1,
    () => ["failure", null, "oned-conf", RESTART],
  ],
  [
    "an oned.conf of version 0.1.0",
    (rig) => edit(rig.at("etc/one/oned.conf"), (text) => text.replace(/^INHERIT.*SCW_FLEXIP_INTENT.*\n/m, "")),
    3,
    () => ["warning", null, "inherited", RESTART],
  ],
  [
    "an oned.conf with a syntax error",
    (rig) => appendFileSync(rig.at("etc/one/oned.conf"), 'X = "\n'),
    1,
    (rig) => ["failure", null, "oned-conf", `sudoedit ${rig.at("etc/one/oned.conf")}`],
  ],
  [
    "a second IPAM_MAD",
    (rig) => appendFileSync(rig.at("etc/one/oned.conf"), 'IPAM_MAD = [ ARGUMENTS = "-i dummy" ]\n'),
    3,
    (rig) => ["warning", null, "oned-conf", `sudoedit ${rig.at("etc/one/oned.conf")}`],
  ],
  [
    "MACs that oned would refuse",
    (rig) => appendFileSync(rig.at("etc/one/oned.conf"), 'MAC_GLOBAL_SPACE = "YES"\n'),
    1,
    (rig) => ["failure", null, "mac-space", `sudoedit ${rig.at("etc/one/oned.conf")}`],
  ],
  [
    "no log folder",
    (rig) => rmSync(rig.at("var/log/one"), { recursive: true }),
    1,
    (rig) => ["failure", null, "logs", `install -d -m 0750 -o oneadmin -g oneadmin ${rig.at("var/log/one")}`],
  ],
  [
    "logs that nothing rotates",
    (rig) => rmSync(rig.at("etc/logrotate.d/scw-flexip")),
    3,
    () => ["warning", null, "rotation", "scw-flexip install --frontend"],
  ],
  [
    "a journal's folder that others can read",
    (rig) => chmodSync(rig.at("var/lib/one/scw-flexip"), 0o755),
    3,
    (rig) => ["warning", null, "state", `chmod 0700 ${rig.at("var/lib/one/scw-flexip")}`],
  ],
  [
    "a damaged journal",
    (rig) => writeFileSync(rig.at("var/lib/one/scw-flexip/state.json"), '{ "vers'),
    3,
    () => ["warning", null, "journal", "scw-flexip reconcile"],
  ],
  [
    "a journal with intents of another form",
    (rig) => writeFileSync(rig.at("var/lib/one/scw-flexip/state.json"), '{ "version": 1, "intents": [] }'),
    3,
    () => ["warning", null, "journal", "scw-flexip reconcile"],
  ],
  [
    "a timer that is installed and off",
    (rig) => {
      mkdirSync(rig.at("usr/lib/systemd/system"), { recursive: true });
      writeFileSync(rig.at("usr/lib/systemd/system/scw-flexip-reconcile.timer"), "");
    },
    3,
    () => ["warning", null, "timer", "scw-flexip install --timer"],
  ],
];

for (const [name, cause, code, expected] of OF_FRONT_END) {
  test(`front-end: ${name}`, async () => {
    cause(rig);
    const [exit, found] = await problems(["--no-hosts"]);
    assert.deepEqual(found[0] ?? [], expected(rig));
    assert.equal(exit, code);
  });
}

const HOST_TREE = "var/tmp/one";
const OF_HOSTS: readonly Trouble[] = [
  ["nothing", () => {}, 0, () => []],
  [
    "its hooks are gone",
    (rig) => rmSync(rig.host("kvm-a", `${HOST_TREE}/vnm/bridge/pre.d`), { recursive: true }),
    1,
    () => ["failure", "kvm-a", "files", `${SYNC} (on the front-end)`],
  ],
  [
    "a hook of it does nothing",
    (rig) => edit(rig.host("kvm-b", `${HOST_TREE}/vnm/bridge/pre.d/01-scw-flexip`), () => "#!/bin/sh\nexit 0\n"),
    1,
    () => ["failure", "kvm-b", "files", SYNC],
  ],
  [
    "it has no key",
    (rig) => rmSync(rig.host("kvm-a", "var/lib/one/.scw-flexip.token")),
    1,
    () => ["failure", "kvm-a", "token", "scw-flexip install --host --token-stdin"],
  ],
  [
    "others there can read its key",
    (rig) => chmodSync(rig.host("kvm-a", "var/lib/one/.scw-flexip.token"), 0o640),
    1,
    (rig) => ["failure", "kvm-a", "token", `chmod 0600 ${rig.host("kvm-a", "var/lib/one/.scw-flexip.token")}`],
  ],
  [
    "its settings are another zone's",
    (rig) => edit(rig.host("kvm-a", `${HOST_TREE}/${CONF}`), (text) => text.replace("fr-par-2", "nl-ams-1")),
    1,
    () => ["failure", "kvm-a", "settings", SYNC],
  ],
  [
    "its CLOUD is another one",
    (rig) => appendFileSync(rig.host("kvm-b", `${HOST_TREE}/${CONF}`), 'CLOUD="two"\n'),
    1,
    () => ["failure", "kvm-b", "settings", SYNC],
  ],
  [
    "its server id is no server's",
    (rig) =>
      writeFileSync(rig.host("kvm-b", "var/lib/one/scw-server-id"), "fr-par-2/99999999-9999-4999-8999-999999999999\n"),
    1,
    () => [
      "failure",
      "kvm-b",
      "server-id",
      "scw-flexip install --hosts HOST (on the front-end, with this host's name in OpenNebula)",
    ],
  ],
  [
    "two are the same server",
    (rig) => rig.change(({ hosts }) => Object.assign(hosts[1] ?? {}, { serverId: `fr-par-2/${SERVER_A}` })),
    1,
    () => ["failure", "kvm-a", "server", "scw-flexip install --hosts kvm-a"],
  ],
  [
    "its log folder is gone",
    (rig) => rmSync(rig.host("kvm-a", "var/log/vnm"), { recursive: true }),
    1,
    (rig) => [
      "failure",
      "kvm-a",
      "logs",
      `install -d -m 0750 -o oneadmin -g oneadmin ${rig.host("kvm-a", "var/log/vnm")}`,
    ],
  ],
  [
    "it has an older driver, whose doctor has no ids",
    (rig) => {
      const file = rig.host("kvm-b", `${HOST_TREE}/ipam/scw-flexip/scw-flexip`);
      rmSync(file);
      writeFileSync(file, '#!/bin/sh\necho \'[{"level":"ok","check":"files","why":"","cure":""}]\'\n', { mode: 0o755 });
    },
    3,
    () => ["warning", "kvm-b", "version", SYNC],
  ],
  [
    "the tree was never copied there",
    (rig) => rmSync(rig.host("kvm-b", HOST_TREE), { recursive: true }),
    1,
    () => ["failure", "kvm-b", "files", SYNC],
  ],
  [
    "it does not answer",
    (rig) => rig.change(({ hosts }) => void delete hosts[0]?.root),
    3,
    () => ["warning", "kvm-a", "reach", "sudo -u oneadmin ssh kvm-a true"],
  ],
  [
    "OpenNebula cannot monitor it",
    (rig) => rig.change(({ hosts }) => Object.assign(hosts[0] ?? {}, { state: "3" })),
    3,
    () => ["warning", "kvm-a", "host-state", "sudo -u oneadmin onehost forceupdate kvm-a"],
  ],
];

for (const [name, cause, code, expected] of OF_HOSTS) {
  test(`a host, seen from the front-end: ${name}`, async () => {
    cause(rig);
    const [exit, found] = await problems();
    assert.deepEqual(found[0] ?? [], expected(rig));
    assert.equal(exit, code);
  });
}

test("hosts are asked by one ssh each, and are told in JSON with ids and hosts, in a table by one line", async () => {
  const { rows } = await rowsOf();
  const versions = rows.filter(({ id }) => id === "version").map(({ role, host, value }) => [role, host, value]);
  assert.deepEqual(versions, [
    ["frontend", null, version],
    ["host", "kvm-a", version],
    ["host", "kvm-b", version],
  ]);
  const ids = rows.map(({ id, host }) => `${host} ${id}`);
  assert.equal(new Set(ids).size, ids.length, "an id names one thing on one machine");
  const text = await rig.run(["doctor"]);
  assert.match(text.stdout, /^ok +kvm-a +server +is server .*; \d+ checks are ok$/m);
  assert.match(text.stderr, /^\d+ ok, 0 warnings, 0 failures$/m);
});

test("a cure stands on a line of its own, and does what it says", async () => {
  const file = rig.host("kvm-a", "var/lib/one/.scw-flexip.token");
  chmodSync(file, 0o640);
  const { stdout } = await rig.run(["doctor"]);
  const cure = /^token, kvm-a:\n {2}(chmod .*)$/m.exec(stdout)?.[1];
  assert.equal(cure, `chmod 0600 ${file}`);
  assert.equal((await rig.runProgram("/bin/sh", ["-c", cure ?? ""])).code, 0);
  assert.deepEqual(await problems(), [0, []]);
});

test("a bridge that is missing, down, or leads nowhere on a host", async () => {
  assert.equal((await rig.run(["range", "add", "--network", "public"])).code, 0);
  rig.change(({ networks: [network] }) => {
    if (network) network.bridge = "br0";
  });
  const bridge = async () => {
    const { rows } = await rowsOf();
    return rows.filter(({ id, host }) => id === "bridge" && host === "kvm-a").map(({ level, why }) => [level, why]);
  };
  assert.deepEqual(await bridge(), [["failure", "there is no bridge br0"]]);
  const net = (path: string): string => rig.host("kvm-a", `sys/class/net/${path}`);
  mkdirSync(net("br0/bridge"), { recursive: true });
  mkdirSync(net("br0/brif/vnet7"), { recursive: true });
  mkdirSync(net("vnet7"));
  writeFileSync(net("vnet7/tun_flags"), "0x1002\n");
  writeFileSync(net("br0/operstate"), "down\n");
  assert.deepEqual(await bridge(), [["failure", "br0 is down"]]);
  writeFileSync(net("br0/operstate"), "up\n");
  assert.deepEqual(await bridge(), [["failure", "br0 has no interface that leads outside: guests reach nobody"]]);
  mkdirSync(net("br0/brif/eno1"));
  assert.deepEqual(await bridge(), [["ok", "br0 is up, and reaches outside by eno1"]]);
});

test("a network whose driver runs no hook of ours", async () => {
  assert.equal((await rig.run(["range", "add", "--network", "public"])).code, 0);
  rig.change(({ networks: [network] }) => {
    if (network) network.driver = "fw";
  });
  const cure = "scw-flexip install --frontend --fw --sync";
  assert.deepEqual((await problems())[1], [["warning", null, "networks", cure]]);
});

test("a zone that is not the one of the addresses", async () => {
  assert.equal((await rig.run(["range", "add", "--network", "public"])).code, 0);
  rig.configure({ PROJECT_ID: "44444444-4444-4444-8444-444444444444" });
  const [code, found] = await problems(["--no-hosts"]);
  assert.equal(code, 1);
  assert.deepEqual(
    found.map(([level, , id]) => [level, id]),
    [
      ["failure", "project"],
      ["failure", "addresses"],
    ],
  );
});

test("CLOUD that was changed while ranges exist, and a second OpenNebula of the same CLOUD", async () => {
  assert.equal((await rig.run(["range", "add", "--network", "public"])).code, 0);
  rig.configure({ CLOUD: "renamed" });
  const [, changed] = await problems(["--no-hosts"]);
  assert.deepEqual(changed, [["failure", null, "cloud", `sudoedit ${rig.at(`${TREE}/${CONF}`)}`]]);
  rig.configure({ CLOUD: "one" });
  const tags = ["scw-flexip", "scw-flexip:cloud=one", "scw-flexip:created"];
  rig.simulator.account.add({ tags, projectId: "11111111-1111-4111-8111-111111111111" });
  assert.deepEqual((await problems(["--no-hosts"]))[1], [["warning", null, "cloud", "scw-flexip reconcile"]]);
});

test("a server that is nearly full", async () => {
  for (let each = 0; each < 60; each += 1) {
    rig.simulator.account.add({ serverId: SERVER_B, projectId: "11111111-1111-4111-8111-111111111111" });
  }
  const { rows } = await rowsOf(["--no-hosts"]);
  assert.deepEqual(
    rows.filter(({ id }) => id === "quota").map(({ level, value }) => [level, value]),
    [["warning", "60"]],
  );
});

test("OpenNebula that is silent is a failure, and so is a list of hosts that cannot be had", async () => {
  const outcome = await rig.run(["doctor", "-j"], { env: { FAKE_ONE: "/nowhere" } });
  assert.equal(outcome.code, 1);
  const rows: Row[] = JSON.parse(outcome.stdout);
  assert.deepEqual(
    rows.filter(({ level }) => level === "failure").map(({ id, cure }) => [id, cure]),
    [
      ["opennebula", "sudo -u oneadmin onevnet list"],
      ["hosts", "sudo -u oneadmin onehost list"],
    ],
  );
});

test("a machine that is neither front-end nor host is said to be", async () => {
  rmSync(rig.at("etc/one/oned.conf"));
  rmSync(rig.at("var/tmp/one"), { recursive: true });
  assert.equal((await rig.run(["doctor"])).code, 2);
});

test("--plugin answers as monitoring plugins do: 0, 1, 2, 3", async () => {
  const plugin = (): Promise<Outcome> => rig.run(["doctor", "--plugin", "--no-hosts"]);
  const fine = await plugin();
  assert.equal(fine.code, 0);
  assert.match(fine.stdout, /^SCW-FLEXIP OK - \d+ checks \| ok=\d+ warnings=0 failures=0\n$/);
  chmodSync(rig.at("var/lib/one/scw-flexip"), 0o755);
  const warned = await plugin();
  assert.equal(warned.code, 1);
  assert.match(warned.stdout, /^SCW-FLEXIP WARNING - front-end state: .* \| ok=\d+ warnings=1 failures=0\n$/);
  rmSync(rig.at("var/lib/one/.scw-flexip.token"));
  const failed = await plugin();
  assert.equal(failed.code, 2);
  assert.match(failed.stdout, /^SCW-FLEXIP CRITICAL - front-end token: .*; front-end state: /);
  rmSync(rig.at("etc/one/oned.conf"));
  rmSync(rig.at("var/tmp/one"), { recursive: true });
  const unknown = await plugin();
  assert.equal(unknown.code, 3);
  assert.match(unknown.stdout, /^SCW-FLEXIP UNKNOWN - /);
});

/** The simulated API with a clock that is wrong. */
async function apiWithClock(context: TestContext, offsetMs: number): Promise<string> {
  const proxy = createServer((incoming, outgoing) => {
    const options = { method: incoming.method, headers: incoming.headers };
    const onward = request(rig.simulator.url + incoming.url, options, (answer) => {
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

test("a clock that is off", async (context) => {
  rig.configure({ API_URL: await apiWithClock(context, 60_000) });
  const clock = ["warning", null, "clock", "timedatectl set-ntp true"];
  assert.deepEqual(await problems(["--no-hosts"]), [3, [clock]]);
});

test("host: the server id is compared with this machine's addresses, and with the project", async () => {
  const on = {
    ...rig,
    run: (words: string[]) =>
      rig.runProgram(rig.host("kvm-a", `${HOST_TREE}/ipam/scw-flexip/scw-flexip`), [
        ...words,
        "--root",
        rig.host("kvm-a"),
      ]),
  };
  const wrong = async (): Promise<string[]> => {
    const { stdout } = await on.run(["doctor", "--host", "-j"]);
    const rows: Row[] = JSON.parse(stdout);
    return rows.filter(({ level }) => level !== "ok").map(({ level, id }) => `${level} ${id}`);
  };
  assert.deepEqual(await wrong(), []);
  const [a] = rig.simulator.account.servers;
  assert.ok(a);
  rig.simulator.account.servers = [{ ...a, addresses: ["198.51.100.1"] }];
  assert.deepEqual(await wrong(), ["failure server-id"]);
  rig.simulator.account.servers = [{ ...a, projectId: "44444444-4444-4444-8444-444444444444" }];
  assert.deepEqual(await wrong(), ["failure project"]);
  rmSync(rig.host("kvm-a", "var/lib/one/scw-server-id"));
  assert.deepEqual(await wrong(), ["failure server-id"]);
});

test("the host half of a machine that is both is held against the host's own settings", async () => {
  rmSync(rig.at("var/tmp/one"), { recursive: true });
  renameSync(rig.host("kvm-a", HOST_TREE), rig.at("var/tmp/one"));
  edit(rig.at(`var/tmp/one/${CONF}`), (text) => text.replace(/^ZONE=.*$/m, 'ZONE="nl-ams-1"'));
  const { rows } = await rowsOf(["--no-hosts"]);
  const settings = rows.filter(({ id }) => id === "settings").map(({ role, why }) => [role, /zone \S+/.exec(why)?.[0]]);
  assert.deepEqual(settings, [
    ["frontend", "zone fr-par-2,"],
    ["host", "zone nl-ams-1,"],
  ]);
});

test("a damaged journal that was set aside is told until somebody removes it", async () => {
  const aside = rig.at("var/lib/one/scw-flexip/state.json.damaged-20260101T000000000Z");
  writeFileSync(aside, "{");
  utimesSync(aside, 0, 0);
  const cure = `scw-flexip reconcile && rm ${aside}`;
  assert.deepEqual((await problems(["--no-hosts"]))[1], [["warning", null, "journal", cure]]);
});
