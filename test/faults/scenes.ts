// What no single action shows: two front-ends on one project, and 200 processes at once.
import { setImmediate as nextTurn } from "node:timers/promises";
import type { RunResult } from "../rig.ts";
import * as check from "./check.ts";
import type { SceneKind } from "./kind.ts";
import { succeed, Unexpected } from "./path.ts";
import type { Outcome, Played } from "./play.ts";
import { idOf, nic, type Range } from "./ranges.ts";
import { findings, reconcile } from "./reconciling.ts";
import { type Guest, World } from "./world.ts";

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
      scene("free_address", "the guest starts on the same host", (world) => leasesOver(world, "h1")),
      scene("free_address", "the guest starts on another host", (world) => leasesOver(world, "h2")),
    ],
  },
  {
    ...{ family: "machine", name: "a listing that stands still" },
    how: "the API lists what was there before; reads by id are right",
    scenes: [
      scene("get_address", "a life of a lease, deploy to termination", (world) => livesOnOldListing(world)),
      scene("unregister_address_range", "a registration and its removal", registersOnOldListing),
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
type Play = (world: World) => Promise<{ outcome: Outcome; problems: string[]; ms: number }>;

function scene(action: Action, point: string, play: Play): SceneKind["scenes"][number] {
  return {
    point,
    play: async () => {
      const world = await World.start();
      try {
        const { outcome, problems, ms } = await play(world);
        await world.account.settled();
        const after = [...check.always(world), ...check.settled(world)];
        const found = findings(world).map(({ reason, address }) => `a reconcile finds ${address}: ${reason}`);
        return { action, outcome, problems: [...new Set([...problems, ...after, ...found])], ms, hasStruck: true };
      } catch (error) {
        const problem =
          error instanceof Unexpected ? error.message : String(error instanceof Error ? error.stack : error);
        return { action, outcome: "refused", problems: [problem], ms: 0, hasStruck: true };
      } finally {
        await world.stop();
      }
    },
  };
}

async function diesBesideAnother(world: World): ReturnType<Play> {
  const fault = world.rig.simulator.fault({ call: "create", do: { kind: "hold", when: "after" } });
  const start = performance.now();
  await world.ipam(
    "register_address_range",
    { SIZE: "1" },
    {
      started: (child) => {
        void fault.reached.then(() => child.kill("SIGKILL"));
      },
    },
  );
  fault.remove();
  const created = world.account.all().length;
  await succeed(() => world.ipam("allocate_address", world.spare, {}, undefined, "fe2"));
  const problems = world.account.all().length === created ? [] : ["the other front-end undid what is not its own"];
  await succeed((how) => world.ipam("allocate_address", world.spare, how));
  return { outcome: "later", problems, ms: performance.now() - start };
}

async function leasesOver(world: World, host: "h1" | "h2"): ReturnType<Play> {
  const range = world.range({ on: "h1" });
  const { account } = world.rig.simulator;
  const start = performance.now();
  account.behave({ api: "unavailable" });
  await succeed((how) => world.ipam("free_address", range, how));
  account.behave({ api: "up" });
  const guest = world.guest("43", [nic("0", range)]);
  await succeed(() => world.ipam("get_address", range, {}, guest, "fe2"));
  await succeed((how) => world.hook(host, "pre", guest, how));
  guest.host = host;
  await succeed((how) => world.hook(host, "post", guest, how));
  world.untouchable.add(idOf(range));
  world.rig.simulator.clearRequests();
  // What the first front-end noted must not reach the guest.
  for (const action of ["allocate_address", "free_address", "get_address"] as const) {
    await succeed((how) => world.ipam(action, world.spare, how));
  }
  return { outcome: "done", problems: [], ms: performance.now() - start };
}

async function livesOnOldListing(world: World): ReturnType<Play> {
  const range = world.range();
  const guest = world.guest("43", [nic("0", range)]);
  world.account.behave({ listLagMs: 1e9 });
  const start = performance.now();
  await succeed((how) => world.ipam("get_address", range, how, guest));
  for (const [from, to] of [
    ["h1", "h2"],
    ["h2", "h1"],
  ] as const) {
    await succeed((how) => world.hook(from, "pre", guest, how));
    await succeed((how) => world.hook(from, "post", guest, how));
    await succeed((how) => world.hook(to, "pre", guest, how));
    await succeed((how) => world.hook(from, "clean", guest, how));
    await succeed((how) => world.hook(to, "post", guest, how));
  }
  guest.host = "h1";
  const ms = performance.now() - start;
  const problems = world.placeOf(range) === "h1" ? [] : [`the address is ${world.placeOf(range)}`];
  world.account.behave({ listLagMs: 0 });
  return { outcome: "done", problems, ms };
}

async function registersOnOldListing(world: World): ReturnType<Play> {
  world.account.behave({ listLagMs: 1e9 });
  const start = performance.now();
  await succeed((how) => world.ipam("register_address_range", { SIZE: "1" }, how));
  const range = [...world.ranges.values()].at(-1) ?? world.spare;
  await succeed((how) => world.ipam("unregister_address_range", range, how));
  const ms = performance.now() - start;
  world.account.behave({ listLagMs: 0 });
  return { outcome: "done", problems: [], ms };
}

async function adoptsBesideAnother(world: World): ReturnType<Play> {
  const { id } = world.bought();
  const typed = { IPAM_MAD: "scw-flexip", SIZE: "1", SCW_FLEXIBLE_IP_ID: id };
  const fault = world.rig.simulator.fault({ call: "update", do: { kind: "hold", when: "before" } });
  const start = performance.now();
  const first = world.ipam("register_address_range", typed);
  await fault.reached;
  await succeed(() => world.ipam("register_address_range", typed, {}, undefined, "fe2"));
  fault.remove();
  const ms = performance.now() - start;
  if ((await first).code !== 0) return { outcome: "refused", problems: [], ms };
  // The API has no way to change tags only if nobody else did: a reconcile has to see it, and one range has to go.
  const problems = findings(world).some(({ kind }) => kind === "recycled") ? [] : ["a reconcile does not see it"];
  const { tags = [] } = world.account.get(id) ?? {};
  const isLoser = (one: Range): boolean =>
    idOf(one) === id && !tags.includes(`scw-flexip:intent=${one.SCW_FLEXIP_INTENT}`);
  const range = [...world.ranges.values()].find(isLoser) ?? world.spare;
  await succeed((how) => world.ipam("unregister_address_range", range, how));
  await reconcile(
    world,
    findings(world).filter(({ isSafe }) => isSafe),
  );
  return { outcome: "reconciled", problems, ms };
}

const EACH = 25;

async function crowd(world: World): ReturnType<Play> {
  const many = <T>(make: (index: number) => T): T[] => Array.from({ length: EACH }, (_, index) => make(index));
  const guests = (from: number, on?: "h2"): Guest[] =>
    many((index) => world.guest(String(from + index), [nic("0", world.range({ on }))]));
  const [starting, running, stopping] = [guests(100), guests(200, "h2"), guests(300, "h2")];
  const ranges = (): Range[] => many(() => world.range());
  const [taken, named, freed, dropped] = [ranges(), ranges(), ranges(), ranges()];
  const taker = world.guest("99", []);
  const how = { settings: { TIMEOUT: "85", HOOK_TIMEOUT: "300" } };
  const start = performance.now();
  const starts = many((index) => [
    () => world.ipam("register_address_range", { SIZE: "1" }, how),
    ...[taken[index]].flatMap((range) => (range ? [() => world.ipam("get_address", range, how, taker)] : [])),
    ...[named[index]].flatMap((range) => (range ? [() => world.ipam("allocate_address", range, how, taker)] : [])),
    ...[freed[index]].flatMap((range) => (range ? [() => world.ipam("free_address", range, how)] : [])),
    ...[dropped[index]].flatMap((range) => (range ? [() => world.ipam("unregister_address_range", range, how)] : [])),
    ...[starting[index]].flatMap((guest) => (guest ? [() => world.hook("h3", "pre", guest, how)] : [])),
    ...[running[index]].flatMap((guest) => (guest ? [() => world.hook("h2", "post", guest, how)] : [])),
    ...[stopping[index]].flatMap((guest) => (guest ? [() => world.hook("h2", "clean", guest, how)] : [])),
  ]).flat();
  const under: Promise<RunResult>[] = [];
  for (const begin of starts) {
    under.push(begin());
    // A turn of the loop for each, so that its standard input is closed before the next is started.
    await nextTurn();
  }
  const results = await Promise.all(under);
  const ms = performance.now() - start;
  for (const guest of starting) guest.host = "h3";
  for (const guest of running) guest.host = "h2";
  const failed = results.filter(({ code }) => code !== 0);
  const problems = failed.map(({ code, signal, stderr }) => `${code ?? signal}: ${stderr.slice(-300)}`);
  await succeed((ordinary) => world.ipam("allocate_address", world.spare, ordinary));
  return {
    outcome: failed.length === 0 ? "done" : "refused",
    problems: [...problems, ...results.flatMap(check.ofRun)],
    ms,
  };
}
