// The three hooks as the network driver runs them, on hosts of one cloud, each with the executable that is shipped.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { suite, test } from "node:test";
import { ownershipTags } from "../../driver/flexible-ip/ownership.ts";
import { type NicFields, vmDocument } from "../documents.ts";
import { OTHER_PROJECT, Rig } from "../rig.ts";
import {
  type Address,
  aliasOf,
  BESIDE,
  dualNic,
  firstHost,
  HOOKS,
  INTENT,
  MARKED,
  nic,
  privateNic,
  runningOnH1,
  Stage,
  UNREACHABLE,
} from "./stage.ts";

suite("a VM with public NICs", BESIDE, () => {
  test("pre attaches, post confirms, clean detaches; the virtual MAC stays", async (t) => {
    const stage = await Stage.start(t);
    const address = stage.range();
    const vm = vmDocument([nic("0", address)]);
    for (const [hook, place] of [
      ["pre", "h1"],
      ["post", "h1"],
      ["clean", "free"],
    ] as const) {
      assert.equal((await stage.succeed("h1", hook, vm)).stdout, "");
      await stage.expect([address, place]);
    }
  });

  test("all attaches are started before the first is waited for", async (t) => {
    const stage = await Stage.start(t, { settle: "manual" });
    const [one, two, three] = [stage.range(), stage.range(), stage.range()];
    const pre = stage.hook("h1", "pre", vmDocument([nic("0", one), nic("1", two), nic("2", three)]));
    await stage.rig.until(() => stage.count("attach") === 3);
    for (const { id } of [one, two, three]) assert.equal(stage.account.get(id)?.status, "updating");
    stage.account.settleAll();
    assert.equal((await pre).code, 0);
    await stage.expect([one, "h1"], [two, "h1"], [three, "h1"]);
  });

  test("several come and go together", async (t) => {
    const stage = await Stage.start(t);
    const [one, two, three] = [stage.range(), stage.range(), stage.range()];
    const vm = vmDocument([nic("0", one), privateNic("1"), nic("2", two), nic("3", three)]);
    await stage.succeed("h1", "pre", vm);
    await stage.expect([one, "h1"], [two, "h1"], [three, "h1"]);
    await stage.succeed("h1", "post", vm);
    await stage.succeed("h1", "clean", vm);
    await stage.expect([one, "free"], [two, "free"], [three, "free"]);
  });

  test("an address that EXTERNAL_IP alone marks as ours is found", async (t) => {
    const stage = await Stage.start(t, { maxPageSize: 2 });
    for (let count = 0; count < 5; count += 1) stage.range();
    const address = stage.range({ createdAt: "2026-03-04T05:06:07Z" });
    const vm = vmDocument([nic("0", address, { SCW_FLEXIBLE_IP_ID: undefined })]);
    await stage.succeed("h1", "pre", vm);
    await stage.expect([address, "h1"]);
    await stage.succeed("h1", "clean", vm);
    await stage.expect([address, "free"]);
  });

  test("an address of a hand-written range, which nothing marks, is found and served", async (t) => {
    const stage = await Stage.start(t, { maxPageSize: 2 });
    for (let count = 0; count < 5; count += 1) stage.range();
    const address = stage.add({ createdAt: "2026-03-04T05:06:07Z" });
    const vm = vmDocument([{ NIC_ID: "0", IP: address.ip, MAC: address.mac }]);
    await stage.succeed("h1", "pre", vm);
    await stage.expect([address, "h1"]);
    await stage.succeed("h2", "post", vm);
    await stage.expect([address, "h2"]);
    await stage.succeed("h2", "clean", vm);
    await stage.expect([address, "free"]);
  });

  test("a public address that is no flexible IP of the project is left alone", async (t) => {
    const stage = await Stage.start(t);
    const others = stage.add({ projectId: OTHER_PROJECT, serverId: stage.server("h1") });
    const vm = vmDocument([
      { NIC_ID: "0", IP: "198.51.100.77", MAC: "02:00:00:00:00:77" },
      { NIC_ID: "1", IP: others.ip, MAC: others.mac },
    ]);
    for (const hook of HOOKS) await stage.succeed("h1", hook, vm);
    assert.deepEqual(stage.writes(), []);
    await stage.expect([others, "h1"]);
  });

  test("a private NIC that claims a flexible IP touches nothing", async (t) => {
    const stage = await Stage.start(t);
    const address = stage.range({ serverId: stage.server("h1") });
    const vm = vmDocument([privateNic("0", { EXTERNAL_IP: address.ip, SCW_FLEXIBLE_IP_ID: address.id })]);
    for (const hook of HOOKS) await stage.succeed("h1", hook, vm);
    assert.deepEqual(stage.rig.simulator.calls(), []);
    await stage.expect([address, "h1"]);
  });
});

suite("one NIC of a running guest, marked with ATTACH", BESIDE, () => {
  test("a private one leaves the public ones where they are", async (t) => {
    const stage = await Stage.start(t);
    const serving = stage.range({ serverId: stage.server("h1") });
    const free = stage.range();
    const vm = vmDocument([nic("0", serving), nic("1", free), privateNic("2", MARKED)]);
    for (const hook of HOOKS) await stage.succeed("h1", hook, vm);
    await stage.expect([serving, "h1"], [free, "free"]);
    assert.deepEqual(stage.writes(), []);
  });

  test("a public one is attached and detached alone", async (t) => {
    const stage = await Stage.start(t);
    const [serving, marked, free] = [stage.range({ serverId: stage.server("h1") }), stage.range(), stage.range()];
    const vm = vmDocument([nic("0", serving), nic("1", marked, MARKED), nic("2", free)]);
    await stage.succeed("h1", "pre", vm);
    await stage.expect([serving, "h1"], [marked, "h1"], [free, "free"]);
    await stage.succeed("h1", "post", vm);
    await stage.expect([serving, "h1"], [marked, "h1"], [free, "free"]);
    await stage.succeed("h1", "clean", vm);
    await stage.expect([serving, "h1"], [marked, "free"], [free, "free"]);
  });
});

suite("NIC aliases", BESIDE, () => {
  test("one is attached with its NIC's MAC; detached, it goes alone and the NIC keeps its MAC", async (t) => {
    const stage = await Stage.start(t);
    const [own, other] = [stage.range({ serverId: stage.server("h1") }), stage.range()];
    const vm = vmDocument([nic("0", own), aliasOf("0", "1", other, MARKED)]);
    for (const hook of ["pre", "post"] as const) {
      await stage.succeed("h1", hook, vm);
      await stage.expect([own, "h1"], [other, "h1", own.mac]);
    }
    await stage.succeed("h1", "clean", vm);
    await stage.expect([own, "h1"], [other, "free", "none"]);
  });

  test("power-off of the whole VM frees both, the NIC keeps its MAC, and both come back", async (t) => {
    const stage = await Stage.start(t);
    const [own, first, second] = [stage.range(), stage.range(), stage.range()];
    const vm = vmDocument([nic("0", own), aliasOf("0", "1", first), aliasOf("0", "2", second)]);
    for (let round = 0; round < 2; round += 1) {
      await stage.succeed("h1", "pre", vm);
      await stage.succeed("h1", "post", vm);
      await stage.expect([own, "h1"], [first, "h1", own.mac], [second, "h1", own.mac]);
      await stage.succeed("h1", "clean", vm);
      await stage.expect([own, "free"], [first, "free", "none"], [second, "free", "none"]);
    }
  });

  test("of two aliases the one that is detached goes, the other serves on", async (t) => {
    const stage = await Stage.start(t);
    const [own, stays, goes] = [stage.range(), stage.range(), stage.range()];
    await stage.succeed("h1", "pre", vmDocument([nic("0", own), aliasOf("0", "1", stays), aliasOf("0", "2", goes)]));
    const vm = vmDocument([nic("0", own), aliasOf("0", "1", stays), aliasOf("0", "2", goes, MARKED)]);
    await stage.succeed("h1", "clean", vm);
    await stage.expect([own, "h1"], [stays, "h1", own.mac], [goes, "free", "none"]);
  });

  test("a NIC that is detached takes its aliases along, and keeps its MAC", async (t) => {
    const stage = await Stage.start(t);
    const [other, own, alias] = [stage.range(), stage.range(), stage.range()];
    await stage.succeed("h1", "pre", vmDocument([nic("0", other), nic("1", own), aliasOf("1", "2", alias)]));
    const vm = vmDocument([nic("0", other), nic("1", own, MARKED), aliasOf("1", "2", alias)]);
    await stage.succeed("h1", "clean", vm);
    await stage.expect([other, "h1"], [own, "free"], [alias, "free", "none"]);
  });

  test("one serves again after its lease ended, as the alias of another VM on another host", async (t) => {
    const stage = await Stage.start(t);
    const [own, alias, next] = [stage.range(), stage.range(), stage.range()];
    const vm = vmDocument([nic("0", own), aliasOf("0", "1", alias)]);
    await stage.succeed("h1", "pre", vm);
    await stage.succeed("h1", "clean", vm);
    await stage.ipam("free_address", alias);
    await stage.ipam("get_address", alias);
    await stage.succeed("h2", "pre", vmDocument([nic("0", next), aliasOf("0", "1", alias)], { id: "43" }));
    await stage.expect([own, "free"], [alias, "h2", next.mac], [next, "h2"]);
  });

  test("one that gave up its MAC is refused as a NIC, with the reason", async (t) => {
    const stage = await Stage.start(t);
    const [own, alias] = [stage.range(), stage.range()];
    const vm = vmDocument([nic("0", own), aliasOf("0", "1", alias)]);
    await stage.succeed("h1", "pre", vm);
    await stage.succeed("h1", "clean", vm);
    const line = await stage.fail("h1", "pre", vmDocument([nic("0", alias)], { id: "43" }));
    assert.match(line, /NIC 0: .*gave up its virtual MAC to serve as a NIC alias/);
    assert.ok(line.includes(alias.ip));
    await stage.expect([alias, "free", "none"]);
  });

  test("one on the NIC of a hand-written range comes and goes, and the NIC keeps its MAC", async (t) => {
    const stage = await Stage.start(t);
    const [own, alias] = [stage.add(), stage.range()];
    const vm = vmDocument([{ NIC_ID: "0", IP: own.ip, MAC: own.mac }, aliasOf("0", "1", alias)]);
    for (let round = 0; round < 2; round += 1) {
      await stage.succeed("h1", "pre", vm);
      await stage.expect([own, "h1"], [alias, "h1", own.mac]);
      await stage.succeed("h1", "clean", vm);
      await stage.expect([own, "free"], [alias, "free", "none"]);
    }
    assert.deepEqual(stage.account.get(own.id)?.tags, [], "nobody asked for tags on it");
  });

  test("one on a private NIC is refused: it has no virtual MAC to share", async (t) => {
    const stage = await Stage.start(t);
    const alias = stage.range();
    const line = await stage.fail("h1", "pre", vmDocument([privateNic("0"), aliasOf("0", "1", alias)]));
    assert.ok(line.includes(alias.ip));
    await stage.expect([alias, "free"]);
  });

  test("one moves along in a live migration", async (t) => {
    const stage = await Stage.start(t);
    const [own, alias] = [stage.range(), stage.range()];
    const vm = vmDocument([nic("0", own), aliasOf("0", "1", alias)]);
    await stage.succeed("h1", "pre", vm);
    await stage.succeed("h2", "pre", vm);
    await stage.expect([own, "h1"], [alias, "h1", own.mac]);
    await stage.succeed("h1", "clean", vm);
    await stage.expect([own, "free"], [alias, "free", "none"]);
    await stage.succeed("h2", "post", vm);
    await stage.expect([own, "h2"], [alias, "h2", own.mac]);
  });

  test("one is taken over with its NIC from a lost host, and both keep the MAC", async (t) => {
    const stage = await Stage.start(t);
    const [own, alias] = [stage.range(), stage.range()];
    const vm = vmDocument([nic("0", own), aliasOf("0", "1", alias)]);
    await stage.succeed("h1", "pre", vm);
    await stage.succeed("h2", "pre", vm);
    await stage.succeed("h2", "post", vm);
    await stage.expect([own, "h2"], [alias, "h2", own.mac]);
  });

  // Detached alone from its MAC group, a flexible IP loses its virtual MAC, and the next boot is refused.
  for (const [whose, own, nicOf] of [
    ["a range of ours", (stage: Stage) => stage.range(), (address: Address) => nic("0", address)],
    [
      "a hand-written range",
      (stage: Stage) => stage.add(),
      ({ ip, mac }: Address): NicFields => ({ NIC_ID: "0", IP: ip, MAC: mac }),
    ],
  ] as const) {
    test(`one left attached by a clean without the API does not cost the NIC of ${whose} its MAC`, async (t) => {
      const stage = await Stage.start(t);
      const [address, alias] = [own(stage), stage.range()];
      const vm = vmDocument([nicOf(address)]);
      const withAlias = vmDocument([nicOf(address), aliasOf("0", "1", alias, MARKED)]);
      await stage.succeed("h1", "pre", vm);
      await stage.succeed("h1", "pre", withAlias);
      await stage.succeed("h1", "clean", withAlias, { settings: UNREACHABLE });
      await stage.expect([address, "h1"], [alias, "h1", address.mac]);
      await stage.succeed("h1", "clean", vm);
      await stage.expect([address, "free"]);
      await stage.succeed("h1", "pre", vm);
      await stage.expect([address, "h1"]);
    });
  }
});

suite("dual-stack VMs", BESIDE, () => {
  test("both addresses come, share the MAC, and go together", async (t) => {
    const stage = await Stage.start(t);
    const [own, prefix] = [stage.range(), stage.prefix()];
    const vm = vmDocument([dualNic("0", own, prefix)]);
    for (let round = 0; round < 2; round += 1) {
      await stage.succeed("h1", "pre", vm);
      await stage.succeed("h1", "post", vm);
      await stage.expect([own, "h1"], [prefix, "h1", own.mac]);
      stage.rig.simulator.clearRequests();
      await stage.succeed("h1", "clean", vm);
      await stage.expect([own, "free"], [prefix, "free", own.mac]);
      assert.equal(stage.count("detach"), 1, "one call for both");
    }
  });

  test("both are found without ids", async (t) => {
    const stage = await Stage.start(t, { maxPageSize: 2 });
    for (let count = 0; count < 3; count += 1) stage.range();
    const [own, prefix] = [stage.range(), stage.prefix()];
    const vm = vmDocument([{ NIC_ID: "0", IP: own.ip, IP6: firstHost(prefix), MAC: own.mac, EXTERNAL_IP: own.ip }]);
    await stage.succeed("h1", "pre", vm);
    await stage.expect([own, "h1"], [prefix, "h1", own.mac]);
  });

  test("both move in a live migration, and from a lost host", async (t) => {
    const stage = await Stage.start(t);
    const [own, prefix] = [stage.range(), stage.prefix()];
    const vm = vmDocument([dualNic("0", own, prefix)]);
    await stage.succeed("h1", "pre", vm);
    await stage.succeed("h2", "pre", vm);
    await stage.expect([own, "h1"], [prefix, "h1", own.mac]);
    await stage.succeed("h1", "clean", vm);
    await stage.succeed("h2", "post", vm);
    await stage.expect([own, "h2"], [prefix, "h2", own.mac]);
    await stage.succeed("h3", "post", vm);
    await stage.expect([own, "h3"], [prefix, "h3", own.mac]);
  });
});

suite("live migration from h1 to h2", BESIDE, () => {
  test("pre leaves the address with the guest, clean frees it, post attaches it to the destination", async (t) => {
    const { stage, address, vm } = await runningOnH1(t);
    await stage.succeed("h2", "pre", vm);
    await stage.expect([address, "h1"]);
    await stage.succeed("h1", "clean", vm);
    await stage.expect([address, "free"]);
    await stage.succeed("h2", "post", vm);
    await stage.expect([address, "h2"]);
  });

  test("after a failed copy, when no hook runs, the address still serves the guest on the source", async (t) => {
    const { stage, address, vm } = await runningOnH1(t);
    await stage.succeed("h2", "pre", vm);
    assert.deepEqual(stage.writes(), []);
    await stage.expect([address, "h1"]);
    // The next power-off on the source finds it there.
    await stage.succeed("h1", "clean", vm);
    await stage.expect([address, "free"]);
  });

  test("post takes over from a lost host, on which clean never ran", async (t) => {
    const { stage, address, vm } = await runningOnH1(t);
    await stage.succeed("h2", "pre", vm);
    await stage.succeed("h2", "post", vm);
    await stage.expect([address, "h2"]);
  });

  test("clean on the source, coming after post, leaves the address on the destination", async (t) => {
    const { stage, address, vm } = await runningOnH1(t);
    await stage.succeed("h2", "post", vm);
    stage.rig.simulator.clearRequests();
    await stage.succeed("h1", "clean", vm);
    await stage.expect([address, "h2"]);
    assert.deepEqual(stage.writes(), []);
  });

  test("clean on the source, while the destination's attach is under way, leaves it there", async (t) => {
    const stage = await Stage.start(t, { settle: "manual" });
    const address = stage.range({ status: "updating", serverId: stage.server("h2") });
    const clean = stage.hook("h1", "clean", vmDocument([nic("0", address)]));
    await stage.rig.until(() => stage.count("get") >= 2);
    stage.account.settleAll();
    assert.equal((await clean).code, 0);
    await stage.expect([address, "h2"]);
    assert.deepEqual(stage.writes(), []);
  });

  // The API's detach names no server: after a failure only a new look tells whose attachment it would end.
  test("clean on the source that has to repeat its detach does not detach what post has taken over", async (t) => {
    const { stage, address, vm } = await runningOnH1(t);
    const refusal = stage.refuseOnce("detach");
    const clean = stage.hook("h1", "clean", vm);
    await refusal.reached;
    stage.account.set(address.id, { serverId: stage.server("h2") });
    assert.equal((await clean).code, 0);
    await stage.expect([address, "h2"]);
  });

  test("pre that has to repeat its attach leaves what is attached elsewhere by then", async (t) => {
    const stage = await Stage.start(t);
    const address = stage.range();
    const refusal = stage.refuseOnce("attach");
    const pre = stage.hook("h1", "pre", vmDocument([nic("0", address)]));
    await refusal.reached;
    stage.account.set(address.id, { status: "attached", serverId: stage.server("h2") });
    assert.equal((await pre).code, 0);
    await stage.expect([address, "h2"]);
  });
});

suite("each hook may be repeated", BESIDE, () => {
  test("one after the other", async (t) => {
    const stage = await Stage.start(t);
    const [own, alias, dual, prefix] = [stage.range(), stage.range(), stage.range(), stage.prefix()];
    const vm = vmDocument([nic("0", own), dualNic("1", dual, prefix), aliasOf("0", "2", alias)]);
    const there = [
      [own, "h1"],
      [alias, "h1", own.mac],
      [dual, "h1"],
      [prefix, "h1", dual.mac],
    ] as const;
    for (const hook of ["pre", "pre", "post", "post"] as const) {
      await stage.succeed("h1", hook, vm);
      await stage.expect(...there);
    }
    for (const hook of ["clean", "clean"] as const) {
      await stage.succeed("h1", hook, vm);
      await stage.expect([own, "free"], [alias, "free", "none"], [dual, "free"], [prefix, "free", dual.mac]);
    }
  });

  for (const [hook, before, after] of [
    ["pre", "", "h1"],
    ["post", "h2", "h1"],
    ["clean", "h1", "free"],
  ] as const) {
    test(`${hook} twice at once`, async (t) => {
      const stage = await Stage.start(t);
      const address = stage.range({ serverId: before === "" ? null : stage.server(before) });
      const vm = vmDocument([nic("0", address)]);
      await Promise.all([stage.succeed("h1", hook, vm), stage.succeed("h1", hook, vm)]);
      await stage.expect([address, after]);
    });
  }
});

suite("a forged SCW_FLEXIBLE_IP_ID is not believed", BESIDE, () => {
  for (const [whose, forge] of [
    ["of another range", ({ others }: { others: Address }) => others.id],
    ["of another cloud", ({ foreign }: { foreign: Address }) => foreign.id],
    ["of nobody", () => randomUUID()],
    ["that is no UUID", () => "1 or 1"],
    ["with a path in it", ({ others }: { others: Address }) => `../fips/${others.id}`],
  ] as const) {
    test(`one ${whose}`, async (t) => {
      const stage = await Stage.start(t);
      const address = stage.range();
      const others = stage.range({ serverId: stage.server("h1") });
      const foreign = stage.range({ serverId: stage.server("h1"), tags: ownershipTags("two", "created", INTENT) });
      const untouched = [others, foreign].map(({ id }) => stage.account.get(id));
      const vm = vmDocument([nic("0", address, { SCW_FLEXIBLE_IP_ID: forge({ others, foreign }) })]);
      for (const [host, hook, place] of [
        ["h1", "pre", "h1"],
        ["h2", "post", "h2"],
        ["h2", "clean", "free"],
        ["h1", "clean", "free"],
      ] as const) {
        await stage.succeed(host, hook, vm);
        await stage.expect([address, place]);
        assert.deepEqual(
          [others, foreign].map(({ id }) => stage.account.get(id)),
          untouched,
        );
      }
    });
  }
});

suite("pre fails before the guest boots, and takes back what it attached", BESIDE, () => {
  for (const [why, spoil, reason] of [
    ["is gone", ({ account }: Stage, { id }: Address) => account.remove(id), /no flexible IP/],
    ["is locked", ({ account }: Stage, { id }: Address) => account.set(id, { status: "locked" }), /status locked/],
    ["is in error", ({ account }: Stage, { id }: Address) => account.set(id, { status: "error" }), /status error/],
    [
      "belongs to another cloud",
      ({ account }: Stage, { id }: Address) => account.set(id, { tags: ownershipTags("two", "created", INTENT) }),
      /belongs to cloud two/,
    ],
    [
      "has another virtual MAC",
      ({ account }: Stage, { id }: Address) => account.set(id, { mac: "52:54:00:cc:00:01" }),
      /has virtual MAC 52:54:00:cc:00:01, but its guest has 52:54:00:aa:00:02; remove its address range/,
    ],
    [
      "has no virtual MAC",
      ({ account }: Stage, { id }: Address) => account.set(id, { mac: null }),
      /has no virtual MAC, but its guest has/,
    ],
  ] as const) {
    test(`when a flexible IP ${why}`, async (t) => {
      const stage = await Stage.start(t);
      const [free, bad, serving] = [stage.range(), stage.range(), stage.range({ serverId: stage.server("h1") })];
      spoil(stage, bad);
      const before = stage.account.get(bad.id);
      const vm = vmDocument([nic("0", free), nic("1", bad), nic("2", serving)]);
      const line = await stage.fail("h1", "pre", vm);
      assert.match(line, /^pre: /);
      assert.match(line, reason);
      assert.ok(line.includes(bad.ip), "the address is named");
      await stage.expect([free, "free"], [serving, "h1"]);
      assert.deepEqual(stage.account.get(bad.id), before);
    });
  }

  test("when the server holds 64 already, with the API's reason", async (t) => {
    const stage = await Stage.start(t);
    const there = Array.from({ length: 63 }, () => stage.range({ serverId: stage.server("h1") }));
    const [one, two] = [stage.range(), stage.range()];
    const line = await stage.fail("h1", "pre", vmDocument([nic("0", one), nic("1", two)]));
    assert.match(line, /quota of 64 FlexibleIPsPerServer, 64 in use/);
    await stage.expect([one, "free"], [two, "free"]);
    for (const { id } of there) assert.equal(stage.account.get(id)?.server_id, stage.server("h1"));
  });

  test("when only half of a dual-stack NIC fits on the server", async (t) => {
    const stage = await Stage.start(t, { perServerLimit: 2 });
    const serving = stage.range({ serverId: stage.server("h1") });
    const [own, prefix] = [stage.range(), stage.prefix()];
    const line = await stage.fail("h1", "pre", vmDocument([dualNic("0", own, prefix)]));
    assert.match(line, /quota of 2 FlexibleIPsPerServer/);
    await stage.expect([serving, "h1"], [own, "free"], [prefix, "free", "none"]);
  });

  test("when a NIC fits on the server and its alias does not", async (t) => {
    const stage = await Stage.start(t, { perServerLimit: 2 });
    const serving = stage.range({ serverId: stage.server("h1") });
    const [own, alias] = [stage.range(), stage.range()];
    await stage.fail("h1", "pre", vmDocument([nic("0", own), aliasOf("0", "1", alias)]));
    await stage.expect([serving, "h1"], [own, "free"], [alias, "free", "none"]);
  });

  test("when SIGTERM ends it", async (t) => {
    const rig = await Rig.start();
    t.after(() => rig.stop());
    const stage = new Stage(rig);
    const [free, serving] = [stage.range(), stage.range({ serverId: stage.server("h1") })];
    const lost = stage.rig.simulator.fault({ call: "attach", do: { kind: "hold", when: "after" } });
    const stop = new AbortController();
    const pre = stage.fail("h1", "pre", vmDocument([nic("0", free), nic("1", serving)]), {
      started: (child) => stop.signal.addEventListener("abort", () => child.kill("SIGTERM")),
    });
    await lost.reached;
    stop.abort();
    assert.match(await pre, /SIGTERM/);
    await stage.expect([free, "free"], [serving, "h1"]);
  });

  test("when the token is refused", async (t) => {
    const stage = await Stage.start(t);
    const address = stage.range();
    stage.account.deny();
    assert.match(await stage.fail("h1", "pre", vmDocument([nic("0", address)])), /TOKEN_FILE/);
    stage.account.allow();
    await stage.expect([address, "free"]);
  });

  test("post fails too when the flexible IP is gone, clean does not mind", async (t) => {
    const stage = await Stage.start(t);
    const [gone, serving] = [stage.range(), stage.range({ serverId: stage.server("h1") })];
    stage.account.remove(gone.id);
    const vm = vmDocument([nic("0", gone), nic("1", serving)]);
    assert.ok((await stage.fail("h1", "post", vm)).includes(gone.ip));
    await stage.succeed("h1", "clean", vm);
    await stage.expect([serving, "free"]);
  });

  test("clean leaves the flexible IP of another cloud attached", async (t) => {
    const stage = await Stage.start(t);
    const on = { serverId: stage.server("h1") };
    const [own, foreign] = [stage.range(on), stage.range({ ...on, tags: ownershipTags("two", "created", INTENT) })];
    await stage.succeed("h1", "clean", vmDocument([nic("0", own), nic("1", foreign)]));
    await stage.expect([own, "free"], [foreign, "h1"]);
  });
});

suite("a transient status is waited out", BESIDE, () => {
  test("pre and post wait for a detach from another server, then attach", async (t) => {
    for (const hook of ["pre", "post"] as const) {
      const stage = await Stage.start(t, { settle: "manual" });
      const address = stage.range({ status: "detaching", serverId: stage.server("h2") });
      const run = stage.hook("h1", hook, vmDocument([nic("0", address)]));
      await stage.rig.until(() => stage.count("get") >= 2);
      assert.deepEqual(stage.writes(), []);
      stage.account.settle(address.id);
      await stage.rig.until(() => stage.count("attach") === 1);
      stage.account.settle(address.id);
      assert.equal((await run).code, 0);
      assert.deepEqual(stage.writes(), ["attach"]);
      await stage.expect([address, "h1"]);
    }
  });

  test("pre waits for an attach to this server that is under way, and makes none", async (t) => {
    const stage = await Stage.start(t, { settle: "manual" });
    const address = stage.range({ status: "updating", serverId: stage.server("h1") });
    const pre = stage.hook("h1", "pre", vmDocument([nic("0", address)]));
    await stage.rig.until(() => stage.count("get") >= 2);
    stage.account.settle(address.id);
    assert.equal((await pre).code, 0);
    assert.deepEqual(stage.writes(), []);
    await stage.expect([address, "h1"]);
  });

  test("pre waits for a change of the virtual MAC, then attaches", async (t) => {
    const stage = await Stage.start(t, { settle: "manual" });
    const address = stage.range({ status: "updating" });
    const pre = stage.hook("h1", "pre", vmDocument([nic("0", address)]));
    await stage.rig.until(() => stage.count("get") >= 2);
    assert.deepEqual(stage.writes(), []);
    stage.account.settle(address.id);
    await stage.rig.until(() => stage.count("attach") === 1);
    stage.account.settle(address.id);
    assert.equal((await pre).code, 0);
    await stage.expect([address, "h1"]);
  });

  test("clean waits for an attach to this server that is under way, then detaches", async (t) => {
    const stage = await Stage.start(t, { settle: "manual" });
    const address = stage.range({ status: "updating", serverId: stage.server("h1") });
    const clean = stage.hook("h1", "clean", vmDocument([nic("0", address)]));
    await stage.rig.until(() => stage.count("get") >= 2);
    assert.deepEqual(stage.writes(), []);
    stage.account.settle(address.id);
    assert.equal((await clean).code, 0);
    await stage.expect([address, "free"]);
  });

  test("clean waits for a detach that is under way, and makes none", async (t) => {
    const stage = await Stage.start(t, { settle: "manual" });
    const address = stage.range({ status: "detaching", serverId: stage.server("h1") });
    const clean = stage.hook("h1", "clean", vmDocument([nic("0", address)]));
    await stage.rig.until(() => stage.count("get") >= 2);
    stage.account.settle(address.id);
    assert.equal((await clean).code, 0);
    assert.deepEqual(stage.writes(), []);
    await stage.expect([address, "free"]);
  });

  test("an attach that the API refuses as too early is made again", async (t) => {
    const stage = await Stage.start(t);
    const address = stage.range();
    const body = { type: "transient_state", message: "resource is in a transient state" };
    stage.rig.simulator.fault({ call: "attach", times: 2, do: { kind: "status", status: 409, body } });
    await stage.succeed("h1", "pre", vmDocument([nic("0", address)]));
    await stage.expect([address, "h1"]);
  });
});

suite("the API cannot be reached", BESIDE, () => {
  test("clean says so on standard output and succeeds; the next guest's pre takes the address over", async (t) => {
    const { stage, address, vm } = await runningOnH1(t);
    const { stdout } = await stage.succeed("h1", "clean", vm, { settings: UNREACHABLE });
    assert.match(stdout, /^clean: 203[0-9.]+ of VM 42 may still be attached here until the next guest's post: .+\n$/);
    assert.match(stdout, /refused the connection/);
    assert.ok(stage.rig.logs().includes("refused the connection"), "the log has it too");
    await stage.expect([address, "h1"]);
    await stage.ipam("free_address", address);
    await stage.expect([address, "h1"]);
    await stage.succeed("h2", "pre", vmDocument([nic("0", address)], { id: "43", deployId: "" }));
    await stage.expect([address, "h2"]);
  });

  for (const hook of ["pre", "post"] as const) {
    test(`${hook} fails with one line that says so`, async (t) => {
      const stage = await Stage.start(t);
      const address = stage.range();
      const line = await stage.fail("h1", hook, vmDocument([nic("0", address)]), { settings: UNREACHABLE });
      assert.match(line, new RegExp(`^${hook}: .*http://127\\.0\\.0\\.1:1 refused the connection`));
      assert.ok(line.includes(address.ip), line);
      await stage.expect([address, "free"]);
    });
  }
});
