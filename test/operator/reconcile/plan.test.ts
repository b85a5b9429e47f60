// What the plan finds, and which step it makes of it.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ownershipTags } from "../../../driver/flexible-ip/ownership.ts";
import type { CloudRange, Holder } from "../../../driver/operator/one/listings.ts";
import { plan } from "../../../driver/operator/reconcile/plan.ts";
import type { View } from "../../../driver/operator/reconcile/step.ts";
import type { FlexibleIp } from "../../../driver/scaleway/flexible-ip.ts";
import {
  ADOPTED,
  BORROWER,
  dualRange,
  flexibleIp,
  GRACE_MS,
  ID6,
  INTENT,
  IP,
  IP6,
  ipv6,
  LENDER,
  leasedTo,
  MAC,
  NOW,
  range,
  SERVER,
  view,
  vm,
} from "./view.ts";

type Changes = Partial<View>;
type Case = readonly [name: string, changes: Changes, ...steps: string[]];

/** A step in few words: its key, without the usual address, its action, and "safe" when --apply does it without the key. */
function found(changes: Changes): string[] {
  return plan(view(changes)).map(
    ({ key, remedy, isSafe }) => `${key.replace(`:${IP}`, "")} ${remedy.do}${isSafe ? " safe" : ""}`,
  );
}

function table(title: string, cases: readonly Case[]): void {
  suite(title, () => {
    for (const [name, changes, ...steps] of cases) test(name, () => assert.deepEqual(found(changes), steps));
  });
}

const onH1 = flexibleIp({ serverId: SERVER.h1 });
const onH2 = flexibleIp({ serverId: SERVER.h2 });
const onElsewhere = flexibleIp({ tags: ADOPTED, serverId: "5e4be400-0000-4000-8000-0000000000ff" });
const ofAnother = flexibleIp({ tags: ownershipTags("two", "created", INTENT) });
const aliasOnH1 = { ...onH1, tags: BORROWER, mac: "52:54:00:aa:00:01" };
const six = ipv6();
const sixOnH1 = ipv6({ serverId: SERVER.h1 });

const inRange = (...flexibleIps: FlexibleIp[]): Changes => ({ flexibleIps });
const inNoRange = (...flexibleIps: FlexibleIp[]): Changes => ({ ranges: [], flexibleIps });
const inDual = (...flexibleIps: FlexibleIp[]): Changes => ({ ranges: [dualRange()], flexibleIps });
const ofGuest = (...flexibleIps: FlexibleIp[]): Changes => ({ ...leasedTo(vm(), range()), flexibleIps });
const ofDualGuest = (...flexibleIps: FlexibleIp[]): Changes => ({ ...leasedTo(vm(), dualRange()), flexibleIps });
const heldBy = (holder: Holder): Changes => ({ ranges: [range({ holder })], flexibleIps: [onH1] });
const besides = (other: Partial<CloudRange>): Changes => ({ ranges: [range(), range({ arId: "1", ...other })] });

table("the plan is empty for", [
  ["an empty project", inNoRange()],
  ["a free range, its address free", inRange(flexibleIp())],
  ["a running guest, its address on its host", ofGuest(onH1)],
  ["an untagged flexible IP in no range", inNoRange(flexibleIp({ tags: [] }))],
  ["another cloud's flexible IP in no range", inNoRange(ofAnother)],
  ["a guest on its way, its address elsewhere", { ...ofGuest(onH2), vms: [vm("busy")] }],
  ["a guest on a host whose server nobody knows", { ...ofGuest(onH2), vms: [vm("running", "h9")] }],
  ["a virtual router's, attached", heldBy({ kind: "vrouter", id: "4" })],
  ["a reservation's, attached", heldBy({ kind: "network", id: "7" })],
  ["a range that names another flexible IP", { ranges: [range({ flexibleIpId: ID6 })] }],
  ...(["updating", "detaching", "unknown"] as const).map(
    (status): Case => [`a free address that is ${status}`, inRange({ ...onH1, status })],
  ),
]);

table("the plan for a range with", [
  ["no flexible IP, under a running guest", ofGuest(), "missing none"],
  ["a flexible IP without tags", inRange(flexibleIp({ tags: ["theirs"] })), "lost-tags restore-tags safe"],
  ["a flexible IP of another cloud", inRange(ofAnother), "other-cloud none"],
  ["a flexible IP in error", inRange(flexibleIp({ status: "error" })), "bad-status none"],
  ["a locked flexible IP", inRange(flexibleIp({ status: "locked" })), "bad-status none"],
  ["another virtual MAC", inRange(flexibleIp({ mac: "52:54:00:aa:00:99" })), "wrong-mac none"],
  ["no virtual MAC, free but attached", inRange({ ...onH1, mac: undefined }), "wrong-mac none"],
  ["no virtual MAC, because it became an alias", inRange(flexibleIp({ mac: undefined, tags: BORROWER }))],
  ["a flexible IP without its intent", inRange(flexibleIp({ tags: ownershipTags("one", "created", undefined) }))],
  ["an address that another registration obtained since", besides({ intent: ID6 }), "recycled none"],
  ["a flexible IP that another range has too", besides({ network: "other" }), "shared none"],
]);

const TWO_NICS = ["7", "8", "9"].map((last) => range({ arId: last, ip: `203.0.113.${last}` }));
const LENDERS = ["7", "8"].map((last) => ({ ...onH1, id: last, address: `203.0.113.${last}`, tags: LENDER }));
const THEIR_ALIAS = flexibleIp({ id: "9", address: "203.0.113.9", tags: BORROWER, mac: undefined });
const TWO_LENDERS = { ...leasedTo(vm(), ...TWO_NICS), flexibleIps: [...LENDERS, THEIR_ALIAS] };
table("the plan for an address that is", [
  ["of a VM that is gone", { ...ofGuest(onH1), vms: [] }, "stale-lease none"],
  ["of a VM that is off, but attached", { ...ofGuest(onH1), vms: [vm("off")] }, "left-attached detach"],
  ["on hold, but attached", heldBy({ kind: "hold", id: "" }), "left-attached detach"],
  ["free, but attached", inRange(onH1), "left-attached detach"],
  ["free and adopted, but attached to no host of this cloud", inRange(onElsewhere), "left-attached detach"],
  ["a running guest's, attached nowhere", ofGuest(flexibleIp()), "not-attached attach safe"],
  ["a running guest's, on another server", ofGuest(onH2), "wrong-server move"],
  ["an alias's, attached nowhere", ofGuest(flexibleIp({ tags: BORROWER, mac: undefined })), "not-attached none"],
  ["an alias's, on its guest's host with the NIC's virtual MAC", ofGuest(aliasOnH1)],
  ["an alias's, on its guest's host without it", ofGuest({ ...aliasOnH1, mac: undefined }), "wrong-mac none"],
  [
    "an alias's, attached nowhere, of a VM that has two NICs with aliases",
    TWO_LENDERS,
    "not-attached:203.0.113.9 none",
  ],
]);

table("the plan for a dual-stack range with", [
  ["both addresses free", inDual(flexibleIp(), six)],
  ["the IPv6 address in another spelling", { ...inDual(flexibleIp(), six), ranges: [dualRange({ ip6: `${IP6}0:1` })] }],
  ["both addresses on the guest's host, with one virtual MAC", ofDualGuest(onH1, { ...sixOnH1, mac: MAC })],
  ["both addresses on the guest's host, one without virtual MAC", ofDualGuest(onH1, sixOnH1), "wrong-mac attach safe"],
  ["no IPv6 address", inDual(flexibleIp()), "missing none"],
  ["an IPv6 address without tags", inDual(flexibleIp(), ipv6({ tags: [] })), "lost-tags restore-tags safe"],
  ["the IPv6 address attached nowhere", ofDualGuest(onH1, six), "not-attached attach safe"],
  ["both addresses on another server", ofDualGuest(onH2, { ...six, serverId: SERVER.h2 }), "wrong-server move"],
  ["no lease, the IPv6 address still attached", inDual(flexibleIp(), sixOnH1), "left-attached detach"],
]);

table("the plan for a flexible IP in no range that is", [
  ["created", inNoRange(flexibleIp()), "orphan delete"],
  ["created, attached", inNoRange(onH1), "orphan delete"],
  ["adopted", inNoRange(flexibleIp({ tags: ADOPTED })), "left-adopted remove-tags"],
  ["adopted, attached to no host here", inNoRange(onElsewhere), "same-name:one none", "left-adopted remove-tags"],
  ["of a registration in progress", { ...inNoRange(flexibleIp()), liveIntents: [INTENT] }],
  [
    "of a registration that died",
    { deadIntents: [INTENT], ranges: [] },
    `open-intent:${INTENT} undo-registration safe`,
  ],
  ["settling", inNoRange(flexibleIp({ status: "updating" }))],
]);

suite("the time of grace holds back", () => {
  const at = (ageMs: number): string => new Date(NOW.getTime() - ageMs).toISOString();
  for (const [step, changes, one] of [
    ["left-attached detach", {}, onH1],
    ["not-attached attach safe", leasedTo(vm(), range()), flexibleIp()],
    ["wrong-server move", leasedTo(vm(), range()), onH2],
    ["orphan delete", { ranges: [] }, flexibleIp()],
    ["left-adopted remove-tags", { ranges: [] }, flexibleIp({ tags: ADOPTED })],
  ] as const) {
    test(step, () => {
      const aged = (ageMs: number): Changes => ({ ...changes, flexibleIps: [{ ...one, updatedAt: at(ageMs) }] });
      assert.deepEqual(found(aged(GRACE_MS - 1)), []);
      assert.deepEqual(found(aged(GRACE_MS)), [step]);
      assert.deepEqual(found(aged(-GRACE_MS)), [], "the API's clock is ahead");
    });
  }
});

test("same-name blames another OpenNebula only where every host's server is known", () => {
  const reasonOf = (changes: Changes): string => plan(view({ ...inNoRange(onElsewhere), ...changes }))[0]?.reason ?? "";
  assert.match(reasonOf({}), /; another one may use CLOUD="one" in this project, give each its own$/);
  const unknown = /; the server of h3 is not known yet, run scw-flexip install --hosts h3 and look again$/;
  assert.match(reasonOf({ unknownHosts: ["h3"] }), unknown);
});

test("the step detaches only what is attached", () => {
  const [step] = plan(view(inDual(flexibleIp(), sixOnH1)));
  assert.deepEqual(step?.remedy, { do: "detach", flexibleIps: [sixOnH1] });
});

test("every reason is one line that names the place", () => {
  const broken = [inRange(), inRange(onH1), ofGuest(onH2), { ranges: [], deadIntents: [INTENT] }, inRange(six)];
  for (const { kind, reason } of broken.flatMap((changes) => plan(view(changes)))) {
    assert.match(reason, /^[^\n\r]{20,}[^.]$/u, kind);
  }
});

test("steps for guests come before steps for flexible IPs in no range", () => {
  const other = flexibleIp({ id: ID6, address: "203.0.113.8" });
  assert.deepEqual(found(ofGuest(other, flexibleIp())), ["not-attached attach safe", "orphan:203.0.113.8 delete"]);
});
