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
import type { CloudRange } from "../../../driver/operator/one/listings.ts";
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
const ALIAS = { id: "f1e81b1e-0000-4000-8000-0000000000a1", ip: "203.0.113.8" };

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

suite("delete", () => {
  test("deletes an orphan and waits for its detach", async () => {
    for (const serverId of [null, SERVER.h1]) {
      seed({ tags: OURS, serverId });
      assert.deepEqual(await repair({ ranges: [] }), ["orphan done"]);
      assert.deepEqual(addresses(), []);
    }
  });

  test("leaves an orphan that somebody changed since the plan", async () => {
    seed({ tags: OURS });
    const [step] = await steps({ ranges: [] });
    rig.simulator.account.set(ID, { tags: [...OURS, "keep"] });
    assert.equal(await applied(step), "changed");
    assert.deepEqual(addresses(), [IP]);
  });

  test("leaves an orphan that is gone to the next plan", async () => {
    seed({ tags: OURS });
    const [step] = await steps({ ranges: [] });
    assert.equal(await applied(step), "done");
    assert.equal(await applied(step), "changed");
  });
});

suite("detach", () => {
  test("detaches an address without a lease from any server", async () => {
    seed({ tags: OURS, serverId: SERVER.h2 });
    assert.deepEqual(await repair({}), ["left-attached done"]);
    await rig.simulator.account.settled();
    assert.deepEqual(place(ID), { serverId: null, mac: MAC });
  });

  test("detaches both addresses of a dual-stack range in one call, which keeps the virtual MAC", async () => {
    seed({ tags: OURS, serverId: SERVER.h1 });
    seedIpv6({ tags: OURS, serverId: SERVER.h1, mac: MAC });
    assert.deepEqual(await repair({ ranges: [dual()] }), ["left-attached done"]);
    await rig.simulator.account.settled();
    assert.deepEqual(place(ID), { serverId: null, mac: MAC });
    assert.equal(place(ID6).serverId, null);
  });

  test("leaves an address that was attached elsewhere since the plan", async () => {
    seed({ tags: OURS, serverId: SERVER.h1 });
    const [step] = await steps({});
    rig.simulator.account.set(ID, { serverId: SERVER.h2 });
    assert.equal(await applied(step), "changed");
    assert.equal(place(ID).serverId, SERVER.h2);
  });
});

suite("tags", () => {
  test("restores tags that were removed", async () => {
    seed({ tags: ["theirs"] });
    assert.deepEqual(await repair({}), ["lost-tags done"]);
    assert.deepEqual(tags(ID), ADOPTED);
  });

  test("gives an adopted flexible IP back, attached or not", async () => {
    for (const serverId of [null, SERVER.h1]) {
      seed({ tags: ADOPTED, serverId });
      assert.deepEqual(await repair({ ranges: [] }), ["left-adopted done"]);
      assert.deepEqual(tags(ID), ["theirs"]);
      assert.equal(place(ID).serverId, serverId);
      rig.simulator.account.remove(ID);
    }
  });

  test("leaves tags that somebody changed since the plan", async () => {
    seed({ tags: ["theirs"] });
    const [step] = await steps({});
    rig.simulator.account.set(ID, { tags: ["changed"] });
    assert.equal(await applied(step), "changed");
    assert.deepEqual(tags(ID), ["changed"]);
  });
});

suite("attach", () => {
  test("attaches the address of a running guest", async () => {
    seed({ tags: OURS });
    assert.deepEqual(await repair({ ...leased(range()) }), ["not-attached done"]);
    assert.deepEqual(place(ID), { serverId: SERVER.h1, mac: MAC });
  });

  test("attaches both addresses of a dual-stack guest with one virtual MAC", async () => {
    seed({ tags: OURS });
    seedIpv6({ tags: OURS });
    assert.deepEqual(await repair({ ...leased(dual()) }), ["not-attached done"]);
    assert.deepEqual(place(ID), { serverId: SERVER.h1, mac: MAC });
    assert.deepEqual(place(ID6), { serverId: SERVER.h1, mac: MAC });
  });

  test("attaches an address whose virtual MAC a free one still shares, which gives it up", async () => {
    seed({ tags: LENDER });
    seedOther({ tags: BORROWER, mac: MAC });
    const alias = range({ arId: "1", ip: ALIAS.ip, mac: "52:54:00:aa:00:08" });
    assert.deepEqual(await repair({ ranges: [range({ holder: VM_HOLDER }), alias], vms: [vm()] }), [
      "not-attached done",
    ]);
    assert.deepEqual(place(ID), { serverId: SERVER.h1, mac: MAC });
    assert.deepEqual(place(ALIAS.id), { serverId: null, mac: null });
  });

  test("attaches an alias with its NIC's virtual MAC and drops its own", async () => {
    for (const mac of ["52:54:00:aa:00:08", null]) {
      seed({ tags: LENDER, serverId: SERVER.h1 });
      seedOther({ tags: BORROWER, mac });
      const alias = range({ arId: "1", ip: ALIAS.ip, mac: "52:54:00:aa:00:08", holder: VM_HOLDER });
      assert.deepEqual(await repair({ ranges: [alias, range({ holder: VM_HOLDER })], vms: [vm()] }), [
        "not-attached done",
      ]);
      assert.deepEqual(place(ALIAS.id), { serverId: SERVER.h1, mac: MAC });
      assert.deepEqual(place(ID), { serverId: SERVER.h1, mac: MAC });
      rig.simulator.account.remove(ID);
      rig.simulator.account.remove(ALIAS.id);
    }
  });

  test("gives an attached alias without a virtual MAC its NIC's", async () => {
    seed({ tags: LENDER, serverId: SERVER.h1 });
    seedOther({ tags: BORROWER, serverId: SERVER.h1, mac: null });
    const alias = range({ arId: "1", ip: ALIAS.ip, mac: "52:54:00:aa:00:08", holder: VM_HOLDER });
    assert.deepEqual(await repair({ ranges: [alias, range({ holder: VM_HOLDER })], vms: [vm()] }), ["wrong-mac done"]);
    assert.deepEqual(place(ALIAS.id), { serverId: SERVER.h1, mac: MAC });
  });

  test("leaves an alias whose NIC is not known to a person", async () => {
    seed({ tags: BORROWER, mac: null });
    assert.deepEqual(await outcomes(await steps({ ...leased(range()) })), ["not-attached manual"]);
    assert.deepEqual(place(ID), { serverId: null, mac: null });
  });

  test("refuses a flexible IP that was locked", async () => {
    seed({ tags: OURS });
    const [step] = await steps({ ...leased(range()) });
    rig.simulator.account.set(ID, { status: "locked" });
    assert.equal(await applied(step), "changed");
    seedOther({ status: "locked" });
    assert.ok(step?.remedy.do === "attach");
    const flexibleIps = [await ports.api.get(ALIAS.id)];
    await assert.rejects(apply(ports, { ...step, remedy: { ...step.remedy, flexibleIps } }, unchanged), RefusedError);
  });
});

suite("move", () => {
  test("moves an address from another server to the guest's", async () => {
    seed({ tags: OURS, serverId: SERVER.h2 });
    assert.deepEqual(await repair({ ...leased(range()) }), ["wrong-server done"]);
    assert.deepEqual(place(ID), { serverId: SERVER.h1, mac: MAC });
  });

  test("brings the missing half of a dual-stack guest", async () => {
    seed({ tags: OURS, serverId: SERVER.h1 });
    seedIpv6({ tags: OURS });
    assert.deepEqual(await repair({ ...leased(dual()) }), ["not-attached done"]);
    assert.deepEqual(place(ID), { serverId: SERVER.h1, mac: MAC });
    assert.deepEqual(place(ID6), { serverId: SERVER.h1, mac: MAC });
  });

  test("moves an address with the alias that shares its virtual MAC, which stays", async () => {
    seed({ tags: LENDER, serverId: SERVER.h2 });
    seedOther({ tags: BORROWER, serverId: SERVER.h2, mac: MAC });
    const alias = range({ arId: "1", ip: ALIAS.ip, mac: "52:54:00:aa:00:08", holder: VM_HOLDER });
    const lent = { ranges: [range({ holder: VM_HOLDER }), alias], vms: [vm()] };
    assert.deepEqual(await repair(lent), ["wrong-server done"]);
    assert.deepEqual(place(ID), { serverId: SERVER.h1, mac: MAC });
    assert.deepEqual(place(ALIAS.id), { serverId: SERVER.h1, mac: MAC });
  });

  test("leaves an address that was moved since the plan", async () => {
    seed({ tags: OURS, serverId: SERVER.h2 });
    const [step] = await steps({ ...leased(range()) });
    rig.simulator.account.set(ID, { serverId: SERVER.h1 });
    assert.equal(await applied(step), "changed");
    assert.equal(place(ID).serverId, SERVER.h1);
  });
});

suite("undo-registration", () => {
  test("takes back what this cloud obtained and closes the intent", async () => {
    seed({ tags: OURS });
    seedOther({ tags: ADOPTED });
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
  seed({ tags: OURS, serverId: SERVER.h2 });
  const made = [...(await steps({})), ...(await steps({ ...leased(range()) })), ...(await steps({ ranges: [] }))];
  assert.deepEqual(
    made.map(({ remedy }) => remedy.do),
    ["detach", "move", "delete"],
  );
  for (const step of made) assert.equal(await apply(ports, step, gone), "changed");
  assert.deepEqual(place(ID), { serverId: SERVER.h2, mac: MAC });
});

test("after every step of a plan, the next plan is empty", async () => {
  seed({ tags: OURS, serverId: SERVER.h2 });
  seedOther({ tags: ADOPTED });
  seedAt("203.0.113.9", { tags: OURS });
  const changes = leased(range());
  const made = await steps(changes);
  const told = await outcomes(made);
  assert.deepEqual(told.sort(), ["left-adopted done", "orphan done", "wrong-server done"]);
  assert.deepEqual(await steps(changes), []);
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

function leased(one: CloudRange): Partial<View> {
  return { ranges: [{ ...one, holder: VM_HOLDER }], vms: [vm()] };
}

function dual(): CloudRange {
  return range({ ip6: "2001:db8:7::1", flexibleIp6Id: ID6 });
}

function seed(one: FlexibleIpSeed): void {
  rig.simulator.account.add({ id: ID, ip: IP, mac: MAC, projectId: PROJECT, ...one });
}

function seedIpv6(one: FlexibleIpSeed): void {
  rig.simulator.account.add({ id: ID6, ip: `${IP6}/64`, mac: null, projectId: PROJECT, ...one });
}

function seedOther(one: FlexibleIpSeed): void {
  rig.simulator.account.add({ ...ALIAS, mac: "52:54:00:aa:00:08", projectId: PROJECT, ...one });
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
