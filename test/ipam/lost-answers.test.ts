// What register_address_range does when an answer of the API is lost, late, or a refusal that may mean two things.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ipamDocument, readTemplate } from "../documents.ts";
import { InProcessRig } from "../in-process/rig.ts";
import { PROJECT } from "../rig.ts";

const NEW_RANGE = ipamDocument({ IPAM_MAD: "scw-flexip", TYPE: "IP4", SIZE: "1" });

test("register_address_range deletes a flexible IP that a lost creation made after the second creation", async (t) => {
  const rig = await start(t);
  rig.simulator.fault({ call: "create", do: { kind: "reset", when: "before" } });
  const second = rig.simulator.fault({ call: "create", do: { kind: "hold", when: "before" } });
  const run = rig.ipam("register_address_range", NEW_RANGE);
  const { body } = await second.reached;
  const late = rig.simulator.account.add({ projectId: PROJECT, tags: tagsIn(body) });
  second.release();
  const { code, stdout, stderr } = await run;
  assert.equal(code, 0, stderr);
  assert.equal(rig.simulator.account.get(late.id), undefined, "the late one is paid for no longer");
  const held = readTemplate(stdout, "AR").get("SCW_FLEXIBLE_IP_ID") ?? "";
  assert.deepEqual(
    rig.simulator.account.all().map(({ id }) => id),
    [held],
  );
});

test("register_address_range takes what a creation without an answer made, and creates nothing more", async (t) => {
  const rig = await start(t);
  rig.simulator.fault({ call: "create", do: { kind: "reset", when: "after" } });
  const { code, stderr } = await rig.ipam("register_address_range", NEW_RANGE);
  assert.equal(code, 0, stderr);
  assert.deepEqual(rig.simulator.calls().filter((call) => call === "create").length, 1);
});

test("register_address_range adopts by id with a token whose grant comes between two calls", async (t) => {
  const rig = await start(t);
  const { id } = rig.simulator.account.add({ projectId: PROJECT });
  const document = ipamDocument({ IPAM_MAD: "scw-flexip", TYPE: "IP4", SIZE: "1", SCW_FLEXIBLE_IP_ID: id });
  for (const refusals of [2, 1]) {
    rig.simulator.account.grantPendingUntil(refusals);
    const { code, plain } = await rig.ipam("register_address_range", document);
    assert.equal(code, refusals === 1 ? 0 : 1, plain.join());
    // A token without its grant is no reason to correct the address range.
    if (code === 1) assert.match(plain.join(), /list the flexible IPs .*403/);
  }
});

async function start(t: TestContext): Promise<InProcessRig> {
  const rig = await InProcessRig.start();
  t.after(() => rig.stop());
  return rig;
}

function tagsIn(body: unknown): string[] {
  const tags = typeof body === "object" && body !== null && "tags" in body ? body.tags : [];
  return Array.isArray(tags) ? tags.map(String) : [];
}
