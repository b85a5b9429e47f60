import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ownershipTags } from "../../../driver/flexible-ip/ownership.ts";
import type { Holder } from "../../../driver/operator/one/listings.ts";
import { plan } from "../../../driver/operator/reconcile/plan.ts";
import type { View } from "../../../driver/operator/reconcile/step.ts";
import {
  ADOPTED,
  flexibleIp,
  GRACE_MS,
  ID6,
  INTENT,
  IP,
  IP6,
  ipv6,
  MAC,
  NOW,
  OURS,
  range,
  SERVER,
  VM_HOLDER,
  view,
  vm,
} from "./view.ts";

/** A finding in few words: its key, what would be done, and "safe" when that is done without being named. */
function found(changes: Partial<View>): string[] {
  return plan(view(changes)).map(({ key, remedy, isSafe }) => `${key} ${remedy.do}${isSafe ? " safe" : ""}`);
}

type Case = { readonly name: string; readonly changes: Partial<View>; readonly steps: readonly string[] };

function table(title: string, cases: readonly Case[]): void {
  suite(title, () => {
    for (const { name, changes, steps } of cases) {
      test(name, () => assert.deepEqual(found(changes), steps));
    }
  });
}

const leased = { ranges: [range({ holder: VM_HOLDER })] };
const onH1 = flexibleIp({ serverId: SERVER.h1 });
const onH2 = flexibleIp({ serverId: SERVER.h2 });
const byHolder = (holder: Holder): Partial<View> => ({ ranges: [range({ holder })], flexibleIps: [onH1] });
const ELSEWHERE = "5e4be400-0000-4000-8000-0000000000ff";
const aliasTags = [...OURS, "scw-flexip:mac-borrower"];

table("nothing to do", [
  { name: "an empty project", changes: { flexibleIps: [], ranges: [] }, steps: [] },
  { name: "a free range, its address free", changes: {}, steps: [] },
  {
    name: "a running guest, its address on its host",
    changes: { ...leased, vms: [vm()], flexibleIps: [onH1] },
    steps: [],
  },
  {
    name: "an untagged flexible IP in no range",
    changes: { ranges: [], flexibleIps: [flexibleIp({ tags: [] })] },
    steps: [],
  },
  {
    name: "another cloud's flexible IP",
    changes: { ranges: [], flexibleIps: [flexibleIp({ tags: ownershipTags("two", "created", INTENT) })] },
    steps: [],
  },
  {
    name: "a guest on its way, its address elsewhere",
    changes: { ...leased, vms: [vm("busy")], flexibleIps: [onH2] },
    steps: [],
  },
  {
    name: "a guest on a host whose server nobody knows",
    changes: { ...leased, vms: [vm("running", "h9")] },
    steps: [],
  },
  { name: "a virtual router's, attached", changes: byHolder({ kind: "vrouter", id: "4" }), steps: [] },
  { name: "a reservation's, attached", changes: byHolder({ kind: "network", id: "7" }), steps: [] },
]);

table("addresses of ranges", [
  { name: "no flexible IP", changes: { flexibleIps: [] }, steps: [`missing:${IP} none`] },
  {
    name: "no flexible IP, attached guest or not",
    changes: { ...leased, vms: [vm()], flexibleIps: [] },
    steps: [`missing:${IP} none`],
  },
  {
    name: "tags gone",
    changes: { flexibleIps: [flexibleIp({ tags: ["theirs"] })] },
    steps: [`lost-tags:${IP} restore-tags safe`],
  },
  {
    name: "held by another cloud",
    changes: { flexibleIps: [flexibleIp({ tags: ownershipTags("two", "created", INTENT) })] },
    steps: [`other-cloud:${IP} none`],
  },
  { name: "in error", changes: { flexibleIps: [flexibleIp({ status: "error" })] }, steps: [`bad-status:${IP} none`] },
  { name: "locked", changes: { flexibleIps: [flexibleIp({ status: "locked" })] }, steps: [`bad-status:${IP} none`] },
  {
    name: "another MAC",
    changes: { flexibleIps: [flexibleIp({ mac: "52:54:00:aa:00:99" })] },
    steps: [`wrong-mac:${IP} none`],
  },
  { name: "no MAC", changes: { flexibleIps: [flexibleIp({ mac: undefined })] }, steps: [`wrong-mac:${IP} none`] },
  {
    name: "no MAC, given up for an alias",
    changes: { flexibleIps: [flexibleIp({ mac: undefined, tags: aliasTags })] },
    steps: [],
  },
  {
    name: "its address went to another registration since",
    changes: { ranges: [range(), range({ arId: "1", network: "gone", intent: ID6 })] },
    steps: [`recycled:${IP} none`],
  },
  {
    name: "tags gone, and which registration it was",
    changes: { flexibleIps: [flexibleIp({ tags: OURS.filter((tag) => !tag.includes("intent")) })] },
    steps: [],
  },
  {
    name: "one flexible IP, two ranges",
    changes: { ranges: [range(), range({ arId: "1", network: "other" })] },
    steps: [`shared:${IP} none`],
  },
  {
    name: "a wrong MAC says so before anything about its place",
    changes: { flexibleIps: [flexibleIp({ mac: undefined, serverId: SERVER.h1 })] },
    steps: [`wrong-mac:${IP} none`],
  },
]);

table("leases that no guest uses", [
  { name: "of a VM that is gone", changes: { ...leased, flexibleIps: [onH1] }, steps: [`stale-lease:${IP} none`] },
  { name: "a hold, attached", changes: byHolder({ kind: "hold", id: "" }), steps: [`left-attached:${IP} detach`] },
  { name: "a hold, free", changes: { ranges: [range({ holder: { kind: "hold", id: "" } })] }, steps: [] },
  {
    name: "of a VM that is powered off, attached",
    changes: { ...leased, vms: [vm("off")], flexibleIps: [onH1] },
    steps: [`left-attached:${IP} detach`],
  },
  { name: "of a VM that is powered off, free", changes: { ...leased, vms: [vm("off")] }, steps: [] },
]);

table("where addresses are", [
  { name: "free, but attached", changes: { flexibleIps: [onH1] }, steps: [`left-attached:${IP} detach`] },
  {
    name: "adopted and free, but attached to a machine that is no host of this cloud",
    changes: { flexibleIps: [flexibleIp({ tags: ADOPTED, serverId: ELSEWHERE })] },
    steps: [`left-attached:${IP} detach`],
  },
  {
    name: "created and free, but attached to a machine that nobody knows",
    changes: { flexibleIps: [flexibleIp({ serverId: ELSEWHERE })] },
    steps: [`left-attached:${IP} detach`],
  },
  {
    name: "adopted and free, but attached to a host",
    changes: { flexibleIps: [flexibleIp({ tags: ADOPTED, serverId: SERVER.h2 })] },
    steps: [`left-attached:${IP} detach`],
  },
  {
    name: "not attached under a guest",
    changes: { ...leased, vms: [vm()] },
    steps: [`not-attached:${IP} attach safe`],
  },
  {
    name: "on another server than the guest",
    changes: { ...leased, vms: [vm()], flexibleIps: [onH2] },
    steps: [`wrong-server:${IP} move`],
  },
  {
    name: "an alias, not attached",
    changes: { ...leased, vms: [vm()], flexibleIps: [flexibleIp({ tags: aliasTags, mac: undefined })] },
    steps: [`not-attached:${IP} none`],
  },
  {
    name: "an alias, elsewhere",
    changes: { ...leased, vms: [vm()], flexibleIps: [flexibleIp({ tags: aliasTags, mac: MAC, serverId: SERVER.h2 })] },
    steps: [`wrong-server:${IP} none`],
  },
  {
    name: "a NIC and its alias elsewhere: one step for both",
    changes: {
      vms: [vm()],
      ranges: [range({ holder: VM_HOLDER }), range({ arId: "1", ip: "203.0.113.8", holder: VM_HOLDER })],
      flexibleIps: [
        flexibleIp({ tags: [...OURS, "scw-flexip:mac-lender"], serverId: SERVER.h2 }),
        flexibleIp({ id: ID6, address: "203.0.113.8", tags: aliasTags, mac: MAC, serverId: SERVER.h2 }),
      ],
    },
    steps: [`wrong-server:${IP} move`],
  },
  {
    name: "an alias not attached, of a VM with two NICs that have aliases",
    changes: {
      vms: [vm()],
      ranges: ["7", "8", "9"].map((last) => range({ arId: last, ip: `203.0.113.${last}`, holder: VM_HOLDER })),
      flexibleIps: [
        ...["7", "8"].map((last) =>
          flexibleIp({
            id: last,
            address: `203.0.113.${last}`,
            tags: [...OURS, "scw-flexip:mac-lender"],
            serverId: SERVER.h1,
          }),
        ),
        flexibleIp({ id: "9", address: "203.0.113.9", tags: aliasTags, mac: undefined }),
      ],
    },
    steps: ["not-attached:203.0.113.9 none"],
  },
  {
    name: "an alias, on its guest's host with the NIC's MAC",
    changes: {
      ...leased,
      vms: [vm()],
      flexibleIps: [flexibleIp({ tags: aliasTags, mac: "52:54:00:aa:00:01", serverId: SERVER.h1 })],
    },
    steps: [],
  },
  {
    name: "an alias, on its guest's host without the NIC's MAC",
    changes: {
      ...leased,
      vms: [vm()],
      flexibleIps: [flexibleIp({ tags: aliasTags, mac: undefined, serverId: SERVER.h1 })],
    },
    steps: [`wrong-mac:${IP} none`],
  },
  ...(["updating", "detaching", "unknown"] as const).map((status) => ({
    name: `${status}: nothing follows yet`,
    changes: { flexibleIps: [flexibleIp({ status, serverId: SERVER.h1 })] },
    steps: [],
  })),
]);

const dual = range({ ip6: "2001:db8:7::1", flexibleIp6Id: ID6 });
const dualLeased = { ranges: [{ ...dual, holder: VM_HOLDER }], vms: [vm()] };
table("dual stack", [
  { name: "both free", changes: { ranges: [dual], flexibleIps: [flexibleIp(), ipv6()] }, steps: [] },
  {
    name: "both with the guest, on one MAC",
    changes: { ...dualLeased, flexibleIps: [onH1, ipv6({ serverId: SERVER.h1, mac: MAC })] },
    steps: [],
  },
  {
    name: "both with the guest, the IPv6 one without the MAC",
    changes: { ...dualLeased, flexibleIps: [onH1, ipv6({ serverId: SERVER.h1 })] },
    steps: [`wrong-mac:${IP} attach safe`],
  },
  { name: "the IPv6 one gone", changes: { ranges: [dual] }, steps: ["missing:203.0.113.7 none"] },
  {
    name: "the IPv6 one not attached",
    changes: { ...dualLeased, flexibleIps: [onH1, ipv6()] },
    steps: [`not-attached:${IP} attach safe`],
  },
  {
    name: "neither attached",
    changes: { ...dualLeased, flexibleIps: [flexibleIp(), ipv6()] },
    steps: [`not-attached:${IP} attach safe`],
  },
  {
    name: "both elsewhere",
    changes: { ...dualLeased, flexibleIps: [onH2, ipv6({ serverId: SERVER.h2 })] },
    steps: [`wrong-server:${IP} move`],
  },
  {
    name: "free, the IPv6 one left attached",
    changes: { ranges: [dual], flexibleIps: [flexibleIp(), ipv6({ serverId: SERVER.h1 })] },
    steps: [`left-attached:${IP} detach`],
  },
  {
    name: "the IPv6 one without tags",
    changes: { ranges: [dual], flexibleIps: [flexibleIp(), ipv6({ tags: [] })] },
    steps: [`lost-tags:${IP} restore-tags safe`],
  },
  {
    name: "a first host that is written otherwise",
    changes: { ranges: [{ ...dual, ip6: "2001:db8:7:0::1" }], flexibleIps: [flexibleIp(), ipv6()] },
    steps: [],
  },
]);

table("flexible IPs in no range", [
  { name: "created", changes: { ranges: [] }, steps: [`orphan:${IP} delete`] },
  { name: "created, attached", changes: { ranges: [], flexibleIps: [onH1] }, steps: [`orphan:${IP} delete`] },
  {
    name: "attached to a server that is no host here: another cloud may have our name",
    changes: { ranges: [], flexibleIps: [flexibleIp({ tags: ADOPTED, serverId: ELSEWHERE })] },
    steps: ["same-name:one none", `left-adopted:${IP} remove-tags`],
  },
  {
    name: "adopted",
    changes: { ranges: [], flexibleIps: [flexibleIp({ tags: ADOPTED })] },
    steps: [`left-adopted:${IP} remove-tags`],
  },
  { name: "of a registration under way", changes: { ranges: [], liveIntents: [INTENT] }, steps: [] },
  {
    name: "of a registration that died: told once",
    changes: { ranges: [], deadIntents: [INTENT] },
    steps: [`open-intent:${INTENT} undo-registration safe`],
  },
  {
    name: "settling",
    changes: { ranges: [], flexibleIps: [flexibleIp({ status: "updating" })] },
    steps: [],
  },
]);

table("the journal", [
  {
    name: "a dead intent with nothing to show",
    changes: { deadIntents: ["9"] },
    steps: ["open-intent:9 undo-registration safe"],
  },
]);

suite("the time of grace", () => {
  const at = (ageMs: number): string => new Date(NOW.getTime() - ageMs).toISOString();
  const places: readonly { name: string; changes: Partial<View>; step: string }[] = [
    { name: "left attached", changes: { flexibleIps: [onH1] }, step: `left-attached:${IP} detach` },
    { name: "not attached", changes: { ...leased, vms: [vm()] }, step: `not-attached:${IP} attach safe` },
    { name: "wrong server", changes: { ...leased, vms: [vm()], flexibleIps: [onH2] }, step: `wrong-server:${IP} move` },
    { name: "orphan", changes: { ranges: [] }, step: `orphan:${IP} delete` },
    {
      name: "left adopted",
      changes: { ranges: [], flexibleIps: [flexibleIp({ tags: ADOPTED })] },
      step: `left-adopted:${IP} remove-tags`,
    },
  ];
  for (const { name, changes, step } of places) {
    test(name, () => {
      const aged = (ageMs: number): Partial<View> => {
        const flexibleIps = (changes.flexibleIps ?? [flexibleIp()]).map((one) => ({ ...one, updatedAt: at(ageMs) }));
        return { ...changes, flexibleIps };
      };
      assert.deepEqual(found(aged(GRACE_MS - 1)), []);
      assert.deepEqual(found(aged(GRACE_MS)), [step]);
      assert.deepEqual(found(aged(-GRACE_MS)), [], "the API's clock is ahead");
    });
  }
});

suite("what a step would do", () => {
  const remedyOf = (changes: Partial<View>): unknown => plan(view(changes))[0]?.remedy;

  test("tags that were taken away come back as those of an adopted one, which nobody deletes", () => {
    const bare = flexibleIp({ tags: ["theirs", "scw-flexip:created"] });
    const tags = ADOPTED;
    assert.deepEqual(remedyOf({ flexibleIps: [bare] }), { do: "restore-tags", flexibleIp: bare, tags });
  });

  test("an adopted one keeps its owner's tags and loses ours", () => {
    const left = flexibleIp({ tags: ADOPTED });
    assert.deepEqual(remedyOf({ ranges: [], flexibleIps: [left] }), {
      do: "remove-tags",
      flexibleIp: left,
      tags: ["theirs"],
    });
  });

  test("both addresses of a guest move together, the IPv4 one first", () => {
    const flexibleIps = [ipv6({ serverId: SERVER.h2 }), onH2];
    assert.deepEqual(remedyOf({ ...dualLeased, flexibleIps }), {
      do: "move",
      flexibleIps: [onH2, ipv6({ serverId: SERVER.h2 })],
      serverId: SERVER.h1,
    });
  });

  test("only what is attached is detached", () => {
    const left = ipv6({ serverId: SERVER.h1 });
    assert.deepEqual(remedyOf({ ranges: [dual], flexibleIps: [flexibleIp(), left] }), {
      do: "detach",
      flexibleIps: [left],
    });
  });

  test("an address is found by itself, whatever id the range names", () => {
    const forged = range({ flexibleIpId: ID6, holder: VM_HOLDER });
    assert.deepEqual(found({ ranges: [forged], vms: [vm()], flexibleIps: [onH1] }), []);
  });
});

test("every reason names the place and is one line for people", () => {
  const all = [
    ...plan(view({ flexibleIps: [] })),
    ...plan(view({ flexibleIps: [onH1] })),
    ...plan(view({ ...leased, vms: [vm()], flexibleIps: [onH2] })),
    ...plan(view({ ranges: [], deadIntents: [INTENT] })),
    ...plan(view({ ranges: [range(), range({ arId: "1" })] })),
    ...plan(view({ flexibleIps: [flexibleIp({ address: IP6, isIpv6: true, id: ID6 })] })),
  ];
  for (const { kind, reason, key } of all) {
    assert.match(reason, /^[^\n\r]{20,}[^.]$/u, kind);
    assert.ok(key.startsWith(`${kind}:`));
  }
});

test("guests come before money: placing first, what is in no range later", () => {
  const other = flexibleIp({ id: ID6, address: "203.0.113.8" });
  const steps = found({ ...leased, vms: [vm()], flexibleIps: [other, flexibleIp()] });
  assert.deepEqual(steps, [`not-attached:${IP} attach safe`, "orphan:203.0.113.8 delete"]);
});
