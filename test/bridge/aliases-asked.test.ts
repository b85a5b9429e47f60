// An alias costs its address the virtual MAC for good, so it is asked for with SCW_FLEXIP_ALIAS.

import assert from "node:assert/strict";
import { suite } from "node:test";
import { borrowerTags, ownershipTags } from "../../driver/flexible-ip/ownership.ts";
import { vmDocument } from "../documents.ts";
import { aliasOf, BESIDE, HOOKS, INTENT, MARKED, nic, onStage, privateNic } from "./stage.ts";

const UNASKED = { SCW_FLEXIP_ALIAS: undefined };

suite("an alias of a range that does not ask for aliases", BESIDE, () => {
  for (const [when, marked] of [
    ["hot-plugged", MARKED],
    ["in a deploy", {}],
  ] as const) {
    onStage(`${when}: pre refuses in words that name the attribute, and nothing is changed`, async (stage) => {
      const [own, alias] = [stage.range({ serverId: stage.server("h1") }), stage.range()];
      const vm = vmDocument([nic("0", own), aliasOf("0", "1", alias, { ...marked, ...UNASKED })]);
      for (const hook of ["pre", "post"] as const) {
        const line = await stage.fail("h1", hook, vm);
        assert.match(line, /^(pre|post): NIC 0: flexible IP .*SCW_FLEXIP_ALIAS = "YES"/);
        assert.ok(line.includes(alias.ip));
      }
      assert.deepEqual(stage.writes(), []);
      // The next tenant gets it as a NIC.
      await stage.succeed("h1", "pre", vmDocument([nic("0", alias)], { id: "43" }));
      await stage.expect([own, "h1"], [alias, "h1"]);
    });
  }

  onStage("on a private NIC: none of our business", async (stage) => {
    const alias = stage.range();
    const vm = vmDocument([privateNic("0"), aliasOf("0", "1", alias, { ...MARKED, ...UNASKED })]);
    for (const hook of HOOKS) await stage.succeed("h1", hook, vm);
    assert.deepEqual(stage.rig.simulator.calls(), []);
  });

  onStage("of 0.1.0, which gave its MAC up long ago: goes on serving", async (stage) => {
    const own = stage.range();
    const tags = borrowerTags({ tags: ownershipTags("one", "created", INTENT) });
    const alias = { ...stage.range({ mac: null, tags }), mac: "52:54:00:aa:00:02" };
    const vm = vmDocument([nic("0", own), aliasOf("0", "1", alias, UNASKED)]);
    await stage.succeed("h1", "pre", vm);
    await stage.expect([own, "h1"], [alias, "h1", own.mac]);
    await stage.succeed("h1", "clean", vm);
    await stage.expect([own, "free"], [alias, "free", "none"]);
  });

  onStage("that nobody tagged: refused, because its MAC is not ours to give up", async (stage) => {
    const [own, alias] = [stage.range(), stage.add()];
    await stage.fail("h1", "pre", vmDocument([nic("0", own), aliasOf("0", "1", alias)]));
    await stage.expect([own, "free"], [alias, "free"]);
  });
});

onStage(
  "a range for aliases serves nothing else: pre refuses the NIC in words that name the attribute",
  async (stage) => {
    const [own, other] = [stage.range(), stage.range()];
    const vm = vmDocument([nic("0", other), nic("1", own, { SCW_FLEXIP_ALIAS: "YES" })]);
    assert.match(await stage.fail("h1", "pre", vm), /NIC 1: .* is for NIC aliases alone.*SCW_FLEXIP_ALIAS = "YES"/);
    assert.deepEqual(stage.writes(), []);
    await stage.succeed("h1", "clean", vm);
    await stage.expect([own, "free"], [other, "free"]);
  },
);
