// The API is away, refuses or is slow: what still works, and what the operator sees.
import assert from "node:assert/strict";
import { test } from "node:test";
import { scenes } from "../stage.ts";

scenes("an API that is away, refuses or is slow", { settings: { HOOK_TIMEOUT: "6" } }, (cloud) => {
  test("with 20 free ranges and no API a VM gets its lease, and another one's end is not held up", async () => {
    const ranges = Array.from(
      { length: 20 },
      () => ["AR", { TYPE: "IP4", IPAM_MAD: "scw-flexip", SIZE: "1" }] as const,
    );
    const network = await cloud().addNetwork("twenty", ranges);
    const addresses = (await cloud().ranges(network)).map((range) => range.text("IP"));
    assert.equal(addresses.length, 20);
    const other = await cloud().createVm([network]);
    await other.deploy("h1");
    const template = await cloud().oned.run("onetemplate", "create", cloud().vmFile([network], [["NAME", "late"]]));
    cloud().simulator.account.behave({ api: "silent" });
    const [instantiated] = await Promise.all([
      cloud().oned.try(["onetemplate", "instantiate", /\d+/.exec(template)?.[0] ?? "", "--hold"]),
      other.terminate(),
    ]);
    assert.equal(instantiated.code, 0, instantiated.stderr);
    const held = Object.values(await cloud().leases(network));
    assert.equal(held.length, 1, "the ended VM's lease is free, the new one's is taken");
    assert.match(cloud().oned.log(), /\[W\].*(unchecked|does not answer|without)/);
    cloud().simulator.account.behave({ api: "up" });
  });

  test("a VM ends while the API is away, and its address serves the next one", async () => {
    const network = await cloud().addNetwork("ended");
    const address = (await cloud().addRange(network)).text("IP");
    const first = await cloud().createVm([network]);
    await first.deploy("h1");
    cloud().simulator.account.behave({ api: "silent" });
    await first.terminate();
    assert.deepEqual(cloud().host("h1").guests(), []);
    assert.deepEqual(await cloud().leases(network), {});
    cloud().simulator.account.behave({ api: "up" });
    const second = await cloud().createVm([network]);
    await second.deploy("h2");
    assert.equal(cloud().whereIs(address), "h2");
    await second.terminate();
  });

  test("without an API no guest boots, and once it is back a retry brings the guest up", async () => {
    const network = await cloud().addNetwork("away");
    const address = (await cloud().addRange(network)).text("IP");
    const vm = await cloud().createVm([network]);
    cloud().simulator.account.behave({ api: "silent" });
    await vm.do("deploy", "h1");
    await vm.until("boot failure");
    assert.deepEqual(cloud().host("h1").guests(), []);
    assert.match(vm.log(), new RegExp(address.replaceAll(".", "\\.")), "the VM's log names the address");
    cloud().simulator.account.behave({ api: "up" });
    await vm.do("recover", "--retry");
    await vm.until("running");
    assert.equal(cloud().whereIs(address), "h1");
    await vm.terminate();
  });

  test("an attach that is refused keeps the guest from booting, with the API's reason in the VM's log", async () => {
    const network = await cloud().addNetwork("refused");
    const address = (await cloud().addRange(network)).text("IP");
    const vm = await cloud().createVm([network]);
    const fault = cloud().simulator.fault({
      call: "attach",
      times: Number.POSITIVE_INFINITY,
      do: { kind: "status", status: 403, body: { type: "permissions_denied", message: "insufficient permissions" } },
    });
    await vm.do("deploy", "h1");
    await vm.until("boot failure");
    assert.match(vm.log(), /permission/);
    assert.equal(cloud().whereIs(address), "free");
    fault.remove();
    await vm.do("recover", "--retry");
    await vm.until("running");
    assert.equal(cloud().whereIs(address), "h1");
    await vm.terminate();
  });

  for (const ms of [65, 5_000]) {
    test(`a whole life with ${ms} ms for each call`, async () => {
      const network = await cloud().addNetwork(`slow ${ms}`);
      const range = await cloud().addRange(network);
      const address = range.text("IP");
      cloud().set({ HOOK_TIMEOUT: "60" });
      cloud().simulator.account.behave({ latencyMs: ms });
      const vm = await cloud().createVm([network]);
      await vm.deploy("h1");
      assert.equal(cloud().whereIs(address), "h1");
      await vm.terminate();
      await cloud().untilAt(address, "free");
      cloud().simulator.account.behave({ latencyMs: 0 });
      cloud().set({ HOOK_TIMEOUT: "6" });
    });
  }
});
