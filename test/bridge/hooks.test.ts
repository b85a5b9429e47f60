// The three hooks where one case is not enough: several flexible IPs, several runs, an account that changes meanwhile.
// What one hook does in one state of the account is in fixtures/bridge.

import assert from "node:assert/strict";
import { suite } from "node:test";
import { vmDocument } from "../documents.ts";
import {
  type Address,
  aliasOf,
  BESIDE,
  dualNic,
  nic,
  onExecutable,
  onStage,
  type Stage,
  UNREACHABLE,
} from "./stage.ts";

suite("a VM with public NICs", BESIDE, () => {
  onStage("has all its attaches started before the first is waited for", { settle: "manual" }, async (stage) => {
      const all = [stage.range(), stage.range(), stage.range()];
      const pre = stage.succeed("h1", "pre", vmDocument(all.map((address, index) => nic(String(index), address))));
      await stage.rig.until(() => stage.count("attach") === 3);
      for (const { id } of all) assert.equal(stage.account.get(id)?.status, "updating");
      stage.account.settleAll();
      await pre;
      await stage.expect(...all.map((address) => [address, "h1"] as const));
    });

  onStage("has both addresses of a dual-stack NIC come, share the MAC, and go in one call", async (stage) => {
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
});

suite("a hook that is repeated", BESIDE, () => {
  for (const [hook, before, after] of [
    ["pre", undefined, "h1"],
    ["post", "h2", "h1"],
    ["clean", "h1", "free"],
  ] as const) {
    onStage(`${hook} runs twice at once`, async (stage) => {
      const address = stage.range({ serverId: before === undefined ? null : stage.server(before) });
      const vm = vmDocument([nic("0", address)]);
      await Promise.all([stage.succeed("h1", hook, vm), stage.succeed("h1", hook, vm)]);
      await stage.expect([address, after]);
    });
  }

  onStage("clean repeats no detach whose answer is lost", { settle: { detachMs: 5_000 } }, async (stage) => {
      const { address, vm } = stage.guestOn("h1");
      stage.rig.simulator.fault({ call: "detach", do: { kind: "reset", when: "after" } });
      await stage.succeed("h1", "clean", vm);
      assert.equal(stage.count("detach"), 1);
      await stage.expect([address, "free"]);
    });

  // The API's detach names no server: after a failure only a new look tells whose attachment it would end.
  onStage("clean keeps what post has taken over while clean repeats its detach", async (stage) => {
    const { address, vm } = stage.guestOn("h1");
    const refusal = stage.refuseOnce("detach");
    const clean = stage.succeed("h1", "clean", vm);
    await refusal.reached;
    stage.account.set(address.id, { serverId: stage.server("h2") });
    await clean;
    await stage.expect([address, "h2"]);
  });

  onStage("pre keeps what is attached elsewhere by the time that it repeats its attach", async (stage) => {
    const address = stage.range();
    const refusal = stage.refuseOnce("attach");
    const pre = stage.succeed("h1", "pre", vmDocument([nic("0", address)]));
    await refusal.reached;
    stage.account.set(address.id, { status: "attached", serverId: stage.server("h2") });
    await pre;
    await stage.expect([address, "h2"]);
  });

  onStage("pre makes an attach again that the API refuses as too early", async (stage) => {
    const address = stage.range();
    const body = { type: "transient_state", message: "resource is in a transient state" };
    stage.rig.simulator.fault({ call: "attach", times: 2, do: { kind: "status", status: 409, body } });
    await stage.succeed("h1", "pre", vmDocument([nic("0", address)]));
    await stage.expect([address, "h1"]);
  });
});

suite("pre fails before the guest boots, and takes back what it attached", BESIDE, () => {
  onStage("when one flexible IP of several cannot be attached", async (stage) => {
    const [free, bad, serving] = [stage.range(), stage.range(), stage.range({ serverId: stage.server("h1") })];
    stage.account.set(bad.id, { status: "locked" });
    const line = await stage.fail("h1", "pre", vmDocument([nic("0", free), nic("1", bad), nic("2", serving)]));
    assert.ok(line.includes(bad.ip) && line.includes("status locked"), line);
    await stage.expect([free, "free"], [bad, "locked"], [serving, "h1"]);
  });

  for (const [what, second, nicsOf] of [
    ["half of a dual-stack NIC", (stage: Stage) => stage.prefix(), (a: Address, b: Address) => [dualNic("0", a, b)]],
    [
      "a NIC and not its alias",
      (stage: Stage) => stage.range(),
      (a: Address, b: Address) => [nic("0", a), aliasOf("0", "1", b)],
    ],
  ] as const) {
    onStage(`when ${what} fits on the server`, { perServerLimit: 2 }, async (stage) => {
        const { address: serving } = stage.guestOn("h1");
        const [own, other] = [stage.range(), second(stage)];
        const vm = vmDocument([...nicsOf(own, other), nic("9", serving)]);
        assert.match(await stage.fail("h1", "pre", vm), /quota of 2 FlexibleIPsPerServer/);
        await stage.expect([serving, "h1"], [own, "free"], [other, "free", "none"]);
      });
  }

  onExecutable("when SIGTERM ends it", async (stage) => {
    const [free, serving] = [stage.range(), stage.range({ serverId: stage.server("h1") })];
    const lost = stage.rig.simulator.fault({ call: "attach", do: { kind: "hold", when: "after" } });
    const pre = stage.fail("h1", "pre", vmDocument([nic("0", free), nic("1", serving)]), {
      started: (child) => void lost.reached.then(() => child.kill("SIGTERM")),
    });
    assert.match(await pre, /SIGTERM/);
    await stage.expect([free, "free"], [serving, "h1"]);
  });
});

onStage("clean says that the API cannot be reached and succeeds; the next pre takes the address", async (stage) => {
    const { address, vm } = stage.guestOn("h1");
    const { stdout } = await stage.succeed("h1", "clean", vm, { settings: UNREACHABLE });
    assert.match(stdout, /^clean: 203[0-9.]+ of VM 42 may still be attached here until the next guest's post: .+\n$/);
    assert.match(stdout, /refused the connection/);
    assert.ok(stage.rig.logs().includes("refused the connection"), "the log has it too");
    await stage.expect([address, "h1"]);
    await stage.succeed("h2", "pre", vmDocument([nic("0", address)], { id: "43", deployId: "" }));
    await stage.expect([address, "h2"]);
  });
