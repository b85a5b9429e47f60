// The ways through the three hooks.
import { addNic, isHandWritten, type Nic, serve, settleGuest, type Vm } from "../cloud/pool.ts";
import { repair } from "./findings.ts";
import { type Act, type Path, succeed, way } from "./path.ts";
import type { HostName, Launch, TestCloud } from "./test-cloud.ts";

export const HOOK_PATHS: readonly Path[] = [
  ...hooks("one NIC", true, (cloud) => cloud.vm([cloud.range()])),
  ...hooks("two NICs", false, (cloud) => cloud.vm([cloud.range(), cloud.range()])),
  ...hooks("NIC and alias", false, withAlias),
  ...hooks("dual stack", false, (cloud) => cloud.vm([cloud.range({ dual: true })])),
  ...hooks("hand-written range", false, (cloud) => cloud.vm([cloud.handWritten()])),
  way("pre", "an alias to a running guest", false, (cloud) => {
    const vm = withAlias(cloud);
    return pre(cloud, running(cloud, vm, "h1", vm.nics.slice(0, 1)), vm.nics.slice(1));
  }),
  way("clean", "an alias of a running guest", false, (cloud) => {
    const vm = placed(cloud, withAlias(cloud), "h1");
    return clean(cloud, running(cloud, vm, "h1", vm.nics.slice(0, 1)), vm.nics.slice(1));
  }),
  // While the memory is copied the guest runs on h1, and stays there when the copy fails; afterwards it runs on h2.
  way("pre", "on the destination of a migration", true, (cloud) => {
    const vm = running(cloud, cloud.vm([cloud.range()]), "h1");
    return { run: (how) => cloud.oned(how).hook(vm, "h2", "pre"), isReached: () => isOn(cloud, vm.nics, "h1") };
  }),
  way("post", "on the destination of a migration", false, (cloud) => {
    const vm = Object.assign(cloud.vm([cloud.range()]), { state: "running", host: "h2" });
    return {
      run: (how) => cloud.oned(how).hook(vm, "h2", "post"),
      isReached: () => isOn(cloud, vm.nics, "h2"),
      // No hook is run again: a failed post is for a reconcile.
      retry: async () => void (await repair(cloud, "safe")),
    };
  }),
  way("clean", "on the source after post on the destination", true, (cloud) => {
    const vm = running(cloud, cloud.vm([cloud.range()]), "h2");
    return { run: (how) => cloud.oned(how).hook(vm, "h1", "clean"), isReached: () => isOn(cloud, vm.nics, "h2") };
  }),
];

/** All three hooks for the whole of a VM, and `post` on another host too. */
function hooks(name: string, isCore: boolean, make: (cloud: TestCloud) => Vm): Path[] {
  const on = (cloud: TestCloud, host: HostName): Vm => placed(cloud, make(cloud), host);
  return [
    way("pre", name, isCore, (cloud) => pre(cloud, make(cloud))),
    way("post", name, isCore, (cloud) => post(cloud, on(cloud, "h1"))),
    way("post", `taking over ${name} from a lost host`, isCore, (cloud) => post(cloud, on(cloud, "h2"))),
    way("clean", name, isCore, (cloud) => clean(cloud, on(cloud, "h1"))),
  ];
}

function withAlias(cloud: TestCloud): Vm {
  const vm = cloud.vm([cloud.range()]);
  const range = cloud.range({ forAliases: true });
  addNic(vm, range, vm.nics[0]);
  Object.assign(range, { holder: { vm: vm.id }, hasLentOut: true });
  return vm;
}

/** Puts the addresses of NICs on a host, as `pre` does; an alias's gets the NIC's virtual MAC. */
function placed(cloud: TestCloud, vm: Vm, host: HostName, nics: readonly Nic[] = vm.nics): Vm {
  const on = { status: "attached", serverId: cloud.server(host) } as const;
  for (const { range, parent } of nics) {
    for (const id of range.ids) cloud.account.set(id, { ...on, mac: (parent?.range ?? range).mac });
    if (parent === undefined) continue;
    cloud.tag(parent.range, "scw-flexip:mac-lender");
    cloud.tag(range, "scw-flexip:mac-borrower");
  }
  return vm;
}

/** The VM runs there, with its addresses: they must stay with it. */
function running(cloud: TestCloud, vm: Vm, host: HostName, nics: readonly Nic[] = vm.nics): Vm {
  placed(cloud, vm, host, nics);
  Object.assign(vm, { state: "running", host });
  serve(nics);
  for (const id of nics.flatMap(({ range }) => range.ids)) cloud.serving.add(id);
  return vm;
}

function isOn(cloud: TestCloud, nics: readonly Nic[], place: HostName | "free"): boolean {
  return nics.every(({ range }) => cloud.isOn(range, place));
}

/** `plugged`: the NICs that are plugged into the running guest; else it boots. */
function pre(cloud: TestCloud, vm: Vm, plugged: readonly Nic[] = []): Act {
  const nics = plugged.length > 0 ? plugged : vm.nics;
  const run: Act["run"] = (how) => cloud.oned(how).hook(vm, "h1", "pre", { marked: plugged });
  const goOn = async (): Promise<void> => {
    await succeed((how) => cloud.oned(how).hook(vm, "h1", "post", { marked: plugged }));
    settleGuest(vm, "h1");
  };
  return {
    ...{ run, goOn },
    isReached: () => isOn(cloud, vm.nics, "h1"),
    giveUp: () => free(cloud, vm, nics),
  };
}

function post(cloud: TestCloud, vm: Vm): Act {
  const hook = (name: "pre" | "post" | "clean") => (how: Launch) => cloud.oned(how).hook(vm, "h1", name);
  return {
    run: hook("post"),
    isReached: () => isOn(cloud, vm.nics, "h1"),
    goOn: async () => settleGuest(vm, "h1"),
    // A failing post makes OpenNebula cancel the guest and run clean.
    retry: async () => {
      for (const name of ["clean", "pre", "post"] as const) await succeed(hook(name));
    },
    giveUp: async () => {
      await succeed(hook("clean"));
      await free(cloud, vm, vm.nics);
    },
  };
}

/** `unplugged`: the NICs that are taken out of the running guest; else it ends. */
function clean(cloud: TestCloud, vm: Vm, unplugged: readonly Nic[] = []): Act {
  const nics = unplugged.length > 0 ? unplugged : vm.nics;
  const run: Act["run"] = (how) => cloud.oned(how).hook(vm, "h1", "clean", { marked: unplugged });
  const goOn = (): Promise<void> => free(cloud, vm, nics);
  return {
    ...{ run, goOn },
    isReached: () => isOn(cloud, nics, "free"),
    giveUp: goOn,
  };
}

/** Ends the leases of NICs. */
async function free(cloud: TestCloud, vm: Vm, nics: readonly Nic[]): Promise<void> {
  for (const { range } of nics) if (!isHandWritten(range)) await succeed((how) => cloud.oned(how).free(range));
  vm.nics = vm.nics.filter((nic) => !nics.includes(nic));
}
