// The ways through the five IPAM actions.
import { type Path, way } from "./path.ts";
import type { RangeOptions, TestCloud } from "./test-cloud.ts";

export const IPAM_PATHS: readonly Path[] = [
  register("created", true, () => ({})),
  register("adopted by id", true, (cloud) => ({ SCW_FLEXIBLE_IP_ID: cloud.bought().id })),
  register("adopted by address", false, (cloud) => ({ IP: cloud.bought().ip, MAC: "02:00:00:00:00:01" })),
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
  lease("get_address", "the free address", {}),
  lease("allocate_address", "the named address", {}),
  lease("get_address", "dual stack", { dual: true }),
  free("detached", {}),
  free("attached", { on: "h2" }),
];

function register(name: string, isCore: boolean, attributes: (cloud: TestCloud) => Record<string, string>): Path {
  return way("register_address_range", name, isCore, (cloud) => {
    const typed = { TYPE: "IP4", SIZE: "1", ...attributes(cloud) };
    const before = cloud.pool.ranges.length;
    return { run: (how) => cloud.oned(how).register(typed), isReached: () => cloud.pool.ranges.length > before };
  });
}

function unregister(name: string, isCore: boolean, kind: RangeOptions): Path {
  return way("unregister_address_range", name, isCore, (cloud) => {
    const range = cloud.range(kind);
    const isReached = (): boolean => range.ids.every((id) => cloud.isGivenBack(id));
    return { run: (how) => cloud.oned(how).unregister(range), isReached };
  });
}

function lease(action: "get_address" | "allocate_address", name: string, kind: RangeOptions): Path {
  return way(action, name, kind.dual !== true, (cloud) => {
    const range = cloud.range(kind);
    const vm = cloud.vm([]);
    return {
      run: (how) => cloud.oned(how).lease(range, vm, action === "allocate_address"),
      isReached: () => range.holder !== undefined,
    };
  });
}

/** `onevnet release` also frees what a guest uses: nothing may be done to the address. */
function free(name: string, kind: RangeOptions): Path {
  return way("free_address", name, true, (cloud) => {
    const range = cloud.range(kind);
    for (const id of range.ids) cloud.untouchable.add(id);
    cloud.vm([range]);
    return { run: (how) => cloud.oned(how).free(range), isReached: () => range.holder === undefined };
  });
}
