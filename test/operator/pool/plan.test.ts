// What a pool does to reach its number of free ranges.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type PoolRange, planPool, type Target } from "../../../driver/operator/pool/plan.ts";
import type { FlexibleIp } from "../../../driver/scaleway/flexible-ip.ts";
import { flexibleIp, range } from "../reconcile/view.ts";

const NOW = new Date("2026-11-21T12:00:00Z");
const DAY_MS = 86_400_000;
const TARGET: Target = { spare: 2, max: 5, shrinkAfterMs: DAY_MS };

test("a pool buys what is missing to the spare ranges", () => {
  assert.deepEqual(steps(TARGET, [leased(1), free(2)]), ["buy"]);
  assert.deepEqual(steps(TARGET, []), ["buy", "buy"]);
});

test("a pool takes idle addresses of the cloud before it buys", () => {
  assert.deepEqual(steps(TARGET, [], [ip(9)]), ["adopt 203.0.113.9", "buy"]);
  assert.deepEqual(steps(TARGET, [free(1), free(2)], [ip(9)]), []);
});

test("a pool never holds more ranges than the maximum, and says how many are missing", () => {
  const full = [1, 2, 3, 4].map(leased);
  assert.deepEqual(steps(TARGET, full), ["buy"]);
  assert.equal(planPool(TARGET, full, [], NOW).short, 1);
  assert.deepEqual(steps(TARGET, [...full, leased(5)]), []);
  assert.equal(planPool(TARGET, [...full, leased(5)], [], NOW).short, 2);
});

test("a pool gives back the bought ranges that have been free longest, down to the spare ones", () => {
  const ranges = [free(1, 3), free(2, 5), free(3, 4), leased(4), free(5, 2)];
  assert.deepEqual(steps(TARGET, ranges), ["remove 203.0.113.2", "remove 203.0.113.3"]);
});

test("a pool never gives back a range with a lease, an adopted one, an attached one, or one that is young", () => {
  const adopted = { ...free(2, 9), isBought: false };
  const attached = { ...free(3, 9), flexibleIp: ip(3, "attached") };
  assert.deepEqual(steps({ ...TARGET, spare: 0 }, [leased(1), adopted, attached, free(4, 0.5)]), []);
});

test("a range whose flexible IP cannot serve is not a free one", () => {
  const gone = { ...free(1), flexibleIp: undefined };
  const locked = { ...free(2), flexibleIp: ip(2, "locked") };
  assert.deepEqual(steps(TARGET, [gone, locked, free(3)]), ["buy"]);
});

test("a pool at its target has no step", () => {
  assert.deepEqual(steps(TARGET, [leased(1), free(2), free(3)]), []);
});

function steps(target: Target, ranges: readonly PoolRange[], idle: readonly FlexibleIp[] = []): string[] {
  return planPool(target, ranges, idle, NOW).steps.map((step) => {
    if (step.do === "buy") return "buy";
    return step.do === "adopt" ? `adopt ${step.flexibleIp.address}` : `remove ${step.range.ip}`;
  });
}

function ip(last: number, status: FlexibleIp["status"] = "ready"): FlexibleIp {
  return flexibleIp({ id: `f1e81b1e-0000-4000-8000-00000000000${last}`, address: `203.0.113.${last}`, status });
}

function free(last: number, days = 1): PoolRange {
  const freeSince = new Date(NOW.getTime() - days * DAY_MS);
  return { range: range({ ip: `203.0.113.${last}` }), flexibleIp: ip(last), isBought: true, freeSince };
}

function leased(last: number): PoolRange {
  const one = free(last);
  return { ...one, range: { ...one.range, holder: { kind: "vm", id: "7" } }, freeSince: undefined };
}
