// Moving an address: at once where it cannot be a migration, directly where the API does that, else detached first.

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { vmDocument } from "../documents.ts";
import { aliasOf, BESIDE, dualNic, MARKED, nic, onStage, Stage } from "./stage.ts";

const FIRST_DEPLOY = { deployId: "" };

suite("pre and what an ended lease left attached to another server", BESIDE, () => {
  for (const directAttach of ["moves", "refused", "ignored"] as const) {
    test(`first deploy: is moved before the guest boots (a direct attach ${directAttach})`, async (t) => {
      const stage = await Stage.start(t, { directAttach });
      const address = stage.range({ serverId: stage.server("h2") });
      await stage.succeed("h1", "pre", vmDocument([nic("0", address)], FIRST_DEPLOY));
      await stage.expect([address, "h1"]);
      assert.deepEqual(stage.writes(), directAttach === "moves" ? ["attach"] : ["attach", "detach", "attach"]);
    });

    test(`dual stack: both are moved, with the MAC (a direct attach ${directAttach})`, async (t) => {
      const stage = await Stage.start(t, { directAttach });
      const [own, prefix] = [stage.range(), stage.prefix()];
      await stage.succeed("h2", "pre", vmDocument([dualNic("0", own, prefix)]));
      await stage.expect([own, "h2"], [prefix, "h2", own.mac]);
      await stage.succeed("h1", "pre", vmDocument([dualNic("0", own, prefix)], FIRST_DEPLOY));
      await stage.expect([own, "h1"], [prefix, "h1", own.mac]);
    });

    test(`a NIC with its alias: both are moved by post (a direct attach ${directAttach})`, async (t) => {
      const stage = await Stage.start(t, { directAttach });
      const [own, alias] = [stage.range(), stage.range()];
      const vm = vmDocument([nic("0", own), aliasOf("0", "1", alias)]);
      await stage.succeed("h1", "pre", vm);
      await stage.succeed("h2", "post", vm);
      await stage.expect([own, "h2"], [alias, "h2", own.mac]);
    });
  }

  onStage("hot plug: the marked NIC's is moved, that of another NIC is not", async (stage) => {
    const on = { serverId: stage.server("h2") };
    const [other, address] = [stage.range(on), stage.range(on)];
    await stage.succeed("h1", "pre", vmDocument([nic("0", other), nic("1", address, MARKED)]));
    await stage.expect([other, "h2"], [address, "h1"]);
  });

  onStage("a VM that has run before: stays, because this may be a migration", async (stage) => {
    const address = stage.range({ serverId: stage.server("h2") });
    await stage.succeed("h1", "pre", vmDocument([nic("0", address)]));
    await stage.expect([address, "h2"]);
    assert.deepEqual(stage.writes(), []);
  });

  test("a full server: pre fails with the refusal, and the address stays where it was", async (t) => {
    for (const directAttach of ["moves", "refused"] as const) {
      const stage = await Stage.start(t, { directAttach, perServerLimit: 0 });
      const address = stage.range({ serverId: stage.server("h2") });
      const line = await stage.fail("h1", "pre", vmDocument([nic("0", address)], FIRST_DEPLOY));
      assert.match(line, /quota of 0/);
      if (directAttach === "moves") await stage.expect([address, "h2"]);
    }
  });

  test("a direct attach whose answer is lost is looked at, not repeated", async (t) => {
    const stage = await Stage.start(t, { directAttach: "moves" });
    const address = stage.range({ serverId: stage.server("h2") });
    stage.rig.simulator.fault({ call: "attach", do: { kind: "reset", when: "after" } });
    await stage.succeed("h1", "post", vmDocument([nic("0", address)]));
    await stage.expect([address, "h1"]);
    assert.deepEqual(stage.writes(), ["attach"]);
  });

  onStage("a listing that lags does not make post move what is here", async (stage) => {
    const address = stage.range({ serverId: stage.server("h2") });
    stage.account.behave({ listLagMs: 1e9 });
    stage.account.set(address.id, { serverId: stage.server("h1") });
    await stage.succeed("h1", "post", vmDocument([nic("0", address, { SCW_FLEXIBLE_IP_ID: undefined })]));
    assert.deepEqual(stage.writes(), []);
  });
});

onStage(
  "post outlasts an outage of the API: the migrated guest has its address when the API is back",
  async (stage) => {
    const address = stage.range({ serverId: stage.server("h1") });
    stage.account.behave({ api: "unavailable" });
    const post = stage.hook("h2", "post", vmDocument([nic("0", address)]));
    await stage.rig.until(() => stage.rig.simulator.calls().length >= 3);
    stage.account.behave({ api: "up" });
    assert.equal((await post).code, 0);
    await stage.expect([address, "h2"]);
  },
);
