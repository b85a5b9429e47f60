// A history: operations of OpenNebula with the faults that they meet. Plain data, which fast-check can shrink.
import fc from "fast-check";
import { FAULTS, isKill } from "./request-faults.ts";

/** SEED draws the same histories again; without it they are new ones. */
export const seed = Number(process.env.SEED) || Math.floor(Math.random() * 0x7fffffff);

// Each with how often it is drawn.
const OPERATIONS = [
  ["add-range", 10],
  ["add-dual-range", 3],
  ["add-alias-range", 5],
  ["adopt-by-ip", 3],
  ["adopt-by-id", 3],
  ["deploy", 14],
  ["deploy-named", 4],
  ["attach-nic", 7],
  ["attach-alias", 8],
  ["detach", 6],
  ["migrate", 10],
  ["migrate-fails", 4],
  ["power-off", 5],
  ["resume", 8],
  ["host-lost", 3],
  ["terminate", 6],
  ["hold", 2],
  ["release", 2],
  ["release-in-use", 3],
  ["fail-over", 3],
  ["remove-range", 4],
  ["remove-range-by-force", 1],
  ["console-detach", 1],
] as const;

type Drawn<A> = A extends fc.Arbitrary<infer T> ? T : never;
export type History = Drawn<ReturnType<typeof historyArbitrary>>;
export type Step = Drawn<ReturnType<typeof stepArbitrary>>;
export type Fault = Drawn<ReturnType<typeof faultArbitrary>>;

/** `isQuick`: short, and without what takes long in real time: silence, faults that last longer than the driver's patience. */
export function historyArbitrary(isQuick = false) {
  return fc.record({
    /** Whether oned.conf has NICs inherit the flexible IPs' ids. */
    inherits: fc.boolean(),
    /** How many ranges there are at the start, with guests on every other one. */
    firstRanges: fc.nat(isQuick ? 3 : 5),
    steps: fc.array(stepArbitrary(isQuick), { minLength: 3, maxLength: isQuick ? 14 : 30, size: "max" }),
  });
}

/** The numbers pick among what there is; where there is nothing to pick, the step does nothing. */
function stepArbitrary(isQuick: boolean) {
  const faults = (count: number) => fc.array(faultArbitrary(isQuick), { minLength: count, maxLength: count });
  return fc.record({
    operation: fc.oneof(...OPERATIONS.map(([operation, weight]) => ({ weight, arbitrary: fc.constant(operation) }))),
    /** Done by the second cloud. */
    isOther: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    pick: fc.nat(11),
    other: fc.nat(5),
    faults: fc.oneof(
      { weight: 4, arbitrary: fc.constant<Fault[]>([]) },
      { weight: 5, arbitrary: faults(1) },
      { weight: 2, arbitrary: faults(2) },
    ),
    /** How many pages of listings show the project as it was before the step. */
    staleListings: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(6) }),
    /** Looks after which what is under way has settled. */
    pace: fc.nat(2),
    /** Whether all that is under way has settled before the next step. */
    isRested: fc.boolean(),
  });
}

/** Hits the requests of one action from its `request`-th on, `times` of them. */
function faultArbitrary(isQuick: boolean) {
  const kinds = [...FAULTS.keys()].filter((kind) => !(isQuick && kind === "silence"));
  const briefly = fc.integer({ min: 1, max: 3 });
  return fc.record({
    /** Which action of the step, from 0. */
    action: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(3) }),
    request: fc.oneof({ weight: 3, arbitrary: fc.nat(2) }, { weight: 1, arbitrary: fc.nat(9) }),
    // Kills do the most damage.
    kind: fc.constantFrom(...kinds, ...kinds.filter(isKill), ...kinds.filter(isKill)),
    times: isQuick
      ? briefly
      : fc.oneof({ weight: 6, arbitrary: briefly }, { weight: 1, arbitrary: fc.constant(1_000) }),
  });
}
