// NICs that come and go while the guest runs, and addresses that share a NIC.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import type { Network } from "../cloud.ts";
import { reportPciDevice } from "../pci-device.ts";
import { scenes } from "../stage.ts";

scenes("hot plug and aliases", {}, (cloud) => {
  let inner: Network;
  before(async () => {
    const range = { TYPE: "IP4", IP: "10.0.0.10", SIZE: "50" };
    inner = await cloud().addNetwork("inner", [
      ["BRIDGE", "br1"],
      ["AR", range],
    ]);
  });

  test("a private NIC comes and goes, and the public one serves on", async () => {
    const network = await cloud().addNetwork("beside");
    const address = (await cloud().addRange(network)).text("IP");
    const vm = await cloud().createVm([network]);
    await vm.deploy("h1");
    const nic = await vm.attach(inner);
    assert.equal(cloud().whereIs(address), "h1");
    await vm.detach(nic.text("NIC_ID"));
    await cloud().simulator.account.settled();
    assert.equal(cloud().whereIs(address), "h1");
    await vm.terminate();
  });

  test("a public NIC comes with its address, and goes without touching the first one", async () => {
    const network = await cloud().addNetwork("two");
    const ranges = [await cloud().addRange(network), await cloud().addRange(network)];
    const [first, second] = ranges.map((range) => range.text("IP"));
    const vm = await cloud().createVm([network]);
    await vm.deploy("h1");
    const nic = await vm.attach(network);
    assert.equal(nic.text("IP"), second);
    assert.deepEqual(
      [first, second].map((address) => cloud().whereIs(String(address))),
      ["h1", "h1"],
    );
    await vm.detach(nic.text("NIC_ID"));
    await cloud().untilAt(String(second), "free");
    assert.equal(cloud().whereIs(String(first)), "h1");
    await vm.terminate();
  });

  test("an alias of a network that allows them shares its NIC's virtual MAC, and leaves it again", async () => {
    const network = await cloud().addNetwork("main");
    const address = (await cloud().addRange(network)).text("IP");
    const aliases = await cloud().addNetwork("aliases", [["SCW_FLEXIP_ALIAS", "YES"]]);
    const alias = (await cloud().addRange(aliases)).text("IP");
    const vm = await cloud().createVm([network]);
    await vm.deploy("h1");
    await vm.attach(aliases, "--alias", "NIC0");
    assert.deepEqual(
      [address, alias].map((one) => cloud().whereIs(one)),
      ["h1", "h1"],
    );
    const macs = [address, alias].map((one) => cloud().flexibleIp(one).mac_address?.mac_address);
    assert.equal(macs[0], macs[1]);
    await vm.detach("1");
    await cloud().untilAt(alias, "free");
    assert.equal(cloud().whereIs(address), "h1");
    // It gave its own MAC up the first time, and serves as an alias again.
    await vm.attach(aliases, "--alias", "NIC0");
    assert.equal(cloud().whereIs(alias), "h1");
    await vm.terminate();
  });

  test("an alias on a network that does not allow them is refused, and the next VMs there start", async () => {
    const network = await cloud().addNetwork("shared by tenants");
    const addresses: string[] = [];
    for (let count = 0; count < 3; count += 1) addresses.push((await cloud().addRange(network)).text("IP"));
    const macs = () => addresses.map((address) => cloud().flexibleIp(address).mac_address?.mac_address);
    const own = macs();
    const vm = await cloud().createVm([network]);
    await vm.deploy("h1");
    await vm.do("nic-attach", "--network", network.name, "--alias", "NIC0");
    await vm.until("running");
    assert.deepEqual(await vm.addresses(), [addresses[0]], "oned took the alias back");
    assert.match(vm.log(), /SCW_FLEXIP_ALIAS/);
    assert.deepEqual(macs(), own, "every address has its own virtual MAC still");
    for (const next of [1, 2]) {
      const other = await cloud().createVm([network]);
      await other.deploy("h2");
      assert.equal(cloud().whereIs(String(addresses[next])), "h2");
    }
  });

  test("a NIC on a network for aliases is refused in words that name the attribute, and no guest boots", async () => {
    const aliases = await cloud().addNetwork("aliases only", [["SCW_FLEXIP_ALIAS", "YES"]]);
    await cloud().addRange(aliases);
    const vm = await cloud().createVm([aliases]);
    await vm.do("deploy", "h1");
    await vm.until("boot failure");
    assert.match(vm.log(), /SCW_FLEXIP_ALIAS/);
    await vm.terminate();
  });

  test("a PCI NIC comes and goes, and the public NIC serves on, although libvirt does not answer", async () => {
    const network = await cloud().addNetwork("beside PCI");
    const address = (await cloud().addRange(network)).text("IP");
    const vm = await cloud().createVm([network]);
    await vm.deploy("h1");
    await reportPciDevice(cloud(), "h1", "0000:01:00.0");
    const nic = await vm.attach(inner, "--pci", "01:00.0");
    assert.equal(cloud().whereIs(address), "h1");
    cloud().host("h1").breakVirsh();
    await vm.detach(nic.text("NIC_ID"));
    await cloud().simulator.account.settled();
    assert.equal(cloud().whereIs(address), "h1");
    await vm.terminate();
  });
});
