// What is under way is waited for: what a hook does then, what it says meanwhile, and when its time is up.

import assert from "node:assert/strict";
import { suite } from "node:test";
import { vmDocument } from "../documents.ts";
import type { FlexibleIpSeed } from "../fakes/seeds.ts";
import { aliasOf, BESIDE, nic, onStage } from "./stage.ts";

const BY_HAND = { settle: "manual" } as const;

suite("a hook that waits", BESIDE, () => {
  for (const [hook, what, seed, writes, place] of [
    ["pre", "a detach from another server", { status: "detaching", host: "h2" }, ["attach"], "h1"],
    ["pre", "an attach to this server", { status: "updating", host: "h1" }, [], "h1"],
    ["pre", "a change of the virtual MAC", { status: "updating" }, ["attach"], "h1"],
    ["clean", "an attach to this server", { status: "updating", host: "h1" }, ["detach"], "free"],
    ["clean", "an attach to the destination of a migration", { status: "updating", host: "h2" }, [], "h2"],
    ["clean", "a detach", { status: "detaching", host: "h1" }, [], "free"],
  ] as const) {
    onStage(`${hook} waits for ${what}, and then makes ${writes.length === 0 ? "no change" : `the ${writes[0]}`}`, BY_HAND, async (stage) => {
        const on: FlexibleIpSeed = "host" in seed ? { serverId: stage.server(seed.host) } : {};
        const address = stage.range({ ...on, status: seed.status });
        const run = stage.succeed("h1", hook, vmDocument([nic("0", address)]));
        await stage.rig.until(() => stage.count("get") >= 2);
        assert.deepEqual(stage.writes(), []);
        stage.account.settle(address.id);
        if (writes.length > 0) await stage.rig.until(() => stage.writes().length === 1);
        stage.account.settleAll();
        await run;
        stage.account.settleAll();
        assert.deepEqual(stage.writes(), writes);
        await stage.expect([address, place]);
      });
  }

  onStage("logs what for, which place in the queue, and how long", BY_HAND, async (stage) => {
      const [ahead, address] = [stage.range({ createdAt: "2026-03-04T05:06:07Z" }), stage.range()];
      const first = stage.succeed("h1", "pre", vmDocument([nic("0", ahead)], { id: "41" }));
      await stage.rig.until(() => stage.count("attach") === 1);
      const second = stage.succeed("h1", "pre", vmDocument([nic("0", address)]));
      const line =
        /waiting: flexible IP ([0-9.]+) \([0-9a-f-]+\) is updating since [3-9] s, place 2 of 2 in the project's queue/;
      await stage.rig.until(() => line.test(stage.rig.logs()));
      stage.account.settleAll();
      await Promise.all([first, second]);
      assert.equal(line.exec(stage.rig.logs())?.[1], address.ip);
    });

  onStage("names the address, the wait and the setting when its time is up", BY_HAND, async (stage) => {
      const address = stage.range();
      const line = await stage.fail("h1", "pre", vmDocument([nic("0", address)]), { settings: { HOOK_TIMEOUT: "8" } });
      assert.ok(line.includes(address.ip), line);
      assert.match(
        line,
        /^pre: 203[0-9.]+ of VM 42 was not done within 6 s, last: .* is updating since [3-6] s, place 1 of 1/,
      );
      assert.match(line, /; start fewer VMs at once on one server, or raise HOOK_TIMEOUT$/);
    });

  onStage("gives up in clean on an API that fails for half a minute, with an alias too", async (stage) => {
    const [own, alias] = [stage.range(), stage.range()];
    const vm = vmDocument([nic("0", own), aliasOf("0", "1", alias)]);
    await stage.succeed("h1", "pre", vm);
    stage.rig.simulator.fault({ call: "detach", times: 100, do: { kind: "status", status: 503 } });
    // Far from its deadline, which is ten minutes.
    const { stdout } = await stage.succeed("h1", "clean", vm, { settings: { HOOK_TIMEOUT: "600" } });
    assert.match(stdout, /detach flexible IP .*503/);
    assert.doesNotMatch(stdout, /not done within/);
  });
});
