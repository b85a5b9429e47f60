// The times that users feel, with the recorded delays of the API. Nothing is asserted of a time.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { Cloud, rangeText } from "../cloud.ts";
import { LOCATION, versionOf } from "../installation.ts";
import { scenesOn } from "../stage.ts";
import { CHANNEL, timesSection } from "../times.ts";

const scene = scenesOn(() => Cloud.start({ settle: { recorded: 1 } }));

scene("the times are measured with the recorded delays and handed over", async (cloud) => {
  const times = new Map([
    ["from `onevm deploy` until the guest runs with its address", await timeOfDeploy(cloud)],
    [
      "live migration, the API moves an attached flexible IP: guest without its address for",
      await timeOfMigration(cloud, "moves"),
    ],
    ["live migration, the API refuses that: guest without its address for", await timeOfMigration(cloud, "refused")],
    ["`onevm create` while the API does not answer", await timeOfCreate(cloud, 1)],
    ["the same in a network with 20 free ranges", await timeOfCreate(cloud, 20)],
  ]);
  writeFileSync(CHANNEL, timesSection(times, versionOf(LOCATION)));
});

async function timeOfDeploy(cloud: Cloud): Promise<number> {
  const { network, address } = await cloud.publicNetwork("deployed");
  const vm = await cloud.createVm([network]);
  const start = performance.now();
  await vm.deploy("h1");
  const seconds = secondsSince(start);
  assert.equal(cloud.whereIs(address), "h1");
  await vm.terminate();
  return seconds;
}

/** How long the guest runs on a host that its address is not attached to. */
async function timeOfMigration(cloud: Cloud, directAttach: "moves" | "refused"): Promise<number> {
  cloud.simulator.account.behave({ directAttach });
  const { address, vm } = await cloud.publicGuest(`migrated ${directAttach}`);
  let away = 0;
  let last = performance.now();
  const watch = setInterval(() => {
    const now = performance.now();
    const guestAt = ["h1", "h2"].find((host) => cloud.host(host).guests().includes(`one-${vm.id}`));
    if (guestAt !== cloud.whereIs(address)) away += now - last;
    last = now;
  }, 10);
  try {
    await vm.migrate("h2");
  } finally {
    clearInterval(watch);
  }
  assert.equal(cloud.whereIs(address), "h2");
  await vm.terminate();
  return away / 1_000;
}

async function timeOfCreate(cloud: Cloud, count: number): Promise<number> {
  const network = await cloud.addNetwork(`away ${count}`, rangeText().repeat(count));
  cloud.simulator.account.behave({ api: "silent" });
  const start = performance.now();
  await cloud.createVm([network]);
  const seconds = secondsSince(start);
  cloud.simulator.account.behave({ api: "up" });
  return seconds;
}

function secondsSince(start: number): number {
  return (performance.now() - start) / 1_000;
}
