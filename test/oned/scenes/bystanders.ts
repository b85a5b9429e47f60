// VMs and hosts that have nothing to do with Scaleway never notice the driver.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import type { Network } from "../cloud.ts";
import { scenes } from "../stage.ts";
import { until } from "../until.ts";

scenes("VMs without flexible IPs", {}, (cloud) => {
  let inner: Network;
  before(async () => {
    await cloud().addHost("h3", { hasServer: false });
    inner = await cloud().addNetwork("inner", [["AR", { TYPE: "IP4", IP: "10.0.0.10", SIZE: "50" }]]);
  });

  test("a private VM with 800 KiB of user template lives on a host that nobody prepared", async () => {
    cloud().simulator.clearRequests();
    const vm = await cloud().createVm([inner], [["NOTES", "x".repeat(800 * 1_024)]]);
    await vm.deploy("h3");
    const nic = await vm.attach(inner);
    await vm.detach(nic.text("NIC_ID"));
    await vm.terminate();
    assert.deepEqual(cloud().simulator.calls(), []);
    assert.equal(cloud().host("h3").log(), "");
  });

  test("a public VM with 800 KiB of user template has its address", async () => {
    const network = await cloud().addNetwork("large");
    const address = (await cloud().addRange(network)).text("IP");
    const vm = await cloud().createVm([network], [["NOTES", "x".repeat(800 * 1_024)]]);
    await vm.deploy("h1");
    assert.equal(cloud().whereIs(address), "h1");
    await vm.terminate();
    await cloud().untilAt(address, "free");
  });

  test("a public address that is no flexible IP needs nothing of a host", async () => {
    const other = await cloud().addNetwork("other public", [["AR", { TYPE: "IP4", IP: "198.51.100.10", SIZE: "5" }]]);
    for (const host of ["h3", "h1"]) {
      const vm = await cloud().createVm([other]);
      await vm.deploy(host);
      await vm.do("poweroff", "--hard");
      await vm.until("powered off");
      await vm.terminate();
    }
  });

  test("a flexible IP on a host without server id: no guest boots, and the VM's log says what is missing", async () => {
    const network = await cloud().addNetwork("unprepared");
    const address = (await cloud().addRange(network)).text("IP");
    const vm = await cloud().createVm([network]);
    await vm.do("deploy", "h3");
    await vm.until("boot failure");
    assert.match(vm.log(), /server.?id|token/i);
    assert.equal(cloud().whereIs(address), "free");
    await vm.terminate();
  });

  test("a public NIC of another network driver beside a private bridge NIC is not looked at", async () => {
    const range = { TYPE: "IP4", IP: "198.51.100.50", SIZE: "5" };
    const other = await cloud().addNetwork("other driver", [
      ["VN_MAD", "dummy"],
      ["AR", range],
    ]);
    const vm = await cloud().createVm([inner, other]);
    cloud().simulator.clearRequests();
    await vm.deploy("h3");
    await vm.do("poweroff", "--hard");
    await vm.until("powered off");
    await vm.do("resume");
    await vm.until("running");
    await vm.terminate();
    assert.deepEqual(cloud().simulator.calls(), []);
  });

  test("with a token that nobody may use, private VMs live on, and a public one's end does not fail", async () => {
    const network = await cloud().addNetwork("denied");
    await cloud().addRange(network);
    const vm = await cloud().createVm([network]);
    await vm.deploy("h1");
    cloud().simulator.account.deny();
    const other = await cloud().createVm([inner]);
    await other.deploy("h1");
    await other.terminate();
    await vm.terminate();
    assert.deepEqual(await cloud().leases(network), {});
    cloud().simulator.account.allow();
  });

  test("an address and a MAC typed by somebody else bring them nothing, and the guest keeps its address", async () => {
    const network = await cloud().addNetwork("theirs");
    const range = await cloud().addRange(network);
    const address = range.text("IP");
    const vm = await cloud().createVm([network]);
    await vm.deploy("h1");
    const typed = { TYPE: "IP4", IP: address, MAC: range.text("MAC"), SIZE: "1" };
    const forged = await cloud().addNetwork("typed", [["AR", typed]]);
    const other = await cloud().createVm([forged]);
    await other.do("deploy", "h2");
    await until(
      "it runs or not",
      async () => (await other.is("running")) || (await other.is("boot failure")) || undefined,
    );
    await cloud().simulator.account.settled();
    assert.equal(cloud().whereIs(address), "h1");
    await other.terminate();
    await cloud().simulator.account.settled();
    assert.equal(cloud().whereIs(address), "h1");
    await vm.terminate();
  });

  test("a tenant cannot write another address's intent or ids into a network of his own", async () => {
    const { oned } = cloud();
    const range = await cloud().addRange(await cloud().addNetwork("whose intent is seen"));
    const own = await cloud().addNetwork("of a tenant");
    await oned.run("oneuser", "create", "tenant", "not-a-secret");
    await oned.run("onevnet", "chown", own.name, "tenant");
    const asTenant = ["--append", "--user", "tenant", "--password", "not-a-secret"];
    const write = (name: string) => {
      const text = cloud().file([[name, range.text("SCW_FLEXIP_INTENT")]]);
      return oned.try(["onevnet", "update", String(own.id), text, ...asTenant]);
    };
    assert.equal((await write("OF_HIS_OWN")).code, 0);
    for (const name of ["SCW_FLEXIP_INTENT", "SCW_FLEXIBLE_IP_ID", "SCW_FLEXIBLE_IP6_ID", "EXTERNAL_IP"]) {
      assert.match((await write(name)).stderr, /restricted attribute/, name);
    }
  });
});
