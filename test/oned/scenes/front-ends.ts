// Three front-ends: one leads, the others follow, and any of them may be wrong about who holds what.
import assert from "node:assert/strict";
import { FrontEnds } from "../front-ends.ts";
import { scenesOn } from "../stage.ts";
import { until } from "../until.ts";

const RECONCILE = ["reconcile", "--apply-all", "--grace", "0"];

const scene = scenesOn(FrontEnds.start);

scene("on the leader doctor and reconcile find nothing wrong; a follower says that it follows", async (frontEnds) => {
  const cloud = await frontEnds.whole();
  const { address, vm } = await cloud.publicGuest("judged");
  const onLeader = await cloud.oned.scwFlexip(...RECONCILE);
  assert.equal(onLeader.code, 0, onLeader.stdout + onLeader.stderr);
  for (const words of [RECONCILE, ["doctor", "--frontend"]]) {
    for (const number of [2, 3] as const) {
      const { stdout, stderr } = await frontEnds.get(number).scwFlexip(...words);
      assert.match(stdout + stderr, /follow|lead/);
    }
  }
  assert.equal(cloud.whereIs(address), "h1");
  await vm.terminate();
});

scene("a follower that was cut off before a VM took an address takes nothing from its guest", async (frontEnds) => {
  const cloud = await frontEnds.whole();
  const { network, address } = await cloud.publicNetwork("lagging");
  const shown = async () => (await frontEnds.get(3).try("onevnet", "show", network.name)).stdout;
  await until("front-end 3 knows the range", async () => (await shown()).includes(address));
  frontEnds.cut(3);
  const vm = await cloud.createVm([network]);
  await vm.deploy("h1");
  assert.match(await shown(), /USED LEASES\s+: 0/, "the follower knows nothing of the lease");
  const { code, stdout, stderr } = await frontEnds.get(3).scwFlexip(...RECONCILE);
  await cloud.simulator.account.settled();
  assert.equal(cloud.whereIs(address), "h1");
  assert.notEqual(code, 0);
  assert.match(stdout + stderr, /follow|lead|candidate/);
  await vm.terminate();
});

scene("when the leader is killed its guests keep their addresses, and the next leader goes on", async (frontEnds) => {
  const cloud = await frontEnds.whole();
  const { network, address: first, vm } = await cloud.publicGuest("led");
  const second = (await cloud.addRange(network)).text("IP");
  await cloud.oned.stop("SIGKILL");
  await frontEnds.untilLed();
  const next = await cloud.createVm([network]);
  await next.deploy("h2");
  assert.deepEqual([cloud.whereIs(first), cloud.whereIs(second)], ["h1", "h2"]);
  await vm.terminate();
  await cloud.untilFree(first);
  assert.equal(cloud.whereIs(second), "h2");
  await next.terminate();
});

scene("what an old leader's journal remembers cuts no guest off when it leads again", async (frontEnds) => {
  const cloud = await frontEnds.whole();
  const { network, address, vm: old } = await cloud.publicGuest("remembered");
  cloud.simulator.account.behave({ api: "silent" });
  await old.terminate();
  cloud.simulator.account.behave({ api: "up" });
  await cloud.oned.stop("SIGKILL");
  await frontEnds.untilLed();
  const next = await cloud.createVm([network]);
  await next.deploy("h1");
  assert.equal(cloud.whereIs(address), "h1");
  await frontEnds.get(1).start();
  await frontEnds.untilFirstLeads();
  await cloud.addRange(network);
  await cloud.simulator.account.settled();
  assert.equal(cloud.whereIs(address), "h1");
  await next.terminate();
});
