// A guest changes its host or its state: where its address is meanwhile.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cloud } from "../cloud.ts";
import { scenes } from "../stage.ts";
import { until } from "../until.ts";

/** A running VM with one public address on h1. */
async function runningOn(cloud: Cloud, host: string, name: string) {
  const network = await cloud.addNetwork(name);
  const address = (await cloud.addRange(network)).text("IP");
  const vm = await cloud.createVm([network]);
  await vm.deploy(host);
  assert.equal(cloud.whereIs(address), host);
  return { network, address, vm };
}

scenes("a guest moves", {}, (cloud) => {
  const answers = {
    moves: ["attach"],
    refused: ["attach", "detach", "attach"],
    ignored: ["attach", "detach", "attach"],
  };
  for (const directAttach of ["moves", "refused", "ignored"] as const) {
    test(`a live migration: the address serves the source during the copy, then the target; a direct attach ${directAttach}`, async () => {
      cloud().simulator.account.behave({ directAttach });
      const { vm, address } = await runningOn(cloud(), "h1", `live ${directAttach}`);
      cloud().host("h1").hold("migrate");
      cloud().simulator.clearRequests();
      await vm.do("migrate", "--live", "h2");
      await until("the copy has begun", () => cloud().host("h1").isHeld("migrate") || undefined);
      assert.equal(cloud().whereIs(address), "h1");
      cloud().host("h1").hold("migrate", false);
      await vm.until("running");
      assert.equal(await vm.host(), "h2");
      assert.deepEqual(cloud().host("h2").guests(), [`one-${vm.id}`]);
      assert.equal(cloud().whereIs(address), "h2");
      const changes = cloud()
        .simulator.calls()
        .filter((call) => call === "attach" || call === "detach");
      assert.deepEqual(changes, answers[directAttach]);
      await vm.terminate();
      await cloud().untilAt(address, "free");
    });
  }

  test("a live migration whose copy fails leaves the address with the guest", async () => {
    const { vm, address } = await runningOn(cloud(), "h1", "failing");
    cloud().host("h1").fail("migrate");
    await vm.do("migrate", "--live", "h2");
    await until("the migration failed", () => /migrate failed on purpose/.test(vm.log()) || undefined, {
      story: () => vm.log(),
    });
    await vm.until("running");
    assert.equal(await vm.host(), "h1");
    assert.equal(cloud().whereIs(address), "h1");
    await vm.terminate();
    await cloud().untilAt(address, "free");
  });

  test("suspended it is free, resumed it is back", async () => {
    const { vm, address } = await runningOn(cloud(), "h1", "suspended");
    await vm.do("suspend");
    await vm.until("suspended");
    await cloud().untilAt(address, "free");
    await vm.do("resume");
    await vm.until("running");
    assert.equal(cloud().whereIs(address), "h1");
    await vm.terminate();
  });

  test("powered off it is free, resumed it is back", async () => {
    const { network, vm, address } = await runningOn(cloud(), "h1", "off");
    await vm.do("poweroff", "--hard");
    await vm.until("powered off");
    await cloud().untilAt(address, "free");
    assert.deepEqual(await cloud().leases(network), { [address]: `vm ${vm.id}` });
    await vm.do("resume");
    await vm.until("running");
    assert.equal(cloud().whereIs(address), "h1");
    await vm.terminate();
  });

  test("undeployed it is free, deployed elsewhere it follows", async () => {
    const { vm, address } = await runningOn(cloud(), "h1", "undeployed");
    await vm.do("undeploy", "--hard");
    await vm.until("undeployed");
    await cloud().untilAt(address, "free");
    await vm.deploy("h2");
    assert.equal(cloud().whereIs(address), "h2");
    await vm.terminate();
  });

  test("recreated after its host was lost, the guest has its address on the new host before it boots", async () => {
    const { vm, address } = await runningOn(cloud(), "h1", "lost");
    cloud().host("h1").lose();
    await vm.recreate();
    cloud().host("h2").hold("deploy");
    await vm.do("deploy", "h2");
    await until("the guest is about to boot", () => cloud().host("h2").isHeld("deploy") || undefined);
    assert.equal(cloud().whereIs(address), "h2");
    cloud().host("h2").hold("deploy", false);
    await vm.until("running");
    await vm.terminate();
  });

  test("when libvirt does not say whether the guest is gone, its address stays", async () => {
    const { vm, address } = await runningOn(cloud(), "h1", "unknown");
    cloud().host("h1").breakVirsh();
    await vm.do("poweroff", "--hard");
    await vm.until("powered off");
    await cloud().simulator.account.settled();
    assert.equal(cloud().whereIs(address), "h1");
    cloud().host("h1").breakVirsh(false);
    await vm.do("resume");
    await vm.until("running");
    await vm.terminate();
    await cloud().untilAt(address, "free");
  });
});
