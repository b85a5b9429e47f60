// The API is away or refuses: what still works, what the operator sees, and what VMs leave behind that end meanwhile.
import assert from "node:assert/strict";
import { Cloud, rangeText } from "../cloud.ts";
import { idsIn } from "../oned.ts";
import { scenesOn } from "../stage.ts";

// Short, because hooks wait for an API that is away.
const scene = scenesOn(() => Cloud.start({ settings: { HOOK_TIMEOUT: "6" } }));

scene("with 20 free ranges and no API a VM gets its lease, and another one's end is not held up", async (cloud) => {
  const network = await cloud.addNetwork("twenty", rangeText().repeat(20));
  assert.equal((await cloud.ranges(network)).length, 20);
  const other = await cloud.createVm([network]);
  await other.deploy("h1");
  const said = await cloud.oned.run("onetemplate", "create", cloud.vmFile([network], 'NAME="late"'));
  const [template] = idsIn(said);
  cloud.simulator.account.behave({ api: "silent" });
  const [instantiated] = await Promise.all([
    cloud.oned.try("onetemplate", "instantiate", String(template), "--hold"),
    other.terminate(),
  ]);
  assert.equal(instantiated.code, 0, instantiated.stderr);
  const held = Object.values(await cloud.leases(network));
  assert.equal(held.length, 1, "the ended VM's lease is free, the new one's is taken");
  assert.match(cloud.oned.log(), /\[W\].*(unchecked|does not answer|without)/);
});

scene("without an API no guest boots, and once it is back a retry brings the guest up", async (cloud) => {
  const { network, address } = await cloud.publicNetwork("away");
  const vm = await cloud.createVm([network]);
  cloud.simulator.account.behave({ api: "silent" });
  await vm.deployInVain("h1");
  assert.deepEqual(cloud.host("h1").guests(), []);
  assert.ok(vm.log().includes(address), "the VM's log names the address");
  cloud.simulator.account.behave({ api: "up" });
  await vm.do("recover", "--retry");
  await vm.until("running");
  assert.equal(cloud.whereIs(address), "h1");
  await vm.terminate();
});

scene("an address left attached to the host where its next guest starts stays with that guest", async (cloud) => {
  const { network, address } = await leftAttached(cloud, "same host");
  const vm = await cloud.createVm([network]);
  await vm.deploy("h1");
  await stir(cloud, "on the same host");
  assert.equal(cloud.whereIs(address), "h1");
  await vm.terminate();
  await cloud.untilFree(address);
});

scene("an address left attached elsewhere is with its next guest before that boots", async (cloud) => {
  const { network, address } = await leftAttached(cloud, "other host");
  const vm = await cloud.createVm([network]);
  const isThere = () => assert.equal(cloud.whereIs(address), "h2");
  await cloud.host("h2").before("deploy", () => vm.do("deploy", "h2"), isThere);
  await vm.until("running");
  await stir(cloud, "on the other host");
  isThere();
  await vm.terminate();
});

scene("a hot-plugged address that was left attached elsewhere is with its guest before the NIC is", async (cloud) => {
  const { network, address } = await leftAttached(cloud, "plugged");
  const vm = await cloud.createVm([]);
  await vm.deploy("h2");
  const plug = () => vm.do("nic-attach", "--network", network.name);
  await cloud.host("h2").before("attach_nic", plug, () => assert.equal(cloud.whereIs(address), "h2"));
  await vm.until("running");
  await vm.terminate();
});

/** A network whose only address was left attached to h1: its VM ended while the API was away. */
async function leftAttached(cloud: Cloud, name: string) {
  const { network, address, vm } = await cloud.publicGuest(name);
  cloud.simulator.account.behave({ api: "silent" });
  await vm.terminate();
  assert.deepEqual(cloud.host("h1").guests(), []);
  assert.deepEqual(await cloud.leases(network), {}, "the lease ends although the API is away");
  cloud.simulator.account.behave({ api: "up" });
  assert.equal(cloud.whereIs(address), "h1");
  return { network, address };
}

/** Runs further actions on the front-end: what they owe from before, they would do now. */
async function stir(cloud: Cloud, name: string): Promise<void> {
  const { network, range } = await cloud.publicNetwork(`stir ${name}`);
  const vm = await cloud.createVm([network]);
  await vm.terminate();
  await cloud.oned.run("onevnet", "rmar", network.name, range.text("AR_ID"));
  await cloud.simulator.account.settled();
}
