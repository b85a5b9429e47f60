// What an action or a hook changes at Scaleway is one audit line in its log, with what was before and after.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ipamDocument, rangeOf, readTemplate, vmDocument } from "./documents.ts";
import { InProcessRig } from "./in-process/rig.ts";

test("the life of an address is one audit line a change", async (t) => {
  const rig = await InProcessRig.start();
  t.after(() => rig.stop());
  const created = await rig.ipam("register_address_range", ipamDocument({ IPAM_MAD: "scw-flexip", SIZE: "1" }));
  assert.equal(created.code, 0, created.stderr);
  const range = rangeOf(readTemplate(created.stdout, "AR"));
  const vm = vmDocument([{ NIC_ID: "0", ...range }]);
  const { serverId } = rig.host("alpha");
  for (const hook of ["pre", "post", "clean"] as const) {
    const run = await rig.hook("alpha", hook, vm);
    assert.equal(run.code, 0, run.stderr);
  }
  const removed = await rig.ipam("unregister_address_range", ipamDocument(range));
  assert.equal(removed.code, 0, removed.stderr);

  const lines = rig.logs().trim().split("\n");
  const audited = lines.map((line): Record<string, unknown> => JSON.parse(line)).filter(({ audit }) => audit === true);
  assert.deepEqual(
    audited
      .toSorted((one, other) => String(one.time).localeCompare(String(other.time)))
      .map(({ action, what, address, flexible_ip_id, before, after }) => {
        return [action, what, address, flexible_ip_id, before, after];
      }),
    [
      ["register_address_range", "create", null, range.IP],
      ["register_address_range", "make MAC", null, range.MAC],
      ["pre", "attach", null, serverId],
      ["clean", "detach", serverId, null],
      ["unregister_address_range", "delete", range.IP, null],
    ].map(([action, what, ...change]) => [action, what, range.IP, range.SCW_FLEXIBLE_IP_ID, ...change]),
  );
  for (const { action, vm: of, request } of audited) {
    assert.ok(action === "pre" || action === "clean" ? of !== undefined : request !== undefined, `who: ${action}`);
  }
});
