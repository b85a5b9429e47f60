// One server attaches its flexible IPs one after the other: what a hook says while it waits and when its time is up.

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { vmDocument } from "../documents.ts";
import { aliasOf, BESIDE, nic, Stage } from "./stage.ts";

suite("a hook that waits", BESIDE, () => {
  test("logs what for, which place in the queue, and how long", async (t) => {
    const stage = await Stage.start(t, { settle: "manual" });
    const ahead = stage.range({ createdAt: "2026-03-04T05:06:07Z" });
    const address = stage.range();
    const first = stage.hook("h1", "pre", vmDocument([nic("0", ahead)], { id: "41" }));
    await stage.rig.until(() => stage.count("attach") === 1);
    const second = stage.hook("h1", "pre", vmDocument([nic("0", address)]));
    const line =
      /waiting: flexible IP ([0-9.]+) \([0-9a-f-]+\) is updating since [3-9] s, place 2 of 2 in the project's queue/;
    await stage.rig.until(() => line.test(stage.rig.logs()));
    stage.account.settleAll();
    assert.deepEqual(
      (await Promise.all([first, second])).map(({ code }) => code),
      [0, 0],
    );
    assert.equal(line.exec(stage.rig.logs())?.[1], address.ip);
  });

  test("names the address, the wait and the setting when its time is up", async (t) => {
    const stage = await Stage.start(t, { settle: "manual" });
    const address = stage.range();
    const line = await stage.fail("h1", "pre", vmDocument([nic("0", address)]), { settings: { HOOK_TIMEOUT: "8" } });
    assert.ok(line.includes(address.ip), line);
    assert.match(
      line,
      /^pre: 203[0-9.]+ of VM 42 was not done within 6 s, last: .* is updating since [3-6] s, place 1 of 1/,
    );
    assert.match(line, /; start fewer VMs at once on one server, or raise HOOK_TIMEOUT$/);
  });
});

test("clean gives up on an API that fails for half a minute, with an alias too", { timeout: 120_000 }, async (t) => {
  const stage = await Stage.start(t);
  const [own, alias] = [stage.range(), stage.range()];
  const vm = vmDocument([nic("0", own), aliasOf("0", "1", alias)]);
  await stage.succeed("h1", "pre", vm);
  for (let count = 0; count < 100; count += 1) {
    stage.rig.simulator.fault({ call: "detach", do: { kind: "status", status: 503 } });
  }
  // Far from its deadline, which is ten minutes.
  const { stdout } = await stage.succeed("h1", "clean", vm, { settings: { HOOK_TIMEOUT: "600" } });
  assert.match(stdout, /detach flexible IP .*503/);
  assert.doesNotMatch(stdout, /not done within/);
});
