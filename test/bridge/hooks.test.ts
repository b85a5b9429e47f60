// The three hooks where one case is not enough: a guest's life over several hooks and hosts, an account that changes
// meanwhile. What one hook does in one state of the account is in fixtures/bridge.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { suite, test } from "node:test";
import { ownershipTags } from "../../driver/flexible-ip/ownership.ts";
import { type NicFields, vmDocument } from "../documents.ts";
import type { FlexibleIpSeed } from "../fakes/seeds.ts";
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
  onStage,
  privateNic,
  Stage,
  UNREACHABLE,
} from "./stage.ts";

const handWritten = ({ ip, mac }: Address): NicFields => ({ NIC_ID: "0", IP: ip, MAC: mac });

suite("a VM with public NICs", BESIDE, () => {
  onStage("is served by pre, confirmed by post, freed by clean; the virtual MAC stays", async (stage) => {
    const address = stage.range();
    const vm = vmDocument([nic("0", address), privateNic("1")]);
    for (const [hook, place] of [
      ["pre", "h1"],
      ["post", "h1"],
      ["clean", "free"],
    ] as const) {
      assert.equal((await stage.succeed("h1", hook, vm)).stdout, "");
      await stage.expect([address, place]);
    }
  });

  onStage(
    "has all its attaches started before the first is waited for",
    async (stage) => {
      const all = [stage.range(), stage.range(), stage.range()];
      const pre = stage.succeed("h1", "pre", vmDocument(all.map((address, index) => nic(String(index), address))));
      await stage.rig.until(() => stage.count("attach") === 3);
      for (const { id } of all) assert.equal(stage.account.get(id)?.status, "updating");
      stage.account.settleAll();
      await pre;
      await stage.expect(...all.map((address) => [address, "h1"] as const));
    },
    { settle: "manual" },
  );

  for (const [what, nicOf] of [
    ["EXTERNAL_IP alone marks as ours", (one: Address) => nic("0", one, { SCW_FLEXIBLE_IP_ID: undefined })],
    ["nothing marks, because its range is hand-written", handWritten],
  ] as const) {
    onStage(
      `is found by an address that ${what}, on the last page of the list`,
      async (stage) => {
        for (let count = 0; count < 5; count += 1) stage.range();
        const seed = { createdAt: "2026-03-04T05:06:07Z" };
        const address = nicOf === handWritten ? stage.add(seed) : stage.range(seed);
        const vm = vmDocument([nicOf(address)]);
        await stage.expectServed(address, vm);
      },
      { maxPageSize: 2 },
    );
  }

  onStage("keeps its hands off another project's flexible IP", async (stage) => {
    const others = stage.add({ projectId: OTHER_PROJECT, serverId: stage.server("h1") });
    const vm = vmDocument([handWritten(others)]);
    for (const hook of HOOKS) await stage.succeed("h1", hook, vm);
    assert.deepEqual(stage.writes(), []);
    await stage.expect([others, "h1"]);
  });

  onStage("touches nothing by a private NIC that claims a flexible IP", async (stage) => {
    const address = stage.range({ serverId: stage.server("h1") });
    const vm = vmDocument([privateNic("0", { EXTERNAL_IP: address.ip, SCW_FLEXIBLE_IP_ID: address.id })]);
    for (const hook of HOOKS) await stage.succeed("h1", hook, vm);
    assert.deepEqual(stage.rig.simulator.calls(), []);
  });
});

onStage("a NIC marked with ATTACH comes and goes alone", async (stage) => {
  const [serving, marked, free] = [stage.range({ serverId: stage.server("h1") }), stage.range(), stage.range()];
  const vm = vmDocument([nic("0", serving), nic("1", marked, MARKED), nic("2", free)]);
  for (const [hook, place] of [
    ["pre", "h1"],
    ["post", "h1"],
    ["clean", "free"],
  ] as const) {
    await stage.succeed("h1", hook, vm);
    await stage.expect([serving, "h1"], [marked, place], [free, "free"]);
  }
});

suite("NIC aliases", BESIDE, () => {
  for (const [whose, seeded, nicOf] of [
    ["a range of ours", (stage: Stage) => stage.range(), (address: Address) => nic("0", address)],
    ["a hand-written range", (stage: Stage) => stage.add(), handWritten],
  ] as const) {
    onStage(`on the NIC of ${whose} come and go with it, as often as the VM is powered off`, async (stage) => {
      const [own, first, second] = [seeded(stage), stage.range(), stage.range()];
      const { tags } = stage.account.get(own.id) ?? {};
      const vm = vmDocument([nicOf(own), aliasOf("0", "1", first), aliasOf("0", "2", second)]);
      for (let round = 0; round < 2; round += 1) {
        for (const hook of ["pre", "post"] as const) await stage.succeed("h1", hook, vm);
        await stage.expect([own, "h1"], [first, "h1", own.mac], [second, "h1", own.mac]);
        await stage.succeed("h1", "clean", vm);
        await stage.expect([own, "free"], [first, "free", "none"], [second, "free", "none"]);
      }
      if (nicOf === handWritten) assert.deepEqual(stage.account.get(own.id)?.tags, tags, "nobody asked for tags on it");
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

  onStage("go one by one: the other serves on, and the NIC keeps its MAC", async (stage) => {
    const [own, stays, goes] = [stage.range(), stage.range(), stage.range()];
    await stage.succeed("h1", "pre", vmDocument([nic("0", own), aliasOf("0", "1", stays), aliasOf("0", "2", goes)]));
    const vm = vmDocument([nic("0", own), aliasOf("0", "1", stays), aliasOf("0", "2", goes, MARKED)]);
    await stage.succeed("h1", "clean", vm);
    await stage.expect([own, "h1"], [stays, "h1", own.mac], [goes, "free", "none"]);
  });

  onStage("go along with a NIC that is detached, which keeps its MAC", async (stage) => {
    const [other, own, alias] = [stage.range(), stage.range(), stage.range()];
    await stage.succeed("h1", "pre", vmDocument([nic("0", other), nic("1", own), aliasOf("1", "2", alias)]));
    const vm = vmDocument([nic("0", other), nic("1", own, MARKED), aliasOf("1", "2", alias)]);
    await stage.succeed("h1", "clean", vm);
    await stage.expect([other, "h1"], [own, "free"], [alias, "free", "none"]);
  });

  onStage("serve again after their lease has ended, for another VM on another host", async (stage) => {
    const [own, alias, next] = [stage.range(), stage.range(), stage.range()];
    const vm = vmDocument([nic("0", own), aliasOf("0", "1", alias)]);
    await stage.succeed("h1", "pre", vm);
    await stage.succeed("h1", "clean", vm);
    await stage.ipam("free_address", alias);
    await stage.ipam("get_address", alias);
    await stage.succeed("h2", "pre", vmDocument([nic("0", next), aliasOf("0", "1", alias)], { id: "43" }));
    await stage.expect([own, "free"], [alias, "h2", next.mac], [next, "h2"]);
  });

  onStage("move along in a live migration, and from a host that is lost", async (stage) => {
    const [own, alias] = [stage.range(), stage.range()];
    const vm = vmDocument([nic("0", own), aliasOf("0", "1", alias)]);
    for (const [host, hook, ...place] of [
      ["h1", "pre", "h1", own.mac],
      ["h2", "pre", "h1", own.mac],
      ["h1", "clean", "free", "none"],
      ["h2", "post", "h2", own.mac],
      ["h3", "post", "h3", own.mac],
    ] as const) {
      await stage.succeed(host, hook, vm);
      await stage.expect([own, place[0]], [alias, ...place]);
    }
  });
});

suite("dual-stack VMs", BESIDE, () => {
  onStage("have both addresses come, share the MAC, and go in one call", async (stage) => {
    const [own, prefix] = [stage.range(), stage.prefix()];
    const vm = vmDocument([dualNic("0", own, prefix)]);
    for (let round = 0; round < 2; round += 1) {
      for (const hook of ["pre", "post"] as const) await stage.succeed("h1", hook, vm);
      await stage.expect([own, "h1"], [prefix, "h1", own.mac]);
      stage.rig.simulator.clearRequests();
      await stage.succeed("h1", "clean", vm);
      await stage.expect([own, "free"], [prefix, "free", own.mac]);
      assert.equal(stage.count("detach"), 1);
    }
  });

  onStage(
    "have both addresses found without ids",
    async (stage) => {
      for (let count = 0; count < 3; count += 1) stage.range();
      const [own, prefix] = [stage.range(), stage.prefix()];
      const vm = vmDocument([{ ...handWritten(own), IP6: firstHost(prefix), EXTERNAL_IP: own.ip }]);
      await stage.succeed("h1", "pre", vm);
      await stage.expect([own, "h1"], [prefix, "h1", own.mac]);
    },
    { maxPageSize: 2 },
  );
});

suite("live migration from h1 to h2", BESIDE, () => {
  onStage("leaves the address with the guest until it has left", async (stage) => {
    const address = stage.range({ serverId: stage.server("h1") });
    const vm = vmDocument([nic("0", address)]);
    for (const [host, hook, place] of [
      ["h2", "pre", "h1"],
      ["h1", "clean", "free"],
      ["h2", "post", "h2"],
    ] as const) {
      await stage.succeed(host, hook, vm);
      await stage.expect([address, place]);
    }
    stage.rig.simulator.clearRequests();
    // A clean that comes late finds the guest's address on the destination.
    await stage.succeed("h1", "clean", vm);
    await stage.expect([address, "h2"]);
    assert.deepEqual(stage.writes(), []);
  });

  // The API's detach names no server: after a failure only a new look tells whose attachment it would end.
  onStage("keeps what post has taken over while clean repeats its detach", async (stage) => {
    const address = stage.range({ serverId: stage.server("h1") });
    const refusal = stage.refuseOnce("detach");
    const clean = stage.succeed("h1", "clean", vmDocument([nic("0", address)]));
    await refusal.reached;
    stage.account.set(address.id, { serverId: stage.server("h2") });
    await clean;
    await stage.expect([address, "h2"]);
  });

  onStage("keeps what is attached elsewhere by the time that pre repeats its attach", async (stage) => {
    const address = stage.range();
    const refusal = stage.refuseOnce("attach");
    const pre = stage.succeed("h1", "pre", vmDocument([nic("0", address)]));
    await refusal.reached;
    stage.account.set(address.id, { status: "attached", serverId: stage.server("h2") });
    await pre;
    await stage.expect([address, "h2"]);
  });
});

suite("each hook may be repeated", BESIDE, () => {
  onStage("one after the other", async (stage) => {
    const [own, alias, dual, prefix] = [stage.range(), stage.range(), stage.range(), stage.prefix()];
    const vm = vmDocument([nic("0", own), dualNic("1", dual, prefix), aliasOf("0", "2", alias)]);
    for (const hook of ["pre", "pre", "post", "post"] as const) {
      await stage.succeed("h1", hook, vm);
      await stage.expect([own, "h1"], [alias, "h1", own.mac], [dual, "h1"], [prefix, "h1", dual.mac]);
    }
    for (const hook of ["clean", "clean"] as const) {
      await stage.succeed("h1", hook, vm);
      await stage.expect([own, "free"], [alias, "free", "none"], [dual, "free"], [prefix, "free", dual.mac]);
    }
  });

  for (const [hook, before, after] of [
    ["pre", undefined, "h1"],
    ["post", "h2", "h1"],
    ["clean", "h1", "free"],
  ] as const) {
    onStage(`${hook} twice at once`, async (stage) => {
      const address = stage.range({ serverId: before === undefined ? null : stage.server(before) });
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
    onStage(`one ${whose}`, async (stage) => {
      const address = stage.range();
      const others = stage.range({ serverId: stage.server("h1") });
      const foreign = stage.range({ serverId: stage.server("h1"), tags: ownershipTags("two", "created", INTENT) });
      const now = () => [others, foreign].map(({ id }) => stage.account.get(id));
      const before = now();
      const vm = vmDocument([nic("0", address, { SCW_FLEXIBLE_IP_ID: forge({ others, foreign }) })]);
      for (const [host, hook, place] of [
        ["h1", "pre", "h1"],
        ["h2", "post", "h2"],
        ["h2", "clean", "free"],
        ["h1", "clean", "free"],
      ] as const) {
        await stage.succeed(host, hook, vm);
        await stage.expect([address, place]);
        assert.deepEqual(now(), before);
      }
    });
  }
});

suite("pre fails before the guest boots, and takes back what it attached", BESIDE, () => {
  onStage("when one flexible IP of several cannot be attached", async (stage) => {
    const [free, bad, serving] = [stage.range(), stage.range(), stage.range({ serverId: stage.server("h1") })];
    stage.account.set(bad.id, { status: "locked" });
    const line = await stage.fail("h1", "pre", vmDocument([nic("0", free), nic("1", bad), nic("2", serving)]));
    assert.ok(line.includes(bad.ip) && line.includes("status locked"), line);
    await stage.expect([free, "free"], [bad, "locked"], [serving, "h1"]);
  });

  onStage("when the server holds 64 already, with the API's reason", async (stage) => {
    const there = Array.from({ length: 63 }, () => stage.range({ serverId: stage.server("h1") }));
    const [one, two] = [stage.range(), stage.range()];
    const line = await stage.fail("h1", "pre", vmDocument([nic("0", one), nic("1", two)]));
    assert.match(line, /quota of 64 FlexibleIPsPerServer, 64 in use/);
    await stage.expect([one, "free"], [two, "free"], ...there.map((address) => [address, "h1"] as const));
  });

  for (const [what, second, nicsOf] of [
    ["half of a dual-stack NIC", (stage: Stage) => stage.prefix(), (a: Address, b: Address) => [dualNic("0", a, b)]],
    [
      "a NIC and not its alias",
      (stage: Stage) => stage.range(),
      (a: Address, b: Address) => [nic("0", a), aliasOf("0", "1", b)],
    ],
  ] as const) {
    onStage(
      `when ${what} fits on the server`,
      async (stage) => {
        const serving = stage.range({ serverId: stage.server("h1") });
        const [own, other] = [stage.range(), second(stage)];
        assert.match(await stage.fail("h1", "pre", vmDocument(nicsOf(own, other))), /quota of 2 FlexibleIPsPerServer/);
        await stage.expect([serving, "h1"], [own, "free"], [other, "free", "none"]);
      },
      { perServerLimit: 2 },
    );
  }

  test("when SIGTERM ends it", async (t) => {
    const rig = await Rig.start();
    t.after(() => rig.stop());
    const stage = new Stage(rig);
    const [free, serving] = [stage.range(), stage.range({ serverId: stage.server("h1") })];
    const lost = rig.simulator.fault({ call: "attach", do: { kind: "hold", when: "after" } });
    const pre = stage.fail("h1", "pre", vmDocument([nic("0", free), nic("1", serving)]), {
      started: (child) => void lost.reached.then(() => child.kill("SIGTERM")),
    });
    assert.match(await pre, /SIGTERM/);
    await stage.expect([free, "free"], [serving, "h1"]);
  });
});

suite("a transient status is waited out", BESIDE, () => {
  for (const [hook, what, seed, writes, place] of [
    ["pre", "a detach from another server", { status: "detaching", host: "h2" }, ["attach"], "h1"],
    ["post", "a detach from another server", { status: "detaching", host: "h2" }, ["attach"], "h1"],
    ["pre", "an attach to this server", { status: "updating", host: "h1" }, [], "h1"],
    ["pre", "a change of the virtual MAC", { status: "updating" }, ["attach"], "h1"],
    ["clean", "an attach to this server", { status: "updating", host: "h1" }, ["detach"], "free"],
    ["clean", "an attach to the destination of a migration", { status: "updating", host: "h2" }, [], "h2"],
    ["clean", "a detach", { status: "detaching", host: "h1" }, [], "free"],
  ] as const) {
    onStage(
      `${hook} waits for ${what}, and then makes ${writes.length === 0 ? "no change" : `the ${writes[0]}`}`,
      async (stage) => {
        const on: FlexibleIpSeed = "host" in seed ? { serverId: stage.server(seed.host) } : {};
        const address = stage.range({ status: seed.status, ...on });
        const run = stage.succeed("h1", hook, vmDocument([nic("0", address)]));
        await stage.rig.until(() => stage.count("get") >= 2);
        assert.deepEqual(stage.writes(), []);
        stage.account.settle(address.id);
        if (writes.length > 0) await stage.rig.until(() => stage.writes().length === 1);
        stage.account.settleAll();
        await run;
        assert.deepEqual(stage.writes(), writes);
        await stage.expect([address, place]);
      },
      { settle: "manual" },
    );
  }

  onStage("an attach that the API refuses as too early is made again", async (stage) => {
    const address = stage.range();
    const body = { type: "transient_state", message: "resource is in a transient state" };
    stage.rig.simulator.fault({ call: "attach", times: 2, do: { kind: "status", status: 409, body } });
    await stage.succeed("h1", "pre", vmDocument([nic("0", address)]));
    await stage.expect([address, "h1"]);
  });
});

suite("the API cannot be reached", BESIDE, () => {
  onStage(
    "clean says so on standard output and succeeds; the next guest's pre takes the address over",
    async (stage) => {
      const address = stage.range({ serverId: stage.server("h1") });
      const vm = vmDocument([nic("0", address)]);
      const { stdout } = await stage.succeed("h1", "clean", vm, { settings: UNREACHABLE });
      assert.match(stdout, /^clean: 203[0-9.]+ of VM 42 may still be attached here until the next guest's post: .+\n$/);
      assert.match(stdout, /refused the connection/);
      assert.ok(stage.rig.logs().includes("refused the connection"), "the log has it too");
      await stage.ipam("free_address", address);
      await stage.expect([address, "h1"]);
      await stage.succeed("h2", "pre", vmDocument([nic("0", address)], { id: "43", deployId: "" }));
      await stage.expect([address, "h2"]);
    },
  );

  for (const hook of ["pre", "post"] as const) {
    onStage(`${hook} fails with one line that says so`, async (stage) => {
      const address = stage.range();
      const line = await stage.fail("h1", hook, vmDocument([nic("0", address)]), { settings: UNREACHABLE });
      assert.match(line, new RegExp(`^${hook}: .*http://127\\.0\\.0\\.1:1 refused the connection`));
      assert.ok(line.includes(address.ip), line);
      await stage.expect([address, "free"]);
    });
  }
});
