// The ways through the three hooks.

import { addNic, settleGuest, type Vm } from "../cloud/pool.ts";
import type { Hook, RunResult } from "../rig.ts";
import { applySteps, findings } from "./findings.ts";
import { Guest } from "./guest.ts";
import type { Launch } from "./launch.ts";
import { type Act, type Path, succeed } from "./path.ts";
import type { HostName, TestCloud } from "./test-cloud.ts";

export const HOOK_PATHS: readonly Path[] = [
  ...hooks("one NIC", true, (cloud) => cloud.vm([cloud.range()])),
  ...hooks("two NICs", false, (cloud) => cloud.vm([cloud.range(), cloud.range()])),
  ...hooks("NIC and alias", false, withAlias),
  ...hooks("dual stack", false, (cloud) => cloud.vm([cloud.range({ dual: true })])),
  ...hooks("hand-written range", false, (cloud) => cloud.vm([cloud.handWritten()])),
  ...hotPlug(),
  ...migration(),
];

function withAlias(cloud: TestCloud): Vm {
  const vm = cloud.vm([cloud.range()]);
  const range = cloud.range({ forAliases: true });
  addNic(vm, range, vm.nics[0]);
  Object.assign(range, { holder: { vm: vm.id }, hasLentOut: true });
  return vm;
}

/** All three hooks for the whole of a VM, and `post` on another host too. */
function hooks(name: string, isCore: boolean, make: (cloud: TestCloud) => Vm): Path[] {
  const guest = (cloud: TestCloud): Guest => new Guest(cloud, make(cloud));
  return [
    { name: `pre, ${name}`, action: "pre", isCore, stage: (cloud) => pre(cloud, guest(cloud)) },
    {
      ...{ name: `post, ${name}`, action: "post", isCore },
      stage: (cloud) => post(cloud, guest(cloud).place("h1"), "h1"),
    },
    {
      ...{ name: `post, taking over ${name} from a lost host`, action: "post", isCore },
      stage: (cloud) => post(cloud, guest(cloud).place("h2"), "h1"),
    },
    {
      ...{ name: `clean, ${name}`, action: "clean", isCore },
      stage: (cloud) => clean(cloud, guest(cloud).place("h1"), "h1"),
    },
  ];
}

function hotPlug(): Path[] {
  return [
    {
      ...{ name: "pre, an alias to a running guest", action: "pre", isCore: false },
      stage: (cloud) => {
        const guest = new Guest(cloud, withAlias(cloud)).place("h1", 1);
        guest.serves("h1", 1);
        return pre(cloud, guest, 1);
      },
    },
    {
      ...{ name: "clean, an alias of a running guest", action: "clean", isCore: false },
      stage: (cloud) => {
        const guest = new Guest(cloud, withAlias(cloud)).place("h1");
        guest.serves("h1", 1);
        return clean(cloud, guest, "h1", 1);
      },
    },
  ];
}

/**
 * While the memory is copied the guest runs on h1, and stays there when the copy fails; afterwards it runs on h2. No
 * hook is run again: a failed post is for a reconcile.
 */
function migration(): Path[] {
  const staged = (cloud: TestCloud, at: HostName | undefined): Guest => {
    const guest = new Guest(cloud, cloud.vm([cloud.range()]));
    if (at === undefined) Object.assign(guest.vm, { state: "running", host: "h2" });
    else guest.place(at).serves(at, 1);
    return guest;
  };
  const act = (cloud: TestCloud, guest: Guest, on: HostName, hook: Hook, at: HostName): Act => {
    const run = (how: Launch): Promise<RunResult> => cloud.oned(how).hook(guest.vm, on, hook);
    const repair = async (): Promise<void> => {
      await applySteps(
        cloud,
        (await findings(cloud)).filter(({ isSafe }) => isSafe),
      );
    };
    return {
      ...{ where: on, what: hook },
      run,
      isReached: () => guest.isOn(at),
      goOn: async () => {},
      retry: () => (hook === "post" ? repair() : succeed(run)),
    };
  };
  return [
    {
      ...{ name: "pre, on the destination of a migration", action: "pre", isCore: true },
      stage: (cloud) => act(cloud, staged(cloud, "h1"), "h2", "pre", "h1"),
    },
    {
      ...{ name: "post, on the destination of a migration", action: "post", isCore: false },
      stage: (cloud) => act(cloud, staged(cloud, undefined), "h2", "post", "h2"),
    },
    {
      ...{ name: "clean, on the source after post on the destination", action: "clean", isCore: true },
      stage: (cloud) => act(cloud, staged(cloud, "h2"), "h1", "clean", "h2"),
    },
  ];
}

/** `from`: the NICs from there on are plugged into a running guest. */
function pre(cloud: TestCloud, guest: Guest, from = 0): Act {
  const { vm } = guest;
  const marked = from === 0 ? [] : vm.nics.slice(from);
  const run = (how: Launch): Promise<RunResult> => cloud.oned(how).hook(vm, "h1", "pre", { marked });
  const boot = async (): Promise<void> => {
    await succeed((how) => cloud.oned(how).hook(vm, "h1", "post", { marked }));
    settleGuest(vm, "h1");
  };
  return {
    ...{ where: "h1", what: "pre" },
    run,
    isReached: () => guest.isOn("h1"),
    goOn: boot,
    retry: async () => {
      await succeed(run);
      await boot();
    },
    giveUp: () => guest.free(from),
  };
}

function post(cloud: TestCloud, guest: Guest, host: HostName): Act {
  const { vm } = guest;
  const run = (how: Launch): Promise<RunResult> => cloud.oned(how).hook(vm, host, "post");
  const cancel = (): Promise<void> => succeed((how) => cloud.oned(how).hook(vm, host, "clean"));
  const goOn = async (): Promise<void> => settleGuest(vm, host);
  return {
    ...{ where: host, what: "post" },
    run,
    isReached: () => guest.isOn(host),
    goOn,
    // A failing post makes OpenNebula cancel the guest and run clean.
    retry: async () => {
      await cancel();
      await succeed((how) => cloud.oned(how).hook(vm, host, "pre"));
      await succeed(run);
      await goOn();
    },
    giveUp: async () => {
      await cancel();
      await guest.free();
    },
  };
}

/** `from`: the NICs from there on are detached from a running guest. */
function clean(cloud: TestCloud, guest: Guest, host: HostName, from = 0): Act {
  const marked = from === 0 ? [] : guest.vm.nics.slice(from);
  const run = (how: Launch): Promise<RunResult> => cloud.oned(how).hook(guest.vm, host, "clean", { marked });
  const end = (): Promise<void> => guest.free(from);
  return {
    ...{ where: host, what: "clean" },
    run,
    isReached: () => guest.isOn("free", from),
    goOn: end,
    retry: async () => {
      await succeed(run);
      await end();
    },
    giveUp: end,
  };
}
