// A registration whose process ends early: a signal, a kill, a reader that is gone. All on the built executable.
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import type { CallName, FaultHandle } from "../fakes/flexible-ip-server.ts";
import type { Rig, RunResult } from "../rig.ts";
import { assertFailed, documentFor, onExecutable } from "./front-end.ts";

const NEW_RANGE = documentFor("register_address_range");

onExecutable("a registration that was killed is undone by the next get_address", async (frontEnd, rig) => {
  const range = await frontEnd.lease();
  const { held, child, run } = await holdRegister(rig, "create", "after");
  child.kill("SIGKILL");
  assert.equal((await run).signal, "SIGKILL");
  held.release();
  assert.equal(frontEnd.account.all().length, 2);
  await frontEnd.succeed("get_address", range);
  frontEnd.expectOnly(range);
});

onExecutable("a registration that SIGTERM ends is undone at once", async (frontEnd, rig) => {
  const { held, child, run } = await holdRegister(rig, "mac.generate", "before");
  child.kill("SIGTERM");
  assertFailed(await run, /SIGTERM/, /run the action again/);
  held.release();
  frontEnd.expectOnly();
});

onExecutable("a registration whose answer nobody reads leaves nothing", async (frontEnd, rig) => {
  const started = (child: ChildProcess) => void child.stdout?.destroy();
  assertFailed(await rig.ipam("register_address_range", NEW_RANGE, { started }), /answer cannot be written/);
  frontEnd.expectOnly();
});

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
