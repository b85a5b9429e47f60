// The hooks on what an earlier run left half done, or what somebody changed in the console.
import assert from "node:assert/strict";
import { suite } from "node:test";
import { ownershipTags } from "../../driver/flexible-ip/ownership.ts";
import { vmDocument } from "../documents.ts";
import { BESIDE, INTENT, nic, onStage } from "./stage.ts";

const LENDER = [...ownershipTags("one", "created", INTENT), "scw-flexip:mac-lender"];

suite("hooks on what is half done", BESIDE, () => {
  onStage("pre takes the virtual MAC back from an alias of a NIC that is detached already", async (stage) => {
    const address = stage.range({ tags: LENDER });
    const alias = stage.range({ mac: address.mac });
    await stage.succeed("h1", "pre", vmDocument([nic("0", address)]));
    await stage.expect([address, "h1"], [alias, "free", "none"]);
  });

  onStage(
    "clean asks for no second detach when the answer to the first one is lost",
    async (stage) => {
      const address = stage.range({ serverId: stage.server("h1") });
      stage.rig.simulator.fault({ call: "detach", do: { kind: "reset", when: "after" } });
      await stage.succeed("h1", "clean", vmDocument([nic("0", address)]));
      assert.equal(stage.count("detach"), 1);
      await stage.expect([address, "free"]);
    },
    { settle: { detachMs: 5_000 } },
  );
});
