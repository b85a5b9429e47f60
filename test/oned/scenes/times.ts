// The times that users feel, with the recorded delays of the API. Nothing is asserted of a time.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cloud } from "../cloud.ts";
import { scenes } from "../stage.ts";
import { handOver } from "../times.ts";

scenes("times", { settle: { recorded: 1 } }, (cloud) => {
  test("are measured with the recorded delays and handed over", async (context) => {
    const tell = (what: string, seconds: number): number => {
      context.diagnostic(`${what}: ${seconds.toFixed(1)} s`);
      return seconds;
    };
    const deploy = tell("deploy", await timeOfDeploy(cloud()));
    const migrationDirect = tell("migration, direct", await timeOfMigration(cloud(), "moves"));
    const migrationRefused = tell("migration, refused", await timeOfMigration(cloud(), "refused"));
    const createAway = tell("create, API away", await timeOfCreate(cloud(), 1));
    const createAwayTwenty = tell("create, API away, 20 ranges", await timeOfCreate(cloud(), 20));
    handOver({ deploy, migrationDirect, migrationRefused, createAway, createAwayTwenty });
  });
});

async function timeOfDeploy(cloud: Cloud): Promise<number> {
  const network = await cloud.addNetwork("deployed");
  const address = (await cloud.addRange(network)).text("IP");
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
  const network = await cloud.addNetwork(`migrated ${directAttach}`);
  const address = (await cloud.addRange(network)).text("IP");
  const vm = await cloud.createVm([network]);
  await vm.deploy("h1");
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
  const range = ["AR", { TYPE: "IP4", IPAM_MAD: "scw-flexip", SIZE: "1" }] as const;
  const network = await cloud.addNetwork(
    `away ${count}`,
    Array.from({ length: count }, () => range),
  );
  cloud.simulator.account.behave({ api: "silent" });
  const start = performance.now();
  try {
    const vm = await cloud.createVm([network]);
    const seconds = secondsSince(start);
    assert.equal((await vm.addresses()).length, 1);
    return seconds;
  } finally {
    cloud.simulator.account.behave({ api: "up" });
  }
}

function secondsSince(start: number): number {
  return (performance.now() - start) / 1_000;
}
