// What the plan finds, and which step it makes of it.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ownershipTags } from "../../../driver/flexible-ip/ownership.ts";
import type { Holder } from "../../../driver/operator/one/listings.ts";
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
const ELSEWHERE = "5e4be400-0000-4000-8000-0000000000ff";
const ofAnother = flexibleIp({ tags: ownershipTags("two", "created", INTENT) });
const onElsewhere = flexibleIp({ tags: ADOPTED, serverId: ELSEWHERE });

const inRange = (...flexibleIps: FlexibleIp[]): Changes => ({ flexibleIps });
const inNoRange = (...flexibleIps: FlexibleIp[]): Changes => ({ ranges: [], flexibleIps });
const inDual = (...flexibleIps: FlexibleIp[]): Changes => ({ ranges: [dualRange()], flexibleIps });
const ofGuest = (...flexibleIps: FlexibleIp[]): Changes => ({ ...leasedTo(vm()), flexibleIps });
const ofDualGuest = (...flexibleIps: FlexibleIp[]): Changes => ({ ...leasedTo(vm(), dualRange()), flexibleIps });
const heldBy = (holder: Holder, flexibleIps = [onH1]): Changes => ({ ranges: [range({ holder })], flexibleIps });
const guestOf = (ips: readonly string[], flexibleIps: FlexibleIp[]): Changes => ({
  ...leasedTo(vm(), ...ips.map((ip, index) => range({ arId: String(index), ip }))),
  flexibleIps,
});

table("the plan is empty for", [
  ["an empty project", inNoRange()],
  ["a free range, its address free", inRange(flexibleIp())],
  ["a running guest, its address on its host", ofGuest(onH1)],
  ["an untagged flexible IP in no range", inNoRange(flexibleIp({ tags: [] }))],
  ["another cloud's flexible IP", inNoRange(ofAnother)],
  ["a guest on its way, its address elsewhere", { ...leasedTo(vm("busy")), flexibleIps: [onH2] }],
  ["a guest on a host whose server nobody knows", leasedTo(vm("running", "h9"))],
  ["a virtual router's, attached", heldBy({ kind: "vrouter", id: "4" })],
  ["a reservation's, attached", heldBy({ kind: "network", id: "7" })],
  [
    "a range that names the id of another flexible IP",
    { ...leasedTo(vm(), range({ flexibleIpId: ID6 })), ...inRange(onH1) },
  ],
  ...(["updating", "detaching", "unknown"] as const).map(
    (status): Case => [`a free address that is ${status}`, inRange(flexibleIp({ status, serverId: SERVER.h1 }))],
  ),
]);

table("the plan for a range with", [
  ["no flexible IP, under a running guest", ofGuest(), "missing none"],
  ["a flexible IP without tags", inRange(flexibleIp({ tags: ["theirs"] })), "lost-tags restore-tags safe"],
  ["a flexible IP of another cloud", inRange(ofAnother), "other-cloud none"],
  ["a flexible IP in error", inRange(flexibleIp({ status: "error" })), "bad-status none"],
  ["a locked flexible IP", inRange(flexibleIp({ status: "locked" })), "bad-status none"],
  ["another virtual MAC", inRange(flexibleIp({ mac: "52:54:00:aa:00:99" })), "wrong-mac none"],
  [
    "no virtual MAC, on the wrong server",
    inRange(flexibleIp({ mac: undefined, serverId: SERVER.h1 })),
    "wrong-mac none",
  ],
  ["no virtual MAC, because it became an alias", inRange(flexibleIp({ mac: undefined, tags: BORROWER }))],
  ["a flexible IP without its intent", inRange(flexibleIp({ tags: ownershipTags("one", "created", undefined) }))],
  [
    "an address that another registration obtained since",
    { ranges: [range(), range({ arId: "1", network: "gone", intent: ID6 })] },
    "recycled none",
  ],
  [
    "a flexible IP that another range has too",
    { ranges: [range(), range({ arId: "1", network: "other" })] },
    "shared none",
  ],
]);

table("the plan for an address that is", [
  ["of a VM that is gone", { ...ofGuest(onH1), vms: [] }, "stale-lease none"],
  ["of a VM that is off, but attached", { ...leasedTo(vm("off")), flexibleIps: [onH1] }, "left-attached detach"],
  ["on hold, but attached", heldBy({ kind: "hold", id: "" }), "left-attached detach"],
  ["free, but attached", inRange(onH1), "left-attached detach"],
  ["free and adopted, but attached to no host of this cloud", inRange(onElsewhere), "left-attached detach"],
  ["a running guest's, attached nowhere", ofGuest(flexibleIp()), "not-attached attach safe"],
  ["a running guest's, on another server", ofGuest(onH2), "wrong-server move"],
  ["an alias's, attached nowhere", ofGuest(flexibleIp({ tags: BORROWER, mac: undefined })), "not-attached none"],
  [
    "an alias's, on its guest's host with the NIC's virtual MAC",
    ofGuest({ ...onH1, tags: BORROWER, mac: "52:54:00:aa:00:01" }),
  ],
  [
    "an alias's, on its guest's host without a virtual MAC",
    ofGuest({ ...onH1, tags: BORROWER, mac: undefined }),
    "wrong-mac none",
  ],
  [
    "a NIC's, on another server with its alias: one step for both",
    guestOf(
      [IP, "203.0.113.8"],
      [
        { ...onH2, tags: LENDER },
        { ...onH2, id: ID6, address: "203.0.113.8", tags: BORROWER },
      ],
    ),
    "wrong-server move",
  ],
  [
    "an alias's, attached nowhere, and its VM has two NICs with aliases",
    guestOf(
      [IP, "203.0.113.8", "203.0.113.9"],
      [
        { ...onH1, tags: LENDER },
        { ...onH1, id: "8", address: "203.0.113.8", tags: LENDER },
        flexibleIp({ id: "9", address: "203.0.113.9", tags: BORROWER, mac: undefined }),
      ],
    ),
    "not-attached:203.0.113.9 none",
  ],
]);

const six = ipv6();
const sixOnH1 = ipv6({ serverId: SERVER.h1 });
const sixOnH2 = ipv6({ serverId: SERVER.h2 });
table("the plan for a dual-stack range with", [
  ["both addresses free", inDual(flexibleIp(), six)],
  [
    "the IPv6 address in another spelling",
    { ...inDual(flexibleIp(), six), ranges: [dualRange({ ip6: "2001:db8:7:0::1" })] },
  ],
  ["both addresses on the guest's host, with one virtual MAC", ofDualGuest(onH1, { ...sixOnH1, mac: MAC })],
  [
    "both addresses on the guest's host, the IPv6 one without a virtual MAC",
    ofDualGuest(onH1, sixOnH1),
    "wrong-mac attach safe",
  ],
  ["no IPv6 address", inDual(flexibleIp()), "missing none"],
  ["an IPv6 address without tags", inDual(flexibleIp(), ipv6({ tags: [] })), "lost-tags restore-tags safe"],
  ["the IPv6 address attached nowhere", ofDualGuest(onH1, six), "not-attached attach safe"],
  ["both addresses on another server", ofDualGuest(onH2, sixOnH2), "wrong-server move"],
  ["no lease, the IPv6 address still attached", inDual(flexibleIp(), sixOnH1), "left-attached detach"],
]);

table("the plan for a flexible IP in no range that is", [
  ["created", inNoRange(flexibleIp()), "orphan delete"],
  ["created, attached", inNoRange(onH1), "orphan delete"],
  ["adopted", inNoRange(flexibleIp({ tags: ADOPTED })), "left-adopted remove-tags"],
  [
    "attached to no host here: another cloud may have the same name",
    inNoRange(onElsewhere),
    "same-name:one none",
    "left-adopted remove-tags",
  ],
  ["of a registration in progress", { ...inNoRange(flexibleIp()), liveIntents: [INTENT] }],
  [
    "of a registration that died: one step",
    { ...inNoRange(flexibleIp()), deadIntents: [INTENT] },
    `open-intent:${INTENT} undo-registration safe`,
  ],
  ["settling", inNoRange(flexibleIp({ status: "updating" }))],
]);

suite("the time of grace holds back", () => {
  const at = (ageMs: number): string => new Date(NOW.getTime() - ageMs).toISOString();
  for (const [step, changes, one] of [
    ["left-attached detach", {}, onH1],
    ["not-attached attach safe", leasedTo(vm()), flexibleIp()],
    ["wrong-server move", leasedTo(vm()), onH2],
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
