// Orders that go wrong: half an order, an order that is cut off, and changes by hand afterwards.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { documentsOf, isDocument, parseDocument, textOf } from "../stand-in/record.ts";
import { denied } from "../stand-in/route.ts";
import { changesSince, play, serverIds, serverNamed, serverNames, setWorkers, type World } from "../world.ts";

const ORDER = { method: "POST", path: /^\/baremetal\/v1\/zones\/fr-par-2\/servers$/ } as const;

play("half an order says why it ended, and goes on with what is there once the reason is gone", async (world) => {
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
});

play("a server that was ordered, but whose networks failed, is completed and not ordered twice", async (world) => {
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
  assert.ok(!changesSince(world, mark).some((call) => call.startsWith("DELETE")), changesSince(world, mark).join("\n"));
  const attached = world.scaleway.store.list("server-private-networks", {
    server_id: Object.values(before)[0] ?? "",
  });
  assert.deepEqual(
    attached.map(({ status }) => status),
    ["attached", "attached"],
  );
});

play("stock that ran out is said, and nothing else is left behind than what is known", async (world) => {
  for (const offer of world.scaleway.store.list("offers", { name: "EM-A610R-NVME" })) offer.stock = "empty";
  const preflight = await world.operator.make("preflight");
  assert.match(preflight.stdout, /MISSING +offer EM-A610R-NVME is out of stock/);
  assert.notEqual(preflight.code, 0);
  const { code, stdout, stderr } = await world.operator.make("up");
  assert.notEqual(code, 0);
  assert.match(stdout + stderr, /out of stock/i);
  assert.deepEqual(serverNames(world), []);
});

play("an order cut off is not ordered again, and the server that came of it is taken into the state", async (world) => {
  await setWorkers(world, []);
  world.scaleway.troubles.push({ ...ORDER, answer: "silence" });
  const child = world.operator.start("up");
  await until(child, async () => serverNames(world).length === 1 && (await keysIn(world)) === 2);
  await endGroup(child);
  world.scaleway.troubles.length = 0;
  const mark = world.scaleway.calls.length;
  const again = await world.operator.make("up");
  assert.notEqual(again.code, 0);
  assert.match(again.stderr, /fe.*interrupted/);
  assert.deepEqual(changesSince(world, mark), []);
  const server = serverNamed(world, "opennebula-fe");
  // As the guide tells: the lock goes, the server is taken in, and the order that was cut off is forgotten.
  await world.operator.run("pulumi", ["cancel", "--yes"]);
  const [urn = ""] = (await pending(world)).map((operation) => textOf(operation, "parent"));
  const command = importCommand().replaceAll("host01", "fe").replace("<uuid>", textOf(server, "id"));
  await world.operator.run("bash", ["-euc", command.replace("<urn>", urn)]);
  await world.operator.run("pulumi", ["refresh", "--clear-pending-creates"]);
  const whole = await world.operator.make("up");
  assert.equal(whole.code, 0, whole.stdout + whole.stderr);
  assert.deepEqual(serverNames(world), ["opennebula-fe"]);
  assert.deepEqual(serverIds(world), { "opennebula-fe": textOf(server, "id") });
  assert.equal(world.scaleway.store.list("server-private-networks").length, 2);
});

play("what somebody changed at Scaleway is found and put right", async (world) => {
  await setWorkers(world, []);
  const made = await world.operator.make("up");
  assert.equal(made.code, 0, made.stdout + made.stderr);
  Object.assign(serverNamed(world, "opennebula-fe"), { protected: false });
  await assert.rejects(world.operator.run("pulumi", ["preview", "--refresh", "--expect-no-changes"]));
  await world.operator.run("pulumi", ["up", "--refresh"]);
  assert.equal(serverNamed(world, "opennebula-fe").protected, true);
  await world.operator.run("pulumi", ["preview", "--refresh", "--expect-no-changes"]);
});

/** How the guide takes a server in. */
function importCommand(): string {
  const guide = readFileSync(new URL("../../../../docs/deploy.md", import.meta.url), "utf8");
  const command = /`(pulumi import scaleway:elasticmetal\/server:Server host01 [^`]*)`/.exec(guide)?.[1];
  if (command === undefined) throw new Error("docs/deploy.md does not say how a server is taken in");
  return command.replaceAll("\n", " ");
}

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

/** How many of the driver's API keys the state holds. */
async function keysIn({ operator }: World): Promise<number> {
  return (await operator.resources()).filter(({ type }) => type === "scaleway:iam/apiKey:ApiKey").length;
}

/** Waits until it is so. Throws when the program ends before. */
async function until(child: ReturnType<World["operator"]["start"]>, isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) {
    if (child.exitCode !== null) throw new Error(`make ended with ${child.exitCode} before that`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
