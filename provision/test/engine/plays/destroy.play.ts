// Destruction of half a cloud, destruction that ends half-way, and destruction with a dead front-end.
import assert from "node:assert/strict";
import { textOf } from "../stand-in/record.ts";
import { denied } from "../stand-in/route.ts";
import { changesSince, play, serverNamed, serverNames } from "../world.ts";

play("half a cloud is destroyed, without anything being ordered", async (world) => {
  world.scaleway.store.add("quota", { name: "EM_A610R_NVMe", limits: [{ limit: 1 }] });
  assert.notEqual((await world.operator.make("up")).code, 0);
  world.scaleway.store.kind("quota").clear();
  const mark = world.scaleway.calls.length;
  const { code, stdout, stderr } = await world.operator.make("destroy", "CONFIRM=play");
  assert.equal(code, 0, stdout + stderr);
  assert.deepEqual(serverNames(world), []);
  assert.ok(!changesSince(world, mark).some((call) => call.startsWith("POST ")), changesSince(world, mark).join("\n"));
  for (const kind of ["ips", "private-networks", "vpcs"]) assert.deepEqual(world.scaleway.store.list(kind), [], kind);
});

play("a destruction that ends half-way protects what is left, and goes on", async (world) => {
  assert.equal((await world.operator.make("up")).code, 0);
  const path = new RegExp(`/servers/${textOf(serverNamed(world, "opennebula-fe"), "id")}$`);
  world.scaleway.troubles.push({ method: "DELETE", path, answer: denied("delete", "baremetal"), times: 1 });
  // Long enough for idle connections to be closed meanwhile.
  world.scaleway.patience = 1;
  const half = await world.operator.make("destroy", "CONFIRM=play");
  world.scaleway.patience = 0;
  assert.notEqual(half.code, 0);
  assert.match(half.stderr, /not everything was destroyed/);
  assert.deepEqual(serverNames(world), ["opennebula-fe"]);
  assert.equal(serverNamed(world, "opennebula-fe").protected, true);
  const whole = await world.operator.make("destroy", "CONFIRM=play");
  assert.equal(whole.code, 0, whole.stdout + whole.stderr);
  assert.deepEqual(serverNames(world), []);
  assert.deepEqual(await world.operator.resources(), []);
});

play("a dead front-end stops the destruction, unless it is forced", async (world) => {
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
