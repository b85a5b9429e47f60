// A planted token and a guest's password are looked for wherever the driver writes, and in what others on the machine
// can see of its process.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { ownershipTags } from "../driver/flexible-ip/ownership.ts";
import { ipamDocument, PASSWORD, rangeOf, readTemplate, vmDocument } from "./documents.ts";
import type { FaultSpec } from "./fakes/flexible-ip-server.ts";
import { InProcessRig } from "./in-process/rig.ts";
import { type AnyRig, type IpamAction, PROJECT, Rig, type RunOptions, type RunResult } from "./rig.ts";

const TOKEN = "0badc0de-5ec2-4e75-8000-planted00000";
const NEW_RANGE = ipamDocument({ IPAM_MAD: "scw-flexip", TYPE: "IP4", SIZE: "1" });
const GUEST_MAC = "52:54:00:ff:ff:ff";
const ECHO = {
  message: `no such key: ${TOKEN}`,
  type: `denied_${TOKEN}`,
  details: [{ argument_name: "x-auth-token", reason: TOKEN }, { reason: `got ${TOKEN}` }, { action: TOKEN }],
};
const HTML = `<html><body>401 for x-auth-token ${TOKEN}</body></html>`;

// A call, what makes it, and the flexible IP that it is about.
const RUNS = [
  ["create", "register_address_range", "none"],
  ["list", "register_address_range", "bare"],
  ["update", "register_address_range", "bare"],
  ["mac.generate", "register_address_range", "bare"],
  ["get", "get_address", "ours"],
  ["get", "free_address", "attached"],
  ["delete", "unregister_address_range", "ours"],
  ["list", "pre", "hand-written"],
  ["attach", "pre", "hand-written"],
  ["detach", "clean", "attached"],
] as const;
const FAILURES: readonly (readonly [what: string, failure: FaultSpec["do"]])[] = [
  ["whose text echoes the token", { kind: "status", status: 400, body: ECHO }],
  ["whose request id echoes the token", { kind: "status", status: 400, body: {}, headers: { "x-request-id": TOKEN } }],
  ["with a page of HTML", { kind: "status", status: 401, body: HTML }],
  ["with a success that is no JSON", { kind: "status", status: 200, body: HTML, when: "after" }],
  ["by a lost connection", { kind: "reset", when: "before" }],
];

test("what an action and a hook write holds no secret and is not for everybody", async (t) => {
  const rig = await stopped(t, InProcessRig.start({ token: TOKEN }));
  const umask = process.umask(0);
  t.after(() => process.umask(umask));
  const registered = await rig.ipam("register_address_range", NEW_RANGE);
  const { IP, MAC } = rangeOf(readTemplate(registered.stdout, "AR"));
  const attached = await rig.hook("alpha", "pre", guest(IP, MAC));
  for (const run of [registered, attached]) {
    assert.equal(run.code, 0, run.stderr);
    assertNoSecret(run);
  }
  assert.match(rig.logs(), /call POST/);
  assertNoSecretOnDisk(rig);
  const { stateFile, logDir } = rig.frontEnd;
  assert.equal(modeOf(stateFile), 0o600);
  assert.equal(modeOf(dirname(stateFile)), 0o700);
  for (const folder of [logDir, rig.host("alpha").logDir]) {
    for (const file of [folder, ...filesOf(folder)]) assert.equal(modeOf(file) & 0o007, 0, file);
    assert.notEqual(filesOf(folder).length, 0);
  }
});

for (const [what, failure] of FAILURES) {
  test(`a failure of each call ${what} tells no secret`, async (t) => {
    const rig = await stopped(t, InProcessRig.start({ token: TOKEN }));
    for (const [index, [call, action, kind]] of RUNS.entries()) {
      const fault = rig.simulator.fault({ call, times: 100, do: failure });
      assertNoSecret(await runOn(kind, `52:54:00:00:00:0${index}`, action, rig));
      assert.notEqual(fault.hits, 0, call);
      fault.remove();
    }
    assertNoSecretOnDisk(rig);
  });
}

test("a fault of the program tells no secret", async (t) => {
  const rig = await stopped(t, Rig.start({ token: TOKEN }));
  const breaker = join(rig.folder, "breaker.cjs");
  writeFileSync(breaker, 'performance.now = () => { throw new TypeError("planted fault"); };\n');
  const options = { env: { NODE_OPTIONS: `--require ${breaker}` } };
  for (const { action, machine, document } of examples(rig)) {
    // The shims drop NODE_OPTIONS, so this one is run without.
    const run = await rig.run(machine, "ipam/scw-flexip/scw-flexip", [action], document, options);
    assert.equal(run.code, 2, run.stderr);
    assert.match(run.plain.join(), /internal error, please report it: planted fault$/);
    assertNoSecret(run);
  }
  assertNoSecretOnDisk(rig);
});

test("what others see of the running process is no secret", async (t) => {
  const rig = await stopped(t, Rig.start({ token: TOKEN }));
  for (const { call, machine, shim, document } of examples(rig)) {
    const held = rig.simulator.fault({ call, do: { kind: "hold", when: "before" } });
    let pid: number | undefined;
    const started: RunOptions["started"] = (child) => {
      pid = child.pid;
    };
    const running = rig.run(machine, shim, [], document, { started });
    await held.reached;
    const seen = ["cmdline", "environ"].map((name) => readFileSync(`/proc/${pid}/${name}`, "latin1"));
    held.release();
    assert.equal((await running).code, 0);
    assert.match(seen.join(), /scw-flexip/);
    assertHidden(seen.join(), "what /proc shows");
  }
});

test("the token goes into the connection to the API and nowhere else", {
  skip: canTrace() ? false : "strace is not here, or may not trace",
}, async (t) => {
  const rig = await stopped(t, Rig.start({ token: TOKEN }));
  for (const { action, machine, shim, document } of examples(rig)) {
    const trace = join(rig.folder, `${action}.trace`);
    const watched = "execve,write,writev,pwrite64,sendto,sendmsg,sendmmsg,openat,link,rename,symlink,prctl";
    const strace = `strace -f -qq -v -yy -s 1000000 -e trace=${watched} -o ${trace}`;
    const script = `#!/bin/sh\nexec ${strace} ${machine.root}/${shim}\n`;
    writeFileSync(join(machine.root, "traced"), script, { mode: 0o755 });
    const run = await rig.run(machine, "traced", [], document, { env: { PATH: "/usr/bin:/bin" } });
    assert.equal(run.code, 0, run.stderr);

    const lines = readFileSync(trace, "utf8").split("\n");
    const api = rig.simulator.url.replace("http://", "->");
    const isToApi = (line: string) => /\b(write|writev|sendto|sendmsg)\(\d+<TCP:/.test(line) && line.includes(api);
    const withToken = lines.filter((line) => line.includes(TOKEN));
    assert.notEqual(withToken.length, 0, "nothing was seen of the calls to the API");
    assert.deepEqual(
      [...withToken.filter((line) => !isToApi(line)), ...lines.filter((line) => line.includes(PASSWORD))],
      [],
    );
  }
});

/** The rig, which ends with the test. */
async function stopped<R extends AnyRig>(t: TestContext, starting: Promise<R>): Promise<R> {
  const rig = await starting;
  t.after(() => rig.stop());
  return rig;
}

/** An action and a hook on the executable, each with a call that it makes. */
function examples(rig: Rig) {
  const { ip_address } = rig.simulator.account.add({ projectId: PROJECT, mac: GUEST_MAC });
  const [register, pre] = ["ipam/scw-flexip/register_address_range", "vnm/bridge/pre.d/01-scw-flexip"];
  return [
    { action: "register_address_range", call: "create", machine: rig.frontEnd, shim: register, document: NEW_RANGE },
    { action: "pre", call: "attach", machine: rig.host("alpha"), shim: pre, document: guest(ip_address) },
  ] as const;
}

/** An action or hook on a flexible IP of its own with that virtual MAC. */
function runOn(kind: (typeof RUNS)[number][2], mac: string, action: IpamAction | "pre" | "clean", rig: InProcessRig) {
  const options = { settings: { TIMEOUT: "5", HOOK_TIMEOUT: "5" } };
  const isOurs = kind === "ours" || kind === "attached";
  const { id, ip_address: IP } = rig.simulator.account.add({
    projectId: PROJECT,
    mac: kind === "bare" ? null : mac,
    tags: isOurs ? ownershipTags("one", "created", "55555555-5555-4555-8555-555555555555") : [],
    serverId: kind === "attached" ? rig.host("alpha").serverId : null,
  });
  if (action === "pre" || action === "clean") return rig.hook("alpha", action, guest(IP, mac), options);
  const range = { SIZE: "1", IP, ...(isOurs ? { SCW_FLEXIBLE_IP_ID: id } : {}) };
  return rig.ipam(action, kind === "none" ? NEW_RANGE : ipamDocument(range, { SIZE: "1" }), options);
}

function guest(ip = "", mac = GUEST_MAC): string {
  return vmDocument([{ NIC_ID: "0", IP: ip, MAC: mac, EXTERNAL_IP: ip }]);
}

function assertNoSecret(run: RunResult): void {
  assertHidden(run.stdout, "standard output");
  assertHidden(run.stderr, "standard error");
}

/** Nothing that the driver wrote holds a secret: logs, state, and whatever else came to be. */
function assertNoSecretOnDisk(rig: AnyRig): void {
  for (const file of filesOf(rig.folder)) {
    const isGiven = ["token", "scw-flexip"].includes(basename(file));
    if (!isGiven) assertHidden(readFileSync(file, "latin1"), file);
  }
}

function assertHidden(text: string, where: string): void {
  assert.ok(!text.includes(TOKEN), `the token is in ${where}: ${text}`);
  assert.ok(!text.includes(PASSWORD), `the password is in ${where}: ${text}`);
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function modeOf(file: string): number {
  return statSync(file).mode & 0o777;
}

function canTrace(): boolean {
  return spawnSync("strace", ["-o", "/dev/null", "true"]).status === 0;
}
