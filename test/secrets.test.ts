// A planted token and a guest's password are looked for wherever the driver writes, and in what others on the machine
// can see of its process.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { ipamDocument, PASSWORD, rangeOf, readTemplate, vmDocument } from "./documents.ts";
import type { CallName, FaultSpec } from "./fakes/flexible-ip-server.ts";
import { PROJECT, Rig, type RunOptions, type RunResult } from "./rig.ts";

const TOKEN = "0badc0de-5ec2-4e75-8000-planted00000";
const NEW_RANGE = ipamDocument({ IPAM_MAD: "scw-flexip", TYPE: "IP4", SIZE: "1" });
const ECHO = {
  message: `no such key: ${TOKEN}`,
  type: `denied_${TOKEN}`,
  details: [{ argument_name: "x-auth-token", reason: TOKEN }, { reason: `got ${TOKEN}` }, { action: TOKEN }],
};
const GUEST_MAC = "52:54:00:ff:ff:ff";
const HTML = `<html><body>401 for x-auth-token ${TOKEN}</body></html>`;

for (const level of ["debug", "info", "warn", "error"]) {
  const settings = { LOG_LEVEL: level, TIMEOUT: "5", HOOK_TIMEOUT: "5" };

  suite(`at LOG_LEVEL ${level}`, { concurrency: 2 }, () => {
    test("a whole life", async (t) => {
      const rig = await start(t);
      for (const run of await wholeLife(rig, { settings: { LOG_LEVEL: level } })) {
        assert.equal(run.code, 0, run.stderr);
        assertNoSecret(run);
      }
      assertNoSecretOnDisk(rig);
      if (level === "debug") assert.match(rig.logs(), /call DELETE/);
    });

    test("a failure of each call, whose text echoes the token", async (t) => {
      const rig = await start(t);
      await failEachCall(rig, settings, { kind: "status", status: 400, body: ECHO });
    });

    test("a failure of each call, whose request id echoes the token", async (t) => {
      const rig = await start(t);
      await failEachCall(rig, settings, { kind: "status", status: 400, body: {}, headers: { "x-request-id": TOKEN } });
    });

    test("a failure of each call, with a page of HTML", async (t) => {
      const rig = await start(t);
      await failEachCall(rig, settings, { kind: "status", status: 401, body: HTML });
      await failEachCall(rig, settings, { kind: "body", text: HTML, contentType: "text/html", status: 403 });
    });

    test("a success that is no JSON", async (t) => {
      const rig = await start(t);
      rig.simulator.fault({ times: 100, do: { kind: "body", text: HTML, contentType: "text/html" } });
      await everyAction(rig, settings);
    });

    test("lost connections", async (t) => {
      const rig = await start(t);
      rig.simulator.fault({ times: 1_000, do: { kind: "reset", when: "before" } });
      await everyAction(rig, settings);
    });

    test("a fault of the program", async (t) => {
      const rig = await start(t);
      const breaker = join(rig.folder, "breaker.cjs");
      writeFileSync(breaker, 'performance.now = () => { throw new TypeError("planted fault"); };\n');
      const options = { settings, env: { NODE_OPTIONS: `--require ${breaker}` } };
      for (const [action, document] of [
        ["register_address_range", NEW_RANGE],
        ["pre", guest(rig.simulator.account.add({ projectId: PROJECT }).ip_address)],
      ] as const) {
        // The shims drop NODE_OPTIONS, so this one is run without.
        const machine = action === "pre" ? rig.host("alpha") : rig.frontEnd;
        const run = await rig.run(machine, "ipam/scw-flexip/scw-flexip", [action], document, options);
        assert.equal(run.code, 2, run.stderr);
        assert.match(run.plain.join(), /internal error, please report it: planted fault$/);
        assertNoSecret(run);
      }
      assertNoSecretOnDisk(rig);
    });
  });
}

suite("what others see of the running process", () => {
  for (const call of ["create", "mac.generate"] as const) {
    test(`register_address_range in ${call}`, async (t) => {
      const rig = await start(t);
      await assertNoSecretInProcess(rig, call, (options) => rig.ipam("register_address_range", NEW_RANGE, options));
    });
  }

  for (const call of ["list", "attach"] as const) {
    test(`pre in ${call}`, async (t) => {
      const rig = await start(t);
      const { ip_address } = rig.simulator.account.add({ projectId: PROJECT, mac: GUEST_MAC });
      await assertNoSecretInProcess(rig, call, (options) => rig.hook("alpha", "pre", guest(ip_address), options));
    });
  }
});

suite("files", () => {
  test("the state is its owner's alone, the logs are not for everybody", async (t) => {
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
});

suite("system calls", { skip: canTrace() ? false : "strace is not here, or may not trace" }, () => {
  test("the token goes into the connection to the API and nowhere else", async (t) => {
    const rig = await start(t);
    const { ip_address } = rig.simulator.account.add({ projectId: PROJECT, mac: GUEST_MAC });
    for (const [name, document, machine, shim] of [
      ["register", NEW_RANGE, rig.frontEnd, "ipam/scw-flexip/register_address_range"],
      ["pre", guest(ip_address), rig.host("alpha"), "vnm/bridge/pre.d/01-scw-flexip"],
    ] as const) {
      const trace = join(rig.folder, `${name}.trace`);
      const watched = "execve,write,writev,pwrite64,sendto,sendmsg,sendmmsg,openat,link,rename,symlink,prctl";
      const strace = `strace -f -qq -v -yy -s 1000000 -e trace=${watched} -o ${trace}`;
      writeFileSync(join(machine.root, "traced"), `#!/bin/sh\nexec ${strace} ${machine.root}/${shim}\n`, {
        mode: 0o755,
      });
      const run = await rig.run(machine, "traced", [], document, { env: { PATH: "/usr/bin:/bin" } });
      assert.equal(run.code, 0, run.stderr);

      const lines = readFileSync(trace, "utf8").split("\n");
      const api = rig.simulator.url.replace("http://", "->");
      const toApi = (line: string) => /\b(write|writev|sendto|sendmsg)\(\d+<TCP:/.test(line) && line.includes(api);
      const withToken = lines.filter((line) => line.includes(TOKEN));
      assert.notEqual(withToken.length, 0, "nothing was seen of the calls to the API");
      assert.deepEqual(
        withToken.filter((line) => !toApi(line)),
        [],
      );
      assert.deepEqual(
        lines.filter((line) => line.includes(PASSWORD)),
        [],
      );
    }
  });
});

async function start(t: TestContext): Promise<Rig> {
  const rig = await Rig.start({ token: TOKEN });
  t.after(() => rig.stop());
  return rig;
}

/** All five actions and three hooks, in the order of an address's life. */
async function wholeLife(rig: Rig, options: RunOptions): Promise<RunResult[]> {
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
    await rig.ipam("free_address", lease, options),
    await rig.ipam("unregister_address_range", ipamDocument(range), options),
  ];
}

/** Each call in turn fails like this, in every action and hook that makes it. */
async function failEachCall(rig: Rig, settings: RunOptions["settings"], failure: FaultSpec["do"]): Promise<void> {
  const calls: CallName[] = ["create", "mac.generate", "get", "list", "update", "delete", "attach", "detach"];
  for (const call of calls) {
    const fault = rig.simulator.fault({ call, times: 100, do: failure });
    await everyAction(rig, settings, [call]);
    assert.notEqual(fault.hits, 0, call);
    fault.remove();
  }
}

/** Actions and hooks that make the calls, all at once, whatever comes of them: nothing of it may hold a secret. */
async function everyAction(rig: Rig, settings: RunOptions["settings"], calls?: readonly CallName[]): Promise<void> {
  const { account } = rig.simulator;
  const server = rig.host("alpha").serverId;
  const [free, attached, made] = [null, server, null].map((serverId) => {
    return account.add({ projectId: PROJECT, mac: `52:54:00:${macTail()}`, tags: OURS, serverId });
  });
  const [bare, servable] = [null, GUEST_MAC].map((mac) => account.add({ projectId: PROJECT, mac }));
  assert.ok(free && attached && made && bare && servable);
  const options = { settings: settings ?? {} };
  const range = (one: typeof free) => ({ SIZE: "1", IP: one.ip_address, SCW_FLEXIBLE_IP_ID: one.id });
  const work: [CallName[], () => Promise<RunResult>][] = [
    [["create"], () => rig.ipam("register_address_range", NEW_RANGE, options)],
    [
      ["list", "update", "mac.generate"],
      () => rig.ipam("register_address_range", ipamDocument({ SIZE: "1", IP: bare.ip_address }), options),
    ],
    [["get"], () => rig.ipam("get_address", ipamDocument(range(free), { SIZE: "1" }), options)],
    [["get", "detach"], () => rig.ipam("free_address", ipamDocument(range(attached), { SIZE: "1" }), options)],
    [["delete"], () => rig.ipam("unregister_address_range", ipamDocument(range(made)), options)],
    [["list", "attach"], () => rig.hook("alpha", "pre", guest(servable.ip_address), options)],
    [
      ["list", "detach"],
      () => rig.hook("alpha", "clean", guest(attached.ip_address, attached.mac_address?.mac_address), options),
    ],
  ];
  const chosen = work.filter(([made]) => calls === undefined || calls.some((call) => made.includes(call)));
  for (const run of await Promise.all(chosen.map(([, act]) => act()))) assertNoSecret(run);
  assertNoSecretOnDisk(rig);
}

const OURS = [
  "scw-flexip",
  "scw-flexip:cloud=one",
  "scw-flexip:created",
  "scw-flexip:intent=55555555-5555-4555-8555-555555555555",
];

let macs = 0;
function macTail(): string {
  macs += 1;
  return macs
    .toString(16)
    .padStart(6, "0")
    .replaceAll(/(..)(?=.)/g, "$1:");
}

function guest(ip: string, mac = GUEST_MAC): string {
  return vmDocument([{ NIC_ID: "0", IP: ip, MAC: mac, EXTERNAL_IP: ip }]);
}

async function assertNoSecretInProcess(
  rig: Rig,
  call: CallName,
  work: (options: RunOptions) => Promise<RunResult>,
): Promise<void> {
  const held = rig.simulator.fault({ call, do: { kind: "hold", when: "before" } });
  let pid: number | undefined;
  const running = work({
    started: (child) => {
      pid = child.pid;
    },
  });
  await held.reached;
  const [commandLine = "", environment = ""] = ["cmdline", "environ"].map((name) => {
    return readFileSync(`/proc/${pid}/${name}`, "latin1");
  });
  held.release();
  const run = await running;
  assert.equal(run.code, 0, run.stderr);
  assert.match(commandLine, /scw-flexip/);
  for (const text of [commandLine, environment]) assertHidden(text, `what /proc shows in ${call}`);
}

function assertNoSecret(run: RunResult): void {
  assertHidden(run.stdout, "standard output");
  assertHidden(run.stderr, "standard error");
}

/** Nothing that the driver wrote holds a secret: logs, state, and whatever else came to be. */
function assertNoSecretOnDisk(rig: Rig): void {
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
