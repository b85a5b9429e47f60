// scw-flexip pool by the built executable: what is bought, taken, given back, and what a bill and a guest see of it.
import assert from "node:assert/strict";
import { addRange, type CloudRig, onRig, SERVER_A } from "../cloud-rig.ts";

const NOTES = "var/lib/one/scw-flexip/pool.json";
const POOL = "pool public --spare 2 --max 4 --grace 0";

onRig("pool buys up to the spare ranges, again when they are leased, and no more than the maximum", async (rig) => {
  await rig.exits(0, POOL);
  assert.deepEqual([paid(rig), free(rig)], [2, 2]);
  assert.equal((await rig.exits(0, POOL)).stdout, "");
  assert.equal(paid(rig), 2);
  leaseAll(rig);
  await rig.exits(0, POOL);
  assert.deepEqual([paid(rig), free(rig)], [4, 2]);
  leaseAll(rig);
  const { stderr } = await rig.exits(3, POOL);
  assert.match(stderr, /public: 2 more are wanted, but 4 is the maximum; raise --max/);
  assert.equal(paid(rig), 4);
});

onRig("pool gives back what has been free for long enough, and nothing leased or adopted", async (rig) => {
  await rig.exits(0, "pool public --spare 3 --max 4");
  rig.flexibleIp("203.0.113.77", { tags: [] });
  await rig.exits(0, "range add --network public --adopt 203.0.113.77");
  rig.changeRanges(([first]) => Object.assign(first ?? {}, { vm: "7" }));
  await rig.exits(0, "pool public --spare 0 --max 4 --shrink-after 0m");
  const left = rig.cloud.networks[0]?.ranges.map(({ vm, attributes }) => vm ?? attributes.IP);
  assert.deepEqual(left, ["7", "203.0.113.77"]);
  assert.equal(paid(rig), 2);
});

onRig("pool counts free time from the first run that saw the range free, whatever changes its tags", async (rig) => {
  const shrink = "pool public --spare 0 --max 4 --shrink-after 1h";
  await rig.exits(0, "pool public --spare 1 --max 4");
  await rig.exits(0, shrink);
  assert.equal(paid(rig), 1, "free for less than an hour");
  // As if an earlier run had seen it two hours ago.
  const since = new Date(Date.now() - 7_200_000).toISOString();
  rig.edit(NOTES, (text) => text.replaceAll(/"\d{4}-[^"]*"/g, JSON.stringify(since)));
  for (const { id, tags } of rig.simulator.account.all()) rig.simulator.account.set(id, { tags: [...tags, "theirs"] });
  assert.match((await rig.exits(0, `${shrink} --dry-run`)).stdout, /remove/);
  await rig.exits(0, shrink);
  assert.equal(paid(rig), 0);
});

onRig(
  "pool gives back the ranges free longest, none that is attached, and counts none that cannot serve",
  async (rig) => {
    const last = ["1", "2", "3", "4"];
    const ids = last.map((each) => addRange(rig, `203.0.113.${each}`, undefined, each === "4" ? SERVER_A : null));
    const daysFree = [3, 5, 4, 9];
    const since = ids.map((id, index) => [id, new Date(Date.now() - (daysFree[index] ?? 0) * 86_400_000)]);
    rig.write(NOTES, JSON.stringify(Object.fromEntries(since)));
    await rig.exits(0, "pool public --spare 2 --max 4");
    const left = rig.cloud.networks[0]?.ranges.map(({ attributes }) => attributes.IP);
    assert.deepEqual(left, ["203.0.113.1", "203.0.113.4"]);
    await rig.exits(0, "pool public --spare 0 --max 4 --shrink-after 1h");
    rig.simulator.account.set(addRange(rig, "203.0.113.5"), { status: "locked" });
    rig.simulator.account.remove(addRange(rig, "203.0.113.6"));
    const { stderr } = await rig.exits(0, `${POOL} --dry-run`);
    assert.match(stderr, /public: 1 of 3 free/);
  },
);

onRig("pool takes idle addresses of this cloud before it buys, and they stay bought", async (rig) => {
  const id = rig.flexibleIp("203.0.113.9");
  assert.deepEqual(await rig.json(POOL), [
    { network: "public", action: "adopt", address: "203.0.113.9", result: "done" },
    { network: "public", action: "buy", address: null, result: "done" },
  ]);
  assert.equal(paid(rig), 2);
  assert.ok(rig.simulator.account.get(id)?.tags.includes("scw-flexip:created"));
});

onRig("pool --dry-run says what it would cost, and a target that is no number is refused", async (rig) => {
  rig.configure({ PRICE_MONTH: "2.20" });
  const { stderr } = await rig.exits(0, `${POOL} --dry-run`);
  assert.match(stderr, /public: 0 of 0 free, 2 wanted, at most 4; would buy 2, give back 0; \+4\.40 a month/);
  assert.equal(paid(rig), 0);
  const refused = await rig.exits(2, "pool public --spare two --max 4");
  assert.match(refused.stderr, /network public: spare two is no whole number/);
  await rig.exits(2, "pool public --spare 2");
});

onRig("pool stops at the first refusal and keeps what it bought before", async (rig) => {
  rig.simulator.account.limits.perProject = 1;
  const [bought, refused, ...others] = await rig.json("pool public --spare 3 --max 4", 1);
  assert.equal(bought.result, "done");
  assert.match(refused.result, /quota/);
  assert.deepEqual(others, []);
  assert.equal(paid(rig), 1);
});

onRig("pool fills the networks that declare a target, and refuses a second run at once", async (rig) => {
  const template = { SCW_FLEXIP_SPARE: "2", SCW_FLEXIP_MAX: "3" };
  rig.change(({ networks: [network] }) => Object.assign(network ?? {}, { template }));
  const outcomes = await Promise.all([rig.run(["pool"]), rig.run(["pool"])]);
  assert.deepEqual(outcomes.map(({ code }) => code).sort(), [0, 4], outcomes.map(({ stderr }) => stderr).join(""));
  assert.equal(paid(rig), 2);
});

/** How many flexible IPs there are, each of which is paid for. */
function paid(rig: CloudRig): number {
  return rig.simulator.account.all().length;
}

/** How many ranges no VM has. */
function free(rig: CloudRig): number | undefined {
  return rig.cloud.networks[0]?.ranges.filter(({ vm }) => vm === undefined).length;
}

function leaseAll(rig: CloudRig): void {
  rig.changeRanges((ranges) => {
    for (const range of ranges) range.vm = "7";
  });
}
