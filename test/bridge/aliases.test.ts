// NIC aliases share their NIC's virtual MAC. That costs their address its own for good, so it is asked for with
// SCW_FLEXIP_ALIAS.

import assert from "node:assert/strict";
import { suite } from "node:test";
import { borrowerTags, lenderTags, ownershipTags } from "../../driver/flexible-ip/ownership.ts";
import { vmDocument } from "../documents.ts";
import {
  type Address,
  aliasOf,
  BESIDE,
  handWrittenNic,
  INTENT,
  MARKED,
  nic,
  onStage,
  type Stage,
  UNREACHABLE,
} from "./stage.ts";

const TAGS = ownershipTags("one", "created", INTENT);
const UNASKED = { SCW_FLEXIP_ALIAS: undefined };

suite("NIC aliases", BESIDE, () => {
  for (const [whose, seeded, nicOf] of [
    ["a range of ours", (stage: Stage) => stage.range(), (address: Address) => nic("0", address)],
    ["a hand-written range", (stage: Stage) => stage.add(), (address: Address) => handWrittenNic("0", address)],
  ] as const) {
    onStage(`on the NIC of ${whose} come and go with it, as often as the VM is powered off`, async (stage) => {
      const [own, first, second] = [seeded(stage), stage.range(), stage.range()];
      const vm = vmDocument([nicOf(own), aliasOf("0", "1", first), aliasOf("0", "2", second)]);
      for (let round = 0; round < 2; round += 1) {
        for (const hook of ["pre", "post"] as const) await stage.succeed("h1", hook, vm);
        await stage.expect([own, "h1"], [first, "h1", own.mac], [second, "h1", own.mac]);
        await stage.succeed("h1", "clean", vm);
        await stage.expect([own, "free"], [first, "free", "none"], [second, "free", "none"]);
      }
      if (whose === "a hand-written range")
        assert.deepEqual(stage.account.get(own.id)?.tags, [], "nobody asked for tags");
    });

    // Detached alone from its MAC group, a flexible IP loses its virtual MAC, and the next boot is refused.
    onStage(`left attached by a clean without the API do not cost the NIC of ${whose} its MAC`, async (stage) => {
      const [own, alias] = [seeded(stage), stage.range()];
      const vm = vmDocument([nicOf(own)]);
      const withAlias = vmDocument([nicOf(own), aliasOf("0", "1", alias, MARKED)]);
      await stage.succeed("h1", "pre", vm);
      await stage.succeed("h1", "pre", withAlias);
      await stage.succeed("h1", "clean", withAlias, { settings: UNREACHABLE });
      await stage.expect([own, "h1"], [alias, "h1", own.mac]);
      await stage.succeed("h1", "clean", vm);
      await stage.expect([own, "free"]);
      await stage.succeed("h1", "pre", vm);
      await stage.expect([own, "h1"]);
    });
  }

  onStage("go one by one, and the last one with its NIC, which keeps its MAC", async (stage) => {
    const [other, own, stays, goes] = [stage.range(), stage.range(), stage.range(), stage.range()];
    const nics = [nic("0", other), nic("1", own), aliasOf("1", "2", stays)];
    await stage.succeed("h1", "pre", vmDocument([...nics, aliasOf("1", "3", goes)]));
    await stage.succeed("h1", "clean", vmDocument([...nics, aliasOf("1", "3", goes, MARKED)]));
    await stage.expect([own, "h1"], [stays, "h1", own.mac], [goes, "free", "none"]);
    const vm = vmDocument([nic("0", other), nic("1", own, MARKED), aliasOf("1", "2", stays)]);
    await stage.succeed("h1", "clean", vm);
    await stage.expect([other, "h1"], [own, "free"], [stays, "free", "none"]);
  });

  onStage("of a NIC that is detached already give its virtual MAC back in pre", async (stage) => {
    const address = stage.range({ tags: lenderTags({ tags: TAGS }) });
    const alias = stage.range({ mac: address.mac });
    await stage.succeed("h1", "pre", vmDocument([nic("0", address)]));
    await stage.expect([address, "h1"], [alias, "free", "none"]);
  });
});

suite("an alias of a range that does not ask for aliases", BESIDE, () => {
  onStage("is refused in words that name the attribute, and nothing is changed", async (stage) => {
    const [own, alias] = [stage.range({ serverId: stage.server("h1") }), stage.range()];
    const vm = vmDocument([nic("0", own), aliasOf("0", "1", alias, { ...MARKED, ...UNASKED })]);
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

  onStage("of 0.1.0, which gave its MAC up long ago: goes on serving", async (stage) => {
    const own = stage.range();
    const alias = stage.range({ mac: null, tags: borrowerTags({ tags: TAGS }) });
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

onStage("a range for aliases serves nothing else: pre refuses its NIC and names the attribute", async (stage) => {
    const [own, other] = [stage.range(), stage.range()];
    const vm = vmDocument([nic("0", other), nic("1", own, { SCW_FLEXIP_ALIAS: "YES" })]);
    assert.match(await stage.fail("h1", "pre", vm), /NIC 1: .* is for NIC aliases alone.*SCW_FLEXIP_ALIAS = "YES"/);
    assert.deepEqual(stage.writes(), []);
    await stage.succeed("h1", "clean", vm);
    await stage.expect([own, "free"], [other, "free"]);
  });
