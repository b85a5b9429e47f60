// A hook touches only what belongs to this NIC by intent, address and MAC. Every detach is logged with its reason.

import assert from "node:assert/strict";
import { suite } from "node:test";
import { HOOKS } from "../../driver/actions.ts";
import { lenderTags, ownershipTags } from "../../driver/flexible-ip/ownership.ts";
import { vmDocument } from "../documents.ts";
import { type Address, aliasOf, BESIDE, handWrittenNic, INTENT, MARKED, nic, onStage, type Stage } from "./stage.ts";

const OTHER_INTENT = "0a11ce00-0000-4000-8000-0000000000c9";
const OTHERS = { SCW_FLEXIP_INTENT: OTHER_INTENT };

suite("an address range on which somebody typed another tenant's address and MAC", BESIDE, () => {
  for (const [what, nicOf] of [
    ["a range of the driver's", (victim: Address) => nic("0", victim, OTHERS)],
    ["a hand-written range", (victim: Address) => handWrittenNic("0", victim)],
  ] as const) {
    onStage(`its VM never gets the address: ${what}`, async (stage) => {
      const { address: victim } = stage.guestOn("h2");
      for (const deployId of ["", "one-42"]) {
        const vm = vmDocument([nicOf(victim)], { deployId });
        for (const hook of ["pre", "post"] as const) {
          const line = await stage.fail("h1", hook, vm);
          assert.match(line, /NIC 0: flexible IP .* belongs to another address range; remove this address range/);
          assert.ok(line.includes(victim.ip));
        }
        await stage.succeed("h1", "clean", vm);
        // Not even where it serves.
        await stage.succeed("h2", "clean", vm);
      }
      await stage.expect([victim, "h2"]);
      assert.deepEqual(stage.writes(), []);
    });
  }

  onStage("as an alias it is refused too", async (stage) => {
    const [own, victim] = [stage.range({ serverId: stage.server("h1") }), stage.range()];
    const vm = vmDocument([nic("0", own), aliasOf("0", "1", victim, { ...MARKED, ...OTHERS })]);
    assert.match(await stage.fail("h1", "pre", vm), /belongs to another address range/);
    assert.deepEqual(stage.writes(), []);
  });
});

onStage("the intent that the flexible IP has too: the address is served, moved and detached", async (stage) => {
  const address = stage.range();
  const vm = vmDocument([nic("0", address, { SCW_FLEXIP_INTENT: INTENT })]);
  for (const [host, hook, place] of [
    ["h1", "pre", "h1"],
    ["h2", "post", "h2"],
    ["h2", "clean", "free"],
  ] as const) {
    await stage.succeed(host, hook, vm);
    await stage.expect([address, place]);
  }
});

suite("what shares the NIC's virtual MAC on the server and is not ours", BESIDE, () => {
  for (const [whose, tags] of [
    ["another cloud's", ownershipTags("two", "created", OTHER_INTENT)],
    ["untagged", []],
  ] as const) {
    onStage(`${whose}: no hook detaches it, nor the address, which would lose its MAC`, async (stage) => {
      const { own, other, vm } = lenderAnd(stage, tags);
      const line = await stage.fail("h2", "post", vm);
      assert.ok(line.includes(own.ip) && line.includes(other.ip), line);
      await stage.succeed("h1", "clean", vm);
      const left = stage.rig.logs().match(/left flexible IP [^"]* attached: [^"]*/)?.[0] ?? "";
      assert.ok(left.includes(own.ip) && left.includes(other.ip), stage.rig.logs());
      await stage.expect([own, "h1"], [other, "h1", own.mac]);
      assert.deepEqual(stage.writes(), []);
    });
  }

  onStage("a locked alias of an ended lease: served on the same host, refused on another one", async (stage) => {
    const { own, other, vm } = lenderAnd(stage, ownershipTags("one", "created", OTHER_INTENT));
    stage.account.set(other.id, { status: "locked" });
    for (const hook of ["pre", "post"] as const) await stage.succeed("h1", hook, vm);
    await stage.expect([own, "h1"]);
    // The guest's own address comes first.
    const refused = `^post: flexible IP ${own.ip} .* cannot be attached: flexible IP ${other.ip} .* shares its virtual MAC`;
    assert.match(await stage.fail("h2", "post", vm), new RegExp(`${refused} and has status locked; `));
  });
});

suite("every detach is logged with its reason", BESIDE, () => {
  for (const [title, host, hook, marks, reason] of [
    ["by clean after the guest", "h1", "clean", {}, /detaching flexible IP .* from server .*: VM 42 has left/],
    ["by clean of a NIC", "h1", "clean", MARKED, /detaching flexible IP .*: NIC 0 of VM 42/],
    ["by post on another host", "h2", "post", {}, /detaching flexible IP .* from server .*: VM 42 runs on server/],
  ] as const) {
    onStage(title, async (stage) => {
      const { address } = stage.guestOn("h1");
      await stage.succeed(host, hook, vmDocument([nic("0", address, marks)]));
      assert.match(stage.rig.logs(), reason);
    });
  }
});

onStage("an address without its tags is still the guest's, but pre takes it from no other server", async (stage) => {
    const address = stage.add({ serverId: stage.server("h2") });
    const vm = vmDocument([nic("0", address, { SCW_FLEXIP_INTENT: INTENT })], { deployId: "" });
    await stage.succeed("h1", "pre", vm);
    await stage.expect([address, "h2"]);
    await stage.succeed("h1", "post", vm);
    await stage.expect([address, "h1"]);
    for (const hook of HOOKS) await stage.succeed("h1", hook, vm);
    await stage.expect([address, "free"]);
  });

/** On h1: a guest's address that lends its virtual MAC, and another flexible IP with those tags that has it. */
function lenderAnd(stage: Stage, tags: readonly string[]): { own: Address; other: Address; vm: string } {
  const { address: own, vm } = stage.guestOn("h1");
  stage.account.set(own.id, { tags: lenderTags({ tags: ownershipTags("one", "created", INTENT) }) });
  const other = stage.add({ serverId: stage.server("h1"), mac: own.mac, tags: [...tags] });
  return { own, other, vm };
}
