// What goes wrong on the way: half an order, an order cut off, somebody else's hand, half a destruction.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { withoutEngine } from "../operator.ts";
import { documentsOf, isDocument, parseDocument, textOf } from "../stand-in/record.ts";
import { denied } from "../stand-in/route.ts";
import {
  changesSince,
  configure,
  serverIds,
  serverNamed,
  serverNames,
  setWorkers,
  startWorld,
  type World,
} from "../world.ts";

const ORDER = { method: "POST", path: /^\/baremetal\/v1\/zones\/fr-par-2\/servers$/ } as const;
const skip = withoutEngine();

test("trouble", { skip }, async (play) => {
  let world: World;
  beforeEach(async () => {
    world = await startWorld();
    await configure(world);
  });
  afterEach(() => world.end());

  await play.test(
    "half an order says why it ended, and goes on with what is there once the reason is gone",
    async () => {
      await setWorkers(world, ["host01", "host02"]);
      world.scaleway.store.add("quota", { name: "EM_A610R_NVMe", limits: [{ limit: 1 }] });
      const half = await world.operator.make("up");
      assert.notEqual(half.code, 0);
      assert.match(half.stdout + half.stderr, /quota/i);
      assert.equal(serverNames(world).length, 1);
      const before = serverIds(world);
      world.scaleway.store.kind("quota").clear();
      const whole = await world.operator.make("up");
      assert.equal(whole.code, 0, whole.stdout + whole.stderr);
      assert.deepEqual(serverNames(world), ["opennebula-fe", "opennebula-host01", "opennebula-host02"]);
      for (const [name, id] of Object.entries(before)) assert.equal(serverIds(world)[name], id);
    },
  );

  await play.test(
    "a server that was ordered, but whose networks failed, is completed and not ordered twice",
    async () => {
      await setWorkers(world, []);
      const path = /\/private-networks$/;
      world.scaleway.troubles.push({ method: "PUT", path, answer: denied("write", "baremetal"), times: 1 });
      const half = await world.operator.make("up");
      assert.notEqual(half.code, 0);
      assert.match(half.stdout + half.stderr, /permission/i);
      const before = serverIds(world);
      const mark = world.scaleway.calls.length;
      const whole = await world.operator.make("up");
      assert.equal(whole.code, 0, whole.stdout + whole.stderr);
      assert.deepEqual(serverIds(world), before);
      assert.ok(
        !changesSince(world, mark).some((call) => call.startsWith("DELETE")),
        changesSince(world, mark).join("\n"),
      );
      const attached = world.scaleway.store.list("server-private-networks", {
        server_id: Object.values(before)[0] ?? "",
      });
      assert.deepEqual(
        attached.map(({ status }) => status),
        ["attached", "attached"],
      );
    },
  );

  await play.test("stock that ran out is said, and nothing else is left behind than what is known", async () => {
    for (const offer of world.scaleway.store.list("offers", { name: "EM-A610R-NVME" })) offer.stock = "empty";
    const preflight = await world.operator.make("preflight");
    assert.match(preflight.stdout, /MISSING +offer EM-A610R-NVME is out of stock/);
    assert.notEqual(preflight.code, 0);
    const { code, stdout, stderr } = await world.operator.make("up");
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /out of stock/i);
    assert.deepEqual(serverNames(world), []);
  });

  await play.test(
    "an order cut off is not ordered again, and the server that came of it is taken into the state",
    async () => {
      await setWorkers(world, []);
      world.scaleway.troubles.push({ ...ORDER, answer: "silence" });
      const child = world.operator.start("up");
      await until(() => serverNames(world).length === 1);
      await endGroup(child);
      world.scaleway.troubles.length = 0;
      assert.equal((await pending(world)).length, 1);
      const mark = world.scaleway.calls.length;
      const again = await world.operator.make("up");
      assert.notEqual(again.code, 0);
      assert.match(again.stderr, /fe.*interrupted/);
      assert.deepEqual(changesSince(world, mark), []);
      const server = serverNamed(world, "opennebula-fe");
      const [urn] = (await pending(world)).map((operation) => textOf(operation, "urn"));
      const id = `fr-par-2/${textOf(server, "id")}`;
      await world.operator.run("pulumi", [
        "refresh",
        "--import-pending-creates",
        urn ?? "",
        "--import-pending-creates",
        id,
      ]);
      const whole = await world.operator.make("up");
      assert.equal(whole.code, 0, whole.stdout + whole.stderr);
      assert.deepEqual(serverIds(world), { "opennebula-fe": textOf(server, "id") });
      assert.equal(world.scaleway.store.list("server-private-networks").length, 2);
    },
  );

  await play.test("what somebody changed at Scaleway is found and put right", async () => {
    await setWorkers(world, []);
    const made = await world.operator.make("up");
    assert.equal(made.code, 0, made.stdout + made.stderr);
    Object.assign(serverNamed(world, "opennebula-fe"), { protected: false });
    await assert.rejects(world.operator.run("pulumi", ["preview", "--refresh", "--expect-no-changes"]));
    await world.operator.run("pulumi", ["up", "--refresh"]);
    assert.equal(serverNamed(world, "opennebula-fe").protected, true);
    await world.operator.run("pulumi", ["preview", "--refresh", "--expect-no-changes"]);
  });

  await play.test("half a cloud is destroyed, without anything being ordered", async () => {
    world.scaleway.store.add("quota", { name: "EM_A610R_NVMe", limits: [{ limit: 1 }] });
    assert.notEqual((await world.operator.make("up")).code, 0);
    world.scaleway.store.kind("quota").clear();
    const mark = world.scaleway.calls.length;
    const { code, stdout, stderr } = await world.operator.make("destroy", "CONFIRM=play");
    assert.equal(code, 0, stdout + stderr);
    assert.deepEqual(serverNames(world), []);
    assert.ok(
      !changesSince(world, mark).some((call) => call.startsWith("POST ")),
      changesSince(world, mark).join("\n"),
    );
    for (const kind of ["ips", "private-networks", "vpcs"]) assert.deepEqual(world.scaleway.store.list(kind), [], kind);
  });

  await play.test("a destruction that ends half-way protects what is left, and goes on", async () => {
    assert.equal((await world.operator.make("up")).code, 0);
    const path = new RegExp(`/servers/${textOf(serverNamed(world, "opennebula-fe"), "id")}$`);
    world.scaleway.troubles.push({ method: "DELETE", path, answer: denied("delete", "baremetal"), times: 1 });
    const half = await world.operator.make("destroy", "CONFIRM=play");
    assert.notEqual(half.code, 0);
    assert.deepEqual(serverNames(world), ["opennebula-fe"]);
    assert.equal(serverNamed(world, "opennebula-fe").protected, true);
    const whole = await world.operator.make("destroy", "CONFIRM=play");
    assert.equal(whole.code, 0, whole.stdout + whole.stderr);
    assert.deepEqual(serverNames(world), []);
    assert.deepEqual(await world.operator.resources(), []);
  });

  await play.test("a dead front-end stops the destruction, unless it is forced", async () => {
    assert.equal((await world.operator.make("up")).code, 0);
    world.operator.environment.DEAD_HOSTS = "1";
    const refused = await world.operator.make("destroy", "CONFIRM=play");
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /FORCE=1/);
    assert.equal(serverNames(world).length, 2);
    assert.equal(serverNamed(world, "opennebula-fe").protected, true);
    const forced = await world.operator.make("destroy", "CONFIRM=play", "FORCE=1");
    assert.equal(forced.code, 0, forced.stdout + forced.stderr);
    assert.deepEqual(serverNames(world), []);
  });
});

/** Resources whose order was cut off, as the state has them. */
async function pending({ operator }: World) {
  const { deployment } = parseDocument(await operator.run("pulumi", ["stack", "export"]));
  const operations = isDocument(deployment) ? documentsOf(deployment, "pending_operations") : [];
  return operations.map((operation) => (isDocument(operation.resource) ? operation.resource : {}));
}

/** Ends make with everything that it started, as a machine that loses its power does. */
async function endGroup(child: ReturnType<World["operator"]["start"]>): Promise<void> {
  const closed = new Promise((resolve) => child.on("close", resolve));
  if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  await closed;
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 50));
}
