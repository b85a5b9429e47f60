// IPAM actions on what is not as the last action left it.
import assert from "node:assert/strict";
import { suite } from "node:test";
import { ownershipTags } from "../../driver/flexible-ip/ownership.ts";
import { PROJECT } from "../rig.ts";
import { idOf, newRange, onFrontEnd } from "./front-end.ts";

suite("IPAM actions on what is half done", { concurrency: 2 }, () => {
  onFrontEnd("register_address_range takes an idle address of this cloud by its id alone", async (frontEnd) => {
    const tags = [...ownershipTags("one", "created", undefined), "scw-flexip:idle"];
    const { id, ip_address: ip } = frontEnd.account.add({ projectId: PROJECT, tags });
    await frontEnd.fail("register_address_range", newRange({ IP: ip }), /is held by an address range of cloud one/);
    const range = await frontEnd.register({ SCW_FLEXIBLE_IP_ID: id });
    assert.equal(range.IP, ip);
  });

  onFrontEnd(
    "unregister_address_range waits for a deletion that does not show yet",
    async (frontEnd, rig) => {
      const range = await frontEnd.lease();
      frontEnd.attach(range);
      const edit = (body: unknown): unknown => ({ ...Object(body), status: "attached" });
      rig.simulator.fault({ call: "get", times: 5, do: { kind: "rewrite", edit } });
      await frontEnd.succeed("unregister_address_range", range);
      assert.equal(frontEnd.account.get(idOf(range)), undefined);
    },
    { settle: { detachMs: 5_000 } },
  );

  onFrontEnd(
    "register_address_range warns of guests without resolvers in its log",
    async (frontEnd, rig) => {
      await frontEnd.succeed("register_address_range", newRange(), { settings: { DNS: "" } });
      assert.match(rig.logs(), /get no resolvers: none are known of zone fr-par-9; set DNS/);
      const known = rig.logs().length;
      await frontEnd.succeed("register_address_range", newRange({ DNS: "192.0.2.53" }), { settings: { DNS: "" } });
      await frontEnd.succeed("register_address_range", newRange(), { settings: { DNS: "192.0.2.53" } });
      assert.doesNotMatch(rig.logs().slice(known), /get no resolvers/);
    },
    { zone: "fr-par-9" },
  );
});
