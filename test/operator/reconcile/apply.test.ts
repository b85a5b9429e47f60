// Each step on the simulated account: what it does, that it leaves alone what changed since the plan, and that the next plan
// is empty.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, afterEach, test } from "node:test";
import { readConfig } from "../../../driver/config.ts";
import { ownershipTags } from "../../../driver/flexible-ip/ownership.ts";
import type { IpamSession } from "../../../driver/ipam/ipam-session.ts";
import { openLog } from "../../../driver/log.ts";
import { apply, type Outcome } from "../../../driver/operator/reconcile/apply.ts";
import { plan } from "../../../driver/operator/reconcile/plan.ts";
import type { Step, View } from "../../../driver/operator/reconcile/step.ts";
import { openSession } from "../../../driver/session.ts";
import { Journal } from "../../../driver/state/journal.ts";
import type { FlexibleIpSeed } from "../../fakes/seeds.ts";
import { PROJECT, Rig } from "../../rig.ts";
import {
  ADOPTED,
  BORROWER,
  dualRange,
  ID,
  ID6,
  INTENT,
  IP,
  IP6,
  LENDER,
  leasedTo,
  MAC,
  OURS,
  range,
  SERVER,
  view,
  vm,
} from "./view.ts";

const rig = await Rig.start({ maxPageSize: 2 });
const ports = openPorts();
const { account } = rig.simulator;
after(async () => {
  ports.close();
  await rig.stop();
});
afterEach(() => {
  for (const { id } of account.all()) account.remove(id);
});

const ALIAS = { id: "f1e81b1e-0000-4000-8000-0000000000a1", ip: "203.0.113.8", mac: "52:54:00:aa:00:08" };
const H1 = { serverId: SERVER.h1 };
const H2 = { serverId: SERVER.h2 };
const own = (seed: FlexibleIpSeed = {}): FlexibleIpSeed => ({ id: ID, ip: IP, mac: MAC, tags: OURS, ...seed });
const lender = (seed: FlexibleIpSeed = {}): FlexibleIpSeed => own({ tags: LENDER, ...seed });
const alias = (seed: FlexibleIpSeed): FlexibleIpSeed => ({ ...ALIAS, tags: BORROWER, ...seed });
const six = (seed: FlexibleIpSeed = {}): FlexibleIpSeed => ({
  id: ID6,
  ip: `${IP6}/64`,
  mac: null,
  tags: OURS,
  ...seed,
});

const ALIAS_RANGE = range({ arId: "1", ip: ALIAS.ip, mac: ALIAS.mac });
const IN_NO_RANGE = { ranges: [] };
const FREE = { ranges: [range()] };
const GUEST = leasedTo(vm());
const DUAL_GUEST = leasedTo(vm(), dualRange());
const ALIAS_GUEST = leasedTo(vm(), ALIAS_RANGE, range());

// Where a flexible IP is afterwards, and with which virtual MAC.
type Place = readonly [id: string, serverId: string | null, mac: string | null];
type Repair = readonly [does: string, seeds: FlexibleIpSeed[], view: Partial<View>, step: string, ...places: Place[]];
const repairs: readonly Repair[] = [
  ["deletes an orphan", [own()], IN_NO_RANGE, "orphan"],
  ["deletes an attached orphan and waits for its detach", [own(H1)], IN_NO_RANGE, "orphan"],
  ["detaches an address without a lease from any server", [own(H2)], FREE, "left-attached", [ID, null, MAC]],
  [
    "detaches both addresses of a dual-stack range in one call, which keeps the virtual MAC",
    [own(H1), six({ ...H1, mac: MAC })],
    { ranges: [dualRange()] },
    "left-attached",
    [ID, null, MAC],
    [ID6, null, MAC],
  ],
  [
    "detaches the one address of a dual-stack range that is attached",
    [own(), six(H1)],
    { ranges: [dualRange()] },
    "left-attached",
    [ID, null, MAC],
    [ID6, null, null],
  ],
  ["attaches the address of a running guest", [own()], GUEST, "not-attached", [ID, SERVER.h1, MAC]],
  [
    "attaches both addresses of a dual-stack guest with one virtual MAC",
    [own(), six()],
    DUAL_GUEST,
    "not-attached",
    [ID, SERVER.h1, MAC],
    [ID6, SERVER.h1, MAC],
  ],
  [
    "brings the missing half of a dual-stack guest",
    [own(H1), six()],
    DUAL_GUEST,
    "not-attached",
    [ID, SERVER.h1, MAC],
    [ID6, SERVER.h1, MAC],
  ],
  [
    "attaches an address whose virtual MAC a free one still shares, which gives it up",
    [lender(), alias({ mac: MAC })],
    { ...GUEST, ranges: [...GUEST.ranges, ALIAS_RANGE] },
    "not-attached",
    [ID, SERVER.h1, MAC],
    [ALIAS.id, null, null],
  ],
  [
    "attaches an alias that has its own virtual MAC with that of its NIC",
    [lender(H1), alias({ mac: ALIAS.mac })],
    ALIAS_GUEST,
    "not-attached",
    [ALIAS.id, SERVER.h1, MAC],
    [ID, SERVER.h1, MAC],
  ],
  [
    "attaches an alias that has no virtual MAC with that of its NIC",
    [lender(H1), alias({ mac: null })],
    ALIAS_GUEST,
    "not-attached",
    [ALIAS.id, SERVER.h1, MAC],
    [ID, SERVER.h1, MAC],
  ],
  [
    "gives an attached alias without a virtual MAC that of its NIC",
    [lender(H1), alias({ ...H1, mac: null })],
    ALIAS_GUEST,
    "wrong-mac",
    [ALIAS.id, SERVER.h1, MAC],
  ],
  ["moves an address from another server to the guest's", [own(H2)], GUEST, "wrong-server", [ID, SERVER.h1, MAC]],
  [
    "moves both addresses of a dual-stack guest with one virtual MAC",
    [six({ ...H2, mac: MAC }), own(H2)],
    DUAL_GUEST,
    "wrong-server",
    [ID, SERVER.h1, MAC],
    [ID6, SERVER.h1, MAC],
  ],
  [
    "moves an address with the alias that shares its virtual MAC, which stays",
    [lender(H2), alias({ ...H2, mac: MAC })],
    ALIAS_GUEST,
    "wrong-server",
    [ID, SERVER.h1, MAC],
    [ALIAS.id, SERVER.h1, MAC],
  ],
];
for (const [does, seeds, changes, step, ...places] of repairs) {
  test(`the step ${does}`, async () => {
    for (const one of seeds) seed(one);
    await repair(changes, step);
    if (places.length === 0) assert.deepEqual(account.all(), []);
    for (const [id, serverId, mac] of places) {
      const now = account.get(id);
      assert.deepEqual([now?.server_id, now?.mac_address?.mac_address ?? null], [serverId, mac], id);
    }
  });
}

test("the step restores tags as those of an adopted flexible IP, which nobody deletes", async () => {
  seed(own({ tags: ["theirs", "scw-flexip:created"] }));
  await repair(FREE, "lost-tags");
  assert.deepEqual(account.get(ID)?.tags, ADOPTED);
});

for (const serverId of [null, SERVER.h1]) {
  test(`the step takes only our tags from an adopted flexible IP on server ${serverId}`, async () => {
    seed(own({ tags: ADOPTED, serverId }));
    await repair(IN_NO_RANGE, "left-adopted");
    assert.partialDeepStrictEqual(account.get(ID), { tags: ["theirs"], server_id: serverId });
  });
}

test("an alias whose NIC is not known is left to a person", async () => {
  seed(own({ tags: BORROWER, mac: null }));
  assert.deepEqual(await applied(await steps(GUEST)), ["manual"]);
});

for (const [what, before, changes, change] of [
  ["an orphan that somebody tags", own(), IN_NO_RANGE, { tags: [...OURS, "keep"] }],
  ["a left address that is attached elsewhere", own(H1), FREE, H2],
  ["removed tags that somebody changes", own({ tags: ["theirs"] }), FREE, { tags: ["changed"] }],
  ["an address that is taken over", own(H2), GUEST, H1],
  ["an address that is locked", own(), GUEST, { status: "locked" }],
] as const) {
  test(`${what} after the plan stays as it is then`, async () => {
    seed(before);
    const made = await steps(changes);
    account.set(ID, change);
    const now = account.get(ID);
    assert.deepEqual(await applied(made), ["changed"]);
    assert.deepEqual(account.get(ID), now);
  });
}

test("an orphan that is gone after the plan is left to the next plan", async () => {
  seed(own());
  const made = await steps(IN_NO_RANGE);
  account.remove(ID);
  assert.deepEqual(await applied(made), ["changed"]);
});

test("no step is applied when OpenNebula says something else by then", async () => {
  seed(own(H2));
  const made = [...(await steps(FREE)), ...(await steps(GUEST)), ...(await steps(IN_NO_RANGE))];
  assert.equal(made.map(({ remedy }) => remedy.do).join(" "), "detach move delete");
  assert.deepEqual(await applied(made, false), ["changed", "changed", "changed"]);
  assert.equal(account.get(ID)?.server_id, SERVER.h2);
});

test("undoing a registration takes back what this cloud obtained and closes the intent", async () => {
  seed(own());
  seed(alias({ tags: ADOPTED }));
  const foreign = ownershipTags("two", "created", INTENT);
  const { id } = account.add({ tags: foreign, projectId: PROJECT });
  await note(new Date(), [ID]);
  assert.deepEqual(await applied(await steps({ ...IN_NO_RANGE, deadIntents: [INTENT] })), ["done"]);
  assert.equal(account.get(ID), undefined);
  assert.deepEqual(account.get(ALIAS.id)?.tags, ["theirs"]);
  assert.deepEqual(account.get(id)?.tags, foreign);
  assert.deepEqual(ports.journal.read().intents, {});
});

test("undoing a registration keeps the intent open while its unanswered creation may still come", async () => {
  const made = await steps({ ...IN_NO_RANGE, deadIntents: [INTENT] });
  await note(new Date());
  assert.deepEqual(await applied(made), ["later"]);
  await note(new Date(Date.now() - 86_400_000));
  assert.deepEqual(await applied(made), ["done"]);
  assert.deepEqual(await applied(made), ["changed"], "it is closed");
});

/** Plans, applies the only step, and checks that the next plan is empty. */
async function repair(changes: Partial<View>, kind: string): Promise<void> {
  const made = await steps(changes);
  assert.deepEqual(
    made.map((step) => step.kind),
    [kind],
  );
  assert.deepEqual(await applied(made), ["done"]);
  await account.settled();
  assert.deepEqual(await steps(changes), [], "nothing more to do");
}

async function steps(changes: Partial<View>): Promise<Step[]> {
  const flexibleIps = await ports.api.list({ projectId: PROJECT });
  return plan(view({ flexibleIps, now: new Date(Date.now() + 3_600_000), ...changes }));
}

async function applied(made: readonly Step[], stillHolds = true): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const step of made) outcomes.push(await apply(ports, step, async () => stillHolds));
  return outcomes;
}

function seed(one: FlexibleIpSeed): void {
  account.add({ projectId: PROJECT, ...one });
}

/** Notes the intent of a process that is gone; it wanted one flexible IP. */
function note(since: Date, flexibleIpIds: string[] = []): Promise<void> {
  const process = { pid: 1, startTicks: "0", bootId: "gone" };
  return ports.journal.update((state) => {
    state.intents[INTENT] = { since: since.toISOString(), process, wanted: 1, flexibleIpIds };
  });
}

/** What an operator's command on the front-end works with. */
function openPorts(): IpamSession {
  const environment = { SCW_FLEXIP_CONF: join(rig.frontEnd.root, "etc/ipam/scw-flexip/scw-flexip.conf") };
  const caller = { action: "reconcile", version: "0.0.0", environment, executable: process.execPath };
  const log = openLog({ level: "error", file: "/dev/null", context: {} });
  const session = openSession(caller, readConfig(environment, process.execPath), log, { limitMs: 120_000 });
  return { ...session, journal: new Journal(rig.frontEnd.stateFile, session.log), answer: () => {} };
}
