// The life of an address, from the purchase to the end of the bill.
import assert from "node:assert/strict";
import { PROJECT } from "../../rig.ts";
import { Cloud, rangeText } from "../cloud.ts";
import { scenesOn } from "../stage.ts";
import { until } from "../until.ts";

const scene = scenesOn(() => Cloud.start());

scene("bought with its range, attached to the guest's host, free again, and no longer paid", async (cloud) => {
  const paid = cloud.paid();
  const { network, range, address } = await cloud.publicNetwork("public");
  assert.equal(cloud.paid(), paid + 1);
  assert.equal(range.text("MAC"), cloud.flexibleIp(address).mac_address?.mac_address);

  const vm = await cloud.createVm([network]);
  assert.deepEqual(await cloud.leases(network), { [address]: `vm ${vm.id}` });
  assert.equal(cloud.whereIs(address), "free");

  await vm.deploy("h1");
  assert.equal(cloud.whereIs(address), "h1");
  assert.deepEqual(cloud.host("h1").guests(), [`one-${vm.id}`]);

  await vm.terminate();
  assert.deepEqual(await cloud.leases(network), {});
  await cloud.untilFree(address);

  await cloud.oned.run("onevnet", "rmar", network.name, range.text("AR_ID"));
  assert.equal(cloud.paid(), paid);
});

for (const by of ["id", "address"] as const) {
  scene(`a flexible IP adopted by its ${by} stays paid without its range, with the tags that it had`, async (cloud) => {
    const adopted = cloud.simulator.account.add({ projectId: PROJECT, tags: ["mine"] });
    const paid = cloud.paid();
    const typed = by === "id" ? { SCW_FLEXIBLE_IP_ID: adopted.id } : { IP: adopted.ip_address };
    const { network, range, address } = await cloud.publicNetwork(`adopting by ${by}`, typed);
    assert.equal(address, adopted.ip_address);
    const vm = await cloud.createVm([network]);
    await vm.deploy("h1");
    assert.equal(cloud.whereIs(address), "h1");
    await vm.terminate();
    await cloud.oned.run("onevnet", "rmar", network.name, range.text("AR_ID"));
    assert.equal(cloud.paid(), paid);
    assert.deepEqual(cloud.flexibleIp(address).tags, ["mine"]);
  });
}

scene("a reservation of one address serves a VM, and gives the address back", async (cloud) => {
  const { network, address } = await cloud.publicNetwork("reserved");
  await cloud.oned.run("onevnet", "reserve", network.name, "--name", "mine", "--size", "1");
  const vm = await cloud.createVm([{ NETWORK: "mine" }]);
  await vm.deploy("h1");
  assert.equal(cloud.whereIs(address), "h1");
  await vm.terminate();
  await cloud.untilFree(address);
  await cloud.oned.run("onevnet", "delete", "mine");
  // oned deletes a network after its driver has answered.
  await until("the address is back", async () => Object.keys(await cloud.leases(network)).length === 0);
  assert.equal(cloud.flexibleIp(address).status, "ready");
});

scene("a range that oned or the driver refuses costs nothing, and the refusal says what is wrong", async (cloud) => {
  const { network, range, address } = await cloud.publicNetwork("refusing");
  const paid = cloud.paid();
  const taken = range.text("SCW_FLEXIBLE_IP_ID");
  const refused = [
    { typed: { SHARED: "YES" }, reason: /SHARED/i },
    { typed: { SIZE: "2" }, reason: /one (address )?range (per|for each) address/i },
    { typed: { SCW_FLEXIBLE_IP_ID: taken }, reason: /range/ },
    { typed: { IP: address }, reason: /range/ },
  ];
  for (const { typed, reason } of refused) {
    const { code, stderr } = await cloud.oned.try("onevnet", "addar", network.name, cloud.file(rangeText(typed)));
    assert.notEqual(code, 0, stderr);
    assert.match(stderr, reason);
  }
  assert.equal(cloud.paid(), paid);
  assert.equal((await cloud.ranges(network)).length, 1);
});

scene("a NIC in a network for aliases is refused, and the VM's log names the attribute", async (cloud) => {
  const aliases = await cloud.addNetwork("aliases", 'SCW_FLEXIP_ALIAS="YES"');
  await cloud.addRange(aliases);
  const vm = await cloud.createVm([aliases]);
  await vm.deployInVain("h1");
  assert.match(vm.log(), /SCW_FLEXIP_ALIAS/);
  await vm.terminate();
});

scene("a whole life with five seconds for each call", async (cloud) => {
  const { network, address } = await cloud.publicNetwork("slow");
  cloud.simulator.account.behave({ latencyMs: 5_000 });
  const vm = await cloud.createVm([network]);
  await vm.deploy("h1");
  assert.equal(cloud.whereIs(address), "h1");
  await vm.terminate();
  await cloud.untilFree(address);
});
