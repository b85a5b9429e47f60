// The life of an address, from the purchase to the end of the bill.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { Cloud } from "../cloud.ts";

suite("the life of an address", () => {
  let cloud: Cloud;
  before(async () => {
    cloud = await Cloud.start();
  });
  after(() => cloud.stop());

  test("bought with its range, attached to the guest's host, free again, and no longer paid", async () => {
    const network = await cloud.addNetwork("public");
    const range = await cloud.addRange(network);
    const address = range.text("IP");
    assert.equal(cloud.paid(), 1);
    assert.equal(range.text("MAC"), cloud.flexibleIp(address).mac_address?.mac_address);

    const vm = await cloud.createVm([network]);
    assert.deepEqual(await vm.addresses(), [address]);
    assert.deepEqual(await cloud.leases(network), { [address]: `vm ${vm.id}` });
    assert.equal(cloud.whereIs(address), "nowhere");

    await vm.deploy("h1");
    assert.equal(cloud.whereIs(address), "h1");
    assert.deepEqual(cloud.host("h1").guests(), [`one-${vm.id}`]);

    await vm.terminate();
    assert.deepEqual(await cloud.leases(network), {});
    await cloud.untilAt(address, "nowhere");

    await cloud.oned.run("onevnet", "rmar", network.name, range.text("AR_ID"));
    assert.equal(cloud.paid(), 0);
  });
});
