// What a registration leaves when an answer is lost for good, or when another cloud adopts the same address.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ownershipTags } from "../../driver/flexible-ip/ownership.ts";
import { ipamDocument, rangeOf, readTemplate } from "../documents.ts";
import { PROJECT, Rig } from "../rig.ts";

const OTHER_INTENT = "0a11ce00-0000-4000-8000-0000000000c2";

test("a dual-stack registration whose second creation may still come leaves its intent open for the next run", async (t) => {
  const rig = await Rig.start();
  t.after(() => rig.stop());
  const old = rangeOf(
    readTemplate((await rig.ipam("register_address_range", ipamDocument({ TYPE: "IP4", SIZE: "1" }))).stdout, "AR"),
  );
  const held = rig.simulator.fault({ call: "create", skip: 1, do: { kind: "hold", when: "before" } });
  const run = await rig.ipam("register_address_range", ipamDocument({ TYPE: "IP4_6_STATIC", SIZE: "1" }), {
    settings: { TIMEOUT: "5" },
  });
  assert.equal(run.code, 1, run.stdout);
  held.release();
  while (rig.simulator.account.all().length < 2) await new Promise((resolve) => setTimeout(resolve, 20));

  assert.equal((await rig.ipam("get_address", ipamDocument(old, { SIZE: "1" }))).code, 0);
  assert.deepEqual(
    rig.simulator.account.all().map(({ ip_address }) => ip_address),
    [old.IP],
  );
});

test("an adoption is refused when another cloud writes its tags at the same time", async (t) => {
  const rig = await Rig.start();
  t.after(() => rig.stop());
  const one = rig.simulator.account.add({ projectId: PROJECT, mac: "52:54:00:0a:0b:0c" });
  const held = rig.simulator.fault({ call: "update", do: { kind: "hold", when: "after" } });
  const running = rig.ipam("register_address_range", ipamDocument({ TYPE: "IP4", SIZE: "1", IP: one.ip_address }));
  await held.reached;
  const theirs = ownershipTags("two", "adopted", OTHER_INTENT);
  rig.simulator.account.set(one.id, { tags: theirs });
  held.release();
  const run = await running;
  assert.equal(run.code, 1, run.stdout);
  assert.match(run.plain.join(), /was taken by another range meanwhile; name another one/);
  assert.deepEqual(rig.simulator.account.get(one.id)?.tags, theirs);
  assert.deepEqual(JSON.parse(readFileSync(rig.frontEnd.stateFile, "utf8")).intents, {});
});
