import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ownershipTags } from "../../../driver/flexible-ip/ownership.ts";
import type { Holder } from "../../../driver/operator/one/listings.ts";
import { plan } from "../../../driver/operator/reconcile/plan.ts";
import type { View } from "../../../driver/operator/reconcile/step.ts";
import type { FlexibleIp } from "../../../driver/scaleway/flexible-ip.ts";
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

/** A step in few words: its key, its action, and "safe" when --apply does it without the key. */
function found(changes: Partial<View>): string[] {
  return plan(view(changes)).map(({ key, remedy, isSafe }) => `${key} ${remedy.do}${isSafe ? " safe" : ""}`);
}

type Case = readonly [name: string, changes: Partial<View>, ...steps: string[]];

function table(title: string, cases: readonly Case[]): void {
  suite(title, () => {
    for (const [name, changes, ...steps] of cases) {
      test(name, () => assert.deepEqual(found(changes), steps));
    }
  });
}

const leased = { ranges: [range({ holder: VM_HOLDER })] };
const onH1 = flexibleIp({ serverId: SERVER.h1 });
const onH2 = flexibleIp({ serverId: SERVER.h2 });
const byHolder = (holder: Holder): Partial<View> => ({ ranges: [range({ holder })], flexibleIps: [onH1] });
const one = (changes: Partial<FlexibleIp>): Partial<View> => ({ flexibleIps: [flexibleIp(changes)] });
const running = (...flexibleIps: FlexibleIp[]): Partial<View> => ({
  ...leased,
  vms: [vm()],
  ...(flexibleIps.length > 0 && { flexibleIps }),
});
const ELSEWHERE = "5e4be400-0000-4000-8000-0000000000ff";
const aliasTags = [...OURS, "scw-flexip:mac-borrower"];

table("the plan is empty for", [
  ["an empty project", { flexibleIps: [], ranges: [] }],
  ["a free range, its address free", {}],
  ["a running guest, its address on its host", running(onH1)],
  ["an untagged flexible IP in no range", { ranges: [], flexibleIps: [flexibleIp({ tags: [] })] }],
  [
    "another cloud's flexible IP",
    { ranges: [], flexibleIps: [flexibleIp({ tags: ownershipTags("two", "created", INTENT) })] },
  ],
  ["a guest on its way, its address elsewhere", { ...leased, vms: [vm("busy")], flexibleIps: [onH2] }],
  ["a guest on a host whose server nobody knows", { ...leased, vms: [vm("running", "h9")] }],
  ["a virtual router's, attached", byHolder({ kind: "vrouter", id: "4" })],
  ["a reservation's, attached", byHolder({ kind: "network", id: "7" })],
]);

table("the plan for a range with", [
  ["no flexible IP", { flexibleIps: [] }, `missing:${IP} none`],
  ["no flexible IP, under a running guest", { ...running(), flexibleIps: [] }, `missing:${IP} none`],
  ["a flexible IP without tags", one({ tags: ["theirs"] }), `lost-tags:${IP} restore-tags safe`],
  ["a flexible IP of another cloud", one({ tags: ownershipTags("two", "created", INTENT) }), `other-cloud:${IP} none`],
  ["a flexible IP in error", one({ status: "error" }), `bad-status:${IP} none`],
  ["a locked flexible IP", one({ status: "locked" }), `bad-status:${IP} none`],
  ["another virtual MAC", one({ mac: "52:54:00:aa:00:99" }), `wrong-mac:${IP} none`],
  ["no virtual MAC", one({ mac: undefined }), `wrong-mac:${IP} none`],
  ["no virtual MAC, because it became an alias", one({ mac: undefined, tags: aliasTags })],
  [
    "an address that another registration obtained since",
    { ranges: [range(), range({ arId: "1", network: "gone", intent: ID6 })] },
    `recycled:${IP} none`,
  ],
  ["a flexible IP without its intent", one({ tags: OURS.filter((tag) => !tag.includes("intent")) })],
  [
    "a flexible IP that another range has too",
    { ranges: [range(), range({ arId: "1", network: "other" })] },
    `shared:${IP} none`,
  ],
  [
    "no virtual MAC and the wrong server: the MAC comes first",
    one({ mac: undefined, serverId: SERVER.h1 }),
    `wrong-mac:${IP} none`,
  ],
]);

table("the plan for a lease that no guest uses:", [
  ["its VM is gone", { ...leased, flexibleIps: [onH1] }, `stale-lease:${IP} none`],
  ["a hold, attached", byHolder({ kind: "hold", id: "" }), `left-attached:${IP} detach`],
  ["a hold, free", { ranges: [range({ holder: { kind: "hold", id: "" } })] }],
  [
    "its VM is off, the address attached",
    { ...leased, vms: [vm("off")], flexibleIps: [onH1] },
    `left-attached:${IP} detach`,
  ],
  ["its VM is off, the address free", { ...leased, vms: [vm("off")] }],
]);

table("the plan for an address that is", [
  ["free, but attached", { flexibleIps: [onH1] }, `left-attached:${IP} detach`],
  [
    "free and adopted, but attached to a server that is no host of this cloud",
    one({ tags: ADOPTED, serverId: ELSEWHERE }),
    `left-attached:${IP} detach`,
  ],
  [
    "free and created, but attached to a server that nobody knows",
    one({ serverId: ELSEWHERE }),
    `left-attached:${IP} detach`,
  ],
  [
    "free and adopted, but attached to a host",
    one({ tags: ADOPTED, serverId: SERVER.h2 }),
    `left-attached:${IP} detach`,
  ],
  ["a running guest's, attached nowhere", running(), `not-attached:${IP} attach safe`],
  ["a running guest's, on another server", running(onH2), `wrong-server:${IP} move`],
  ["an alias's, attached nowhere", running(flexibleIp({ tags: aliasTags, mac: undefined })), `not-attached:${IP} none`],
  [
    "an alias's, on another server",
    running(flexibleIp({ tags: aliasTags, mac: MAC, serverId: SERVER.h2 })),
    `wrong-server:${IP} none`,
  ],
  [
    "a NIC's, on another server with its alias: one step for both",
    {
      vms: [vm()],
      ranges: [range({ holder: VM_HOLDER }), range({ arId: "1", ip: "203.0.113.8", holder: VM_HOLDER })],
      flexibleIps: [
        flexibleIp({ tags: [...OURS, "scw-flexip:mac-lender"], serverId: SERVER.h2 }),
        flexibleIp({ id: ID6, address: "203.0.113.8", tags: aliasTags, mac: MAC, serverId: SERVER.h2 }),
      ],
    },
    `wrong-server:${IP} move`,
  ],
  [
    "an alias's, attached nowhere, and its VM has two NICs with aliases",
    {
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
    "not-attached:203.0.113.9 none",
  ],
  [
    "an alias's, on its guest's host with the NIC's virtual MAC",
    running(flexibleIp({ tags: aliasTags, mac: "52:54:00:aa:00:01", serverId: SERVER.h1 })),
  ],
  [
    "an alias's, on its guest's host without the NIC's virtual MAC",
    running(flexibleIp({ tags: aliasTags, mac: undefined, serverId: SERVER.h1 })),
    `wrong-mac:${IP} none`,
  ],
  ...(["updating", "detaching", "unknown"] as const).map(
    (status): Case => [`a free address that is ${status}`, one({ status, serverId: SERVER.h1 })],
  ),
]);

const dual = range({ ip6: "2001:db8:7::1", flexibleIp6Id: ID6 });
const dualLeased = { ranges: [{ ...dual, holder: VM_HOLDER }], vms: [vm()] };
table("the plan for a dual-stack range with", [
  ["both addresses free", { ranges: [dual], flexibleIps: [flexibleIp(), ipv6()] }],
  [
    "both addresses on the guest's host, with one virtual MAC",
    { ...dualLeased, flexibleIps: [onH1, ipv6({ serverId: SERVER.h1, mac: MAC })] },
  ],
  [
    "both addresses on the guest's host, the IPv6 one without a virtual MAC",
    { ...dualLeased, flexibleIps: [onH1, ipv6({ serverId: SERVER.h1 })] },
    `wrong-mac:${IP} attach safe`,
  ],
  ["no IPv6 address", { ranges: [dual] }, "missing:203.0.113.7 none"],
  [
    "the IPv6 address attached nowhere",
    { ...dualLeased, flexibleIps: [onH1, ipv6()] },
    `not-attached:${IP} attach safe`,
  ],
  [
    "both addresses attached nowhere",
    { ...dualLeased, flexibleIps: [flexibleIp(), ipv6()] },
    `not-attached:${IP} attach safe`,
  ],
  [
    "both addresses on another server",
    { ...dualLeased, flexibleIps: [onH2, ipv6({ serverId: SERVER.h2 })] },
    `wrong-server:${IP} move`,
  ],
  [
    "no lease, the IPv6 address still attached",
    { ranges: [dual], flexibleIps: [flexibleIp(), ipv6({ serverId: SERVER.h1 })] },
    `left-attached:${IP} detach`,
  ],
  [
    "an IPv6 address without tags",
    { ranges: [dual], flexibleIps: [flexibleIp(), ipv6({ tags: [] })] },
    `lost-tags:${IP} restore-tags safe`,
  ],
  [
    "an IPv6 address in another spelling",
    { ranges: [{ ...dual, ip6: "2001:db8:7:0::1" }], flexibleIps: [flexibleIp(), ipv6()] },
  ],
]);

table("the plan for a flexible IP in no range that is", [
  ["created", { ranges: [] }, `orphan:${IP} delete`],
  ["created, attached", { ranges: [], flexibleIps: [onH1] }, `orphan:${IP} delete`],
  [
    "attached to a server that is no host here: another cloud may have the same name",
    { ranges: [], flexibleIps: [flexibleIp({ tags: ADOPTED, serverId: ELSEWHERE })] },
    "same-name:one none",
    `left-adopted:${IP} remove-tags`,
  ],
  ["adopted", { ranges: [], ...one({ tags: ADOPTED }) }, `left-adopted:${IP} remove-tags`],
  ["of a registration in progress", { ranges: [], liveIntents: [INTENT] }],
  [
    "of a registration that died: one step",
    { ranges: [], deadIntents: [INTENT] },
    `open-intent:${INTENT} undo-registration safe`,
  ],
  ["settling", { ranges: [], flexibleIps: [flexibleIp({ status: "updating" })] }],
]);

table("the plan for the journal with", [
  ["a dead intent that obtained nothing", { deadIntents: ["9"] }, "open-intent:9 undo-registration safe"],
]);

suite("the time of grace holds back", () => {
  const at = (ageMs: number): string => new Date(NOW.getTime() - ageMs).toISOString();
  const steps: readonly (readonly [changes: Partial<View>, step: string])[] = [
    [{ flexibleIps: [onH1] }, `left-attached:${IP} detach`],
    [running(), `not-attached:${IP} attach safe`],
    [running(onH2), `wrong-server:${IP} move`],
    [{ ranges: [] }, `orphan:${IP} delete`],
    [{ ranges: [], ...one({ tags: ADOPTED }) }, `left-adopted:${IP} remove-tags`],
  ];
  for (const [changes, step] of steps) {
    test(step, () => {
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

suite("the step of the plan", () => {
  const remedyOf = (changes: Partial<View>): unknown => plan(view(changes))[0]?.remedy;

  test("restores tags as those of an adopted flexible IP, which nobody deletes", () => {
    const bare = flexibleIp({ tags: ["theirs", "scw-flexip:created"] });
    const tags = ADOPTED;
    assert.deepEqual(remedyOf({ flexibleIps: [bare] }), { do: "restore-tags", flexibleIp: bare, tags });
  });

  test("removes only our tags from an adopted flexible IP", () => {
    const left = flexibleIp({ tags: ADOPTED });
    assert.deepEqual(remedyOf({ ranges: [], flexibleIps: [left] }), {
      do: "remove-tags",
      flexibleIp: left,
      tags: ["theirs"],
    });
  });

  test("moves both addresses of a guest together, the IPv4 address first", () => {
    const flexibleIps = [ipv6({ serverId: SERVER.h2 }), onH2];
    assert.deepEqual(remedyOf({ ...dualLeased, flexibleIps }), {
      do: "move",
      flexibleIps: [onH2, ipv6({ serverId: SERVER.h2 })],
      serverId: SERVER.h1,
    });
  });

  test("detaches only what is attached", () => {
    const left = ipv6({ serverId: SERVER.h1 });
    assert.deepEqual(remedyOf({ ranges: [dual], flexibleIps: [flexibleIp(), left] }), {
      do: "detach",
      flexibleIps: [left],
    });
  });

  test("finds an address by itself, whatever id the range names", () => {
    const forged = range({ flexibleIpId: ID6, holder: VM_HOLDER });
    assert.deepEqual(found({ ranges: [forged], vms: [vm()], flexibleIps: [onH1] }), []);
  });
});

test("same-name blames another OpenNebula only where every host's server is known", () => {
  const reasonOf = (changes: Partial<View>): string | undefined =>
    plan(view({ ranges: [], flexibleIps: [flexibleIp({ serverId: "9" })], ...changes })).find(
      ({ kind }) => kind === "same-name",
    )?.reason;
  assert.match(reasonOf({}) ?? "", /; another one may use CLOUD="one" in this project, give each its own$/);
  const unknown = reasonOf({ unknownHosts: ["h3"] }) ?? "";
  assert.match(unknown, /; the server of h3 is not known yet, run scw-flexip install --hosts h3 and look again$/);
});

test("every reason is one line that names the place", () => {
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

test("steps for guests come before steps for flexible IPs in no range", () => {
  const other = flexibleIp({ id: ID6, address: "203.0.113.8" });
  const steps = found({ ...leased, vms: [vm()], flexibleIps: [other, flexibleIp()] });
  assert.deepEqual(steps, [`not-attached:${IP} attach safe`, "orphan:203.0.113.8 delete"]);
});
