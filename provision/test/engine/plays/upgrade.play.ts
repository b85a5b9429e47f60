// Today's program goes on with a stack of 0.1.0: servers, networks and addresses stay what they are.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { withoutEngine } from "../operator.ts";
import { type Document, isDocument, listOf, parseDocument, textOf } from "../stand-in/record.ts";
import { changesSince, configure, serverIds, setWorkers, startWorld, type World } from "../world.ts";

// Made by running the program of 0.1.0 on the stand-in: front-end and two workers. Every id and key is invented.
const RECORDED = new URL("../recorded/stack-0.1.0.json", import.meta.url);
const skip = withoutEngine();

test("a stack of 0.1.0", { skip }, async (play) => {
  let world: World;
  let ids: Readonly<Record<string, string>> = {};
  before(async () => {
    const recorded = parseDocument(readFileSync(RECORDED, "utf8"));
    const scaleway = isDocument(recorded.scaleway) ? recorded.scaleway : {};
    world = await startWorld(projectOf(scaleway));
    world.scaleway.store.restore(scaleway);
    await configure(world);
    await setWorkers(world, ["host01", "host02"]);
    const file = `${world.operator.folder}/stack.json`;
    writeFileSync(file, JSON.stringify(recorded.stack));
    await world.operator.run("pulumi", ["stack", "import", "--file", file]);
    ids = bareIds(serverIds(world));
  });
  after(() => world.end());

  await play.test(
    "today's program changes names and tags, and replaces, orders and deletes nothing at Scaleway",
    async () => {
      const kept = ["servers", "ips", "private-networks", "vpcs", "ssh-keys", "applications", "policies", "groups"];
      const before = kept.map((kind) =>
        world.scaleway.store
          .list(kind)
          .map((each) => textOf(each, "id"))
          .sort(),
      );
      const mark = world.scaleway.calls.length;
      const { code, stdout, stderr } = await world.operator.make("up");
      assert.equal(code, 0, stdout + stderr);
      const changes = changesSince(world, mark);
      assert.ok(
        changes.every((call) => call.startsWith("PATCH ") || call.startsWith("PUT ")),
        changes.join("\n"),
      );
      kept.forEach((kind, index) => {
        assert.deepEqual(
          world.scaleway.store
            .list(kind)
            .map((each) => textOf(each, "id"))
            .sort(),
          before[index],
          kind,
        );
      });
      assert.deepEqual(bareIds(serverIds(world)), ids);
      assert.deepEqual(world.scaleway.store.list("reinstallations"), []);
    },
  );

  await play.test("its next up changes nothing", async () => {
    const mark = world.scaleway.calls.length;
    const { code, stdout, stderr } = await world.operator.make("up");
    assert.equal(code, 0, stdout + stderr);
    assert.deepEqual(changesSince(world, mark), []);
  });
});

function projectOf(scaleway: Document): string {
  return textOf(listOf(scaleway, "servers").find(isDocument), "project_id");
}

/** By the number in the name: 0.1.0 called `worker-01` what is `host01` now. */
function bareIds(byName: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(byName).map(([name, id]) => [name.replace("worker-", "host"), id]));
}
