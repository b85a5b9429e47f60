// A hook touches only what belongs to this NIC by intent, address and MAC. Every detach is logged with its reason.

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { lenderTags, ownershipTags } from "../../driver/flexible-ip/ownership.ts";
import { vmDocument } from "../documents.ts";
import { type Address, aliasOf, BESIDE, HOOKS, INTENT, MARKED, nic, onStage, Stage } from "./stage.ts";

const OTHER_INTENT = "0a11ce00-0000-4000-8000-0000000000c9";

suite("an address range on which somebody typed another tenant's address and MAC", BESIDE, () => {
  for (const [where, server, marks] of [
    ["that serves on another host", "h2", { SCW_FLEXIP_INTENT: OTHER_INTENT }],
    ["that serves on this host", "h1", { SCW_FLEXIP_INTENT: OTHER_INTENT }],
    ["that is free", undefined, { SCW_FLEXIP_INTENT: OTHER_INTENT }],
    [
      "that serves on another host, by a range that is not the driver's",
      "h2",
      { SCW_FLEXIBLE_IP_ID: undefined, EXTERNAL_IP: undefined },
    ],
  ] as const) {
    onStage(`its VM never gets one ${where}`, async (stage) => {
      const victim = stage.range(server === undefined ? {} : { serverId: stage.server(server) });
      const before = stage.account.get(victim.id);
      for (const deployId of ["", "one-42"]) {
        const vm = vmDocument([nic("0", victim, marks)], { deployId });
        for (const hook of ["pre", "post"] as const) {
          const line = await stage.fail("h1", hook, vm);
          assert.match(line, /NIC 0: flexible IP .* belongs to another address range; remove this address range/);
          assert.ok(line.includes(victim.ip));
        }
        await stage.succeed("h1", "clean", vm);
      }
      assert.deepEqual(stage.account.get(victim.id), before);
      assert.deepEqual(stage.writes(), []);
    });
  }

  onStage("as an alias it is refused too", async (stage) => {
    const [own, victim] = [stage.range({ serverId: stage.server("h1") }), stage.range()];
    const alias = aliasOf("0", "1", victim, { ...MARKED, SCW_FLEXIP_INTENT: OTHER_INTENT });
    assert.match(await stage.fail("h1", "pre", vmDocument([nic("0", own), alias])), /belongs to another address range/);
    await stage.expect([own, "h1"], [victim, "free"]);
    assert.deepEqual(stage.writes(), []);
  });
});

suite("the intent of a range", BESIDE, () => {
  for (const [what, intent] of [
    ["that the flexible IP has", INTENT],
    ["of 0.1.0, which NICs do not have", undefined],
  ] as const) {
    onStage(`${what}: the address is served, moved and detached`, async (stage) => {
      const address = stage.range();
      const vm = vmDocument([nic("0", address, { SCW_FLEXIP_INTENT: intent })]);
      await stage.expectServed(address, vm);
    });
  }
});

suite("what shares the NIC's virtual MAC on the server and is not ours", BESIDE, () => {
  for (const [whose, tags] of [
    ["another cloud's", ownershipTags("two", "created", OTHER_INTENT)],
    ["untagged", []],
  ] as const) {
    onStage(`${whose}: clean detaches neither it nor the address, which would lose its MAC`, async (stage) => {
      const { own, other } = lenderAnd(stage, tags);
      await stage.succeed("h1", "clean", vmDocument([nic("0", own)]));
      await stage.expect([own, "h1"], [other, "h1", own.mac]);
      assert.deepEqual(stage.writes(), []);
      const left = stage.rig.logs().match(/left flexible IP [^"]* attached: [^"]*/)?.[0] ?? "";
      assert.ok(left.includes(own.ip) && left.includes(other.ip), stage.rig.logs());
    });

    onStage(`${whose}: post on another host refuses before anything is changed`, async (stage) => {
      const { own, other } = lenderAnd(stage, tags);
      const line = await stage.fail("h2", "post", vmDocument([nic("0", own)]));
      assert.ok(line.includes(own.ip) && line.includes(other.ip), line);
      await stage.expect([own, "h1"], [other, "h1", own.mac]);
      assert.deepEqual(stage.writes(), []);
    });
  }

  onStage("a locked alias of an ended lease: the next guest on the same host is served", async (stage) => {
    const { own, other } = lenderAnd(stage, ownershipTags("one", "created", OTHER_INTENT));
    stage.account.set(other.id, { status: "locked" });
    const vm = vmDocument([nic("0", own)], { id: "43", deployId: "" });
    await stage.succeed("h1", "pre", vm);
    await stage.succeed("h1", "post", vm);
    await stage.expect([own, "h1"]);
  });

  onStage(
    "a locked alias of an ended lease: on another host the refusal names the guest's own address first",
    async (stage) => {
      const { own, other } = lenderAnd(stage, ownershipTags("one", "created", OTHER_INTENT));
      stage.account.set(other.id, { status: "locked" });
      const line = await stage.fail("h2", "post", vmDocument([nic("0", own)], { id: "43" }));
      assert.match(
        line,
        /^post: flexible IP .* cannot be attached: flexible IP .* shares its virtual MAC and has status locked; /,
      );
      assert.ok(line.indexOf(own.ip) < line.indexOf(other.ip), line);
    },
  );
});

suite("every detach is logged with its reason", BESIDE, () => {
  for (const [title, host, hook, reason] of [
    ["by clean after the guest", "h1", "clean", /detaching flexible IP .* from server .*: VM 42 has left/],
    ["by post on another host", "h2", "post", /detaching flexible IP .* from server .*: VM 42 runs on server/],
  ] as const) {
    test(title, async (t) => {
      const stage = await Stage.start(t);
      const address = stage.range({ serverId: stage.server("h1") });
      await stage.succeed(host, hook, vmDocument([nic("0", address)]));
      assert.match(stage.rig.logs(), reason);
    });
  }

  onStage("of a NIC", async (stage) => {
    const address = stage.range({ serverId: stage.server("h1") });
    await stage.succeed("h1", "clean", vmDocument([nic("3", address, MARKED)]));
    assert.match(stage.rig.logs(), /detaching flexible IP .*: NIC 3 of VM 42/);
  });
});

onStage(
  "an address whose tags somebody removed is still the guest's, but pre takes it from no other server",
  async (stage) => {
    const address = stage.add({ serverId: stage.server("h2") });
    const vm = vmDocument([nic("0", address, { SCW_FLEXIP_INTENT: INTENT })], { deployId: "" });
    await stage.succeed("h1", "pre", vm);
    await stage.expect([address, "h2"]);
    await stage.succeed("h1", "post", vm);
    await stage.expect([address, "h1"]);
    for (const hook of HOOKS) await stage.succeed("h1", hook, vm);
    await stage.expect([address, "free"]);
  },
);

/** On h1: an address of ours that lends its virtual MAC, and another flexible IP with those tags that has it. */
function lenderAnd(stage: Stage, tags: readonly string[]): { own: Address; other: Address } {
  const on = { serverId: stage.server("h1"), status: "attached" as const };
  const own = stage.range({ ...on });
  const before = stage.account.get(own.id)?.tags ?? [];
  stage.account.set(own.id, { tags: lenderTags({ tags: before }) });
  const other = stage.add({ ...on, mac: own.mac, tags: [...tags] });
  return { own, other };
}
