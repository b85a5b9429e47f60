// The life of an address, from the purchase to the end of the bill.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PROJECT } from "../../rig.ts";
import { scenes } from "../stage.ts";
import { until } from "../until.ts";

scenes("the life of an address", {}, (cloud) => {
  test("bought with its range, attached to the guest's host, free again, and no longer paid", async () => {
    const paid = cloud().paid();
    const network = await cloud().addNetwork("public");
    const range = await cloud().addRange(network);
    const address = range.text("IP");
    assert.equal(cloud().paid(), paid + 1);
    assert.equal(range.text("MAC"), cloud().flexibleIp(address).mac_address?.mac_address);

    const vm = await cloud().createVm([network]);
    assert.deepEqual(await vm.addresses(), [address]);
    assert.deepEqual(await cloud().leases(network), { [address]: `vm ${vm.id}` });
    assert.equal(cloud().whereIs(address), "free");

    await vm.deploy("h1");
    assert.equal(cloud().whereIs(address), "h1");
    assert.deepEqual(cloud().host("h1").guests(), [`one-${vm.id}`]);

    await vm.terminate();
    assert.deepEqual(await cloud().leases(network), {});
    await cloud().untilAt(address, "free");

    await cloud().oned.run("onevnet", "rmar", network.name, range.text("AR_ID"));
    assert.equal(cloud().paid(), paid);
  });

  for (const by of ["id", "address"] as const) {
    test(`a flexible IP adopted by its ${by} stays paid when its range is removed, with the tags that it had`, async () => {
      const adopted = cloud().simulator.account.add({ projectId: PROJECT, tags: ["mine"] });
      const paid = cloud().paid();
      const network = await cloud().addNetwork(`adopting by ${by}`);
      const typed = by === "id" ? { SCW_FLEXIBLE_IP_ID: adopted.id } : { IP: adopted.ip_address };
      const range = await cloud().addRange(network, typed);
      assert.equal(range.text("IP"), adopted.ip_address);
      const vm = await cloud().createVm([network]);
      await vm.deploy("h1");
      assert.equal(cloud().whereIs(adopted.ip_address), "h1");
      await vm.terminate();
      await cloud().oned.run("onevnet", "rmar", network.name, range.text("AR_ID"));
      assert.equal(cloud().paid(), paid);
      assert.deepEqual(cloud().flexibleIp(adopted.ip_address).tags, ["mine"]);
    });
  }

  test("an address typed as a placeholder is replaced, and oned's log names both", async () => {
    const network = await cloud().addNetwork("placeholder");
    const range = await cloud().addRange(network, { IP: "192.0.2.99", MAC: "02:00:c0:00:02:63" });
    const address = range.text("IP");
    assert.notEqual(address, "192.0.2.99");
    assert.equal(range.text("MAC"), cloud().flexibleIp(address).mac_address?.mac_address);
    const told = cloud()
      .oned.log()
      .split("\n")
      .filter((line) => line.includes("192.0.2.99") && line.includes(address) && line.includes("[W]"));
    assert.equal(told.length, 1, "one warning names both addresses");
  });

  test("a dual-stack range brings an IPv4 and an IPv6 address, both attached with the guest", async () => {
    const paid = cloud().paid();
    const network = await cloud().addNetwork("dual");
    const range = await cloud().addRange(network, { TYPE: "IP4_6_STATIC" });
    assert.equal(cloud().paid(), paid + 2);
    const vm = await cloud().createVm([network]);
    await vm.deploy("h1");
    const bought = cloud().simulator.account.all().slice(-2);
    const ids = [range.text("SCW_FLEXIBLE_IP_ID"), range.text("SCW_FLEXIBLE_IP6_ID")];
    assert.deepEqual(
      ids.map((id) => cloud().simulator.account.get(id)?.server_id),
      ids.map(() => cloud().host("h1").serverId),
      JSON.stringify(bought),
    );
    await vm.terminate();
    await cloud().oned.run("onevnet", "rmar", network.name, range.text("AR_ID"));
    assert.equal(cloud().paid(), paid);
  });

  test("held addresses go to no VM, and a VM gets the address that it asks for", async () => {
    const network = await cloud().addNetwork("asked");
    const [first, second] = [await cloud().addRange(network), await cloud().addRange(network)].map((range) =>
      range.text("IP"),
    );
    await cloud().oned.run("onevnet", "hold", network.name, String(first));
    const vm = await cloud().createVm([{ NETWORK: network.name, IP: String(second) }]);
    assert.deepEqual(await cloud().leases(network), { [String(first)]: "hold", [String(second)]: `vm ${vm.id}` });
    await vm.deploy("h1");
    assert.equal(cloud().whereIs(String(second)), "h1");
    await cloud().oned.run("onevnet", "release", network.name, String(first));
    assert.deepEqual(await cloud().leases(network), { [String(second)]: `vm ${vm.id}` });
    await vm.terminate();
  });

  test("a reservation of one address serves a VM, and gives the address back", async () => {
    const network = await cloud().addNetwork("reserved");
    const address = (await cloud().addRange(network)).text("IP");
    await cloud().oned.run("onevnet", "reserve", network.name, "--name", "mine", "--size", "1");
    const vm = await cloud().createVm([{ NETWORK: "mine" }]);
    assert.deepEqual(await vm.addresses(), [address]);
    await vm.deploy("h1");
    assert.equal(cloud().whereIs(address), "h1");
    await vm.terminate();
    await cloud().untilAt(address, "free");
    await cloud().oned.run("onevnet", "delete", "mine");
    // oned deletes a network after its driver has answered.
    await until("the address is back", async () => (await cloud().isFree(network)) || undefined);
    assert.equal(cloud().flexibleIp(address).status, "ready");
  });
});
