// One step: picks ranges and VMs for it, and has OpenNebula do it.
import { type Range, servesAliases, type Vm } from "../cloud/pool.ts";
import type { Cloud, HistoryRun } from "./history-run.ts";
import type { Step } from "./steps.ts";

const MOST_RANGES = 14;
const MOST_VMS = { one: 12, two: 2 } as const;

/** Where there is nothing to do it with, nothing is done. */
export async function play(step: Step, cloud: Cloud, run: HistoryRun): Promise<void> {
  const { pick, other } = step;
  const { oned, pool } = cloud;
  const host = at(cloud.hosts, other) ?? "";
  const picked = <T>(list: readonly T[]) => at(list, pick);
  const vm = (...states: Vm["state"][]) => picked(pool.vms.filter(({ state }) => states.includes(state)));
  const range = (isWanted: (holder: Range["holder"]) => boolean) =>
    picked(pool.ranges.filter(({ holder }) => isWanted(holder)));
  const guest = vm("running");
  const nics = guest?.nics ?? [];
  const hasRoom = nics.length < 5;
  const nic = at(nics, other);
  const parents = nics.filter(({ parent, isServing }) => parent === undefined && isServing);
  const parent = at(parents, other);
  const idle = vm("off", "failed", "lost");
  const any = vm("running", "off", "failed", "lost");
  const forNic = picked(free(cloud, false));
  const forAlias = picked(free(cloud, true));
  const held = range((holder) => holder !== undefined && "hold" in holder);
  const used = range((holder) => holder !== undefined && "vm" in holder);
  const unused = range((holder) => holder === undefined);
  const removed = range(() => true);
  const operations: Readonly<Record<Step["operation"], () => unknown>> = {
    "add-range": () => addRange(cloud, { SIZE: "1", ...(other === 0 ? { TYPE: "IP4", IP: "10.9.9.9" } : {}) }),
    "add-dual-range": () => addRange(cloud, { TYPE: "IP4_6_STATIC", SIZE: "1" }),
    "add-alias-range": () => addRange(cloud, { SIZE: "1", SCW_FLEXIP_ALIAS: "YES" }),
    "adopt-by-ip": () => adopt(cloud, run, step),
    "adopt-by-id": () => adopt(cloud, run, step),
    deploy: () => deploy(cloud, step, host),
    "deploy-named": () => deploy(cloud, step, host),
    "attach-nic": () => guest && forNic && hasRoom && oned.attachNic(guest, forNic),
    "attach-alias": () => guest && parent && forAlias && hasRoom && oned.attachNic(guest, forAlias, parent),
    detach: () => guest && nic && oned.detachNic(guest, nic),
    migrate: () => guest && migrate(cloud, guest, host, true),
    "migrate-fails": () => guest && migrate(cloud, guest, host, false),
    "power-off": () => guest && oned.powerOff(guest),
    resume: () => idle && oned.boot(idle, host),
    "host-lost": () => oned.loseHost(host),
    terminate: () => any && oned.terminate(any),
    hold: () => forAlias && oned.hold(forAlias),
    release: () => held && oned.free(held),
    "release-in-use": () => used && oned.releaseInUse(used),
    "fail-over": () => run.machines.failOver(cloud.name),
    "remove-range": () => unused && oned.removeRange(unused),
    "remove-range-by-force": () => removed && oned.removeRange(removed),
    "console-detach": () => consoleDetach(cloud, run, pick),
  };
  await operations[step.operation]();
}

async function addRange({ oned, pool }: Cloud, typed: Record<string, string>): Promise<void> {
  if (pool.ranges.length < MOST_RANGES) await oned.register(typed);
}

/**
 * Adopts a flexible IP that somebody bought. A range may have it already: the second adoption is refused. Nobody adopts
 * what a NIC still names, or what a range has whose removal failed: OpenNebula shows both.
 */
async function adopt(cloud: Cloud, run: HistoryRun, { operation, pick, other }: Step): Promise<void> {
  const { id, ip_address } = at(run.adoptable, pick) ?? { id: "", ip_address: "" };
  const isNamed = Object.values(run.clouds).some(
    ({ pool }) =>
      pool.ranges.some(({ isLeaving, ids }) => isLeaving && ids.includes(id)) ||
      pool.vms.some(({ nics }) => nics.some(({ range }) => range.isRemoved && range.ids.includes(id))),
  );
  if (isNamed) return;
  const address = ip_address.replace("/64", "");
  const isIpv6 = address.includes(":");
  const type = isIpv6 || other === 5 ? { TYPE: "IP4_6_STATIC" } : {};
  const byId = { [isIpv6 ? "SCW_FLEXIBLE_IP6_ID" : "SCW_FLEXIBLE_IP_ID"]: id };
  const byAddress = { [isIpv6 ? "IP6" : "IP"]: isIpv6 ? `${address}1` : address };
  run.adopting = [address];
  await addRange(cloud, { SIZE: "1", ...type, ...(operation === "adopt-by-id" ? byId : byAddress) });
  run.adopting = [];
}

/** A VM on one range, or on two. */
async function deploy(cloud: Cloud, { operation, pick, other }: Step, host: string): Promise<void> {
  const ranges = free(cloud, false);
  const chosen = [at(ranges, pick), other > 3 ? at(ranges, pick + 1) : undefined].filter((one) => one !== undefined);
  if (chosen.length === 0 || cloud.pool.vms.length >= MOST_VMS[cloud.name]) return;
  const created = await cloud.oned.create([...new Set(chosen)], operation === "deploy-named");
  if (created !== undefined) await cloud.oned.boot(created, host);
}

async function migrate({ oned }: Cloud, vm: Vm, host: string, doesCopy: boolean): Promise<void> {
  if (vm.host !== host && !vm.nics.some(({ isLimp }) => isLimp)) await oned.migrate(vm, host, doesCopy);
}

/** Somebody detaches an address in the console. It shares its MAC with no other address. */
function consoleDetach({ pool }: Cloud, { api }: HistoryRun, pick: number): void {
  const nics = pool.vms.flatMap((vm) => vm.nics.filter(({ isServing }) => isServing));
  const nic = at(nics, pick);
  const [id = "", ...others] = nic?.range.ids ?? [];
  const now = api.account.table.find(id);
  if (nic === undefined || now?.status !== "attached" || others.length > 0) return;
  if (api.account.table.macGroupOf(now).length > 0) return;
  nic.isServing = false;
  api.account.set(id, { status: "ready", serverId: null });
}

/**
 * Ranges without a lease; a range that gave up its virtual MAC serves aliases only. An address that came back from the
 * pool serves no alias while an alias of a range removed by force still names it: nothing tells the two apart.
 */
function free({ pool }: Cloud, isForAlias: boolean): Range[] {
  const stale = pool.vms
    .flatMap(({ nics }) => nics.filter(({ range, parent }) => range.isRemoved && parent !== undefined))
    .map(({ range }) => range.ip);
  // A tenant may ask for an alias of any range: where its owner did not allow it, pre refuses.
  return pool.ranges.filter(
    (range) => range.holder === undefined && (isForAlias ? !stale.includes(range.ip) : !servesAliases(range)),
  );
}

function at<T>(list: readonly T[], pick: number): T | undefined {
  return list.length === 0 ? undefined : list[pick % list.length];
}
