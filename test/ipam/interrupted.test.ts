// A registration that does not get to its end: a failure, a lost answer, a signal, a kill, a reader that is gone.
import assert from "node:assert/strict";
import { type ChildProcess, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "node:test";
import { ownershipTags } from "../../driver/flexible-ip/ownership.ts";
import type { CallName, FaultHandle } from "../fakes/flexible-ip-server.ts";
import { type IpamAction, PROJECT, type Rig, type RunResult } from "../rig.ts";
import { assertFailed, documentFor, idOf, MAC, onExecutable, onFrontEnd, rangeIn } from "./front-end.ts";

const BESIDE = { concurrency: 2 };
const NEW_RANGE = documentFor("register_address_range");

suite("a registration that fails", () => {
  onFrontEnd("deletes all that it created when the virtual MAC is refused for good", async (frontEnd, rig) => {
    const body = { message: "no such type" };
    rig.simulator.fault({ call: "mac.generate", do: { kind: "status", status: 400, body } });
    const words = [/make a virtual MAC/, /no such type/, /request/];
    await frontEnd.fail("register_address_range", { TYPE: "IP4_6_STATIC" }, ...words);
    frontEnd.expectOnly();
  });

  onFrontEnd("gives back what it adopted when the virtual MAC is refused for good", async (frontEnd, rig) => {
    const one = frontEnd.account.add({ projectId: PROJECT, mac: null, tags: ["team=web"] });
    rig.simulator.fault({ call: "mac.generate", do: { kind: "status", status: 400 } });
    await frontEnd.fail("register_address_range", { IP: one.ip_address }, /make a virtual MAC/);
    assert.deepEqual(frontEnd.account.get(one.id)?.tags, ["team=web"]);
    assert.deepEqual(frontEnd.journal.intents, {});
  });

  onFrontEnd("leaves to the next run what it cannot undo", async (frontEnd, rig) => {
    const range = await frontEnd.register();
    rig.simulator.fault({ call: "mac.generate", do: { kind: "status", status: 400 } });
    rig.simulator.fault({ call: "delete", do: { kind: "status", status: 400 } });
    await frontEnd.fail("register_address_range", {}, /make a virtual MAC/);
    assert.equal(frontEnd.account.all().length, 2);
    assert.equal(Object.keys(frontEnd.journal.intents).length, 1);
    await frontEnd.succeed("get_address", range);
    frontEnd.expectOnly(range);
  });

  onFrontEnd("leaves nothing when its time is up", async (frontEnd, rig) => {
    rig.simulator.fault({ call: "mac.generate", times: 9, do: { kind: "hold", when: "after" } });
    rig.timePassesWhileHeld = true;
    await frontEnd.fail("register_address_range", {}, /not done within/);
    frontEnd.expectOnly();
  });

  onFrontEnd("keeps its intent open while its second creation may still come", async (frontEnd, rig) => {
    const range = await frontEnd.register();
    const held = rig.simulator.fault({ call: "create", skip: 1, do: { kind: "hold", when: "before" } });
    rig.timePassesWhileHeld = true;
    await frontEnd.fail("register_address_range", { TYPE: "IP4_6_STATIC" });
    held.release();
    await rig.until(() => frontEnd.account.all().length === 2);
    await frontEnd.succeed("get_address", range);
    assert.deepEqual(
      frontEnd.account.all().map(({ ip_address }) => ip_address),
      [range.IP],
    );
  });

  onFrontEnd("gives way when another cloud writes its tags at the same time", async (frontEnd, rig) => {
    const one = frontEnd.account.add({ projectId: PROJECT, mac: MAC });
    const held = rig.simulator.fault({ call: "update", do: { kind: "hold", when: "after" } });
    const run = frontEnd.fail(
      "register_address_range",
      { IP: one.ip_address },
      /was taken by another range meanwhile; name another one/,
    );
    await held.reached;
    const tags = ownershipTags("two", "adopted", "0a11ce00-0000-4000-8000-0000000000c2");
    frontEnd.account.set(one.id, { tags });
    held.release();
    await run;
    assert.deepEqual(frontEnd.account.get(one.id)?.tags, tags);
    assert.deepEqual(frontEnd.journal.intents, {});
  });

  onFrontEnd("blames the token while its grant is known to one call and not to the next", async (frontEnd) => {
    const fields = { SCW_FLEXIBLE_IP_ID: frontEnd.account.add({ projectId: PROJECT }).id };
    frontEnd.account.grantPendingUntil(2);
    await frontEnd.fail("register_address_range", fields, /list the flexible IPs .*403/);
    frontEnd.account.grantPendingUntil(1);
    await frontEnd.register(fields);
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

  onFrontEnd("when a lost creation is acted on after the second one", async (frontEnd, rig) => {
    rig.simulator.fault({ call: "create", do: { kind: "reset", when: "before" } });
    const second = rig.simulator.fault({ call: "create", do: { kind: "hold", when: "before" } });
    const run = frontEnd.register();
    const { tags } = Object((await second.reached).body);
    frontEnd.account.add({ projectId: PROJECT, tags });
    second.release();
    frontEnd.expectOnly(await run);
  });
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

  onExecutable(
    "is not undone by a run that saw it under way and finds it done",
    async (frontEnd, rig) => {
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
    },
    { skip: !canDelay() },
  );

  onExecutable(
    "takes no flexible IP that another one adopts at once",
    async (frontEnd, rig) => {
      const one = frontEnd.account.add({ projectId: PROJECT, mac: MAC });
      const document = documentFor("register_address_range", { IP: one.ip_address });
      // One has found it free and stands still before it notes that it will adopt it; the other goes on meanwhile.
      const path = `${rig.frontEnd.stateFile}.lock`;
      const { run: slow } = await startSlowly(rig, "register_address_range", document, { call: "mkdir", path });
      const runs = await Promise.all([slow, rig.ipam("register_address_range", document)]);
      const [done, refused] = runs.sort((a, b) => (a.code ?? 9) - (b.code ?? 9));
      assert.ok(done !== undefined && refused !== undefined);
      assert.equal(done.code, 0, done.stderr);
      assertFailed(refused, new RegExp(one.id));
      frontEnd.owned(one.id, "adopted");
    },
    { skip: !canDelay() },
  );
});

suite("a registration that was killed", BESIDE, () => {
  for (const [action, call, when] of [
    ["register_address_range", "create", "after"],
    ["unregister_address_range", "create", "after"],
    ["get_address", "mac.generate", "before"],
  ] as const) {
    onExecutable(`in ${call} is undone by the next ${action}`, async (frontEnd, rig) => {
      const range = await frontEnd.lease();
      await killRegister(rig, call, when);
      assert.equal(Object.keys(frontEnd.journal.intents).length, 1);
      assert.equal(frontEnd.account.all().length, 2);

      const next = await frontEnd.succeed(action, action === "register_address_range" ? {} : range);
      assert.match(next.stderr, /INFO: deleted flexible IP .* its address range was not registered/);
      const kept = action === "unregister_address_range" ? [] : [range];
      frontEnd.expectOnly(...kept, ...(action === "register_address_range" ? [rangeIn(next)] : []));
    });
  }

  for (const [when, agoMs, left] of [
    ["is left alone while it may run there", 0, 2],
    ["is undone once it cannot run any more", 11 * 60_000, 1],
  ] as const) {
    onExecutable(`on another front-end that shares the state file ${when}`, async (frontEnd, rig) => {
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
  onExecutable("is undone at once", async (frontEnd, rig) => {
    const { held, child, run } = await holdRegister(rig, "mac.generate", "before");
    child.kill("SIGTERM");
    assertFailed(await run, /SIGTERM/, /run the action again/);
    held.release();
    frontEnd.expectOnly();
  });

  onExecutable("leaves nothing when create is acted on after that", async (frontEnd, rig) => {
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

onExecutable("a registration whose answer nobody reads leaves nothing", async (frontEnd, rig) => {
  const started = (child: ChildProcess) => void child.stdout?.destroy();
  assertFailed(await rig.ipam("register_address_range", NEW_RANGE, { started }), /answer cannot be written/);
  frontEnd.expectOnly();
});

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
  const run = rig.ipam("register_address_range", NEW_RANGE, { started: child.resolve });
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
