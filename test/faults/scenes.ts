// What no single action shows: two front-ends on one project, and 200 processes at once.

import { setImmediate as nextTurn } from "node:timers/promises";
import { settleGuest } from "../cloud/pool.ts";
import type { Hook, RunResult } from "../rig.ts";
import * as check from "./check.ts";
import { applySteps, findings } from "./findings.ts";
import type { SceneKind } from "./kind.ts";
import type { Launch } from "./launch.ts";
import { succeed, Unexpected } from "./path.ts";
import { foundIn, type Outcome, type Played } from "./play.ts";
import { TestCloud } from "./test-cloud.ts";

export const SCENES: readonly SceneKind[] = [
  {
    ...{ family: "machine", name: "two front-ends: one dies in a registration, the other goes on" },
    how: "separate state files, one project and cloud; SIGKILL after the create acted",
    scenes: [scene("register_address_range", "the other's action leaves it alone", diesBesideAnother)],
  },
  {
    ...{ family: "machine", name: "two front-ends: a lease over an address that is still attached" },
    how: "the API is away while the first ends the lease; the second gives the address to a guest",
    scenes: [
      scene("free_address", "the guest starts on the same host", (cloud) => leasesOver(cloud, "h1")),
      scene("free_address", "the guest starts on another host", (cloud) => leasesOver(cloud, "h2")),
    ],
  },
  {
    ...{ family: "machine", name: "a listing that stands still" },
    how: "the API lists what was there before; reads by id are right",
    scenes: [
      scene("get_address", "a life of a lease, deploy to termination", (cloud) => livesOnOldListing(cloud)),
      scene("unregister_address_range", "a registration and its removal", registersOnOldListing),
      scene("register_address_range", "a registration whose virtual MAC is refused", isRefusedOnOldListing),
    ],
  },
  {
    ...{ family: "machine", name: "two front-ends adopt one address at once" },
    how: "the first one's change is held, while the second registers",
    scenes: [scene("register_address_range", "held before it tags", adoptsBesideAnother)],
  },
  {
    ...{ family: "machine", name: "200 processes at once" },
    how: "all actions and hooks, each on an address of its own, started together",
    scenes: [scene("register_address_range", "200 processes", crowd)],
  },
];

type Action = Played["action"];
type Play = (cloud: TestCloud) => Promise<{ outcome: Outcome; problems: string[]; ms: number }>;

function scene(action: Action, point: string, play: Play): SceneKind["scenes"][number] {
  return {
    point,
    play: async () => {
      const cloud = await TestCloud.start();
      try {
        const { outcome, problems, ms } = await play(cloud);
        await cloud.account.settled();
        const after = [...check.always(cloud), ...check.settled(cloud)];
        const found = await foundIn(cloud);
        return { action, outcome, problems: [...new Set([...problems, ...after, ...found])], ms, hasStruck: true };
      } catch (error) {
        const problem =
          error instanceof Unexpected ? error.message : String(error instanceof Error ? error.stack : error);
        return { action, outcome: "refused", problems: [problem], ms: 0, hasStruck: true };
      } finally {
        await cloud.stop();
      }
    },
  };
}

async function diesBesideAnother(cloud: TestCloud): ReturnType<Play> {
  const fault = cloud.rig.simulator.fault({ call: "create", do: { kind: "hold", when: "after" } });
  const started: Launch["started"] = (child) => void fault.reached.then(() => child.kill("SIGKILL"));
  const start = performance.now();
  await cloud.oned({ started }).register({ SIZE: "1" });
  fault.remove();
  const created = cloud.account.all().length;
  await succeed(() => cloud.oned({}, "fe2").hold(cloud.spare));
  const problems = cloud.account.all().length === created ? [] : ["the other front-end undid what is not its own"];
  await succeed((how) => cloud.oned(how).hold(cloud.spare));
  return { outcome: "later", problems, ms: performance.now() - start };
}

async function leasesOver(cloud: TestCloud, host: "h1" | "h2"): ReturnType<Play> {
  const range = cloud.range({ on: "h1" });
  const { account } = cloud.rig.simulator;
  const start = performance.now();
  account.behave({ api: "unavailable" });
  await succeed((how) => cloud.oned(how).free(range));
  account.behave({ api: "up" });
  const vm = cloud.vm([range]);
  await succeed(() => cloud.oned({}, "fe2").lease(range, vm));
  await succeed((how) => cloud.oned(how).hook(vm, host, "pre"));
  await succeed((how) => cloud.oned(how).hook(vm, host, "post"));
  settleGuest(vm, host);
  for (const id of range.ids) cloud.untouchable.add(id);
  cloud.rig.simulator.clearRequests();
  // What the first front-end noted must not reach the guest.
  await succeed((how) => cloud.oned(how).hold(cloud.spare));
  await succeed((how) => cloud.oned(how).free(cloud.spare));
  return { outcome: "done", problems: [], ms: performance.now() - start };
}

async function livesOnOldListing(cloud: TestCloud): ReturnType<Play> {
  const range = cloud.range();
  const vm = cloud.vm([range]);
  cloud.account.behave({ listLagMs: 1e9 });
  const start = performance.now();
  await succeed((how) => cloud.oned(how).lease(range, vm));
  const hook = (host: "h1" | "h2", name: Hook): Promise<void> => succeed((how) => cloud.oned(how).hook(vm, host, name));
  for (const [from, to] of [
    ["h1", "h2"],
    ["h2", "h1"],
  ] as const) {
    await hook(from, "pre");
    await hook(from, "post");
    await hook(to, "pre");
    await hook(from, "clean");
    await hook(to, "post");
  }
  settleGuest(vm, "h1");
  const ms = performance.now() - start;
  const problems = cloud.placeOf(range) === "h1" ? [] : [`the address is ${cloud.placeOf(range)}`];
  cloud.account.behave({ listLagMs: 0 });
  return { outcome: "done", problems, ms };
}

async function registersOnOldListing(cloud: TestCloud): ReturnType<Play> {
  cloud.account.behave({ listLagMs: 1e9 });
  const start = performance.now();
  await succeed((how) => cloud.oned(how).register({ SIZE: "1" }));
  const range = cloud.pool.ranges.at(-1) ?? cloud.spare;
  await succeed((how) => cloud.oned(how).unregister(range));
  const ms = performance.now() - start;
  cloud.account.behave({ listLagMs: 0 });
  return { outcome: "done", problems: [], ms };
}

async function isRefusedOnOldListing(cloud: TestCloud): ReturnType<Play> {
  cloud.account.behave({ listLagMs: 1e9 });
  const fault = cloud.rig.simulator.fault({ call: "mac.generate", do: { kind: "status", status: 400 } });
  const start = performance.now();
  const { code } = await cloud.oned().register({ SIZE: "1" });
  const ms = performance.now() - start;
  fault.remove();
  cloud.account.behave({ listLagMs: 0 });
  return { outcome: code === 0 ? "done" : "refused", problems: check.leaked(cloud), ms };
}

async function adoptsBesideAnother(cloud: TestCloud): ReturnType<Play> {
  const { id } = cloud.bought();
  const typed = { SIZE: "1", SCW_FLEXIBLE_IP_ID: id };
  const fault = cloud.rig.simulator.fault({ call: "update", do: { kind: "hold", when: "before" } });
  const start = performance.now();
  const first = cloud.oned().register(typed);
  await fault.reached;
  await succeed(() => cloud.oned({}, "fe2").register(typed));
  fault.remove();
  const ms = performance.now() - start;
  if ((await first).code !== 0) return { outcome: "refused", problems: [], ms };
  // The API has no way to change tags only if nobody else did: a reconcile must see it, and one range must go.
  const isSeen = (await findings(cloud)).some(({ kind }) => kind === "recycled");
  const { tags = [] } = cloud.account.get(id) ?? {};
  const loser = cloud.pool.ranges.find(
    ({ ids, attributes }) => ids.includes(id) && !tags.includes(`scw-flexip:intent=${attributes.SCW_FLEXIP_INTENT}`),
  );
  await succeed((how) => cloud.oned(how).unregister(loser ?? cloud.spare));
  await applySteps(
    cloud,
    (await findings(cloud)).filter(({ isSafe }) => isSafe),
  );
  return { outcome: "reconciled", problems: isSeen ? [] : ["a reconcile does not see it"], ms };
}

const EACH = 25;

async function crowd(cloud: TestCloud): ReturnType<Play> {
  const oned = cloud.oned({ settings: { TIMEOUT: "85", HOOK_TIMEOUT: "300" } });
  const taker = cloud.vm([]);
  const start = performance.now();
  const starts = Array.from({ length: EACH }, () => {
    const [taken, named, freed, dropped] = [cloud.range(), cloud.range(), cloud.range(), cloud.range()];
    const [starting, running, stopping] = [
      cloud.vm([cloud.range()]),
      cloud.vm([cloud.range({ on: "h2" })]),
      cloud.vm([cloud.range({ on: "h2" })]),
    ];
    return [
      () => oned.register({ SIZE: "1" }),
      () => oned.lease(taken, taker),
      () => oned.lease(named, taker, true),
      () => oned.free(freed),
      () => oned.unregister(dropped),
      () => oned.hook(starting, "h3", "pre").finally(() => settleGuest(starting, "h3")),
      () => oned.hook(running, "h2", "post").finally(() => settleGuest(running, "h2")),
      () => oned.hook(stopping, "h2", "clean"),
    ];
  }).flat();
  const under: Promise<RunResult>[] = [];
  for (const begin of starts) {
    under.push(begin());
    // A turn of the loop for each: its standard input is closed before the next is started.
    await nextTurn();
  }
  const results = await Promise.all(under);
  const ms = performance.now() - start;
  const failed = results.filter(({ code }) => code !== 0);
  const problems = failed.map(({ code, signal, stderr }) => `${code ?? signal}: ${stderr.slice(-300)}`);
  await succeed((ordinary) => cloud.oned(ordinary).hold(cloud.spare));
  return {
    outcome: failed.length === 0 ? "done" : "refused",
    problems: [...problems, ...results.flatMap(check.ofRun)],
    ms,
  };
}
