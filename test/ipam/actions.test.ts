// The five IPAM actions as oned runs them, from the first registration to the last trace, and what is left when a run
// of register_address_range does not get to its end.
import assert from "node:assert/strict";
import { type ChildProcess, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { IPAM_ACTIONS } from "../../driver/actions.ts";
import { type Fields, ipamDocument, rangeOf, readTemplate } from "../documents.ts";
import type { CallName, FaultHandle, SimulatorOptions } from "../fakes/flexible-ip-server.ts";
import { type IpamAction, OTHER_PROJECT, PROJECT, Rig, type RunOptions, type RunResult } from "../rig.ts";

const LEASING = ["get_address", "allocate_address"] as const;
const MAC = "52:54:00:0a:0b:0c";
const UNKNOWN_ID = "44444444-4444-4444-8444-444444444444";
const INTENT_TAG = /^scw-flexip:intent=[0-9a-f-]{36}$/;

type Range = Record<string, string>;

suite("register_address_range", { concurrency: 2 }, () => {
  test("creates a flexible IP with a virtual MAC and answers the whole range", async (t) => {
    const rig = await start(t);
    const answer = await registered(rig);
    assert.deepEqual(rig.simulator.calls(), ["create", "mac.generate"]);
    const [made, ...more] = rig.simulator.account.all();
    assert.deepEqual(more, []);
    assert.deepEqual(Object.fromEntries(answer), {
      IPAM_MAD: "scw-flexip",
      TYPE: "IP4",
      IP: made?.ip_address,
      MAC: made?.mac_address?.mac_address,
      SIZE: "1",
      NETWORK_MASK: "255.255.255.255",
      GATEWAY: "62.210.0.1",
      DNS: "192.0.2.53",
      EXTERNAL_IP: made?.ip_address,
      SCW_FLEXIBLE_IP_ID: made?.id,
      SCW_FLEXIP_INTENT: made?.tags.find((tag) => INTENT_TAG.test(tag))?.replace("scw-flexip:intent=", ""),
    });
    assert.equal(made?.project_id, PROJECT);
    assert.match(made?.description ?? "", /OpenNebula/);
    assertOwned(rig, made?.id, "created");
    assert.deepEqual(journalOf(rig).intents, {});
  });

  test("creates another one for the second range", async (t) => {
    const rig = await start(t);
    const [first, second] = [await registered(rig), await registered(rig)];
    assert.notEqual(first.get("IP"), second.get("IP"));
    assert.notEqual(first.get("MAC"), second.get("MAC"));
    assert.equal(rig.simulator.account.all().length, 2);
  });

  for (const [how, fieldsOf] of [
    ["IP", (one) => ({ IP: one.ip_address })],
    ["id", (one) => ({ SCW_FLEXIBLE_IP_ID: one.id })],
    ["id in capitals", (one) => ({ SCW_FLEXIBLE_IP_ID: one.id.toUpperCase() })],
    ["IP and id", (one) => ({ IP: one.ip_address, SCW_FLEXIBLE_IP_ID: one.id })],
  ] as const satisfies readonly (readonly [string, (one: { id: string; ip_address: string }) => Fields])[]) {
    test(`adopts a flexible IP by its ${how}, once`, async (t) => {
      const rig = await start(t);
      const one = rig.simulator.account.add({ projectId: PROJECT, mac: MAC, description: "shop", tags: ["team=web"] });
      const answer = await registered(rig, fieldsOf(one));
      assert.equal(answer.get("IP"), one.ip_address);
      assert.equal(answer.get("EXTERNAL_IP"), one.ip_address);
      assert.equal(answer.get("MAC"), MAC);
      assert.equal(answer.get("SCW_FLEXIBLE_IP_ID"), one.id);
      const adopted = assertOwned(rig, one.id, "adopted");
      assert.ok(adopted.tags.includes("team=web"));
      assert.equal(adopted.description, "shop");
      assert.equal(adopted.mac_address?.id, one.mac_address?.id);
      assert.equal(rig.simulator.account.all().length, 1);

      failed(await rig.ipam("register_address_range", newRange(fieldsOf(one))), /held by an address range/);
      assert.deepEqual(rig.simulator.account.get(one.id), adopted);
      assert.deepEqual(journalOf(rig).intents, {});
    });
  }

  test("makes the virtual MAC that an adopted one has not", async (t) => {
    const rig = await start(t);
    const one = rig.simulator.account.add({ projectId: PROJECT, mac: null });
    const answer = await registered(rig, { IP: one.ip_address });
    assert.match(answer.get("MAC") ?? "", /^52:54:00(:[0-9a-f]{2}){3}$/);
    assert.equal(rig.simulator.account.get(one.id)?.mac_address?.mac_address, answer.get("MAC"));
  });

  test("adopts one that is on another page of the list", async (t) => {
    const rig = await start(t, { maxPageSize: 2 });
    for (let count = 0; count < 5; count += 1) rig.simulator.account.add({ projectId: PROJECT });
    const last = rig.simulator.account.add({ projectId: PROJECT, mac: MAC, createdAt: "2025-06-01T00:00:00Z" });
    const answer = await registered(rig, { IP: last.ip_address });
    assert.equal(answer.get("SCW_FLEXIBLE_IP_ID"), last.id);
    assert.equal(rig.simulator.account.all().length, 6);
  });

  test("adopts one that is attached, and leaves it attached", async (t) => {
    const rig = await start(t);
    const { serverId } = rig.host("alpha");
    const one = rig.simulator.account.add({ projectId: PROJECT, mac: null, serverId });
    const answer = await registered(rig, { IP: one.ip_address });
    assert.equal(answer.get("MAC"), rig.simulator.account.get(one.id)?.mac_address?.mac_address);
    assert.equal(rig.simulator.account.get(one.id)?.server_id, serverId);
  });

  test("replaces a placeholder", async (t) => {
    const rig = await start(t);
    for (const IP of ["198.51.100.200", "10.0.0.1", "192.168.7.7", "100.64.0.1"]) {
      const answer = await registered(rig, { IP, MAC: "02:00:00:00:00:01", EXTERNAL_IP: "banana" });
      const made = rig.simulator.account.byAddress(answer.get("IP") ?? "");
      assert.equal(answer.get("SCW_FLEXIBLE_IP_ID"), made?.id);
      assert.equal(answer.get("MAC"), made?.mac_address?.mac_address);
      assert.equal(answer.get("EXTERNAL_IP"), made?.ip_address);
      const isPrivate = !IP.startsWith("198.51.100.");
      if (!isPrivate)
        assert.match(rig.logs(), new RegExp(`address ${IP} .*: ${made?.ip_address} was created in its place`));
      assert.deepEqual(
        rig.simulator.calls(),
        isPrivate ? ["create", "mac.generate"] : ["list", "create", "mac.generate"],
      );
      rig.simulator.clearRequests();
    }
  });

  test("keeps what the user set", async (t) => {
    const rig = await start(t);
    const own = {
      GATEWAY: "192.0.2.1",
      NETWORK_MASK: "255.255.255.0",
      DNS: "192.0.2.9 192.0.2.10",
      NOTE: "rack 7, ask Ann & Bob <ops>; 'quoted' = yes # no comment",
      GUEST_MTU: "1450",
      EMPTY: "",
    };
    const answer = await registered(rig, own);
    const { EMPTY: _, ...kept } = own;
    assert.partialDeepStrictEqual(Object.fromEntries(answer), kept);
    assert.ok(!answer.has("EMPTY"));
  });

  test("buys nothing for a shared range, which oned refuses, or for an id that is not there", async (t) => {
    const rig = await start(t);
    failed(await rig.ipam("register_address_range", newRange({ SHARED: "YES" })), /SHARED=YES/, /remove SHARED/);
    failed(await rig.ipam("register_address_range", newRange({ SCW_FLEXIBLE_IP_ID: UNKNOWN_ID })), /no flexible IP/);
    assert.deepEqual(writesOf(rig), []);
  });

  test("takes IP4 when no TYPE is given", async (t) => {
    const rig = await start(t);
    const run = await rig.ipam("register_address_range", ipamDocument({ SIZE: " 1 " }));
    succeeded(run);
    assert.equal(readTemplate(run.stdout, "AR").get("TYPE"), "IP4");
  });

  test("creates both addresses of a dual-stack range", async (t) => {
    const rig = await start(t);
    const answer = await registered(rig, { TYPE: "IP4_6_STATIC" });
    const [ip, ip6] = [answer.get("SCW_FLEXIBLE_IP_ID"), answer.get("SCW_FLEXIBLE_IP6_ID")].map((id) => {
      return assertOwned(rig, id, "created");
    });
    assert.equal(answer.get("TYPE"), "IP4_6_STATIC");
    assert.equal(answer.get("IP"), ip?.ip_address);
    assert.equal(`${answer.get("IP6")}`, ip6?.ip_address.replace("::/64", "::1"));
    assert.equal(answer.get("PREFIX_LENGTH"), "64");
    assert.equal(rig.simulator.account.all().length, 2);
  });

  for (const [how, fields, ip6] of [
    ["address, and keeps the guest's", { IP6: "2001:DB8:702:99::7" }, "2001:db8:702:99::7"],
    ["id", { SCW_FLEXIBLE_IP6_ID: "66666666-6666-4666-8666-666666666666" }, "2001:db8:702:99::1"],
  ] as const) {
    test(`adopts both addresses of a dual-stack range, the IPv6 one by its ${how}`, async (t) => {
      const rig = await start(t);
      const one = rig.simulator.account.add({ projectId: PROJECT, mac: MAC });
      const id = "66666666-6666-4666-8666-666666666666";
      rig.simulator.account.add({ id, projectId: PROJECT, ip: "2001:db8:702:99::/64" });
      const answer = await registered(rig, { TYPE: "IP4_6_STATIC", IP: one.ip_address, ...fields });
      assert.equal(answer.get("SCW_FLEXIBLE_IP_ID"), one.id);
      assert.equal(answer.get("SCW_FLEXIBLE_IP6_ID"), id);
      assert.equal(answer.get("IP6"), ip6);
      for (const adopted of [one.id, id]) assertOwned(rig, adopted, "adopted");
    });
  }

  test("tells the quota that is reached", async (t) => {
    const rig = await start(t, { perProjectQuota: 1 });
    await registered(rig);
    failed(await rig.ipam("register_address_range", newRange()), /quota of 1/, /request/, /raise the quota or remove/);
    assert.equal(rig.simulator.account.all().length, 1);
    assert.deepEqual(journalOf(rig).intents, {});
  });

  test("gives a flexible IP to one range only, of two that ask for it at once", { skip: !canDelay() }, async (t) => {
    const rig = await start(t);
    const one = rig.simulator.account.add({ projectId: PROJECT, mac: MAC });
    const document = newRange({ IP: one.ip_address });
    // One has found it free and stands still before it notes that it will adopt it; the other goes on meanwhile.
    const lock = `${rig.frontEnd.stateFile}.lock`;
    const { run: slow } = await startSlowly(rig, "register_address_range", document, { call: "mkdir", path: lock });
    const runs = await Promise.all([slow, rig.ipam("register_address_range", document)]);
    const [done, refused, ...more] = runs.sort((a, b) => (a.code ?? 9) - (b.code ?? 9));
    assert.ok(done && refused && more.length === 0);
    succeeded(done);
    failed(refused, new RegExp(one.id));
    assertOwned(rig, one.id, "adopted");
  });

  test("tells the API's reason when it asks to wait for longer than there is", async (t) => {
    const rig = await start(t);
    for (const wait of ["3600", "99999999999"]) {
      const headers = { "retry-after": wait };
      rig.simulator.fault({ call: "create", times: 9, do: { kind: "status", status: 503, body: {}, headers } });
      const run = await rig.ipam("register_address_range", newRange(), { settings: { TIMEOUT: "5" } });
      failed(run, /create a flexible IP: 503/);
      assert.equal(rig.simulator.calls().filter((call) => call === "create").length, 1);
      rig.simulator.clearFaults();
      rig.simulator.clearRequests();
    }
  });
});

suite("get_address and allocate_address", { concurrency: 2 }, () => {
  test("look once, note the lease, and answer; as often as oned asks", async (t) => {
    const rig = await start(t);
    const range = rangeOf(await registered(rig));
    for (const action of [...LEASING, ...LEASING]) {
      rig.simulator.clearRequests();
      const run = await rig.ipam(action, leaseOf(range, action));
      succeeded(run);
      if (action === "get_address") assert.deepEqual([...readTemplate(run.stdout, "ADDRESS")], [["IP", range.IP]]);
      else assert.equal(run.stdout, "");
      assert.deepEqual(rig.simulator.calls(), ["get"]);
      assert.equal(journalOf(rig).leases[ipOf(range)]?.flexibleIpId, range.SCW_FLEXIBLE_IP_ID);
    }
  });

  test("find the flexible IP of a range that has lost its id, or whose id was forged", async (t) => {
    const rig = await start(t, { maxPageSize: 2 });
    const [range, other] = [rangeOf(await registered(rig)), rangeOf(await registered(rig))];
    for (const SCW_FLEXIBLE_IP_ID of [undefined, "banana", UNKNOWN_ID, other.SCW_FLEXIBLE_IP_ID]) {
      for (const action of LEASING) {
        succeeded(await rig.ipam(action, leaseOf({ ...range, SCW_FLEXIBLE_IP_ID }, action)));
        assert.equal(journalOf(rig).leases[ipOf(range)]?.flexibleIpId, range.SCW_FLEXIBLE_IP_ID);
      }
    }
  });

  // What else is wrong with a flexible IP is in fixtures/ipam/get_address/refused-*.
  const cases: [string, (rig: Rig, id: string) => unknown, ...RegExp[]][] = [
    [
      "has lost its tags",
      (rig, id) => rig.simulator.account.set(id, { tags: [] }),
      /does not have the tags/,
      /reconcile/,
    ],
    [
      "is another project's",
      (rig, id) => rig.simulator.account.set(id, { projectId: OTHER_PROJECT }),
      /project 2222/,
      /PROJECT_ID/,
    ],
    [
      "may not be read any more",
      (rig, id) => rig.simulator.account.set(id, { visible: false }),
      /does not exist .* any more/,
      /remove the address range/,
    ],
    [
      "has another address now",
      (rig, id) => {
        rig.simulator.account.remove(id);
        rig.simulator.account.add({ id, ip: "198.51.100.77", projectId: PROJECT, mac: MAC, tags: tagsOf("one") });
      },
      /does not exist .* any more/,
      /remove the address range/,
    ],
  ];
  for (const [what, change, ...words] of cases) {
    test(`refuse a range whose flexible IP ${what}`, async (t) => {
      const rig = await start(t);
      const range = rangeOf(await registered(rig));
      change(rig, range.SCW_FLEXIBLE_IP_ID ?? "");
      rig.simulator.clearRequests();
      for (const action of LEASING) {
        failed(await rig.ipam(action, leaseOf(range, action)), new RegExp(ipOf(range)), ...words);
      }
      assert.deepEqual(writesOf(rig), []);
      assert.deepEqual(journalOf(rig).leases, {});
    });
  }

  test("do not wait for an attach under way", async (t) => {
    const rig = await start(t, { settle: "manual" });
    const range = rangeOf(await registered(rig));
    rig.simulator.account.set(idOf(range), { status: "updating" });
    for (const action of LEASING) succeeded(await rig.ipam(action, leaseOf(range, action)));
  });

  for (const [how, disturb] of [
    ["is silent", (rig: Rig) => void rig.simulator.account.behave({ api: "silent" })],
    ["fails", (rig: Rig) => void rig.simulator.account.behave({ api: "unavailable" })],
    ["cuts connections", (rig: Rig) => void rig.simulator.account.behave({ api: "cut" })],
    ["refuses the token", (rig: Rig) => rig.simulator.account.deny()],
  ] as const) {
    test(`lease what they cannot look at, with a warning, when the API ${how}`, async (t) => {
      const rig = await start(t);
      const range = rangeOf(await registered(rig));
      disturb(rig);
      for (const action of LEASING) {
        const run = await rig.ipam(action, leaseOf(range, action));
        succeeded(run);
        assert.match(run.stderr, new RegExp(`^WARN: address ${range.IP} is leased without a look at it`, "m"));
        if (action === "get_address") assert.equal(readTemplate(run.stdout, "ADDRESS").get("IP"), range.IP);
      }
      assert.equal(journalOf(rig).leases[ipOf(range)]?.flexibleIpId, range.SCW_FLEXIBLE_IP_ID);
    });
  }

  test("lease an address without a virtual MAC only where the range serves aliases", async (t) => {
    const rig = await start(t);
    const range = rangeOf(await registered(rig, { SCW_FLEXIP_ALIAS: "YES" }));
    const tags = [...(rig.simulator.account.get(idOf(range))?.tags ?? []), "scw-flexip:mac-borrower"];
    rig.simulator.account.set(idOf(range), { mac: null, tags });
    for (const action of LEASING) {
      succeeded(await rig.ipam(action, leaseOf(range, action)));
      failed(await rig.ipam(action, leaseOf({ ...range, SCW_FLEXIP_ALIAS: "NO" }, action)), /gave up its virtual MAC/);
    }
  });
});

suite("free_address", { concurrency: 2 }, () => {
  test("ends the lease with one read, as often as oned asks", async (t) => {
    const rig = await start(t);
    const range = await leased(rig);
    rig.simulator.clearRequests();
    for (let count = 1; count <= 2; count += 1) {
      const run = await rig.ipam("free_address", leaseOf(range));
      freed(run);
      assert.doesNotMatch(run.stderr, /WARN/);
      assert.deepEqual(journalOf(rig).leases, {});
    }
    assert.deepEqual(rig.simulator.calls(), ["get", "get"]);
    assertOwned(rig, idOf(range), "created");
  });

  for (const TYPE of ["IP4", "IP4_6_STATIC"]) {
    test(`leaves a guest its address of a range of TYPE ${TYPE}, and warns where it is attached`, async (t) => {
      const rig = await start(t);
      const range = await leased(rig, { TYPE });
      attach(rig, range);
      const { serverId } = rig.host("alpha");
      rig.simulator.clearRequests();
      const run = await rig.ipam("free_address", leaseOf(range));
      freed(run);
      const words = `WARN: freed, but flexible IP ${range.IP} .* is attached to server ${serverId}: `;
      assert.match(run.stderr, new RegExp(words));
      assert.deepEqual(writesOf(rig), []);
      for (const id of idsOf(range)) assert.equal(rig.simulator.account.get(id)?.server_id, serverId);
      assert.deepEqual(journalOf(rig), { intents: {}, leases: {} });
    });
  }

  for (const [how, change] of [
    ["is gone", (rig: Rig, id: string) => rig.simulator.account.remove(id)],
    ["is locked", (rig: Rig, id: string) => rig.simulator.account.set(id, { status: "locked" })],
    ["became nobody's", (rig: Rig, id: string) => rig.simulator.account.set(id, { tags: ["team=web"] })],
    ["became another cloud's", (rig: Rig, id: string) => rig.simulator.account.set(id, { tags: tagsOf("two") })],
  ] as const) {
    test(`succeeds and changes nothing when the flexible IP ${how}`, async (t) => {
      const rig = await start(t);
      const range = await leased(rig);
      attach(rig, range);
      change(rig, idOf(range));
      rig.simulator.clearRequests();
      for (let count = 1; count <= 2; count += 1) {
        const run = await rig.ipam("free_address", leaseOf(range));
        freed(run);
        assert.doesNotMatch(run.stderr, /WARN/);
      }
      assert.deepEqual(writesOf(rig), []);
      assert.deepEqual(journalOf(rig), { intents: {}, leases: {} });
    });
  }

  test("succeeds when the API is silent, refuses the token, or is not there", async (t) => {
    const rig = await start(t);
    const range = await leased(rig);
    attach(rig, range);
    rig.simulator.account.behave({ api: "silent" });
    freed(await rig.ipam("free_address", leaseOf(range)));
    rig.simulator.account.behave({ api: "up" });
    rig.simulator.account.deny();
    freed(await rig.ipam("free_address", leaseOf(range)));
    const settings = { API_URL: await closedPort() };
    freed(await rig.ipam("free_address", leaseOf(range), { settings }));
    assert.deepEqual(journalOf(rig).leases, {});
  });

  test("succeeds when the settings are wrong, since a lease that is not freed is stuck for good", async (t) => {
    const rig = await start(t);
    const range = await leased(rig);
    const run = await rig.ipam("free_address", leaseOf(range), { settings: { TOKEN_FILE: "/nowhere" } });
    freed(run);
    assert.match(run.stderr, /^WARN: freed, but .*token file \/nowhere cannot be read/m);
  });

  test("of a range that outlived its flexible IP, leave another's alone that came back with its address", async (t) => {
    const rig = await start(t);
    const old = await leased(rig);
    rig.simulator.account.remove(idOf(old));
    const now = rangeOf(await registered(rig));
    const { ip_address: ip, mac_address, tags } = assertOwned(rig, idOf(now), "created");
    rig.simulator.account.remove(idOf(now));
    // As an alias it gave its own virtual MAC up, so that only the intent tells whose it is.
    rig.simulator.account.add({
      ...{ id: idOf(old), ip: old.IP ?? ip, mac: null, projectId: PROJECT },
      tags: [...tags, "scw-flexip:mac-borrower"],
    });
    assert.ok(mac_address);
    failed(await rig.ipam("get_address", leaseOf(old, "get_address")), /belongs to another address range/, /remove/);
    attach(rig, old);
    freed(await rig.ipam("free_address", leaseOf(old)));
    quiet(await rig.ipam("unregister_address_range", ipamDocument(old)));
    assert.equal(rig.simulator.account.get(idOf(old))?.status, "attached");
  });
});

suite("unregister_address_range", { concurrency: 2 }, () => {
  test("deletes what was created, and is done when it is gone", async (t) => {
    const rig = await start(t);
    const range = await leased(rig);
    for (let count = 1; count <= 2; count += 1) {
      quiet(await rig.ipam("unregister_address_range", ipamDocument(range)));
      assert.deepEqual(rig.simulator.account.all(), []);
    }
    assert.deepEqual(journalOf(rig), { intents: {}, leases: {} });
  });

  test("gives back what was adopted, with everything that is not ours", async (t) => {
    const rig = await start(t);
    const { serverId } = rig.host("alpha");
    const tags = ["team=web", "scw-flexiple", "x:scw-flexip"];
    const before = rig.simulator.account.add({ projectId: PROJECT, mac: MAC, tags, description: "shop", serverId });
    const range = rangeOf(await registered(rig, { IP: before.ip_address }));
    for (let count = 1; count <= 2; count += 1) {
      quiet(await rig.ipam("unregister_address_range", ipamDocument(range)));
      const { updated_at: _, mac_address, ...rest } = rig.simulator.account.get(before.id) ?? fail("it is gone");
      assert.partialDeepStrictEqual(before, rest);
      assert.equal(mac_address?.id, before.mac_address?.id);
    }
  });

  test("detaches and deletes what was created and is attached", async (t) => {
    const rig = await start(t);
    const range = await leased(rig);
    attach(rig, range);
    quiet(await rig.ipam("unregister_address_range", ipamDocument(range)));
    assert.deepEqual(rig.simulator.account.all(), []);
  });

  test("waits for an attach under way, and deletes", async (t) => {
    const rig = await start(t, { settle: { attachMs: 300 } });
    const range = rangeOf(await registered(rig));
    const { ip_address, tags } = assertOwned(rig, idOf(range), "created");
    rig.simulator.account.remove(idOf(range));
    const { serverId } = rig.host("alpha");
    rig.simulator.account.add({
      id: idOf(range),
      ip: ip_address,
      projectId: PROJECT,
      tags,
      status: "updating",
      serverId,
    });
    quiet(await rig.ipam("unregister_address_range", ipamDocument(range)));
    await rig.simulator.account.settled();
    assert.deepEqual(rig.simulator.account.all(), []);
  });

  test("fails when the deletion of an attached one does not come to its end", async (t) => {
    const rig = await start(t, { settle: "manual" });
    const range = await leased(rig);
    attach(rig, range);
    const { serverId } = rig.host("alpha");
    const run = rig.ipam("unregister_address_range", ipamDocument(range));
    await until(() => rig.simulator.account.get(idOf(range))?.status === "detaching");
    const count = rig.simulator.requests.length;
    await until(() => rig.simulator.requests.length > count + 1);
    rig.simulator.account.set(idOf(range), { status: "attached", serverId });
    failed(await run, /was not deleted, its status is attached again/, /try again/);
    assertOwned(rig, idOf(range), "created");
  });

  test("deletes both addresses of a dual-stack range", async (t) => {
    const rig = await start(t);
    const range = await leased(rig, { TYPE: "IP4_6_STATIC" });
    attach(rig, range);
    for (let count = 1; count <= 2; count += 1) {
      quiet(await rig.ipam("unregister_address_range", ipamDocument(range)));
      assert.deepEqual(rig.simulator.account.all(), []);
    }
  });

  for (const [whose, change] of [
    ["nobody's", { tags: ["team=web"] }],
    ["another cloud's", { tags: tagsOf("two") }],
    ["another project's", { projectId: OTHER_PROJECT }],
  ] as const) {
    test(`leaves alone what became ${whose}`, async (t) => {
      const rig = await start(t);
      const range = await leased(rig);
      const before = rig.simulator.account.set(idOf(range), change);
      rig.simulator.clearRequests();
      for (let count = 1; count <= 2; count += 1) {
        quiet(await rig.ipam("unregister_address_range", ipamDocument(range)));
      }
      assert.deepEqual(writesOf(rig), []);
      assert.deepEqual(rig.simulator.account.get(idOf(range)), before);
    });
  }

  test("deletes the range's own address only, when the id was forged", async (t) => {
    const rig = await start(t, { maxPageSize: 2 });
    const [range, other] = [await leased(rig), await leased(rig, { TYPE: "IP4_6_STATIC" })];
    for (const SCW_FLEXIBLE_IP_ID of idsOf(other)) {
      const forged = { ...range, SCW_FLEXIBLE_IP_ID, SCW_FLEXIBLE_IP6_ID: SCW_FLEXIBLE_IP_ID };
      quiet(await rig.ipam("unregister_address_range", ipamDocument(forged)));
      assert.equal(rig.simulator.account.get(idOf(range)), undefined);
      for (const id of idsOf(other)) assertOwned(rig, id, "created");
    }
  });

  test("fails when the API does not delete, and succeeds later", async (t) => {
    const rig = await start(t);
    const range = await leased(rig);
    rig.simulator.account.set(idOf(range), { status: "locked" });
    failed(await rig.ipam("unregister_address_range", ipamDocument(range)), /delete flexible IP/, /locked/, /request/);
    assertOwned(rig, idOf(range), "created");
    rig.simulator.account.set(idOf(range), { status: "ready" });
    quiet(await rig.ipam("unregister_address_range", ipamDocument(range)));
    assert.deepEqual(rig.simulator.account.all(), []);
  });
});

suite("a registration that does not get to its end", { concurrency: 2 }, () => {
  test("deletes what it created when the virtual MAC is refused for good", async (t) => {
    const rig = await start(t);
    for (const fields of [{}, { TYPE: "IP4_6_STATIC" }]) {
      rig.simulator.fault({
        call: "mac.generate",
        do: { kind: "status", status: 400, body: { message: "no such type" } },
      });
      const run = await rig.ipam("register_address_range", newRange(fields));
      failed(run, /make a virtual MAC/, /no such type/, /request/);
      assertNothingLeft(rig);
    }
  });

  test("gives back what it adopted when the virtual MAC is refused for good", async (t) => {
    const rig = await start(t);
    const one = rig.simulator.account.add({ projectId: PROJECT, mac: null, tags: ["team=web"] });
    rig.simulator.fault({ call: "mac.generate", do: { kind: "status", status: 400 } });
    failed(await rig.ipam("register_address_range", newRange({ IP: one.ip_address })), /make a virtual MAC/);
    assert.deepEqual(rig.simulator.account.get(one.id)?.tags, ["team=web"]);
    assert.deepEqual(journalOf(rig).intents, {});
  });

  test("gives back all of a dual-stack range when its second half fails", async (t) => {
    const rig = await start(t);
    const one = rig.simulator.account.add({ projectId: PROJECT, mac: MAC, tags: ["team=web"] });
    rig.simulator.fault({ call: "create", do: { kind: "status", status: 403, body: { type: "quotas_exceeded" } } });
    const run = await rig.ipam("register_address_range", newRange({ TYPE: "IP4_6_STATIC", IP: one.ip_address }));
    failed(run, /raise the quota/);
    assert.deepEqual(
      rig.simulator.account.all().map(({ id, tags }) => [id, tags]),
      [[one.id, ["team=web"]]],
    );
    assert.deepEqual(journalOf(rig).intents, {});
  });

  test("leaves to the next run what it cannot undo", async (t) => {
    const rig = await start(t);
    const range = rangeOf(await registered(rig));
    rig.simulator.fault({ call: "mac.generate", do: { kind: "status", status: 400 } });
    rig.simulator.fault({ call: "delete", do: { kind: "status", status: 400 } });
    failed(await rig.ipam("register_address_range", newRange()), /make a virtual MAC/);
    assert.equal(rig.simulator.account.all().length, 2);
    assert.equal(Object.keys(journalOf(rig).intents).length, 1);
    succeeded(await rig.ipam("get_address", leaseOf(range, "get_address")));
    assertOnlyLeft(rig, range);
  });

  for (const [what, action] of [
    ["is lost", { kind: "reset", when: "after" }],
    ["is a proxy's failure", { kind: "status", status: 502, body: "<html>bad gateway</html>", when: "after" }],
    ["is cut", { kind: "body", text: '{"id": "' }],
  ] as const) {
    test(`buys one flexible IP when the answer of create ${what}`, async (t) => {
      const rig = await start(t);
      rig.simulator.fault({ call: "create", do: action });
      const answer = await registered(rig);
      assertOwned(rig, answer.get("SCW_FLEXIBLE_IP_ID"), "created");
      assertOnlyLeft(rig, rangeOf(answer));
    });
  }

  test("buys one flexible IP when create is acted on late, after it was tried again", async (t) => {
    const rig = await start(t);
    const late = rig.simulator.fault({ call: "create", do: { kind: "reset", when: "before" } });
    const range = rangeOf(await registered(rig));
    assert.equal(late.hits, 1);
    assertOnlyLeft(rig, range);
  });

  for (const action of IPAM_ACTIONS) {
    for (const [call, when] of [
      ["create", "after"],
      ["mac.generate", "before"],
    ] as const) {
      test(`is undone by the next ${action} when it was killed in ${call}`, async (t) => {
        const rig = await start(t);
        const range = await leased(rig);
        const { held, child, run } = await holdRegister(rig, call, when);
        child.kill("SIGKILL");
        assert.equal((await run).signal, "SIGKILL");
        held.release();
        assert.equal(Object.keys(journalOf(rig).intents).length, 1);
        assert.equal(rig.simulator.account.all().length, 2);

        const next = await rig.ipam(action, documentFor(action, range));
        succeeded(next);
        assert.match(next.stderr, /INFO: deleted flexible IP .* its address range was not registered/);
        assert.deepEqual(journalOf(rig).intents, {});
        const left = rig.simulator.account.all().map(({ ip_address }) => ip_address);
        const kept = action === "unregister_address_range" ? [] : [ipOf(range)];
        const made = action === "register_address_range" ? [ipIn(next)] : [];
        assert.deepEqual(left.sort(), [...kept, ...made].sort());
      });
    }
  }

  test("is left alone by other runs while it is under way", async (t) => {
    const rig = await start(t);
    const range = await leased(rig);
    const { held, run } = await holdRegister(rig, "mac.generate", "after");
    for (const action of ["get_address", "free_address"] as const) {
      succeeded(await rig.ipam(action, documentFor(action, range)));
    }
    held.release();
    const answer = await run;
    succeeded(answer);
    assertOwned(rig, readTemplate(answer.stdout, "AR").get("SCW_FLEXIBLE_IP_ID"), "created");
  });

  for (const [when, agoMs, isUndone] of [
    ["while it may run there", 0, false],
    ["once it cannot run any more", 11 * 60_000, true],
  ] as const) {
    test(`of another front-end that shares the state file is left alone ${when}: undone ${isUndone}`, async (t) => {
      const rig = await start(t);
      const range = await leased(rig);
      const { held, child, run } = await holdRegister(rig, "mac.generate", "before");
      child.kill("SIGKILL");
      await run;
      held.release();
      const noted = JSON.parse(readFileSync(rig.frontEnd.stateFile, "utf8"));
      for (const intent of Object.values<{ since: string; process: { bootId: string } }>(noted.intents)) {
        intent.process.bootId = "another-machine";
        intent.since = new Date(Date.now() - agoMs).toISOString();
      }
      writeFileSync(rig.frontEnd.stateFile, JSON.stringify(noted));
      succeeded(await rig.ipam("get_address", leaseOf(range, "get_address")));
      assert.equal(rig.simulator.account.all().length, isUndone ? 1 : 2);
    });
  }

  test("is not undone by a run that saw it under way and finds it done", { skip: !canDelay() }, async (t) => {
    const rig = await start(t);
    const range = await leased(rig);
    const { held, child, run } = await holdRegister(rig, "mac.generate", "after");
    // The other run has read the journal and stands still before it looks whether this process is there.
    const slow = { call: "openat", path: `/proc/${child.pid}/stat` } as const;
    const { run: other } = await startSlowly(rig, "get_address", leaseOf(range, "get_address"), slow);
    held.release();
    const answer = await run;
    succeeded(answer);
    succeeded(await other);
    assertOwned(rig, readTemplate(answer.stdout, "AR").get("SCW_FLEXIBLE_IP_ID"), "created");
  });

  for (const [call, when] of [
    ["create", "after"],
    ["mac.generate", "before"],
    ["mac.generate", "after"],
  ] as const) {
    test(`is undone at once when it is told to stop, ${when} ${call}`, async (t) => {
      const rig = await start(t);
      const { held, child, run } = await holdRegister(rig, call, when);
      child.kill("SIGTERM");
      failed(await run, /SIGTERM/, /run the action again/);
      held.release();
      assertNothingLeft(rig);
    });
  }

  test("leaves nothing when create is acted on after it was told to stop", async (t) => {
    const rig = await start(t);
    const range = await leased(rig);
    const { held, child, run } = await holdRegister(rig, "create", "before");
    child.kill("SIGTERM");
    failed(await run, /SIGTERM/);
    held.release();
    await until(() => rig.simulator.account.all().length === 2);
    succeeded(await rig.ipam("get_address", leaseOf(range, "get_address")));
    assert.deepEqual(
      rig.simulator.account.all().map(({ ip_address }) => ip_address),
      [ipOf(range)],
    );
  });

  test("leaves nothing when its time is up", async (t) => {
    const rig = await start(t);
    const held = rig.simulator.fault({ call: "mac.generate", do: { kind: "hold", when: "after" } });
    failed(await rig.ipam("register_address_range", newRange(), { settings: { TIMEOUT: "5" } }), /not done within/);
    held.release();
    assertNothingLeft(rig);
  });

  test("leaves nothing when nobody reads its answer", async (t) => {
    const rig = await start(t);
    const closeEarly = (child: ChildProcess) => void child.stdout?.destroy();
    failed(await rig.ipam("register_address_range", newRange(), { started: closeEarly }), /answer cannot be written/);
    assertNothingLeft(rig);
  });
});

async function start(t: TestContext, options: SimulatorOptions = {}): Promise<Rig> {
  const rig = await Rig.start(options);
  t.after(() => rig.stop());
  return rig;
}

function newRange(fields: Fields = {}): string {
  return ipamDocument({ IPAM_MAD: "scw-flexip", TYPE: "IP4", SIZE: "1", ...fields });
}

/** Registers a range; its answer. */
async function registered(rig: Rig, fields: Fields = {}): Promise<Map<string, string>> {
  const run = await rig.ipam("register_address_range", newRange(fields));
  succeeded(run);
  return readTemplate(run.stdout, "AR");
}

/** Registers a range and leases its address; the range. */
async function leased(rig: Rig, fields: Fields = {}): Promise<Range> {
  const range = rangeOf(await registered(rig, fields));
  succeeded(await rig.ipam("get_address", leaseOf(range, "get_address")));
  return range;
}

/** What oned sends with a lease: the size alone to get_address, the address to the others. */
function leaseOf(range: Fields, action: IpamAction = "free_address"): string {
  return ipamDocument(range, action === "get_address" ? { SIZE: "1" } : { IP: range.IP, SIZE: "1" });
}

function documentFor(action: IpamAction, range: Range): string {
  if (action === "register_address_range") return newRange();
  return action === "unregister_address_range" ? ipamDocument(range) : leaseOf(range, action);
}

/** Has the range's flexible IPs attached to a host, behind the driver's back; both share the virtual MAC. */
function attach(rig: Rig, range: Range, host = "alpha"): void {
  const { serverId } = rig.host(host);
  for (const id of idsOf(range)) {
    rig.simulator.account.set(id, { status: "attached", serverId, mac: range.MAC ?? null });
  }
}

/**
 * Starts an action that stands still for three seconds before a system call that names `path`, and returns when it does.
 */
async function startSlowly(
  rig: Rig,
  action: IpamAction,
  document: string,
  { call, path }: { call: "mkdir" | "openat"; path: string },
): Promise<{ run: Promise<RunResult> }> {
  const trace = join(rig.folder, "trace");
  const strace = `strace -f -qq -o ${trace} -P ${path} -e trace=${call} -e inject=${call}:delay_enter=3000000`;
  const script = `#!/bin/sh\nexec ${strace} ${rig.frontEnd.root}/ipam/scw-flexip/${action}\n`;
  writeFileSync(join(rig.frontEnd.root, "slow"), script, { mode: 0o755 });
  const run = rig.run(rig.frontEnd, "slow", [], document, { env: { PATH: "/usr/bin:/bin" } });
  await until(() => existsSync(trace) && readFileSync(trace, "utf8").includes(path));
  return { run };
}

/** Starts a registration that waits for the answer of a call. */
async function holdRegister(
  rig: Rig,
  call: CallName,
  when: "before" | "after",
): Promise<{ held: FaultHandle; child: ChildProcess; run: Promise<RunResult> }> {
  const held = rig.simulator.fault({ call, do: { kind: "hold", when } });
  let child: ChildProcess | undefined;
  const options: RunOptions = {
    started: (started) => {
      child = started;
    },
  };
  const run = rig.ipam("register_address_range", newRange(), options);
  await Promise.race([held.reached, run.then(({ stderr }) => fail(`ended before ${call}: ${stderr}`))]);
  return { held, child: child ?? fail("not started"), run };
}

function succeeded(run: RunResult): void {
  assert.equal(run.code, 0, run.stderr);
  assert.deepEqual(run.plain, []);
}

/** Succeeded, with an answer that is the exit code alone. */
function quiet(run: RunResult): void {
  succeeded(run);
  assert.equal(run.stdout, "");
}
const freed = quiet;

/** Exit code 1, no answer, one line for the user that matches all of `words` and tells what to do. */
function failed(run: RunResult, ...words: readonly RegExp[]): void {
  const { code, stdout, plain } = run;
  assert.deepEqual({ code, stdout, lines: plain.length }, { code: 1, stdout: "", lines: 1 }, run.stderr);
  for (const word of [/; \S/, ...words]) assert.match(plain[0] ?? "", word);
}

const journal = z.object({
  intents: z.record(z.string(), z.object({ flexibleIpIds: z.array(z.string()) })),
  leases: z.record(z.string(), z.object({ flexibleIpId: z.string() })),
});

function journalOf(rig: Rig): z.infer<typeof journal> {
  return journal.parse(JSON.parse(readFileSync(rig.frontEnd.stateFile, "utf8")));
}

type Wire = NonNullable<ReturnType<Rig["simulator"]["account"]["get"]>>;

/** The flexible IP carries the tags of our range. */
function assertOwned(rig: Rig, id: string | undefined, origin: "created" | "adopted"): Wire {
  const one = rig.simulator.account.get(id ?? "") ?? fail(`${id} is gone`);
  const tags = one.tags.filter((tag) => tag.startsWith("scw-flexip"));
  assert.deepEqual(tags.slice(0, 3), ["scw-flexip", "scw-flexip:cloud=one", `scw-flexip:${origin}`]);
  assert.match(tags[3] ?? "", INTENT_TAG);
  assert.equal(tags.length, 4);
  return one;
}

function assertNothingLeft(rig: Rig): void {
  assert.deepEqual(rig.simulator.account.all(), []);
  assert.deepEqual(journalOf(rig).intents, {});
}

function assertOnlyLeft(rig: Rig, range: Range): void {
  assert.deepEqual(
    rig.simulator.account.all().map(({ ip_address }) => ip_address),
    [ipOf(range)],
  );
  assert.deepEqual(journalOf(rig).intents, {});
}

function writesOf(rig: Rig): CallName[] {
  return rig.simulator.requests.filter(({ method }) => method !== "GET").map(({ call }) => call);
}

function ipIn(run: RunResult): string {
  return readTemplate(run.stdout, "AR").get("IP") ?? "";
}

function ipOf(range: Fields): string {
  return range.IP ?? "";
}

function idOf(range: Fields): string {
  return range.SCW_FLEXIBLE_IP_ID ?? "";
}

function idsOf(range: Fields): string[] {
  return [range.SCW_FLEXIBLE_IP_ID, range.SCW_FLEXIBLE_IP6_ID].filter((id) => id !== undefined);
}

function tagsOf(cloud: string): string[] {
  const intent = "scw-flexip:intent=55555555-5555-4555-8555-555555555555";
  return ["scw-flexip", `scw-flexip:cloud=${cloud}`, "scw-flexip:created", intent];
}

/** The URL of a port that was free a moment ago. */
async function closedPort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

async function until(test: () => boolean): Promise<void> {
  for (let count = 0; !test(); count += 1) {
    if (count > 2_000) fail("it did not happen within 20 s");
    await sleep(10);
  }
}

function canDelay(): boolean {
  const inject = ["-o", "/dev/null", "-e", "trace=openat", "-e", "inject=openat:delay_enter=1", "true"];
  return spawnSync("strace", inject).status === 0;
}

function fail(message: string): never {
  throw new Error(message);
}
