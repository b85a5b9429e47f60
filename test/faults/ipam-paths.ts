// The ways through the five IPAM actions.
import type { RunResult } from "../rig.ts";
import type { Launch } from "./launch.ts";
import { type Path, succeed } from "./path.ts";
import { idsOf, nic, type Range } from "./ranges.ts";
import type { HostName, World } from "./world.ts";

type RangeKind = { readonly dual?: boolean; readonly adopted?: boolean; readonly on?: HostName };

export const IPAM_PATHS: readonly Path[] = [
  register("created", true, () => ({ TYPE: "IP4" })),
  register("adopted by id", true, (world) => ({ TYPE: "IP4", SCW_FLEXIBLE_IP_ID: world.bought().id })),
  register("adopted by address", false, (world) => ({ TYPE: "IP4", IP: world.bought().ip, MAC: "02:00:00:00:00:01" })),
  register("dual stack, created", false, () => ({ TYPE: "IP4_6_STATIC" })),
  register("dual stack, adopted", false, (world) => ({
    TYPE: "IP4_6_STATIC",
    SCW_FLEXIBLE_IP_ID: world.bought().id,
    SCW_FLEXIBLE_IP6_ID: world.bought(true).id,
  })),
  unregister("created", true, {}),
  unregister("adopted", false, { adopted: true }),
  unregister("attached", false, { on: "h2" }),
  unregister("dual stack", false, { dual: true }),
  lease("get_address", "the free address"),
  lease("allocate_address", "the named address"),
  lease("get_address", "dual stack", { dual: true }),
  free("detached", true, (world) => [world.range()]),
  free("attached", true, (world) => [world.range({ on: "h2" })]),
  free("dual stack, attached", false, (world) => [world.range({ dual: true, on: "h2" })]),
  free("a NIC's, its alias still attached", false, (world) => lent(world)),
  free("an alias's", false, (world) => lent(world).toReversed()),
];

function register(name: string, isCore: boolean, attributes: (world: World) => Record<string, string>): Path {
  return {
    ...{ name: `register, ${name}`, action: "register_address_range", isCore },
    stage: (world) => {
      const typed = { IPAM_MAD: "scw-flexip", SIZE: "1", ...attributes(world) };
      const run = (how: Launch): Promise<RunResult> => world.ipam("register_address_range", typed, how);
      return {
        ...{ where: "front-end", what: "register_address_range" },
        run,
        isReached: () => world.registrations === 1,
        goOn: async () => {},
        retry: () => succeed(run),
      };
    },
  };
}

function unregister(name: string, isCore: boolean, kind: RangeKind): Path {
  return {
    ...{ name: `unregister, ${name}`, action: "unregister_address_range", isCore },
    stage: (world) => {
      const range = world.range(kind);
      const run = (how: Launch): Promise<RunResult> => world.ipam("unregister_address_range", range, how);
      return {
        ...{ where: "front-end", what: "unregister_address_range" },
        run,
        isReached: () => idsOf(range).every((id) => world.isGivenBack(id)),
        goOn: async () => {},
        retry: () => succeed(run),
      };
    },
  };
}

function lease(action: "get_address" | "allocate_address", name: string, kind: RangeKind = {}): Path {
  return {
    ...{ name: `${action === "get_address" ? "get" : "allocate"}, ${name}`, action, isCore: kind.dual !== true },
    stage: (world) => {
      const range = world.range(kind);
      const guest = world.guest("42", []);
      const run = (how: Launch): Promise<RunResult> => world.ipam(action, range, how, guest);
      return {
        ...{ where: "front-end", what: action },
        run,
        isReached: () => world.leases.get(range.IP) === guest,
        goOn: async () => {},
        retry: () => succeed(run),
      };
    },
  };
}

function free(name: string, isCore: boolean, ranges: (world: World) => readonly Range[]): Path {
  return {
    ...{ name: `free, ${name}`, action: "free_address", isCore },
    stage: (world) => {
      const [range = world.spare, ...others] = ranges(world);
      // `onevnet release` also frees what a guest uses.
      for (const id of [range, ...others].flatMap(idsOf)) world.untouchable.add(id);
      world.guest("42", [nic("0", range), ...others.map((other) => nic("1", other))]);
      const run = (how: Launch): Promise<RunResult> => world.ipam("free_address", range, how);
      const freeOthers = async (): Promise<void> => {
        for (const other of others) await succeed((how) => world.ipam("free_address", other, how));
      };
      return {
        ...{ where: "front-end", what: "free_address" },
        run,
        isReached: () => !world.leases.has(range.IP),
        goOn: freeOthers,
        retry: async () => {
          if (world.leases.has(range.IP)) await succeed(run);
          await freeOthers();
        },
      };
    },
  };
}

/** A NIC's range and its alias's, both on one host. */
function lent(world: World): Range[] {
  const [owner, borrower] = [world.range({ on: "h2" }), world.range({ on: "h2" })];
  world.lend(owner, borrower);
  return [owner, borrower];
}
