// What a pool does to reach its number of free ranges.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type PoolRange, planPool, type Target } from "../../../driver/operator/pool/plan.ts";
import type { FlexibleIp } from "../../../driver/scaleway/flexible-ip.ts";
import { flexibleIp, range, VM_HOLDER } from "../reconcile/view.ts";

const NOW = new Date("2026-11-21T12:00:00Z");
const DAY_MS = 86_400_000;
const TARGET: Target = { spare: 2, max: 5, shrinkAfterMs: DAY_MS };

test("a pool gives back the bought ranges that have been free longest, down to the spare ones", () => {
  const ranges = [free(1, 3), free(2, 5), free(3, 4), leased(4), free(5, 2)];
  assert.equal(steps(TARGET, ranges), "remove 203.0.113.2, remove 203.0.113.3");
});

test("a pool never gives back a range with a lease, an adopted one, an attached one, or one that is young", () => {
  const adopted = { ...free(2, 9), isBought: false };
  const attached = { ...free(3, 9), flexibleIp: ip(3, "attached") };
  assert.equal(steps({ ...TARGET, spare: 0 }, [leased(1), adopted, attached, free(4, 0.5)]), "");
});

test("a range whose flexible IP cannot serve is not a free one", () => {
  const gone = { ...free(1), flexibleIp: undefined };
  assert.equal(steps(TARGET, [gone, { ...free(2), flexibleIp: ip(2, "locked") }, free(3)]), "buy");
});

function steps(target: Target, ranges: readonly PoolRange[]): string {
  const { steps } = planPool(target, ranges, [], NOW);
  return steps.map((step) => (step.do === "remove" ? `remove ${step.range.ip}` : step.do)).join(", ");
}

function ip(last: number, status: FlexibleIp["status"] = "ready"): FlexibleIp {
  return flexibleIp({ id: `f1e81b1e-0000-4000-8000-00000000000${last}`, address: `203.0.113.${last}`, status });
}

function free(last: number, days = 1): PoolRange {
  const freeSince = new Date(NOW.getTime() - days * DAY_MS);
  return { range: range({ ip: `203.0.113.${last}` }), flexibleIp: ip(last), isBought: true, freeSince };
}

function leased(last: number): PoolRange {
  return { ...free(last), range: range({ holder: VM_HOLDER }), freeSince: undefined };
}
