// The ways through the three hooks.
import type { RunResult } from "../rig.ts";
import type { Launch } from "./launch.ts";
import { type Act, type Path, succeed } from "./path.ts";
import { alias, nic } from "./ranges.ts";
import { findings, reconcile } from "./reconciling.ts";
import { Vm } from "./vm.ts";
import type { HostName, World } from "./world.ts";

export const HOOK_PATHS: readonly Path[] = [
  ...hooks("one NIC", true, (world) => [nic("0", world.range())]),
  ...hooks("two NICs", false, (world) => [nic("0", world.range()), nic("1", world.range())]),
  ...hooks("NIC and alias", false, (world) => [nic("0", world.range()), alias("1", "0", world.range())]),
  ...hooks("dual stack", false, (world) => [nic("0", world.range({ dual: true }))]),
  ...hooks("hand-written range", false, (world) => [
    nic("0", world.range(), { EXTERNAL_IP: undefined, SCW_FLEXIBLE_IP_ID: undefined }),
  ]),
  ...hotPlug(),
  ...migration(),
];

type Nics = (world: World) => ReturnType<typeof nic>[];

/** All three hooks for the whole of a VM, and `post` on another host too. */
function hooks(name: string, isCore: boolean, nics: Nics): Path[] {
  return [
    { name: `pre, ${name}`, action: "pre", isCore, stage: (world) => pre(world, new Vm(world, nics(world))) },
    {
      ...{ name: `post, ${name}`, action: "post", isCore },
      stage: (world) => post(world, new Vm(world, nics(world)).place("h1"), "h1"),
    },
    {
      ...{ name: `post, taking over ${name} from a lost host`, action: "post", isCore },
      stage: (world) => post(world, new Vm(world, nics(world)).place("h2"), "h1"),
    },
    {
      ...{ name: `clean, ${name}`, action: "clean", isCore },
      stage: (world) => clean(world, new Vm(world, nics(world)).place("h1"), "h1"),
    },
  ];
}

function hotPlug(): Path[] {
  const marked = { ATTACH: "YES" };
  const running = (world: World): Vm => {
    const [own, other] = [world.range(), world.range()];
    return new Vm(world, [nic("0", own), alias("1", "0", other, marked)]);
  };
  return [
    {
      ...{ name: "pre, an alias to a running guest", action: "pre", isCore: false },
      stage: (world) => {
        const vm = running(world).place("h1", 1);
        vm.serves("h1", 1);
        return pre(world, vm);
      },
    },
    {
      ...{ name: "clean, an alias of a running guest", action: "clean", isCore: false },
      stage: (world) => {
        const vm = running(world).place("h1");
        vm.serves("h1", 1);
        return clean(world, vm, "h1", 1);
      },
    },
  ];
}

/**
 * While the memory is copied the guest runs on h1, and stays there when the copy fails; afterwards it runs on h2. No
 * hook is run again: a failed post is for a reconcile.
 */
function migration(): Path[] {
  const staged = (world: World, at: HostName | undefined): Vm => {
    const vm = new Vm(world, [nic("0", world.range())]);
    if (at === undefined) vm.guest.host = "h2";
    else vm.place(at).serves(at, 1);
    return vm;
  };
  const act = (world: World, vm: Vm, on: HostName, hook: "pre" | "post" | "clean", at: HostName): Act => {
    const run = (how: Launch): Promise<RunResult> => world.hook(on, hook, vm.guest, how);
    const repair = async (): Promise<void> => {
      const steps = findings(world).filter(({ isSafe }) => isSafe);
      await reconcile(world, steps);
    };
    return {
      ...{ where: on, what: hook },
      run,
      isReached: () => vm.isOn(at),
      goOn: async () => {},
      retry: () => (hook === "post" ? repair() : succeed(run)),
    };
  };
  return [
    {
      ...{ name: "pre, on the destination of a migration", action: "pre", isCore: true },
      stage: (world) => act(world, staged(world, "h1"), "h2", "pre", "h1"),
    },
    {
      ...{ name: "post, on the destination of a migration", action: "post", isCore: false },
      stage: (world) => act(world, staged(world, undefined), "h2", "post", "h2"),
    },
    {
      ...{ name: "clean, on the source after post on the destination", action: "clean", isCore: true },
      stage: (world) => act(world, staged(world, "h2"), "h1", "clean", "h2"),
    },
  ];
}

function pre(world: World, vm: Vm): Act {
  const run = (how: Launch): Promise<RunResult> => world.hook("h1", "pre", vm.guest, how);
  const boot = async (): Promise<void> => {
    await succeed((how) => world.hook("h1", "post", vm.guest, how));
    vm.guest.host = "h1";
  };
  const runs = vm.guest.host !== undefined;
  return {
    ...{ where: "h1", what: "pre" },
    run,
    isReached: () => vm.isOn("h1"),
    goOn: boot,
    retry: async () => {
      await succeed(run);
      await boot();
    },
    giveUp: () => vm.free(runs ? 1 : 0),
  };
}

function post(world: World, vm: Vm, host: HostName): Act {
  const run = (how: Launch): Promise<RunResult> => world.hook(host, "post", vm.guest, how);
  const clean = (): Promise<void> => succeed((how) => world.hook(host, "clean", vm.guest, how));
  const goOn = async (): Promise<void> => {
    vm.guest.host = host;
  };
  return {
    ...{ where: host, what: "post" },
    run,
    isReached: () => vm.isOn(host),
    goOn,
    // A failing post makes OpenNebula cancel the guest and run clean.
    retry: async () => {
      await clean();
      await succeed((how) => world.hook(host, "pre", vm.guest, how));
      await succeed(run);
      await goOn();
    },
    giveUp: async () => {
      await clean();
      await vm.free();
    },
  };
}

function clean(world: World, vm: Vm, host: HostName, from = 0): Act {
  const run = (how: Launch): Promise<RunResult> => world.hook(host, "clean", vm.guest, how);
  const end = (): Promise<void> => vm.free(from);
  return {
    ...{ where: host, what: "clean" },
    run,
    isReached: () => vm.isOn("free", from),
    goOn: end,
    retry: async () => {
      await succeed(run);
      await end();
    },
    giveUp: end,
  };
}
