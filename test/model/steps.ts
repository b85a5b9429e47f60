// A history: operations of OpenNebula with the faults that they meet. Plain data, which fast-check can shrink.
import fc from "fast-check";
import { FAULT_KINDS, type Fault, type FaultKind, isKill } from "./request-faults.ts";

export const OPERATIONS = [
  "add-range",
  "add-dual-range",
  "add-alias-range",
  "adopt-by-ip",
  "adopt-by-id",
  "deploy",
  "deploy-named",
  "attach-nic",
  "attach-alias",
  "detach",
  "migrate",
  "migrate-fails",
  "power-off",
  "resume",
  "host-lost",
  "terminate",
  "hold",
  "release",
  "release-in-use",
  "fail-over",
  "remove-range",
  "remove-range-by-force",
  "console-detach",
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** The numbers pick among what there is; where there is nothing to pick, the step does nothing. */
export type Step = {
  readonly operation: Operation;
  /** Done by the second cloud. */
  readonly isOther: boolean;
  readonly pick: number;
  readonly other: number;
  readonly faults: readonly Fault[];
  /** How many pages of listings show the project as it was before the step. */
  readonly staleListings: number;
  /** Looks after which what is under way has settled. */
  readonly pace: number;
  /** Whether all that is under way has settled before the next step. */
  readonly isRested: boolean;
};

export type History = {
  /** Whether oned.conf has NICs inherit the flexible IPs' ids. */
  readonly inherits: boolean;
  /** How many ranges there are at the start, with guests on every other one. */
  readonly firstRanges: number;
  readonly steps: readonly Step[];
};

export type Rules = {
  readonly maxSteps: number;
  /** Without what takes long in real time: silence, and faults that last longer than the driver's patience. */
  readonly isQuick: boolean;
  readonly mostFirstRanges?: number;
};

const WEIGHTS: Readonly<Record<Operation, number>> = {
  "add-range": 10,
  "add-dual-range": 3,
  "add-alias-range": 5,
  "adopt-by-ip": 3,
  "adopt-by-id": 3,
  deploy: 14,
  "deploy-named": 4,
  "attach-nic": 7,
  "attach-alias": 8,
  detach: 6,
  migrate: 10,
  "migrate-fails": 4,
  "power-off": 5,
  resume: 8,
  "host-lost": 3,
  terminate: 6,
  hold: 2,
  release: 2,
  "release-in-use": 3,
  "fail-over": 3,
  "remove-range": 4,
  "remove-range-by-force": 1,
  "console-detach": 1,
};

export function historyArbitrary(rules: Rules): fc.Arbitrary<History> {
  return fc.record({
    inherits: fc.boolean(),
    firstRanges: fc.nat(rules.mostFirstRanges ?? 5),
    steps: fc.array(stepArbitrary(rules), { minLength: 3, maxLength: rules.maxSteps, size: "max" }),
  });
}

function stepArbitrary(rules: Rules): fc.Arbitrary<Step> {
  return fc.record({
    operation: fc.oneof(
      ...OPERATIONS.map((operation) => ({ weight: WEIGHTS[operation], arbitrary: fc.constant(operation) })),
    ),
    isOther: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    pick: fc.nat(11),
    other: fc.nat(5),
    faults: fc.oneof(
      { weight: 4, arbitrary: fc.constant([]) },
      { weight: 5, arbitrary: fc.array(faultArbitrary(rules), { minLength: 1, maxLength: 1 }) },
      { weight: 2, arbitrary: fc.array(faultArbitrary(rules), { minLength: 2, maxLength: 2 }) },
    ),
    staleListings: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(6) }),
    pace: fc.nat(2),
    isRested: fc.boolean(),
  });
}

function faultArbitrary(rules: Rules): fc.Arbitrary<Fault> {
  const kinds: FaultKind[] = FAULT_KINDS.filter((kind) => !(rules.isQuick && kind === "silence"));
  return fc.record({
    action: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(3) }),
    request: fc.oneof({ weight: 3, arbitrary: fc.nat(2) }, { weight: 1, arbitrary: fc.nat(9) }),
    // Kills do the most damage.
    kind: fc.constantFrom(...kinds, ...kinds.filter(isKill), ...kinds.filter(isKill)),
    times: rules.isQuick
      ? fc.integer({ min: 1, max: 3 })
      : fc.oneof(
          { weight: 6, arbitrary: fc.integer({ min: 1, max: 3 }) },
          { weight: 1, arbitrary: fc.constant(1_000) },
        ),
  });
}
