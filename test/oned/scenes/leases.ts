// Leases that end in unusual ways: what a guest uses stays with the guest.
import assert from "node:assert/strict";
import { test } from "node:test";
import { scenes } from "../stage.ts";
import { until } from "../until.ts";

// Short, because hooks wait for an API that is away.
scenes("leases and attachments", { settings: { HOOK_TIMEOUT: "6" } }, (cloud) => {
  test("onevnet release of an address in use changes nothing for the guest, and oned's log says so", async () => {
    const network = await cloud().addNetwork("released");
    const address = (await cloud().addRange(network)).text("IP");
    const vm = await cloud().createVm([network]);
    await vm.deploy("h1");
    await cloud().oned.try(["onevnet", "release", network.name, address]);
    // What another action would bring about happens now.
    await cloud().addRange(network);
    await cloud().simulator.account.settled();
    assert.equal(cloud().whereIs(address), "h1");
    assert.deepEqual(await cloud().leases(network), { [address]: `vm ${vm.id}` });
    assert.match(cloud().oned.log(), new RegExp(`\\[W\\].*${address}.*${cloud().host("h1").serverId}`));
    await vm.terminate();
    await cloud().untilAt(address, "free");
  });

  test("an address left attached to the host where its next guest starts stays with that guest", async () => {
    const { network, address } = await leftAttached("same host");
    const vm = await cloud().createVm([network]);
    await vm.deploy("h1");
    await stir();
    assert.equal(cloud().whereIs(address), "h1");
    await vm.terminate();
    await cloud().untilAt(address, "free");
  });

  test("an address left attached elsewhere is with its next guest before that boots", async () => {
    const { network, address } = await leftAttached("other host");
    const vm = await cloud().createVm([network]);
    cloud().host("h2").hold("deploy");
    await vm.do("deploy", "h2");
    await until("the guest is about to boot", () => cloud().host("h2").isHeld("deploy") || undefined);
    assert.equal(cloud().whereIs(address), "h2");
    cloud().host("h2").hold("deploy", false);
    await vm.until("running");
    await stir();
    assert.equal(cloud().whereIs(address), "h2");
    await vm.terminate();
  });

  test("a hot-plugged address that was left attached elsewhere is with its guest before the NIC is", async () => {
    const { network, address } = await leftAttached("plugged");
    const vm = await cloud().createVm([]);
    await vm.deploy("h2");
    cloud().host("h2").hold("attach_nic");
    await vm.do("nic-attach", "--network", network.name);
    await until("the NIC is about to be attached", () => cloud().host("h2").isHeld("attach_nic") || undefined);
    assert.equal(cloud().whereIs(address), "h2");
    cloud().host("h2").hold("attach_nic", false);
    await vm.until("running");
    await vm.terminate();
  });

  /** A network whose only address was left attached to h1: its VM ended while the API was away. */
  async function leftAttached(name: string) {
    const network = await cloud().addNetwork(name);
    const address = (await cloud().addRange(network)).text("IP");
    const vm = await cloud().createVm([network]);
    await vm.deploy("h1");
    cloud().simulator.account.behave({ api: "silent" });
    await vm.terminate();
    assert.deepEqual(await cloud().leases(network), {}, "the lease ends although the API is away");
    cloud().simulator.account.behave({ api: "up" });
    assert.equal(cloud().whereIs(address), "h1");
    return { network, address };
  }

  /** Runs further actions on the front-end: what they owe from before, they would do now. */
  async function stir(): Promise<void> {
    const network = await cloud().addNetwork(`stir ${performance.now()}`);
    const range = await cloud().addRange(network);
    const vm = await cloud().createVm([network]);
    await vm.terminate();
    await cloud().oned.run("onevnet", "rmar", network.name, range.text("AR_ID"));
    await cloud().simulator.account.settled();
  }
});
