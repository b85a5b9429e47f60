// One step: which of what there is it is about, and the operation itself.

import type { World } from "./history.ts";
import { type Nic, type Oned, type Range, servesAliases, type Vm } from "./oned.ts";
import type { Step } from "./steps.ts";

const MOST_RANGES = 14;
const MOST_VMS = { one: 12, two: 2 } as const;

export async function play(step: Step, cloud: Oned, world: World): Promise<void> {
  const { pick, other } = step;
  const host = at(cloud.hosts, other) ?? "";
  const vm = (...states: Vm["state"][]): Vm | undefined =>
    at(
      cloud.vms.filter(({ state }) => states.includes(state)),
      pick,
    );
  switch (step.operation) {
    case "add-range":
      return addRange(cloud, { SIZE: "1", ...(other === 0 ? { TYPE: "IP4", IP: "10.9.9.9" } : {}) }, []);
    case "add-dual-range":
      return addRange(cloud, { TYPE: "IP4_6_STATIC", SIZE: "1" }, []);
    case "add-alias-range":
      return addRange(cloud, { SIZE: "1", SCW_FLEXIP_ALIAS: "YES" }, []);
    case "adopt-by-ip":
    case "adopt-by-id":
      return adopt(cloud, world, step);
    case "deploy":
    case "deploy-named": {
      const ranges = free(cloud, false);
      const chosen = [at(ranges, pick), ...(other > 3 ? [at(ranges, pick + 1)] : [])].filter(
        (one) => one !== undefined,
      );
      if (chosen.length === 0 || cloud.vms.length >= MOST_VMS[cloud.cloud]) return;
      return cloud.instantiate([...new Set(chosen)], host, step.operation === "deploy-named");
    }
    case "attach-nic":
    case "attach-alias":
      return attach(cloud, step, vm("running"));
    case "detach":
      return detach(cloud, step, vm("running"));
    case "migrate":
    case "migrate-fails": {
      const guest = vm("running");
      if (guest === undefined || guest.host === host || guest.nics.some(({ isLimp }) => isLimp)) return;
      return cloud.migrate(guest, host, step.operation === "migrate");
    }
    case "power-off":
      return when(vm("running"), (guest) => cloud.powerOff(guest));
    case "resume":
      return when(vm("off", "failed", "lost"), (guest) => cloud.boot(guest, host));
    case "host-lost":
      return cloud.loseHost(host);
    case "terminate":
      return when(vm("running", "off", "failed", "lost"), (guest) => cloud.terminate(guest));
    case "hold":
      return when(at(free(cloud, true), pick), (range) => cloud.hold(range));
    case "release":
      return when(
        at(
          cloud.ranges.filter(({ holder }) => holder !== undefined && "hold" in holder),
          pick,
        ),
        (range) => cloud.free(range),
      );
    case "release-in-use":
      return when(
        at(
          cloud.ranges.filter(({ holder }) => holder !== undefined && "vm" in holder),
          pick,
        ),
        (range) => cloud.releaseInUse(range),
      );
    case "fail-over":
      return world.machines.failOver(cloud.cloud);
    case "remove-range":
      return when(
        at(
          cloud.ranges.filter(({ holder }) => holder === undefined),
          pick,
        ),
        (range) => cloud.removeRange(range),
      );
    case "remove-range-by-force":
      return when(at(cloud.ranges, pick), (range) => cloud.removeRange(range));
    case "console-detach":
      return consoleDetach(cloud, world, pick);
  }
}

async function addRange(cloud: Oned, typed: Record<string, string>, adopted: readonly string[]): Promise<void> {
  if (cloud.ranges.length < MOST_RANGES) await cloud.addRange(typed, adopted);
}

/**
 * Of the seeded ones, held already or not: a second adoption is refused. Not one that a NIC still names, or a range whose
 * removal has to be repeated: OpenNebula shows both.
 */
async function adopt(cloud: Oned, world: World, { operation, pick, other }: Step): Promise<void> {
  const wanted = at(world.seeded.adoptable, pick);
  if (wanted === undefined) return;
  const address = wanted.address.replace("/64", "");
  const isNamed = [world.clouds.one, world.clouds.two].some(
    ({ vms, ranges }) =>
      ranges.some(({ isLeaving, ids }) => isLeaving && ids.includes(wanted.id)) ||
      vms.some(({ nics }) => nics.some(({ range }) => range.isRemoved && range.ids.includes(wanted.id))),
  );
  if (isNamed) return;
  const isIpv6 = address.includes(":");
  const type = isIpv6 || other === 5 ? { TYPE: "IP4_6_STATIC" } : {};
  const byId = { [isIpv6 ? "SCW_FLEXIBLE_IP6_ID" : "SCW_FLEXIBLE_IP_ID"]: wanted.id };
  const byAddress = { [isIpv6 ? "IP6" : "IP"]: isIpv6 ? `${address}1` : address };
  await addRange(cloud, { SIZE: "1", ...type, ...(operation === "adopt-by-id" ? byId : byAddress) }, [address]);
}

async function attach(cloud: Oned, { operation, pick, other }: Step, vm: Vm | undefined): Promise<void> {
  if (vm === undefined || vm.nics.length >= 5) return;
  if (operation === "attach-nic")
    return when(at(free(cloud, false), pick), (range) => cloud.attachNic(vm, range, undefined));
  const parent = at(
    vm.nics.filter((nic) => nic.parent === undefined && nic.isServing),
    other,
  );
  const range = at(free(cloud, true), pick);
  if (parent !== undefined && range !== undefined) await cloud.attachNic(vm, range, parent);
}

function detach(cloud: Oned, { other }: Step, vm: Vm | undefined): Promise<void> {
  return when(vm && at(vm.nics, other), (nic: Nic) =>
    vm === undefined ? Promise.resolve() : cloud.detachNic(vm, nic),
  );
}

/** Somebody detaches an address in the console that shares its MAC with no other. */
async function consoleDetach(cloud: Oned, world: World, pick: number): Promise<void> {
  const nic = at(
    cloud.vms.flatMap(({ nics }) => nics).filter(({ isServing }) => isServing),
    pick,
  );
  const id = nic?.range.ids[0];
  const now = id === undefined ? undefined : world.account.table.find(id);
  if (nic === undefined || now === undefined || now.status !== "attached" || nic.range.ids.length > 1) return;
  if (world.account.table.macGroupOf(now).length > 0) return;
  nic.isServing = false;
  world.account.set(now.id, { status: "ready", serverId: null });
}

/**
 * Ranges without a lease; a range that gave up its virtual MAC serves aliases only. An address that came back from the
 * pool serves no alias while an alias of a range removed by force still names it: nothing tells the two apart.
 */
function free(cloud: Oned, isForAlias: boolean): Range[] {
  const stale = cloud.vms.flatMap(({ nics }) =>
    nics.filter(({ range, parent }) => range.isRemoved && parent !== undefined),
  );
  return (
    cloud.ranges
      .filter(({ holder }) => holder === undefined)
      // A tenant may ask for an alias of any range: where its owner did not allow it, pre refuses.
      .filter((range) => isForAlias || !servesAliases(range))
      .filter(({ ip }) => !isForAlias || !stale.some(({ range }) => range.ip === ip))
  );
}

function at<T>(list: readonly T[], pick: number): T | undefined {
  return list.length === 0 ? undefined : list[pick % list.length];
}

async function when<T>(one: T | undefined, work: (one: T) => Promise<void>): Promise<void> {
  if (one !== undefined) await work(one);
}
