// Each step on the simulated account: what it does, that it leaves alone what changed since the plan, and that the next plan
// is empty.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, afterEach, before, suite, test } from "node:test";
import { readConfig } from "../../../driver/config.ts";
import { RefusedError } from "../../../driver/errors.ts";
import { ownershipTags } from "../../../driver/flexible-ip/ownership.ts";
import type { IpamSession } from "../../../driver/ipam/ipam-session.ts";
import { openLog } from "../../../driver/log.ts";
import { apply, type Outcome } from "../../../driver/operator/reconcile/apply.ts";
import { plan } from "../../../driver/operator/reconcile/plan.ts";
import type { Step, View } from "../../../driver/operator/reconcile/step.ts";
import type { FlexibleIp } from "../../../driver/scaleway/flexible-ip.ts";
import { openSession } from "../../../driver/session.ts";
import { Journal } from "../../../driver/state/journal.ts";
import type { FlexibleIpSeed } from "../../fakes/seeds.ts";
import { PROJECT, Rig } from "../../rig.ts";
import { ADOPTED, ID, ID6, INTENT, IP, IP6, MAC, OURS, range, SERVER, VM_HOLDER, view, vm } from "./view.ts";

const BORROWER = [...OURS, "scw-flexip:mac-borrower"];
const LENDER = [...OURS, "scw-flexip:mac-lender"];
const ALIAS = { id: "f1e81b1e-0000-4000-8000-0000000000a1", ip: "203.0.113.8", mac: "52:54:00:aa:00:08" };

const unchanged = async (): Promise<boolean> => true;

let rig: Rig;
let ports: IpamSession;

before(async () => {
  rig = await Rig.start({ maxPageSize: 2 });
  ports = openPorts(rig);
});
after(async () => {
  ports.close();
  await rig.stop();
});
afterEach(() => {
  for (const { id } of rig.simulator.account.all()) rig.simulator.account.remove(id);
});

const ALIAS_RANGE = range({ arId: "1", ip: ALIAS.ip, mac: ALIAS.mac });
const FREE = { ranges: [] };
const GUEST = { ranges: [range({ holder: VM_HOLDER })], vms: [vm()] };
const DUAL = range({ ip6: "2001:db8:7::1", flexibleIp6Id: ID6 });
const DUAL_GUEST = { ranges: [{ ...DUAL, holder: VM_HOLDER }], vms: [vm()] };
const ALIAS_GUEST = { ranges: [{ ...ALIAS_RANGE, holder: VM_HOLDER }, range({ holder: VM_HOLDER })], vms: [vm()] };

// Where a flexible IP is afterwards, and with which virtual MAC.
type Place = readonly [id: string, serverId: string | null, mac: string | null];
type Repair = readonly [does: string, seeds: FlexibleIpSeed[], view: Partial<View>, step: string, ...places: Place[]];
const repairs: readonly Repair[] = [
  ["deletes an orphan", [own({})], FREE, "orphan"],
  ["deletes an attached orphan and waits for its detach", [own({ serverId: SERVER.h1 })], FREE, "orphan"],
  [
    "detaches an address without a lease from any server",
    [own({ serverId: SERVER.h2 })],
    {},
    "left-attached",
    [ID, null, MAC],
  ],
  [
    "detaches both addresses of a dual-stack range in one call, which keeps the virtual MAC",
    [own({ serverId: SERVER.h1 }), ipv6({ serverId: SERVER.h1, mac: MAC })],
    { ranges: [DUAL] },
    "left-attached",
    [ID, null, MAC],
    [ID6, null, MAC],
  ],
  ["attaches the address of a running guest", [own({})], GUEST, "not-attached", [ID, SERVER.h1, MAC]],
  [
    "attaches both addresses of a dual-stack guest with one virtual MAC",
    [own({}), ipv6({})],
    DUAL_GUEST,
    "not-attached",
    [ID, SERVER.h1, MAC],
    [ID6, SERVER.h1, MAC],
  ],
  [
    "attaches an address whose virtual MAC a free one still shares, which gives it up",
    [own({ tags: LENDER }), alias({ mac: MAC })],
    { ...GUEST, ranges: [...GUEST.ranges, ALIAS_RANGE] },
    "not-attached",
    [ID, SERVER.h1, MAC],
    [ALIAS.id, null, null],
  ],
  ...["52:54:00:aa:00:08", null].map(
    (mac): Repair => [
      `attaches an alias that has ${mac === null ? "no virtual MAC" : "its own virtual MAC"} with that of its NIC`,
      [own({ tags: LENDER, serverId: SERVER.h1 }), alias({ mac })],
      ALIAS_GUEST,
      "not-attached",
      [ALIAS.id, SERVER.h1, MAC],
      [ID, SERVER.h1, MAC],
    ],
  ),
  [
    "gives an attached alias without a virtual MAC that of its NIC",
    [own({ tags: LENDER, serverId: SERVER.h1 }), alias({ serverId: SERVER.h1, mac: null })],
    ALIAS_GUEST,
    "wrong-mac",
    [ALIAS.id, SERVER.h1, MAC],
  ],
  [
    "moves an address from another server to the guest's",
    [own({ serverId: SERVER.h2 })],
    GUEST,
    "wrong-server",
    [ID, SERVER.h1, MAC],
  ],
  [
    "brings the missing half of a dual-stack guest",
    [own({ serverId: SERVER.h1 }), ipv6({})],
    DUAL_GUEST,
    "not-attached",
    [ID, SERVER.h1, MAC],
    [ID6, SERVER.h1, MAC],
  ],
  [
    "moves an address with the alias that shares its virtual MAC, which stays",
    [own({ tags: LENDER, serverId: SERVER.h2 }), alias({ serverId: SERVER.h2, mac: MAC })],
    ALIAS_GUEST,
    "wrong-server",
    [ID, SERVER.h1, MAC],
    [ALIAS.id, SERVER.h1, MAC],
  ],
];
for (const [does, seeds, changes, step, ...places] of repairs) {
  test(does, async () => {
    for (const one of seeds) seed(one);
    assert.deepEqual(await repair(changes), [`${step} done`]);
    if (places.length === 0) assert.deepEqual(addresses(), []);
    for (const [id, serverId, mac] of places) assert.deepEqual(place(id), { serverId, mac }, id);
  });
}

// A flexible IP that changes between plan and step stays as it is then.
const changed: readonly (readonly [what: string, seed: FlexibleIpSeed, view: Partial<View>, change: FlexibleIpSeed])[] =
  [
    ["an orphan that somebody tags", own({}), FREE, { tags: [...OURS, "keep"] }],
    ["a left address that is attached elsewhere", own({ serverId: SERVER.h1 }), {}, { serverId: SERVER.h2 }],
    ["removed tags that somebody changes", own({ tags: ["theirs"] }), {}, { tags: ["changed"] }],
    ["an address that is taken over", own({ serverId: SERVER.h2 }), GUEST, { serverId: SERVER.h1 }],
    ["an address that is locked", own({}), GUEST, { status: "locked" }],
  ];
for (const [what, before, changes, change] of changed) {
  test(`leaves ${what} after the plan`, async () => {
    seed(before);
    const [step] = await steps(changes);
    rig.simulator.account.set(ID, change);
    const now = rig.simulator.account.get(ID);
    assert.equal(await applied(step), "changed");
    assert.deepEqual(rig.simulator.account.get(ID), now);
  });
}

test("leaves an orphan that is gone to the next plan", async () => {
  seed(own({}));
  const [step] = await steps(FREE);
  assert.equal(await applied(step), "done");
  assert.equal(await applied(step), "changed");
});

test("restores tags that were removed", async () => {
  seed(own({ tags: ["theirs"] }));
  assert.deepEqual(await repair({}), ["lost-tags done"]);
  assert.deepEqual(tags(ID), ADOPTED);
});

test("gives an adopted flexible IP back, attached or not", async () => {
  for (const serverId of [null, SERVER.h1]) {
    seed(own({ tags: ADOPTED, serverId }));
    assert.deepEqual(await repair(FREE), ["left-adopted done"]);
    assert.deepEqual(tags(ID), ["theirs"]);
    assert.equal(place(ID).serverId, serverId);
    rig.simulator.account.remove(ID);
  }
});

test("leaves an alias whose NIC is not known to a person", async () => {
  seed(own({ tags: BORROWER, mac: null }));
  assert.deepEqual(await outcomes(await steps(GUEST)), ["not-attached manual"]);
  assert.deepEqual(place(ID), { serverId: null, mac: null });
});

test("refuses to attach a locked flexible IP", async () => {
  seed(own({}));
  const [step] = await steps(GUEST);
  seed(alias({ status: "locked" }));
  assert.ok(step?.remedy.do === "attach");
  const flexibleIps = [await ports.api.get(ALIAS.id)];
  await assert.rejects(apply(ports, { ...step, remedy: { ...step.remedy, flexibleIps } }, unchanged), RefusedError);
});

suite("undo-registration", () => {
  test("takes back what this cloud obtained and closes the intent", async () => {
    seed(own({}));
    seed(alias({ tags: ADOPTED }));
    const foreign = seedAt("203.0.113.9", { tags: ownershipTags("two", "created", INTENT) });
    await ports.journal.update((state) => {
      state.intents[INTENT] = { ...deadIntent(), flexibleIpIds: [ID] };
    });
    assert.deepEqual(await outcomes(await steps({ ranges: [], deadIntents: [INTENT] }, "open-intent")), [
      "open-intent done",
    ]);
    assert.deepEqual(addresses(), [ALIAS.ip, "203.0.113.9"].sort());
    assert.deepEqual(tags(ALIAS.id), ["theirs"]);
    assert.deepEqual(tags(foreign), ownershipTags("two", "created", INTENT));
    assert.deepEqual(journal().intents, {});
  });

  test("leaves a closed intent to the next plan", async () => {
    await ports.journal.update((state) => {
      state.intents[INTENT] = { ...deadIntent(), flexibleIpIds: [ID], wanted: 0 };
    });
    const [step] = await steps({ ranges: [], deadIntents: [INTENT] });
    assert.equal(await applied(step), "done");
    assert.equal(await applied(step), "changed");
  });

  test("keeps an intent open while its unanswered creation may still come", async () => {
    const [step] = await steps({ ranges: [], deadIntents: [INTENT] });
    const note = (since: Date): Promise<void> =>
      ports.journal.update((state) => {
        state.intents[INTENT] = { ...deadIntent(), since: since.toISOString(), flexibleIpIds: [] };
      });
    await note(new Date());
    assert.match(await applied(step), /^later$/);
    assert.deepEqual(Object.keys(journal().intents), [INTENT]);
    await note(new Date(Date.now() - 86_400_000));
    assert.equal(await applied(step), "done");
    assert.deepEqual(journal().intents, {});
  });
});

test("no step is applied when OpenNebula says something else by then", async () => {
  const gone = async (): Promise<boolean> => false;
  seed(own({ serverId: SERVER.h2 }));
  const made = [...(await steps({})), ...(await steps(GUEST)), ...(await steps({ ranges: [] }))];
  assert.deepEqual(
    made.map(({ remedy }) => remedy.do),
    ["detach", "move", "delete"],
  );
  for (const step of made) assert.equal(await apply(ports, step, gone), "changed");
  assert.deepEqual(place(ID), { serverId: SERVER.h2, mac: MAC });
});

test("after every step of a plan, the next plan is empty", async () => {
  seed(own({ serverId: SERVER.h2 }));
  seed(alias({ tags: ADOPTED }));
  seedAt("203.0.113.9", { tags: OURS });
  const made = await steps(GUEST);
  const told = await outcomes(made);
  assert.deepEqual(told.sort(), ["left-adopted done", "orphan done", "wrong-server done"]);
  assert.deepEqual(await steps(GUEST), []);
});

/** Plans, applies all of it, and checks that the next plan is empty. */
async function repair(changes: Partial<View>): Promise<string[]> {
  const told = await outcomes(await steps(changes));
  await rig.simulator.account.settled();
  assert.deepEqual(await steps(changes), [], "nothing more to do");
  return told;
}

async function steps(changes: Partial<View>, only?: Step["kind"]): Promise<Step[]> {
  const flexibleIps: FlexibleIp[] = await ports.api.list({ projectId: PROJECT });
  const now = new Date(Date.now() + 3_600_000);
  const made = plan(view({ flexibleIps, now, ...changes }));
  return only === undefined ? made : made.filter(({ kind }) => kind === only);
}

async function outcomes(made: readonly Step[]): Promise<string[]> {
  const told: string[] = [];
  for (const step of made) told.push(`${step.kind} ${await apply(ports, step, unchanged)}`);
  return told;
}

function applied(step: Step | undefined): Promise<Outcome> {
  assert.ok(step !== undefined, "the plan has a step");
  return apply(ports, step, unchanged);
}

function own(one: FlexibleIpSeed): FlexibleIpSeed {
  return { id: ID, ip: IP, mac: MAC, tags: OURS, ...one };
}

function ipv6(one: FlexibleIpSeed): FlexibleIpSeed {
  return { id: ID6, ip: `${IP6}/64`, mac: null, tags: OURS, ...one };
}

function alias(one: FlexibleIpSeed): FlexibleIpSeed {
  return { ...ALIAS, tags: BORROWER, ...one };
}

function seed(one: FlexibleIpSeed): void {
  rig.simulator.account.add({ projectId: PROJECT, ...one });
}

function seedAt(ip: string, one: FlexibleIpSeed): string {
  return rig.simulator.account.add({ ip, mac: "52:54:00:aa:00:09", projectId: PROJECT, ...one }).id;
}

function place(id: string): { serverId: string | null | undefined; mac: string | null } {
  const now = rig.simulator.account.get(id);
  return { serverId: now?.server_id, mac: now?.mac_address?.mac_address ?? null };
}

function tags(id: string): readonly string[] | undefined {
  return rig.simulator.account.get(id)?.tags;
}

function addresses(): string[] {
  return rig.simulator.account
    .all()
    .map(({ ip_address }) => ip_address)
    .sort();
}

function journal(): { intents: object } {
  return JSON.parse(readFileSync(rig.frontEnd.stateFile, "utf8"));
}

function deadIntent(): {
  since: string;
  process: { pid: number; startTicks: string; bootId: string };
  wanted: number;
} {
  return { since: new Date().toISOString(), process: { pid: 1, startTicks: "0", bootId: "gone" }, wanted: 1 };
}

/** What an operator's command on the front-end works with. */
function openPorts(on: Rig): IpamSession {
  const { root, stateFile } = on.frontEnd;
  mkdirSync(dirname(stateFile), { recursive: true });
  writeFileSync(stateFile, JSON.stringify({ version: 1, intents: {}, leases: {} }));
  const environment = {
    SCW_FLEXIP_CONF: join(root, "etc/ipam/scw-flexip/scw-flexip.conf"),
    SCW_FLEXIP_LOG_LEVEL: "error",
  };
  const caller = { action: "reconcile", version: "0.0.0", environment, executable: process.execPath };
  const config = readConfig(environment, process.execPath);
  const log = openLog({ level: "error", file: "/dev/null", context: {} });
  const session = openSession(caller, config, log, { limitMs: 120_000 });
  return { ...session, journal: new Journal(stateFile, session.log), answer: () => {} };
}
