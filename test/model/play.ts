// One step: picks ranges and VMs for it, and has OpenNebula do it.

import { type Nic, type Range, servesAliases, type Vm } from "../cloud/pool.ts";
import type { Cloud, HistoryRun } from "./history-run.ts";
import type { Step } from "./steps.ts";

const MOST_RANGES = 14;
const MOST_VMS = { one: 12, two: 2 } as const;

export async function play(step: Step, cloud: Cloud, run: HistoryRun): Promise<void> {
  const { pick, other } = step;
  const host = at(cloud.hosts, other) ?? "";
  const vm = (...states: Vm["state"][]): Vm | undefined => {
    const candidates = cloud.pool.vms.filter(({ state }) => states.includes(state));
    return at(candidates, pick);
  };
  const range = (isWanted: (holder: Range["holder"]) => boolean): Range | undefined => {
    const candidates = cloud.pool.ranges.filter(({ holder }) => isWanted(holder));
    return at(candidates, pick);
  };
  switch (step.operation) {
    case "add-range":
      return addRange(cloud, { SIZE: "1", ...(other === 0 ? { TYPE: "IP4", IP: "10.9.9.9" } : {}) });
    case "add-dual-range":
      return addRange(cloud, { TYPE: "IP4_6_STATIC", SIZE: "1" });
    case "add-alias-range":
      return addRange(cloud, { SIZE: "1", SCW_FLEXIP_ALIAS: "YES" });
    case "adopt-by-ip":
    case "adopt-by-id":
      return adopt(cloud, run, step);
    case "deploy":
    case "deploy-named": {
      const ranges = free(cloud, false);
      const chosen = [at(ranges, pick), ...(other > 3 ? [at(ranges, pick + 1)] : [])].filter(
        (one) => one !== undefined,
      );
      if (chosen.length === 0 || cloud.pool.vms.length >= MOST_VMS[cloud.name]) return;
      const created = await cloud.oned.create([...new Set(chosen)], step.operation === "deploy-named");
      return when(created, (one) => cloud.oned.boot(one, host));
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
      return cloud.oned.migrate(guest, host, step.operation === "migrate");
    }
    case "power-off":
      return when(vm("running"), (guest) => cloud.oned.powerOff(guest));
    case "resume":
      return when(vm("off", "failed", "lost"), (guest) =>
        guest.state === "lost" ? cloud.oned.recreate(guest, host) : cloud.oned.boot(guest, host),
      );
    case "host-lost":
      return cloud.oned.loseHost(host);
    case "terminate":
      return when(vm("running", "off", "failed", "lost"), (guest) => cloud.oned.terminate(guest));
    case "hold":
      return when(at(free(cloud, true), pick), (one) => cloud.oned.hold(one));
    case "release":
      return when(
        range((holder) => holder !== undefined && "hold" in holder),
        (one) => cloud.oned.free(one),
      );
    case "release-in-use":
      return when(
        range((holder) => holder !== undefined && "vm" in holder),
        (one) => cloud.oned.releaseInUse(one),
      );
    case "fail-over":
      return run.machines.failOver(cloud.name);
    case "remove-range":
      return when(
        range((holder) => holder === undefined),
        (one) => cloud.oned.removeRange(one),
      );
    case "remove-range-by-force":
      return when(
        range(() => true),
        (one) => cloud.oned.removeRange(one),
      );
    case "console-detach":
      return consoleDetach(cloud, run, pick);
  }
}

async function addRange({ oned, pool }: Cloud, typed: Record<string, string>): Promise<void> {
  if (pool.ranges.length < MOST_RANGES) await oned.register(typed);
}

/**
 * Adopts a flexible IP that somebody bought. A range may have it already: the second adoption is refused. Nobody adopts
 * what a NIC still names, or what a range has whose removal failed: OpenNebula shows both.
 */
async function adopt(cloud: Cloud, run: HistoryRun, { operation, pick, other }: Step): Promise<void> {
  const wanted = at(run.seeded.adoptable, pick);
  if (wanted === undefined) return;
  const address = wanted.address.replace("/64", "");
  const isNamed = [run.clouds.one.pool, run.clouds.two.pool].some(
    ({ vms, ranges }) =>
      ranges.some(({ isLeaving, ids }) => isLeaving && ids.includes(wanted.id)) ||
      vms.some(({ nics }) => nics.some(({ range }) => range.isRemoved && range.ids.includes(wanted.id))),
  );
  if (isNamed) return;
  const isIpv6 = address.includes(":");
  const type = isIpv6 || other === 5 ? { TYPE: "IP4_6_STATIC" } : {};
  const byId = { [isIpv6 ? "SCW_FLEXIBLE_IP6_ID" : "SCW_FLEXIBLE_IP_ID"]: wanted.id };
  const byAddress = { [isIpv6 ? "IP6" : "IP"]: isIpv6 ? `${address}1` : address };
  run.adopting = [address];
  await addRange(cloud, { SIZE: "1", ...type, ...(operation === "adopt-by-id" ? byId : byAddress) });
  run.adopting = [];
}

async function attach(cloud: Cloud, { operation, pick, other }: Step, vm: Vm | undefined): Promise<void> {
  if (vm === undefined || vm.nics.length >= 5) return;
  if (operation === "attach-nic") return when(at(free(cloud, false), pick), (range) => cloud.oned.attachNic(vm, range));
  const parent = at(
    vm.nics.filter((nic) => nic.parent === undefined && nic.isServing),
    other,
  );
  const range = at(free(cloud, true), pick);
  if (parent !== undefined && range !== undefined) await cloud.oned.attachNic(vm, range, parent);
}

function detach(cloud: Cloud, { other }: Step, vm: Vm | undefined): Promise<void> {
  return when(vm && at(vm.nics, other), (nic: Nic) =>
    vm === undefined ? Promise.resolve() : cloud.oned.detachNic(vm, nic),
  );
}

/** Somebody detaches an address in the console. It shares its MAC with no other address. */
async function consoleDetach(cloud: Cloud, run: HistoryRun, pick: number): Promise<void> {
  const nic = at(
    cloud.pool.vms.flatMap(({ nics }) => nics).filter(({ isServing }) => isServing),
    pick,
  );
  const id = nic?.range.ids[0];
  const now = id === undefined ? undefined : run.account.table.find(id);
  if (nic === undefined || now === undefined || now.status !== "attached" || nic.range.ids.length > 1) return;
  if (run.account.table.macGroupOf(now).length > 0) return;
  nic.isServing = false;
  run.account.set(now.id, { status: "ready", serverId: null });
}

/**
 * Ranges without a lease; a range that gave up its virtual MAC serves aliases only. An address that came back from the
 * pool serves no alias while an alias of a range removed by force still names it: nothing tells the two apart.
 */
function free(cloud: Cloud, isForAlias: boolean): Range[] {
  const stale = cloud.pool.vms.flatMap(({ nics }) =>
    nics.filter(({ range, parent }) => range.isRemoved && parent !== undefined),
  );
  return (
    cloud.pool.ranges
      .filter(({ holder }) => holder === undefined)
      // A tenant may ask for an alias of any range: where its owner did not allow it, pre refuses.
      .filter((range) => isForAlias || !servesAliases(range))
      .filter(({ ip }) => !isForAlias || !stale.some(({ range }) => range.ip === ip))
  );
}

function at<T>(list: readonly T[], pick: number): T | undefined {
  return list.length === 0 ? undefined : list[pick % list.length];
}

async function when<T>(one: T | undefined, work: (one: T) => Promise<unknown>): Promise<void> {
  if (one !== undefined) await work(one);
}
