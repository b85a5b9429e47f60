// The ways through the five IPAM actions.
import type { Range } from "../cloud/pool.ts";
import type { RunResult } from "../rig.ts";
import type { Launch } from "./launch.ts";
import { type Path, succeed } from "./path.ts";
import type { HostName, TestCloud } from "./test-cloud.ts";

type RangeKind = { readonly dual?: boolean; readonly adopted?: boolean; readonly on?: HostName };

export const IPAM_PATHS: readonly Path[] = [
  register("created", true, () => ({ TYPE: "IP4" })),
  register("adopted by id", true, (cloud) => ({ TYPE: "IP4", SCW_FLEXIBLE_IP_ID: cloud.bought().id })),
  register("adopted by address", false, (cloud) => ({ TYPE: "IP4", IP: cloud.bought().ip, MAC: "02:00:00:00:00:01" })),
  register("dual stack, created", false, () => ({ TYPE: "IP4_6_STATIC" })),
  register("dual stack, adopted", false, (cloud) => ({
    TYPE: "IP4_6_STATIC",
    SCW_FLEXIBLE_IP_ID: cloud.bought().id,
    SCW_FLEXIBLE_IP6_ID: cloud.bought(true).id,
  })),
  unregister("created", true, {}),
  unregister("adopted", false, { adopted: true }),
  unregister("attached", false, { on: "h2" }),
  unregister("dual stack", false, { dual: true }),
  lease("get_address", "the free address"),
  lease("allocate_address", "the named address"),
  lease("get_address", "dual stack", { dual: true }),
  free("detached", true, (cloud) => [cloud.range()]),
  free("attached", true, (cloud) => [cloud.range({ on: "h2" })]),
  free("dual stack, attached", false, (cloud) => [cloud.range({ dual: true, on: "h2" })]),
  free("a NIC's, its alias still attached", false, (cloud) => lent(cloud)),
  free("an alias's", false, (cloud) => lent(cloud).toReversed()),
];

function register(name: string, isCore: boolean, attributes: (cloud: TestCloud) => Record<string, string>): Path {
  return {
    ...{ name: `register, ${name}`, action: "register_address_range", isCore },
    stage: (cloud) => {
      const typed = { SIZE: "1", ...attributes(cloud) };
      let isRegistered = false;
      const run = async (how: Launch): Promise<RunResult> => {
        const before = cloud.pool.ranges.length;
        const result = await cloud.oned(how).register(typed);
        isRegistered = cloud.pool.ranges.length > before;
        return result;
      };
      return {
        ...{ where: "front-end", what: "register_address_range" },
        run,
        isReached: () => isRegistered,
        goOn: async () => {},
        retry: () => succeed(run),
      };
    },
  };
}

function unregister(name: string, isCore: boolean, kind: RangeKind): Path {
  return {
    ...{ name: `unregister, ${name}`, action: "unregister_address_range", isCore },
    stage: (cloud) => {
      const range = cloud.range(kind);
      const run = (how: Launch): Promise<RunResult> => cloud.oned(how).unregister(range);
      return {
        ...{ where: "front-end", what: "unregister_address_range" },
        run,
        isReached: () => range.ids.every((id) => cloud.isGivenBack(id)),
        goOn: async () => {},
        retry: () => succeed(run),
      };
    },
  };
}

function lease(action: "get_address" | "allocate_address", name: string, kind: RangeKind = {}): Path {
  return {
    ...{ name: `${action === "get_address" ? "get" : "allocate"}, ${name}`, action, isCore: kind.dual !== true },
    stage: (cloud) => {
      const range = cloud.range(kind);
      const vm = cloud.vm([]);
      const run = (how: Launch): Promise<RunResult> => cloud.oned(how).lease(range, vm, action === "allocate_address");
      return {
        ...{ where: "front-end", what: action },
        run,
        isReached: () => range.holder !== undefined,
        goOn: async () => {},
        retry: () => succeed(run),
      };
    },
  };
}

function free(name: string, isCore: boolean, ranges: (cloud: TestCloud) => readonly Range[]): Path {
  return {
    ...{ name: `free, ${name}`, action: "free_address", isCore },
    stage: (cloud) => {
      const [range = cloud.spare, ...others] = ranges(cloud);
      // `onevnet release` also frees what a guest uses.
      for (const id of [range, ...others].flatMap(({ ids }) => ids)) cloud.untouchable.add(id);
      cloud.vm([range, ...others]);
      const run = (how: Launch): Promise<RunResult> => cloud.oned(how).free(range);
      const freeOthers = async (): Promise<void> => {
        for (const other of others) await succeed((how) => cloud.oned(how).free(other));
      };
      return {
        ...{ where: "front-end", what: "free_address" },
        run,
        isReached: () => range.holder === undefined,
        goOn: freeOthers,
        retry: async () => {
          if (range.holder !== undefined) await succeed(run);
          await freeOthers();
        },
      };
    },
  };
}

/** A NIC's range and its alias's, both on one host. */
function lent(cloud: TestCloud): Range[] {
  const [owner, borrower] = [cloud.range({ on: "h2" }), cloud.range({ on: "h2", forAliases: true })];
  cloud.lend(owner, borrower);
  return [owner, borrower];
}
