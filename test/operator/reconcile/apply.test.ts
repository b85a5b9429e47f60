// Each step on the simulated account: what it does, that it leaves alone what changed since the plan, and that the next plan
// is empty.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, afterEach, test } from "node:test";
import { readConfig } from "../../../driver/config.ts";
import { RefusedError } from "../../../driver/errors.ts";
import { ownershipTags } from "../../../driver/flexible-ip/ownership.ts";
import type { IpamSession } from "../../../driver/ipam/ipam-session.ts";
import { openLog } from "../../../driver/log.ts";
import { apply, type Outcome } from "../../../driver/operator/reconcile/apply.ts";
import { plan } from "../../../driver/operator/reconcile/plan.ts";
import { finder, type Step, type View } from "../../../driver/operator/reconcile/step.ts";
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
const alias = (seed: FlexibleIpSeed = {}): FlexibleIpSeed => ({ ...ALIAS, tags: BORROWER, ...seed });
const SIX = { id: ID6, ip: `${IP6}/64`, mac: null, tags: OURS };
const six = (seed: FlexibleIpSeed = {}): FlexibleIpSeed => ({ ...SIX, ...seed });

const ALIAS_RANGE = range({ arId: "1", ip: ALIAS.ip, mac: ALIAS.mac });
const IN_NO_RANGE = { ranges: [] };
const FREE = { ranges: [range()] };
const FREE_DUAL = { ranges: [dualRange()] };
const GUEST = leasedTo(vm(), range());
const DUAL_GUEST = leasedTo(vm(), dualRange());
const ALIAS_GUEST = leasedTo(vm(), ALIAS_RANGE, range());

test("an attached orphan is deleted once its detach has ended", () => repair("orphan", IN_NO_RANGE, [own(H1)], {}));

test("an address without a lease is detached from any server", () =>
  repair("left-attached", FREE, [own(H2)], { own: "free MAC" }));

test("both addresses of a dual-stack range are detached in one call, which keeps the virtual MAC", () =>
  repair("left-attached", FREE_DUAL, [own(H1), six({ ...H1, mac: MAC })], { own: "free MAC", six: "free MAC" }));

test("the address of a running guest is attached", () => repair("not-attached", GUEST, [own()], { own: "h1 MAC" }));

test("both addresses of a dual-stack guest are attached with one virtual MAC", () =>
  repair("not-attached", DUAL_GUEST, [own(), six()], { own: "h1 MAC", six: "h1 MAC" }));

test("the missing half of a dual-stack guest is attached", () =>
  repair("not-attached", DUAL_GUEST, [own(H1), six()], { own: "h1 MAC", six: "h1 MAC" }));

test("an address is attached whose virtual MAC a free one still shares, which gives it up", () => {
  const view = { ...GUEST, ranges: [...GUEST.ranges, ALIAS_RANGE] };
  return repair("not-attached", view, [lender(), alias({ mac: MAC })], { own: "h1 MAC", alias: "free" });
});

test("an alias is attached with the virtual MAC of its NIC, in the place of its own", () =>
  repair("not-attached", ALIAS_GUEST, [lender(H1), alias()], { own: "h1 MAC", alias: "h1 MAC" }));

test("an attached alias without a virtual MAC gets that of its NIC", () =>
  repair("wrong-mac", ALIAS_GUEST, [lender(H1), alias({ ...H1, mac: null })], { own: "h1 MAC", alias: "h1 MAC" }));

test("an address is moved from another server to the guest's", () =>
  repair("wrong-server", GUEST, [own(H2)], { own: "h1 MAC" }));

test("an address is moved with the alias that shares its virtual MAC, which stays", () =>
  repair("wrong-server", ALIAS_GUEST, [lender(H2), alias({ ...H2, mac: MAC })], { own: "h1 MAC", alias: "h1 MAC" }));

test("tags are restored as those of an adopted flexible IP, which nobody deletes", async () => {
  await repair("lost-tags", FREE, [own({ tags: ["theirs", "scw-flexip:created"] })], { own: "free MAC" });
  assert.deepEqual(account.get(ID)?.tags, ADOPTED);
});

test("an adopted flexible IP loses only our tags, and stays attached", async () => {
  await repair("left-adopted", IN_NO_RANGE, [own({ tags: ADOPTED, ...H1 })], { own: "h1 MAC" });
  assert.deepEqual(account.get(ID)?.tags, ["theirs"]);
});

test("an alias whose NIC is not known is left to a person", async () => {
  seed(own({ tags: BORROWER, mac: null }));
  assert.deepEqual(await applied(await steps(GUEST)), ["manual"]);
});

test("a locked address is not attached", async () => {
  seed(own({ status: "locked" }));
  const flexibleIps = await ports.api.list({ projectId: PROJECT });
  const step = finder(IP, "range 0")("not-attached", "attached nowhere", { do: "attach", flexibleIps, ...H1 });
  await assert.rejects(applied([step]), RefusedError);
});

for (const [what, before, changes, change] of [
  ["an orphan that somebody tags", own(), IN_NO_RANGE, { tags: [...OURS, "keep"] }],
  ["a left address that is attached elsewhere", own(H1), FREE, H2],
  ["removed tags that somebody changes", own({ tags: ["theirs"] }), FREE, { tags: ["changed"] }],
  ["an address that is taken over", own(H2), GUEST, H1],
  ["an address that is locked", own(), GUEST, { status: "locked" }],
  ["an orphan that is gone", own(), IN_NO_RANGE, undefined],
] as const) {
  test(`${what} after the plan stays as it is then`, async () => {
    seed(before);
    const made = await steps(changes);
    if (change === undefined) account.remove(ID);
    else account.set(ID, change);
    const now = account.get(ID);
    assert.deepEqual(await applied(made), ["changed"]);
    assert.deepEqual(account.get(ID), now);
  });
}

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

/**
 * Plans one step of that kind for these flexible IPs and applies it; then the next plan is empty, and they are where and with
 * the virtual MAC that is said.
 */
async function repair(
  kind: Step["kind"],
  changes: Partial<View>,
  seeds: readonly FlexibleIpSeed[],
  places: Readonly<Record<string, string>>,
): Promise<void> {
  for (const one of seeds) seed(one);
  const made = await steps(changes);
  assert.equal(made.map((step) => step.kind).join(" "), kind);
  assert.deepEqual(await applied(made), ["done"]);
  await account.settled();
  assert.deepEqual(await steps(changes), [], "nothing more to do");
  const now = account.all().map(({ id, server_id, mac_address }) => {
    const name = id === ID ? "own" : id === ID6 ? "six" : "alias";
    const host = server_id === null ? "free" : server_id === SERVER.h1 ? "h1" : "h2";
    const mac = mac_address?.mac_address === MAC ? "MAC" : mac_address?.mac_address;
    return [name, mac === undefined ? host : `${host} ${mac}`];
  });
  assert.deepEqual(Object.fromEntries(now), places);
}

async function steps(changes: Partial<View>): Promise<Step[]> {
  const flexibleIps = await ports.api.list({ projectId: PROJECT });
  return plan(view({ flexibleIps, now: new Date(Date.now() + 3_600_000), ...changes }));
}

async function applied(made: readonly Step[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const step of made) outcomes.push(await apply(ports, step, async () => true));
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
