// Ranges that oned or the driver refuses: nothing stays paid.
import assert from "node:assert/strict";
import { test } from "node:test";
import { scenes } from "../stage.ts";

scenes("refused ranges", {}, (cloud) => {
  test('a range with SHARED="YES" buys nothing', async () => {
    const network = await cloud().addNetwork("shared");
    const paid = cloud().paid();
    const { code, stderr } = await cloud().oned.try([
      "onevnet",
      "addar",
      network.name,
      cloud().rangeFile({ SHARED: "YES" }),
    ]);
    assert.notEqual(code, 0);
    assert.match(stderr, /SHARED/i);
    assert.equal(cloud().paid(), paid);
    assert.equal((await cloud().ranges(network)).length, 0);
  });

  test("a second range with an address that another range has is refused and costs nothing", async () => {
    const network = await cloud().addNetwork("second");
    const range = await cloud().addRange(network);
    const paid = cloud().paid();
    const again = { SCW_FLEXIBLE_IP_ID: range.text("SCW_FLEXIBLE_IP_ID") };
    const refused = await cloud().oned.try(["onevnet", "addar", network.name, cloud().rangeFile(again)]);
    assert.notEqual(refused.code, 0);
    const typed = { IP: range.text("IP") };
    const alsoRefused = await cloud().oned.try(["onevnet", "addar", network.name, cloud().rangeFile(typed)]);
    assert.notEqual(alsoRefused.code, 0);
    assert.equal(cloud().paid(), paid);
    assert.equal((await cloud().ranges(network)).length, 1);
  });

  test("a range of more than one address is refused with what to do", async () => {
    const network = await cloud().addNetwork("more");
    const paid = cloud().paid();
    const { code, stderr } = await cloud().oned.try([
      "onevnet",
      "addar",
      network.name,
      cloud().rangeFile({ SIZE: "2" }),
    ]);
    assert.notEqual(code, 0);
    assert.match(stderr, /one (address )?range (per|for each) address/i);
    assert.equal(cloud().paid(), paid);
  });

  test("a quota that is used up refuses the range, and removes nothing", async () => {
    const network = await cloud().addNetwork("quota");
    const paid = cloud().paid();
    cloud().simulator.fault({
      call: "create",
      do: {
        kind: "status",
        status: 403,
        body: { type: "quotas_exceeded", details: [{ resource: "fips", quota: 8, current: 8 }] },
      },
    });
    const { code, stderr } = await cloud().oned.try(["onevnet", "addar", network.name, cloud().rangeFile()]);
    assert.notEqual(code, 0);
    assert.match(stderr, /quota/i);
    assert.equal(cloud().paid(), paid);
  });
});
