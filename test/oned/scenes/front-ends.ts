// Three front-ends: one leads, the others follow, and any of them may be wrong about who holds what.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, suite, test } from "node:test";
import { FrontEnds } from "../front-ends.ts";
import { until } from "../until.ts";

suite("three front-ends", () => {
  let all: FrontEnds | undefined;
  before(async () => {
    all = await FrontEnds.start();
  });
  beforeEach(() => all?.untilWhole());
  afterEach(() => all?.calm());
  after(() => all?.stop());
  const frontEnds = (): FrontEnds => {
    if (all === undefined) throw new Error("the front-ends did not start");
    return all;
  };

  test("on the leader doctor and reconcile find nothing wrong; a follower says that it follows", async () => {
    const { cloud } = frontEnds();
    const network = await cloud.addNetwork("judged");
    const address = (await cloud.addRange(network)).text("IP");
    const vm = await cloud.createVm([network]);
    await vm.deploy("h1");
    const onLeader = await frontEnds().scwFlexip(1, "reconcile", "--apply-all", "--grace", "0");
    assert.equal(onLeader.code, 0, onLeader.stdout + onLeader.stderr);
    for (const number of [2, 3] as const) {
      const reconcile = await frontEnds().scwFlexip(number, "reconcile", "--apply-all", "--grace", "0");
      assert.match(reconcile.stdout + reconcile.stderr, /follow|lead/);
      const doctor = await frontEnds().scwFlexip(number, "doctor", "--frontend");
      assert.match(doctor.stdout + doctor.stderr, /follow|lead/);
    }
    assert.equal(cloud.whereIs(address), "h1");
    await vm.terminate();
  });

  test("a follower that was cut off before a VM took an address takes nothing from its guest", async () => {
    const { cloud } = frontEnds();
    const network = await cloud.addNetwork("lagging");
    const address = (await cloud.addRange(network)).text("IP");
    const shown = () => frontEnds().get(3).try(["onevnet", "show", network.name]);
    await until("front-end 3 knows the range", async () => (await shown()).stdout.includes(address) || undefined);
    await frontEnds().cut(3);
    const vm = await cloud.createVm([network]);
    await vm.deploy("h1");
    assert.match((await shown()).stdout, /USED LEASES\s+: 0/, "the follower knows nothing of the lease");
    const { code, stdout, stderr } = await frontEnds().scwFlexip(3, "reconcile", "--apply-all", "--grace", "0");
    await cloud.simulator.account.settled();
    assert.equal(cloud.whereIs(address), "h1");
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /follow|lead|candidate/);
    await vm.terminate();
  });

  test("when the leader is killed its guests keep their addresses, and the next leader goes on", async () => {
    const { cloud } = frontEnds();
    const network = await cloud.addNetwork("led");
    const [first, second] = [await cloud.addRange(network), await cloud.addRange(network)].map((range) =>
      range.text("IP"),
    );
    const vm = await cloud.createVm([network]);
    await vm.deploy("h1");
    await frontEnds().get(1).stop("SIGKILL");
    await frontEnds().untilLed();
    const next = await cloud.createVm([network]);
    await next.deploy("h2");
    assert.deepEqual(
      [first, second].map((address) => cloud.whereIs(String(address))),
      ["h1", "h2"],
    );
    await vm.terminate();
    await cloud.untilAt(String(first), "free");
    assert.equal(cloud.whereIs(String(second)), "h2");
    await next.terminate();
  });

  test("what an old leader's journal remembers cuts no guest off when it leads again", async () => {
    const { cloud } = frontEnds();
    const network = await cloud.addNetwork("remembered");
    const address = (await cloud.addRange(network)).text("IP");
    const old = await cloud.createVm([network]);
    await old.deploy("h1");
    cloud.simulator.account.behave({ api: "silent" });
    await old.terminate();
    cloud.simulator.account.behave({ api: "up" });
    await frontEnds().get(1).stop("SIGKILL");
    await frontEnds().untilLed();
    const next = await cloud.createVm([network]);
    await next.deploy("h1");
    assert.equal(cloud.whereIs(address), "h1");
    await frontEnds().get(1).start();
    await frontEnds().untilFirstLeads();
    await cloud.addRange(network);
    await cloud.simulator.account.settled();
    assert.equal(cloud.whereIs(address), "h1");
    await next.terminate();
  });
});
