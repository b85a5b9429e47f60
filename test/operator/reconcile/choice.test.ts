// Which steps of a plan --apply and --apply-all do, and what they refuse.
import assert from "node:assert/strict";
import { test } from "node:test";
import { RefusedError } from "../../../driver/errors.ts";
import type { Leadership } from "../../../driver/operator/one/leader.ts";
import { type Asked, chooseSteps } from "../../../driver/operator/reconcile/choice.ts";
import { plan, tooYoung } from "../../../driver/operator/reconcile/plan.ts";
import type { View } from "../../../driver/operator/reconcile/step.ts";
import type { FlexibleIp } from "../../../driver/scaleway/flexible-ip.ts";
import { ADOPTED, flexibleIp, INTENT, IP, leasedTo, NOW, range, SERVER, view, vm } from "./view.ts";

const ip = (last: number, changes: Partial<FlexibleIp> = {}): FlexibleIp =>
  flexibleIp({ id: `f1e81b1e-0000-4000-8000-0000000001${last}`, address: `203.0.113.${last}`, ...changes });

/** A guest whose address is attached nowhere, an orphan, a dead registration, and addresses enough to be believed. */
const MIXED: Partial<View> = {
  ...leasedTo(vm(), range(), range({ arId: "1", ip: "203.0.113.71" })),
  flexibleIps: [flexibleIp(), ip(71, { serverId: SERVER.h1 }), ip(72)],
  deadIntents: ["9"],
};
const ORPHAN = "orphan:203.0.113.72";
const SAFE = ["open-intent:9", `not-attached:${IP}`];
const ATTACHED_ORPHAN = { flexibleIps: [flexibleIp(), ip(72, { serverId: SERVER.h1 })] };
const ON_STRANGE_SERVER = { flexibleIps: [flexibleIp(), ip(72), ip(73, { tags: ADOPTED, serverId: INTENT })] };
const TWO_ORPHANS = { flexibleIps: [flexibleIp(), ip(80), ip(81)] };
const NO_RANGE = { ranges: [] };
const YOUNG = { ranges: [], flexibleIps: [flexibleIp({ updatedAt: NOW.toISOString() })] };

for (const [name, asked, changes, keys, why] of [
  ["--apply takes what is safe", "safe", MIXED, SAFE, /^$/],
  ["--apply KEY takes that step alone", [ORPHAN], MIXED, [ORPHAN], /^$/],
  ["--apply-all takes all", "all", MIXED, [...SAFE, ORPHAN], /^$/],
  ["--apply-all leaves an attached orphan", "all", ATTACHED_ORPHAN, [], /^1 that may serve .* are left: name them/],
  ["--apply-all takes nothing while CLOUD may be another's too", "all", ON_STRANGE_SERVER, [], /^2 that may serve/],
  ["--apply warns of an OpenNebula without ranges", "safe", NO_RANGE, [], /shows no range .* but 1 addresses/],
] as const) {
  test(name, () => {
    const { steps, reservation } = choose(asked, changes);
    assert.deepEqual(steps, keys);
    assert.match(reservation ?? "", why);
  });
}

for (const [name, asked, changes, message] of [
  ["--apply-all while OpenNebula shows no range", "all", NO_RANGE, /shows no range .* would delete 1 addresses/],
  ["--apply-all of more than half", "all", TWO_ORPHANS, /delete 2 of the 3 addresses/],
  ["a key that the plan does not have", [ORPHAN], {}, /the current plan has no step orphan:203\.0\.113\.72/],
  ["a key of an address that changed a moment ago", [`orphan:${IP}`], YOUNG, /moment ago; wait, or add --grace 0/],
] as const) {
  test(`the choice refuses ${name}`, () => {
    assert.throws(() => choose(asked, changes), { name: RefusedError.name, message });
  });
}

test("a follower does only what its own journal asks for", () => {
  const { steps, reservation } = choose("all", MIXED, { role: "follower", why: "this OpenNebula is a follower" });
  assert.deepEqual(steps, ["open-intent:9"]);
  assert.match(reservation ?? "", /^this OpenNebula is a follower; only .* is done; run this on the leader$/);
});

/** The keys of the chosen steps, and why they are fewer than asked for. */
function choose(asked: Asked, changes: Partial<View>, leadership: Leadership = { role: "solo" }) {
  const seen = view(changes);
  const found = { steps: plan(seen), young: tooYoung(seen), view: seen };
  const { steps, reservation } = chooseSteps(asked, found, leadership);
  return { steps: [...steps].map(({ key }) => key), reservation };
}
