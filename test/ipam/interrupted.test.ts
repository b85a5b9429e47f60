// A registration that does not get to its end: a failure, a lost answer, a signal, a kill, a reader that is gone.
import assert from "node:assert/strict";
import { type ChildProcess, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { IPAM_ACTIONS } from "../../driver/actions.ts";
import type { CallName, FaultHandle } from "../fakes/flexible-ip-server.ts";
import { type IpamAction, PROJECT, Rig, type RunResult } from "../rig.ts";
import { assertFailed, documentFor, FrontEnd, idOf, MAC, newRange, onFrontEnd, rangeIn } from "./front-end.ts";

const BESIDE = { concurrency: 2 };

suite("a registration that fails", () => {
  for (const TYPE of ["IP4", "IP4_6_STATIC"]) {
    onFrontEnd(
      `deletes what it created when the virtual MAC is refused for good (TYPE ${TYPE})`,
      async (frontEnd, rig) => {
        const body = { message: "no such type" };
        rig.simulator.fault({ call: "mac.generate", do: { kind: "status", status: 400, body } });
        const words = [/make a virtual MAC/, /no such type/, /request/];
        await frontEnd.fail("register_address_range", newRange({ TYPE }), ...words);
        frontEnd.expectOnly();
      },
    );
  }

  onFrontEnd("gives back what it adopted when the virtual MAC is refused for good", async (frontEnd, rig) => {
    const one = frontEnd.account.add({ projectId: PROJECT, mac: null, tags: ["team=web"] });
    rig.simulator.fault({ call: "mac.generate", do: { kind: "status", status: 400 } });
    await frontEnd.fail("register_address_range", newRange({ IP: one.ip_address }), /make a virtual MAC/);
    assert.deepEqual(frontEnd.account.get(one.id)?.tags, ["team=web"]);
    assert.deepEqual(frontEnd.journal.intents, {});
  });

  onFrontEnd("gives back all of a dual-stack range when its second half fails", async (frontEnd, rig) => {
    const one = frontEnd.account.add({ projectId: PROJECT, mac: MAC, tags: ["team=web"] });
    rig.simulator.fault({ call: "create", do: { kind: "status", status: 403, body: { type: "quotas_exceeded" } } });
    const document = newRange({ TYPE: "IP4_6_STATIC", IP: one.ip_address });
    await frontEnd.fail("register_address_range", document, /raise the quota/);
    assert.deepEqual(
      frontEnd.account.all().map(({ id, tags }) => [id, tags]),
      [[one.id, ["team=web"]]],
    );
    assert.deepEqual(frontEnd.journal.intents, {});
  });

  onFrontEnd("leaves to the next run what it cannot undo", async (frontEnd, rig) => {
    const range = await frontEnd.register();
    rig.simulator.fault({ call: "mac.generate", do: { kind: "status", status: 400 } });
    rig.simulator.fault({ call: "delete", do: { kind: "status", status: 400 } });
    await frontEnd.fail("register_address_range", newRange(), /make a virtual MAC/);
    assert.equal(frontEnd.account.all().length, 2);
    assert.equal(Object.keys(frontEnd.journal.intents).length, 1);
    await frontEnd.succeed("get_address", range);
    frontEnd.expectOnly(range);
  });

  onFrontEnd("leaves nothing when its time is up", async (frontEnd, rig) => {
    rig.simulator.fault({ call: "mac.generate", times: 9, do: { kind: "hold", when: "after" } });
    rig.timePassesWhileHeld = true;
    await frontEnd.fail("register_address_range", newRange(), /not done within/);
    frontEnd.expectOnly();
  });
});

suite("a registration buys one flexible IP", () => {
  for (const [what, action] of [
    ["when the answer of create is lost", { kind: "reset", when: "after" }],
    [
      "when the answer of create is a proxy's failure",
      { kind: "status", status: 502, body: "<html></html>", when: "after" },
    ],
    ["when the answer of create is cut", { kind: "body", text: '{"id": "' }],
    ["when the connection is cut before create is acted on", { kind: "reset", when: "before" }],
  ] as const) {
    onFrontEnd(what, async (frontEnd, rig) => {
      const fault = rig.simulator.fault({ call: "create", do: action });
      const range = await frontEnd.register();
      assert.equal(fault.hits, 1);
      frontEnd.owned(idOf(range), "created");
      frontEnd.expectOnly(range);
    });
  }
});

suite("a registration under way", BESIDE, () => {
  onFrontEnd("is left alone by other runs", async (frontEnd, rig) => {
    const range = await frontEnd.lease();
    const held = rig.simulator.fault({ call: "mac.generate", do: { kind: "hold", when: "after" } });
    const run = frontEnd.register();
    await held.reached;
    for (const action of ["get_address", "free_address"] as const) await frontEnd.succeed(action, range);
    held.release();
    frontEnd.expectOnly(range, await run);
  });

  test("is not undone by a run that saw it under way and finds it done", { skip: !canDelay() }, async (t) => {
    const { frontEnd, rig } = await start(t);
    const range = await frontEnd.lease();
    const { held, child, run } = await holdRegister(rig, "mac.generate", "after");
    // The other run has read the journal and stands still before it looks whether this process is there.
    const other = await startSlowly(rig, "get_address", documentFor("get_address", range), {
      call: "openat",
      path: `/proc/${child.pid}/stat`,
    });
    held.release();
    const made = rangeIn(await run);
    assert.equal((await other.run).code, 0);
    frontEnd.expectOnly(range, made);
  });

  test("takes no flexible IP that another one adopts at once", { skip: !canDelay() }, async (t) => {
    const { frontEnd, rig } = await start(t);
    const one = frontEnd.account.add({ projectId: PROJECT, mac: MAC });
    const document = newRange({ IP: one.ip_address });
    // One has found it free and stands still before it notes that it will adopt it; the other goes on meanwhile.
    const path = `${rig.frontEnd.stateFile}.lock`;
    const { run: slow } = await startSlowly(rig, "register_address_range", document, { call: "mkdir", path });
    const runs = await Promise.all([slow, rig.ipam("register_address_range", document)]);
    const [done, refused] = runs.sort((a, b) => (a.code ?? 9) - (b.code ?? 9));
    assert.ok(done !== undefined && refused !== undefined);
    assert.equal(done.code, 0, done.stderr);
    assertFailed(refused, new RegExp(one.id));
    frontEnd.owned(one.id, "adopted");
  });
});

suite("a registration that was killed", BESIDE, () => {
  for (const [action, call, when] of [
    ...IPAM_ACTIONS.map((action) => [action, "create", "after"] as const),
    ["get_address", "mac.generate", "before"],
  ] as const) {
    test(`in ${call} is undone by the next ${action}`, async (t) => {
      const { frontEnd, rig } = await start(t);
      const range = await frontEnd.lease();
      await killRegister(rig, call, when);
      assert.equal(Object.keys(frontEnd.journal.intents).length, 1);
      assert.equal(frontEnd.account.all().length, 2);

      const next = await frontEnd.succeed(action, range);
      assert.match(next.stderr, /INFO: deleted flexible IP .* its address range was not registered/);
      const kept = action === "unregister_address_range" ? [] : [range];
      frontEnd.expectOnly(...kept, ...(action === "register_address_range" ? [rangeIn(next)] : []));
    });
  }

  for (const [when, agoMs, left] of [
    ["is left alone while it may run there", 0, 2],
    ["is undone once it cannot run any more", 11 * 60_000, 1],
  ] as const) {
    test(`on another front-end that shares the state file ${when}`, async (t) => {
      const { frontEnd, rig } = await start(t);
      const range = await frontEnd.lease();
      await killRegister(rig, "mac.generate", "before");
      const noted = frontEnd.journal;
      for (const intent of Object.values(noted.intents)) {
        intent.process.bootId = "another-machine";
        intent.since = new Date(Date.now() - agoMs).toISOString();
      }
      writeFileSync(rig.frontEnd.stateFile, JSON.stringify(noted));
      await frontEnd.succeed("get_address", range);
      assert.equal(frontEnd.account.all().length, left);
    });
  }
});

suite("a registration that SIGTERM ends", BESIDE, () => {
  for (const [call, when] of [
    ["create", "after"],
    ["mac.generate", "before"],
  ] as const) {
    test(`is undone at once, ${when} ${call}`, async (t) => {
      const { frontEnd, rig } = await start(t);
      const { held, child, run } = await holdRegister(rig, call, when);
      child.kill("SIGTERM");
      assertFailed(await run, /SIGTERM/, /run the action again/);
      held.release();
      frontEnd.expectOnly();
    });
  }

  test("leaves nothing when create is acted on after that", async (t) => {
    const { frontEnd, rig } = await start(t);
    const range = await frontEnd.lease();
    const { held, child, run } = await holdRegister(rig, "create", "before");
    child.kill("SIGTERM");
    assertFailed(await run, /SIGTERM/);
    held.release();
    await rig.until(() => frontEnd.account.all().length === 2);
    await frontEnd.succeed("get_address", range);
    frontEnd.expectOnly(range);
  });
});

test("a registration whose answer nobody reads leaves nothing", async (t) => {
  const { frontEnd, rig } = await start(t);
  const started = (child: ChildProcess) => void child.stdout?.destroy();
  assertFailed(await rig.ipam("register_address_range", newRange(), { started }), /answer cannot be written/);
  frontEnd.expectOnly();
});

async function start(t: TestContext): Promise<{ frontEnd: FrontEnd; rig: Rig }> {
  const rig = await Rig.start();
  return { frontEnd: new FrontEnd(t, rig), rig };
}

/** Starts an action that stands still for three seconds before a system call on `path`, and returns when it does. */
async function startSlowly(
  rig: Rig,
  action: IpamAction,
  document: string,
  { call, path }: { call: "mkdir" | "openat"; path: string },
): Promise<{ run: Promise<RunResult> }> {
  const trace = join(rig.folder, "trace");
  const strace = `strace -f -qq -o ${trace} -P ${path} -e trace=${call} -e inject=${call}:delay_enter=3000000`;
  const script = `#!/bin/sh\nexec ${strace} ${rig.frontEnd.root}/ipam/scw-flexip/${action}\n`;
  writeFileSync(join(rig.frontEnd.root, "slow"), script, { mode: 0o755 });
  const run = rig.run(rig.frontEnd, "slow", [], document, { env: { PATH: "/usr/bin:/bin" } });
  await rig.until(() => existsSync(trace) && readFileSync(trace, "utf8").includes(path));
  return { run };
}

/** Starts a registration that waits for the answer of a call. */
async function holdRegister(
  rig: Rig,
  call: CallName,
  when: "before" | "after",
): Promise<{ held: FaultHandle; child: ChildProcess; run: Promise<RunResult> }> {
  const held = rig.simulator.fault({ call, do: { kind: "hold", when } });
  const child = Promise.withResolvers<ChildProcess>();
  const run = rig.ipam("register_address_range", newRange(), { started: child.resolve });
  await Promise.race([held.reached, run.then(({ stderr }) => assert.fail(`ended before ${call}: ${stderr}`))]);
  return { held, child: await child.promise, run };
}

async function killRegister(rig: Rig, call: CallName, when: "before" | "after"): Promise<void> {
  const { held, child, run } = await holdRegister(rig, call, when);
  child.kill("SIGKILL");
  assert.equal((await run).signal, "SIGKILL");
  held.release();
}

function canDelay(): boolean {
  const inject = ["-o", "/dev/null", "-e", "trace=openat", "-e", "inject=openat:delay_enter=1", "true"];
  return spawnSync("strace", inject).status === 0;
}
