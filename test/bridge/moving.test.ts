// Moving an address: at once where it cannot be a migration, directly where the API does that, else detached first.

import assert from "node:assert/strict";
import { suite } from "node:test";
import { vmDocument } from "../documents.ts";
import { aliasOf, BESIDE, dualNic, MARKED, nic, onStage } from "./stage.ts";

const FIRST_DEPLOY = { deployId: "" };

suite("an address that another server has", BESIDE, () => {
  for (const [directAttach, changes] of [
    ["moves", ["attach"]],
    ["refused", ["attach", "detach", "attach"]],
    ["ignored", ["attach", "detach", "attach"]],
  ] as const) {
    onStage(`is moved by post in ${changes.length} changes where a direct attach is ${directAttach}, its alias with it`, { directAttach }, async (stage) => {
        const [own, alias] = [stage.range(), stage.range()];
        const vm = vmDocument([nic("0", own), aliasOf("0", "1", alias)]);
        await stage.succeed("h1", "pre", vm);
        stage.rig.simulator.clearRequests();
        await stage.succeed("h2", "post", vm);
        await stage.expect([own, "h2"], [alias, "h2", own.mac]);
        assert.deepEqual(stage.writes(), changes);
      });
  }

  onStage("is moved before the guest boots in a first deploy, dual stack with its MAC", async (stage) => {
    const [own, prefix] = [stage.range(), stage.prefix()];
    await stage.succeed("h2", "pre", vmDocument([dualNic("0", own, prefix)]));
    await stage.expect([own, "h2"], [prefix, "h2", own.mac]);
    await stage.succeed("h1", "pre", vmDocument([dualNic("0", own, prefix)], FIRST_DEPLOY));
    await stage.expect([own, "h1"], [prefix, "h1", own.mac]);
  });

  onStage("is moved in a hot plug for the marked NIC, and not for another one", async (stage) => {
    const on = { serverId: stage.server("h2") };
    const [other, address] = [stage.range(on), stage.range(on)];
    await stage.succeed("h1", "pre", vmDocument([nic("0", other), nic("1", address, MARKED)]));
    await stage.expect([other, "h2"], [address, "h1"]);
  });

  onStage("stays with the guest in a migration until post, and clean makes no call", async (stage) => {
    const { address } = stage.guestOn("h1");
    const vm = vmDocument([nic("0", address)], { host: "192.0.2.77" });
    await stage.succeed("h2", "pre", vm);
    stage.rig.simulator.clearRequests();
    await stage.succeed("h1", "clean", vm);
    assert.deepEqual(stage.rig.simulator.calls(), []);
    await stage.expect([address, "h1"]);
    await stage.succeed("h2", "post", vm);
    await stage.expect([address, "h2"]);
  });

  onStage("stays where it is when the server is full", { directAttach: "moves", perServerLimit: 0 }, async (stage) => {
      const { address } = stage.guestOn("h2");
      const line = await stage.fail("h1", "pre", vmDocument([nic("0", address)], FIRST_DEPLOY));
      assert.match(line, /quota of 0/);
      await stage.expect([address, "h2"]);
    });

  onStage("is not attached again when a direct attach's answer is lost", { directAttach: "moves" }, async (stage) => {
      const { address, vm } = stage.guestOn("h2");
      stage.rig.simulator.fault({ call: "attach", do: { kind: "reset", when: "after" } });
      await stage.succeed("h1", "post", vm);
      await stage.expect([address, "h1"]);
      assert.deepEqual(stage.writes(), ["attach"]);
    });

  onStage("stays where it is when only a listing that lags shows it elsewhere", async (stage) => {
    const { address } = stage.guestOn("h2");
    stage.account.behave({ listing: "frozen" });
    stage.account.set(address.id, { serverId: stage.server("h1") });
    await stage.succeed("h1", "post", vmDocument([nic("0", address, { SCW_FLEXIBLE_IP_ID: undefined })]));
    assert.deepEqual(stage.writes(), []);
  });

  onStage("comes to its migrated guest when the API is back after an outage", async (stage) => {
    const { address, vm } = stage.guestOn("h1");
    stage.account.behave({ api: "unavailable" });
    const post = stage.succeed("h2", "post", vm);
    await stage.rig.until(() => stage.rig.simulator.calls().length >= 3);
    stage.account.behave({ api: "up" });
    await post;
    await stage.expect([address, "h2"]);
  });
});
