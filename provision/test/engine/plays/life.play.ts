// The life of a cloud on the real engine: looked at, ordered, looked at again, grown, shrunk, its keys rotated, destroyed.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { nameOf, withoutEngine } from "../operator.ts";
import { listOf, textOf } from "../stand-in/record.ts";
import {
  changesSince,
  configure,
  FIRST_EXPIRY,
  serverIds,
  serverNamed,
  serverNames,
  setWorkers,
  sshKey,
  startWorld,
  type World,
} from "../world.ts";

const SECOND_EXPIRY = "2038-05-31T00:00:00Z";
const skip = withoutEngine();

test("the life of a cloud", { skip }, async (play) => {
  let world: World;
  before(async () => {
    world = await startWorld();
    await configure(world);
  });
  after(() => world.end());

  await play.test("preflight finds account, permissions, offer and image in order", async () => {
    const { stdout } = await world.operator.make("preflight");
    // Tools of the operator's machine may lack here; everything that Scaleway answers must be in order.
    for (const line of ["ok       project opennebula", "ok       image Ubuntu 24.04 LTS (Noble Numbat)"])
      assert.ok(stdout.includes(line), `${line} is not in: ${stdout}`);
    assert.match(stdout, /ok +offer EM-A610R-NVME is in stock/);
    assert.doesNotMatch(stdout, /MISSING +the key lacks/);
    assert.deepEqual(changesSince(world, 0), []);
  });

  await play.test("preview shows every server and orders nothing", async () => {
    const { code, stdout, stderr } = await world.operator.make("preview");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /name +: "opennebula-fe"/);
    assert.match(stdout, /name +: "opennebula-host01"/);
    assert.deepEqual(changesSince(world, 0), []);
  });

  await play.test("up orders what the settings say, and waits until it is installed and attached", async () => {
    world.scaleway.patience = 1;
    const { code, stdout, stderr } = await world.operator.make("up");
    world.scaleway.patience = 0;
    assert.equal(code, 0, stdout + stderr);
    assert.deepEqual(serverNames(world), ["opennebula-fe", "opennebula-host01"]);
    for (const attached of world.scaleway.store.list("server-private-networks")) {
      assert.equal(attached.status, "attached");
      assert.equal(listOf(attached, "ipam_ip_ids").length, 1);
    }
    assert.equal(serverNamed(world, "opennebula-fe").protected, true);
    assert.match(stdout, /"192\.0\.2\.1\d"/);
  });

  await play.test("up again changes nothing", async () => {
    const mark = world.scaleway.calls.length;
    const { code, stdout, stderr } = await world.operator.make("up");
    assert.equal(code, 0, stderr);
    assert.deepEqual(changesSince(world, mark), [], stdout);
  });

  await play.test("a refresh finds no drift", async () => {
    await world.operator.run("pulumi", ["preview", "--refresh", "--expect-no-changes"]);
  });

  await play.test("the state tells no password, no key and no token in the clear", async () => {
    const state = await world.operator.run("pulumi", ["stack", "export"]);
    const { SCW_SECRET_KEY: secretKey = "" } = world.operator.environment;
    const outputs: { driver: { frontendToken: string; hostsToken: string } } = JSON.parse(
      await world.operator.run("pulumi", ["stack", "output", "--json", "--show-secrets"]),
    );
    const { frontendToken, hostsToken } = outputs.driver;
    for (const secret of [secretKey, frontendToken, hostsToken, "one-invented-password", "db-invented-password"]) {
      assert.ok(secret.length > 15);
      assert.ok(!state.includes(secret));
    }
  });

  await play.test("two more workers are ordered, and nothing else is touched", async () => {
    const earlier = serverIds(world);
    const mark = world.scaleway.calls.length;
    await setWorkers(world, ["host01", "host02", "host03"]);
    const { code, stdout, stderr } = await world.operator.make("up");
    assert.equal(code, 0, stdout + stderr);
    assert.deepEqual(Object.keys(serverIds(world)).sort(), [
      "opennebula-fe",
      "opennebula-host01",
      "opennebula-host02",
      "opennebula-host03",
    ]);
    for (const [name, id] of Object.entries(earlier)) assert.equal(serverIds(world)[name], id);
    const orders = changesSince(world, mark).filter((call) => call === "POST /baremetal/v1/zones/fr-par-2/servers");
    assert.equal(orders.length, 2);
  });

  await play.test("a worker is not removed before it is named unprotected", async () => {
    await setWorkers(world, ["host01", "host03"]);
    const { code, stdout, stderr } = await world.operator.make("up");
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /host02/);
    assert.equal(serverNamed(world, "opennebula-host02").protected, true);
    assert.equal(world.scaleway.store.list("server-private-networks").length, 8);
    await setWorkers(world, ["host01", "host02", "host03"]);
  });

  await play.test("the middle worker is removed, and the others stay", async () => {
    const { "opennebula-host02": removed, ...others } = serverIds(world);
    await world.operator.run("pulumi", ["config", "set", "unprotected", '["host02"]']);
    const unprotected = await world.operator.make("up");
    assert.equal(unprotected.code, 0, unprotected.stdout + unprotected.stderr);
    await setWorkers(world, ["host01", "host03"]);
    await world.operator.run("pulumi", ["config", "set", "unprotected", "[]"]);
    const { code, stdout, stderr } = await world.operator.make("up");
    assert.equal(code, 0, stdout + stderr);
    assert.deepEqual(serverIds(world), others);
    assert.ok(removed !== undefined && !(await hasResource(world, removed)));
    assert.equal(world.scaleway.store.list("ips").length, 6);
  });

  await play.test("a second key comes beside the first one, then the first one goes", async () => {
    const expiries = () =>
      world.scaleway.store
        .list("api-keys")
        .map((key) => textOf(key, "expires_at"))
        .filter(Boolean);
    const token = async () => JSON.parse(await world.operator.run("pulumi", SHOWN)).driver.hostsToken;
    const first = await token();
    await world.operator.run("pulumi", ["config", "set", "--path", "driverKeyExpiries[1]", SECOND_EXPIRY]);
    const added = await world.operator.make("up");
    assert.equal(added.code, 0, added.stdout + added.stderr);
    assert.deepEqual(expiries().sort(), [FIRST_EXPIRY, FIRST_EXPIRY, SECOND_EXPIRY, SECOND_EXPIRY]);
    assert.notEqual(await token(), first);
    await world.operator.run("pulumi", ["config", "set", "driverKeyExpiries", JSON.stringify([SECOND_EXPIRY])]);
    const removed = await world.operator.make("up");
    assert.equal(removed.code, 0, removed.stdout + removed.stderr);
    assert.deepEqual(expiries(), [SECOND_EXPIRY, SECOND_EXPIRY]);
  });

  await play.test(
    "another prefix and another SSH key rename what is there, and replace no server and no network",
    async () => {
      const kept = ["servers", "ips", "private-networks", "vpcs", "applications", "policies"] as const;
      const idsOf = (kind: string) => world.scaleway.store.list(kind).map((each) => textOf(each, "id"));
      const before = kept.map(idsOf);
      await world.operator.run("pulumi", ["config", "set", "namePrefix", "acme"]);
      await world.operator.run("pulumi", ["config", "set", "sshPublicKey", sshKey(2)]);
      const { code, stdout, stderr } = await world.operator.make("up");
      assert.equal(code, 0, stdout + stderr);
      assert.deepEqual(serverNames(world), ["acme-fe", "acme-host01", "acme-host03"]);
      assert.deepEqual(kept.map(idsOf), before);
    },
  );

  await play.test("with a new key of the operator, everything goes on", async () => {
    const key = randomUUID();
    world.scaleway.secretKey = key;
    world.operator.environment.SCW_SECRET_KEY = key;
    await world.operator.run("pulumi", ["refresh", "--expect-no-changes"]);
  });

  await play.test("destroy leaves nothing that is paid for, and the settings as they were", async () => {
    const settings = await world.operator.run("pulumi", ["config"]);
    const { code, stdout, stderr } = await world.operator.make("destroy", "CONFIRM=play");
    assert.equal(code, 0, stdout + stderr);
    for (const kind of ["servers", "ips", "private-networks", "vpcs", "applications", "groups", "policies", "ssh-keys"])
      assert.deepEqual(world.scaleway.store.list(kind), [], kind);
    assert.equal(world.scaleway.store.list("api-keys").length, 1);
    assert.deepEqual(await world.operator.resources(), []);
    assert.equal(await world.operator.run("pulumi", ["config"]), settings);
  });

  await play.test("no server was reinstalled, and nobody else was asked anything", () => {
    assert.deepEqual(world.scaleway.store.list("reinstallations"), []);
    assert.deepEqual(world.tunnel.refused, []);
  });
});

const SHOWN = ["stack", "output", "--json", "--show-secrets"] as const;

async function hasResource({ operator }: World, id: string): Promise<boolean> {
  return (await operator.resources()).some(
    (resource) => textOf(resource, "id").endsWith(id) && nameOf(resource) !== "",
  );
}
