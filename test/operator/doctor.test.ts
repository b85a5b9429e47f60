// doctor, one trouble at a time: it is found, it is alone, and its line names the command that mends it.
import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { networkInterfaces } from "node:os";
import { type TestContext, test } from "node:test";
import { CloudRig, SERVER_A } from "./cloud-rig.ts";

const version = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version;
const VERSION_CALL = "/var/tmp/one/ipam/scw-flexip/scw-flexip --version";

/** A front-end on which all is well. */
async function rigFor(context: TestContext): Promise<CloudRig> {
  const rig = await CloudRig.start();
  context.after(() => rig.stop());
  rig.change(({ hosts }) => {
    for (const { answers } of hosts) answers[VERSION_CALL] = `scw-flexip ${version}\n`;
  });
  return rig.installed();
}

async function problems(rig: CloudRig, words: readonly string[] = []): Promise<[number | null, string[][]]> {
  const { code, stdout } = await rig.run(["doctor", "-j", ...words]);
  const findings: { level: string; check: string; why: string; cure: string }[] = JSON.parse(stdout);
  return [code, findings.flatMap(({ level, check, cure }) => (level === "ok" ? [] : [[level, check, cure]]))];
}

const TREE = "var/lib/one/remotes";
const INSTALL = "scw-flexip install --frontend --sync";
const TROUBLES: readonly [string, (rig: CloudRig) => void, number, (rig: CloudRig) => string[]][] = [
  ["nothing", () => {}, 0, () => []],
  [
    "a settings file with a bad value",
    (rig) => rig.configure({ ZONE: "paris" }),
    1,
    (rig) => ["failure", "settings", `sudoedit ${rig.at(`${TREE}/etc/ipam/scw-flexip/scw-flexip.conf`)}`],
  ],
  [
    "a token that others can read",
    (rig) => chmodSync(rig.at("var/lib/one/.scw-flexip.token"), 0o644),
    1,
    () => ["failure", "token", "scw-flexip install --frontend --token-file FILE"],
  ],
  [
    "a token that was revoked",
    (rig) => rig.simulator.account.deny(),
    1,
    () => ["failure", "token", "scw-flexip install --frontend --token-file FILE"],
  ],
  [
    "a grant that has not spread yet",
    (rig) => rig.simulator.account.grantPendingUntil(1),
    1,
    () => ["failure", "token", "scw-flexip doctor (once more, in two minutes)"],
  ],
  [
    "an API that is not there",
    (rig) => rig.configure({ API_URL: "http://127.0.0.1:9" }),
    1,
    () => ["failure", "api", "curl -sSI http://127.0.0.1:9"],
  ],
  [
    "a hook that is gone",
    (rig) => rmSync(rig.at(`${TREE}/vnm/bridge/clean.d/01-scw-flexip`)),
    1,
    () => ["failure", "files", INSTALL],
  ],
  [
    "an action that is not executable",
    (rig) => chmodSync(rig.at(`${TREE}/ipam/scw-flexip/get_address`), 0o644),
    1,
    (rig) => ["failure", "files", `chmod 0755 ${rig.at(`${TREE}/ipam/scw-flexip/get_address`)}`],
  ],
  [
    "a copy of a hook beside it",
    (rig) => writeFileSync(rig.at(`${TREE}/vnm/bridge/pre.d/01-scw-flexip~`), "", { mode: 0o755 }),
    1,
    (rig) => ["failure", "other hooks", `rm ${rig.at(`${TREE}/vnm/bridge/pre.d/01-scw-flexip~`)}`],
  ],
  [
    "a folder among the hooks",
    (rig) => mkdirSync(rig.at(`${TREE}/vnm/bridge/post.d/old`)),
    1,
    (rig) => ["failure", "other hooks", `rm -r ${rig.at(`${TREE}/vnm/bridge/post.d/old`)}`],
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
    () => ["warning", "version", INSTALL],
  ],
  [
    "an oned.conf that an upgrade wrote anew",
    (rig) => writeFileSync(rig.at("etc/one/oned.conf"), 'IPAM_MAD = [ ARGUMENTS = "-i dummy" ]\n'),
    1,
    () => ["failure", "oned.conf", "scw-flexip install --frontend --restart"],
  ],
  [
    "no log folder",
    (rig) => rmSync(rig.at("var/log/one"), { recursive: true }),
    1,
    (rig) => ["failure", "logs", `install -d -m 0750 -o oneadmin -g oneadmin ${rig.at("var/log/one")}`],
  ],
  [
    "a journal's folder that others can read",
    (rig) => chmodSync(rig.at("var/lib/one/scw-flexip"), 0o755),
    3,
    (rig) => ["warning", "state", `chmod 0700 ${rig.at("var/lib/one/scw-flexip")}`],
  ],
  [
    "a damaged journal",
    (rig) => writeFileSync(rig.at("var/lib/one/scw-flexip/state.json"), '{ "vers'),
    3,
    () => ["warning", "journal", "scw-flexip reconcile"],
  ],
  [
    "a host whose server nobody knows",
    (rig) => rig.change(({ hosts }) => void delete hosts[0]?.serverId),
    3,
    () => ["warning", "host kvm-a", 'onehost update kvm-a (SCW_SERVER_ID="ZONE/UUID")'],
  ],
  [
    "a host with an older driver",
    (rig) =>
      rig.change(({ hosts }) => Object.assign(hosts[1]?.answers ?? {}, { [VERSION_CALL]: "scw-flexip 0.0.1\n" })),
    3,
    () => ["warning", "host kvm-b", "sudo -u oneadmin onehost sync -f"],
  ],
  [
    "a host that does not answer",
    (rig) => rig.change(({ hosts }) => void delete hosts[0]?.answers[VERSION_CALL]),
    3,
    () => ["warning", "host kvm-a", "sudo -u oneadmin ssh kvm-a"],
  ],
];

for (const [name, cause, code, expected] of TROUBLES) {
  test(`front-end: ${name}`, async (context) => {
    const rig = await rigFor(context);
    cause(rig);
    const [exit, found] = await problems(rig);
    const first = expected(rig);
    assert.deepEqual(found[0] ?? [], first);
    assert.equal(exit, code);
  });
}

test("a network whose driver runs no hook of ours", async (context) => {
  const rig = await rigFor(context);
  assert.equal((await rig.run(["range", "add", "--network", "public"])).code, 0);
  rig.change(({ networks: [network] }) => {
    if (network) network.driver = "fw";
  });
  assert.deepEqual((await problems(rig))[1], [["warning", "networks", "scw-flexip install --frontend --fw --sync"]]);
});

test("a zone that is not the one of the addresses", async (context) => {
  const rig = await rigFor(context);
  assert.equal((await rig.run(["range", "add", "--network", "public"])).code, 0);
  rig.configure({ ZONE: "fr-par-1" });
  const [code, found] = await problems(rig, ["--no-hosts"]);
  assert.equal(code, 1);
  assert.deepEqual(
    found.map(([level, check]) => [level, check]),
    [["failure", "zone"]],
  );
});

test("OpenNebula that is silent", async (context) => {
  const rig = await rigFor(context);
  const outcome = await rig.run(["doctor", "--no-hosts"], { env: { FAKE_ONE: "/nowhere" } });
  assert.equal(outcome.code, 1);
  assert.match(outcome.stdout, /^failure {2}OpenNebula .* → sudo -u oneadmin onevnet list$/m);
});

test("a machine that is neither front-end nor host is said to be", async (context) => {
  const rig = await CloudRig.start();
  context.after(() => rig.stop());
  rmSync(rig.at("etc/one/oned.conf"));
  assert.equal((await rig.run(["doctor"])).code, 2);
});

/** The simulated API with another product's servers, and a clock that can be wrong. */
async function apiWith(context: TestContext, rig: CloudRig, server: { addresses: string[] } | undefined, offsetMs = 0) {
  const proxy = createServer((incoming, outgoing) => {
    const headers = { date: new Date(Date.now() + offsetMs).toUTCString() };
    if (incoming.url?.startsWith("/baremetal/")) {
      outgoing.writeHead(server === undefined ? 404 : 200, headers);
      outgoing.end(JSON.stringify({ ips: server?.addresses.map((address) => ({ address })) ?? [] }));
      return;
    }
    const options = { method: incoming.method, headers: incoming.headers };
    const onward = request(rig.simulator.url + incoming.url, options, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, { ...answer.headers, ...headers });
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

/** A host on which all is well but for what the API says of its server. */
async function hostFor(context: TestContext, server: { addresses: string[] } | undefined): Promise<CloudRig> {
  const rig = await rigFor(context);
  await rig.run(["install", "--host", "--server-id", `${rig.simulator.zone}/${SERVER_A}`]);
  rig.configure({ API_URL: await apiWith(context, rig, server) });
  rmSync(rig.at("var/tmp/one"), { recursive: true });
  renameSync(rig.at(TREE), rig.at("var/tmp/one"));
  rmSync(rig.at("etc/one"), { recursive: true });
  return rig;
}

test("host: the server id is compared with this machine's addresses", async (context) => {
  const own = Object.values(networkInterfaces()).flatMap((all) => all ?? [])[0]?.address ?? "";
  const cure = "scw-flexip install --host --server-id ZONE/UUID";
  const right = await hostFor(context, { addresses: ["198.51.100.1", own] });
  assert.deepEqual(await problems(right), [0, []]);
  const wrong = await hostFor(context, { addresses: ["198.51.100.1"] });
  assert.deepEqual(await problems(wrong), [1, [["failure", "server id", cure]]]);
  const unknown = await hostFor(context, undefined);
  assert.deepEqual(await problems(unknown), [3, [["warning", "server id", cure]]]);
  rmSync(unknown.at("var/lib/one/scw-server-id"));
  assert.deepEqual(await problems(unknown), [1, [["failure", "server id", cure]]]);
});

test("a clock that is off", async (context) => {
  const rig = await rigFor(context);
  rig.configure({ API_URL: await apiWith(context, rig, undefined, 60_000) });
  assert.deepEqual(await problems(rig), [3, [["warning", "clock", "timedatectl set-ntp true"]]]);
});

test("a damaged journal that was set aside is told until somebody removes it", async (context) => {
  const rig = await rigFor(context);
  const aside = rig.at("var/lib/one/scw-flexip/state.json.damaged-20260101T000000000Z");
  writeFileSync(aside, "{");
  utimesSync(aside, 0, 0);
  assert.deepEqual((await problems(rig))[1], [["warning", "journal", `scw-flexip reconcile && rm ${aside}`]]);
});
