// A guest changes its host or its state: where its address is meanwhile.
import assert from "node:assert/strict";
import { Cloud } from "../cloud.ts";
import { scenesOn } from "../stage.ts";

const scene = scenesOn(() => Cloud.start());

for (const [directAttach, wanted] of [
  ["moves", ["attach"]],
  ["refused", ["attach", "detach", "attach"]],
  ["ignored", ["attach", "detach", "attach"]],
] as const) {
  const title = `a live migration: the address serves the source during the copy, then the target; a direct attach`;
  scene(`${title} ${directAttach}`, async (cloud) => {
    cloud.simulator.account.behave({ directAttach });
    const { vm, address } = await cloud.publicGuest(`live ${directAttach}`);
    cloud.simulator.clearRequests();
    const isOnSource = () => assert.equal(cloud.whereIs(address), "h1");
    await cloud.host("h1").before("migrate", () => vm.do("migrate", "--live", "h2"), isOnSource);
    await vm.until("running");
    assert.equal(await vm.host(), "h2");
    assert.deepEqual(cloud.host("h2").guests(), [`one-${vm.id}`]);
    assert.equal(cloud.whereIs(address), "h2");
    const changes = cloud.simulator.calls().filter((call) => call === "attach" || call === "detach");
    assert.deepEqual(changes, wanted);
    await vm.terminate();
    await cloud.untilFree(address);
  });
}

for (const [state, words] of [
  ["suspended", ["suspend"]],
  ["powered off", ["poweroff", "--hard"]],
  ["undeployed", ["undeploy", "--hard"]],
] as const) {
  const next = state === "undeployed" ? "h2" : "h1";
  scene(`${state} the address is free and the VM's, and it is back where the guest runs again`, async (cloud) => {
    const { network, vm, address } = await cloud.publicGuest(state);
    const [action, ...options] = words;
    await vm.do(action, ...options);
    await vm.until(state);
    await cloud.untilFree(address);
    assert.deepEqual(await cloud.leases(network), { [address]: `vm ${vm.id}` });
    await (state === "undeployed" ? vm.deploy(next) : vm.resume());
    assert.equal(cloud.whereIs(address), next);
    await vm.terminate();
  });
}

scene("when libvirt does not say whether the guest is gone, its address stays", async (cloud) => {
  const { vm, address } = await cloud.publicGuest("unknown");
  cloud.host("h1").trouble("virsh-fails");
  await vm.powerOff();
  await cloud.simulator.account.settled();
  assert.equal(cloud.whereIs(address), "h1");
  cloud.host("h1").trouble("virsh-fails", false);
  await vm.resume();
  await vm.terminate();
  await cloud.untilFree(address);
});
