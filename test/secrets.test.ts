// A planted token and a guest's password are looked for wherever the driver writes, and in what others on the machine
// can see of its process.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { ownershipTags } from "../driver/flexible-ip/ownership.ts";
import { LOG_LEVELS } from "../driver/log.ts";
import { ipamDocument, PASSWORD, rangeOf, readTemplate, vmDocument } from "./documents.ts";
import type { CallName, FaultSpec } from "./fakes/flexible-ip-server.ts";
import { InProcessRig } from "./in-process/rig.ts";
import { PROJECT, Rig, type RunOptions, type RunResult } from "./rig.ts";

const TOKEN = "0badc0de-5ec2-4e75-8000-planted00000";
const NEW_RANGE = ipamDocument({ IPAM_MAD: "scw-flexip", TYPE: "IP4", SIZE: "1" });
const GUEST_MAC = "52:54:00:ff:ff:ff";
const ECHO = {
  message: `no such key: ${TOKEN}`,
  type: `denied_${TOKEN}`,
  details: [{ argument_name: "x-auth-token", reason: TOKEN }, { reason: `got ${TOKEN}` }, { action: TOKEN }],
};
const HTML = `<html><body>401 for x-auth-token ${TOKEN}</body></html>`;

const FAILURES: readonly (readonly [what: string, failure: FaultSpec["do"]])[] = [
  ["whose text echoes the token", { kind: "status", status: 400, body: ECHO }],
  ["whose request id echoes the token", { kind: "status", status: 400, body: {}, headers: { "x-request-id": TOKEN } }],
  ["with a page of HTML", { kind: "status", status: 401, body: HTML }],
  ["with a page that says so", { kind: "body", text: HTML, contentType: "text/html", status: 403 }],
  ["with a success that is no JSON", { kind: "body", text: HTML, contentType: "text/html" }],
  ["by a lost connection", { kind: "reset", when: "before" }],
];

for (const level of LOG_LEVELS) {
  const settings = { LOG_LEVEL: level, TIMEOUT: "5", HOOK_TIMEOUT: "5" };

  suite(`at LOG_LEVEL ${level}`, () => {
    test("a whole life tells no secret", async (t) => {
      const rig = await start(t);
      for (const run of await wholeLife(rig, { settings: { LOG_LEVEL: level } })) {
        assert.equal(run.code, 0, run.stderr);
        assertNoSecret(run);
      }
      assertNoSecretOnDisk(rig);
      if (level === "debug") assert.match(rig.logs(), /call DELETE/);
    });

    for (const [what, failure] of FAILURES) {
      test(`a failure of each call ${what} tells no secret`, async (t) => {
        const rig = await start(t);
        for (const call of CALLS) {
          const fault = rig.simulator.fault({ call, times: 100, do: failure });
          for (const run of await everyAction(rig, settings, call)) assertNoSecret(run);
          assert.notEqual(fault.hits, 0, call);
          fault.remove();
        }
        assertNoSecretOnDisk(rig);
      });
    }
  });
}

test("a fault of the program tells no secret", async (t) => {
  const rig = await startOnExecutable(t);
  const breaker = join(rig.folder, "breaker.cjs");
  writeFileSync(breaker, 'performance.now = () => { throw new TypeError("planted fault"); };\n');
  const options = { env: { NODE_OPTIONS: `--require ${breaker}` } };
  const { ip_address } = rig.simulator.account.add({ projectId: PROJECT });
  for (const [action, machine, document] of [
    ["register_address_range", rig.frontEnd, NEW_RANGE],
    ["pre", rig.host("alpha"), guest(ip_address)],
  ] as const) {
    // The shims drop NODE_OPTIONS, so this one is run without.
    const run = await rig.run(machine, "ipam/scw-flexip/scw-flexip", [action], document, options);
    assert.equal(run.code, 2, run.stderr);
    assert.match(run.plain.join(), /internal error, please report it: planted fault$/);
    assertNoSecret(run);
  }
  assertNoSecretOnDisk(rig);
});

suite("what others see of the running process is no secret", () => {
  for (const [action, call] of [
    ["register_address_range", "create"],
    ["pre", "attach"],
  ] as const) {
    test(`of ${action} in ${call}`, async (t) => {
      const rig = await startOnExecutable(t);
      const { ip_address } = rig.simulator.account.add({ projectId: PROJECT, mac: GUEST_MAC });
      const held = rig.simulator.fault({ call, do: { kind: "hold", when: "before" } });
      let pid: number | undefined;
      const options: RunOptions = {
        started: (child) => {
          pid = child.pid;
        },
      };
      const running =
        action === "pre" ? rig.hook("alpha", action, guest(ip_address), options) : rig.ipam(action, NEW_RANGE, options);
      await held.reached;
      const seen = ["cmdline", "environ"].map((name) => readFileSync(`/proc/${pid}/${name}`, "latin1"));
      held.release();
      assert.equal((await running).code, 0);
      assert.match(seen.join(), /scw-flexip/);
      assertHidden(seen.join(), "what /proc shows");
    });
  }
});

test("the state is its owner's alone, and the logs are not for everybody", async (t) => {
  const rig = await start(t);
  const umask = process.umask(0);
  t.after(() => process.umask(umask));
  for (const run of await wholeLife(rig, {})) assert.equal(run.code, 0, run.stderr);
  const { stateFile, logDir } = rig.frontEnd;
  assert.equal(modeOf(stateFile), 0o600);
  assert.equal(modeOf(dirname(stateFile)), 0o700);
  for (const folder of [logDir, rig.host("alpha").logDir]) {
    for (const file of [folder, ...filesOf(folder)]) assert.equal(modeOf(file) & 0o007, 0, file);
    assert.notEqual(filesOf(folder).length, 0);
  }
});

test("the token goes into the connection to the API and nowhere else", {
  skip: canTrace() ? false : "strace is not here, or may not trace",
}, async (t) => {
  const rig = await startOnExecutable(t);
  const { ip_address } = rig.simulator.account.add({ projectId: PROJECT, mac: GUEST_MAC });
  for (const [name, document, machine, shim] of [
    ["register", NEW_RANGE, rig.frontEnd, "ipam/scw-flexip/register_address_range"],
    ["pre", guest(ip_address), rig.host("alpha"), "vnm/bridge/pre.d/01-scw-flexip"],
  ] as const) {
    const trace = join(rig.folder, `${name}.trace`);
    const watched = "execve,write,writev,pwrite64,sendto,sendmsg,sendmmsg,openat,link,rename,symlink,prctl";
    const strace = `strace -f -qq -v -yy -s 1000000 -e trace=${watched} -o ${trace}`;
    const script = `#!/bin/sh\nexec ${strace} ${machine.root}/${shim}\n`;
    writeFileSync(join(machine.root, "traced"), script, { mode: 0o755 });
    const run = await rig.run(machine, "traced", [], document, { env: { PATH: "/usr/bin:/bin" } });
    assert.equal(run.code, 0, run.stderr);

    const lines = readFileSync(trace, "utf8").split("\n");
    const api = rig.simulator.url.replace("http://", "->");
    const toApi = (line: string) => /\b(write|writev|sendto|sendmsg)\(\d+<TCP:/.test(line) && line.includes(api);
    const withToken = lines.filter((line) => line.includes(TOKEN));
    assert.notEqual(withToken.length, 0, "nothing was seen of the calls to the API");
    assert.equal(
      withToken.find((line) => !toApi(line)),
      undefined,
    );
    assert.equal(
      lines.find((line) => line.includes(PASSWORD)),
      undefined,
    );
  }
});

async function start(t: TestContext): Promise<InProcessRig> {
  const rig = await InProcessRig.start({ token: TOKEN });
  t.after(() => rig.stop());
  return rig;
}

async function startOnExecutable(t: TestContext): Promise<Rig> {
  const rig = await Rig.start({ token: TOKEN });
  t.after(() => rig.stop());
  return rig;
}

/** All five actions and three hooks, in the order of an address's life. */
async function wholeLife(rig: InProcessRig, options: RunOptions): Promise<RunResult[]> {
  const registered = await rig.ipam("register_address_range", NEW_RANGE, options);
  const range = rangeOf(readTemplate(registered.stdout, "AR"));
  const lease = ipamDocument(range, { IP: range.IP, SIZE: "1" });
  const vm = vmDocument([{ NIC_ID: "0", ...range }]);
  return [
    registered,
    await rig.ipam("get_address", ipamDocument(range, { SIZE: "1" }), options),
    await rig.hook("alpha", "pre", vm, options),
    await rig.hook("alpha", "post", vm, options),
    await rig.hook("beta", "post", vm, options),
    await rig.hook("beta", "clean", vm, options),
    await rig.ipam("free_address", lease, options),
    await rig.ipam("allocate_address", lease, options),
    await rig.ipam("unregister_address_range", ipamDocument(range), options),
  ];
}

const CALLS: readonly CallName[] = ["create", "mac.generate", "get", "list", "update", "delete", "attach", "detach"];

/** The actions and hooks that make this call, on flexible IPs of their own. */
async function everyAction(rig: InProcessRig, settings: RunOptions["settings"], call: CallName): Promise<RunResult[]> {
  const { account } = rig.simulator;
  const options = { settings: settings ?? {} };
  const add = (mac: string | null, tags: string[], serverId: string | null = null) =>
    account.add({ projectId: PROJECT, mac, tags, serverId });
  const ours = ownershipTags("one", "created", "55555555-5555-4555-8555-555555555555");
  const range = (one: ReturnType<typeof add>) => ({ SIZE: "1", IP: one.ip_address, SCW_FLEXIBLE_IP_ID: one.id });
  const [registers, adopts] = [NEW_RANGE, ipamDocument({ SIZE: "1", IP: add(null, []).ip_address })];
  const attachedMac = `52:54:00:00:00:0${CALLS.indexOf(call)}`;
  const attached = add(attachedMac, ours, rig.host("alpha").serverId);
  const free = range(add(`52:54:00:00:01:0${CALLS.indexOf(call)}`, ours));
  const run: Partial<Record<CallName, (() => Promise<RunResult>)[]>> = {
    create: [() => rig.ipam("register_address_range", registers, options)],
    update: [() => rig.ipam("register_address_range", adopts, options)],
    "mac.generate": [() => rig.ipam("register_address_range", adopts, options)],
    get: [
      () => rig.ipam("get_address", ipamDocument(free, { SIZE: "1" }), options),
      () => rig.ipam("free_address", ipamDocument(range(attached), { SIZE: "1" }), options),
    ],
    delete: [() => rig.ipam("unregister_address_range", ipamDocument(free), options)],
    list: [
      () => rig.ipam("register_address_range", adopts, options),
      () => rig.hook("alpha", "pre", guest(add(GUEST_MAC, []).ip_address), options),
    ],
    attach: [() => rig.hook("alpha", "pre", guest(add(GUEST_MAC, []).ip_address), options)],
    detach: [() => rig.hook("alpha", "clean", guest(attached.ip_address, attachedMac), options)],
  };
  const runs: RunResult[] = [];
  for (const act of run[call] ?? []) runs.push(await act());
  return runs;
}

function guest(ip: string, mac = GUEST_MAC): string {
  return vmDocument([{ NIC_ID: "0", IP: ip, MAC: mac, EXTERNAL_IP: ip }]);
}

function assertNoSecret(run: RunResult): void {
  assertHidden(run.stdout, "standard output");
  assertHidden(run.stderr, "standard error");
}

/** Nothing that the driver wrote holds a secret: logs, state, and whatever else came to be. */
function assertNoSecretOnDisk(rig: InProcessRig | Rig): void {
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
