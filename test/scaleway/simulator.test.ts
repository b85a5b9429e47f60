// The simulator itself: what a driver meets in it, and what a test can do with it.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { z } from "zod";
import { delaysOf, endOfAttach } from "../fakes/behaviour.ts";
import { type Simulator, type SimulatorOptions, startSimulator } from "../fakes/flexible-ip-server.ts";
import { testProjectId } from "../fakes/flexible-ips.ts";
import { startRemoteSimulator } from "../fakes/remote.ts";

const serverA = "0a11ce00-0000-4000-8000-00000000000a";
const serverB = "0a11ce00-0000-4000-8000-00000000000b";
const unknownId = "0a11ce00-0000-4000-8000-0000000000ff";
const createBody = { project_id: testProjectId, description: "", is_ipv6: false };

suite("attach and detach", () => {
  test("an attach shows no server before it has settled, a detach shows it until it has", async (t) => {
    const { account, post } = await start(t, { settle: "manual" });
    const { id } = account.add();
    const attach = await post("fips/attach", { fips_ids: [id], server_id: serverA });
    assert.equal(attach.status, 200);
    assert.deepEqual(shown(account.get(id)), ["updating", null]);
    account.settle(id);
    assert.deepEqual(shown(account.get(id)), ["attached", serverA]);
    await post("fips/detach", { fips_ids: [id] });
    assert.deepEqual(shown(account.get(id)), ["detaching", serverA]);
    account.settleAll();
    assert.deepEqual(shown(account.get(id)), ["ready", null]);
  });

  test("attaches on one server end one after another, on another server at once", async (t) => {
    const { account } = await start(t, { settle: { attachMs: 20, attachQueuedMs: 150 } });
    const [first, second, elsewhere] = [serverA, serverA, serverB].map((serverId) => {
      return account.add({ status: "updating", serverId }).id;
    });
    await account.settled();
    const endedAt = (id = "") => account.get(id)?.updated_at ?? "";
    assert.ok(endedAt(first) < endedAt(second));
    assert.ok(endedAt(elsewhere) < endedAt(second));
  });

  test("a detach of one that is attached to nothing answers it unchanged", async (t) => {
    const { account, post } = await start(t);
    const before = account.add();
    const { status, body } = await post("fips/detach", { fips_ids: [before.id] });
    assert.equal(status, 200);
    assert.deepEqual(body, { flexible_ips: [before], total_count: 1 });
  });

  test("what is attached already is refused, and not as transient", async (t) => {
    const { account, post } = await start(t);
    const { id } = account.add({ serverId: serverA });
    for (const server of [serverA, serverB]) {
      const { status, body } = await post("fips/attach", { fips_ids: [id], server_id: server });
      assert.equal(status, 409);
      assert.partialDeepStrictEqual(body, { type: "precondition_failed" });
    }
  });

  test("a server takes no more than its limit, attaches under way counted", async (t) => {
    const { account, post } = await start(t, { settle: "manual", perServerLimit: 2 });
    account.add({ serverId: serverA });
    const [second, third] = [account.add(), account.add()];
    assert.equal((await post("fips/attach", { fips_ids: [second.id], server_id: serverA })).status, 200);
    const { status, body } = await post("fips/attach", { fips_ids: [third.id], server_id: serverA });
    assert.equal(status, 403);
    assert.partialDeepStrictEqual(body, { type: "quotas_exceeded", details: [{ quota: 2, current: 2 }] });
  });
});

suite("behaviour that is chosen", () => {
  test("attaches that wait together for one server end as recorded, and later the more there are", async (t) => {
    const delays = delaysOf({ recorded: 0.5 });
    assert.ok(delays);
    const ends = (count: number) => Array.from({ length: count }, (_, index) => endOfAttach(delays, index, count));
    assert.deepEqual([ends(1), ends(2), ends(3)], [[1_000], [6_000, 9_000], [13_500, 20_000, 21_500]]);
    assert.equal(ends(16).at(-1), 99_500);

    const { account } = await start(t, { settle: { recorded: 0.005 } });
    const attach = (serverId: string) => account.add({ status: "updating", serverId }).id;
    const together = [attach(serverA), attach(serverA), attach(serverA)];
    const alone = attach(serverB);
    await account.settled();
    const endOf = (id: string) => account.get(id)?.updated_at ?? "";
    assert.deepEqual([alone, ...together].map(endOf), [alone, ...together].map(endOf).sort());
  });

  test("an attach of what another server has moves it, or is answered and moves nothing", async (t) => {
    const { account, post } = await start(t, { settle: "manual" });
    const [id, other] = [account.add({ serverId: serverA }).id, account.add({ serverId: serverA }).id];
    const attach = async (...to: [string, string]) => {
      const { status } = await post("fips/attach", { fips_ids: [to[0]], server_id: to[1] });
      return [status, ...shown(account.get(to[0]))];
    };
    account.behave({ directAttach: "ignored" });
    assert.deepEqual(await attach(id, serverB), [200, "attached", serverA]);
    account.behave({ directAttach: "moves", perServerLimit: 1 });
    assert.deepEqual(await attach(id, serverA), [200, "attached", serverA], "there already, whatever the limit");
    assert.deepEqual(await attach(id, serverB), [200, "updating", null]);
    assert.deepEqual(await attach(other, serverB), [403, "attached", serverA], "no room there");
    account.settle(id);
    assert.deepEqual(shown(account.get(id)), ["attached", serverB]);
  });

  test("a listing that lags shows what was, a read by id what is", async (t) => {
    const { account, call } = await start(t, { settle: "manual", listLagMs: 1e9 });
    const listed = async () =>
      z.object({ total_count: z.number() }).parse((await call("GET", "fips")).body).total_count;
    const { id } = account.add();
    assert.equal((await call("GET", `fips/${id}`)).status, 200);
    assert.equal(await listed(), 0);
    account.behave({ listLagMs: 2e9 });
    await call("DELETE", `fips/${id}`);
    assert.deepEqual([await listed(), (await call("GET", `fips/${id}`)).status], [1, 403]);
    account.behave({ listLagMs: 5 });
    account.add();
    account.add();
    while ((await listed()) !== 2) await tick();
  });

  test("the API goes down and comes back, and does nothing meanwhile", async (t) => {
    const { account, post, requests } = await start(t);
    account.behave({ api: "cut" });
    await assert.rejects(post("fips", createBody), { message: "fetch failed" });
    account.behave({ api: "unavailable" });
    assert.equal((await post("fips", createBody)).status, 503);
    account.behave({ api: "silent" });
    const silent = new AbortController();
    const unanswered = post("fips", createBody, silent.signal);
    while (requests.length < 3) await tick();
    silent.abort();
    await assert.rejects(unanswered, { name: "AbortError" });
    assert.equal(account.all().length, 0);
    account.behave({ api: "up", latencyMs: 20 });
    assert.equal((await post("fips", createBody)).status, 200);
  });

  test("a slow call has acted when its caller gives up", async (t) => {
    const { account, post } = await start(t, { latencyMs: 60_000 });
    const patience = new AbortController();
    const answer = post("fips", createBody, patience.signal);
    while (account.all().length === 0) await tick();
    patience.abort();
    await assert.rejects(answer, { name: "AbortError" });
  });

  test("another process changes all of it over a Unix socket", { timeout: 20_000 }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "simulator-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const socket = join(folder, "socket");
    const { url, token, control, stop } = await startRemoteSimulator({ socket, zone: "nl-ams-1" });
    t.after(stop);
    await control("PATCH", "", { api: "cut" });
    await assert.rejects(fetch(url), { message: "fetch failed" });
    assert.partialDeepStrictEqual(await control("PATCH", "", { api: "up" }), { api: "up", directAttach: "refused" });
    const { id } = z.object({ id: z.string() }).parse(await control("POST", "/flexible-ips", { ip: "203.0.113.7" }));
    await control("PATCH", `/flexible-ips/${id}`, { status: "error" });
    const headers = { "X-Auth-Token": token };
    const read = await fetch(`${url}/flexible-ip/v1alpha1/zones/nl-ams-1/fips/${id}`, { headers });
    assert.partialDeepStrictEqual(await read.json(), { ip_address: "203.0.113.7", status: "error" });
    const seen = { requests: [{ call: "unknown" }, { call: "get", status: 200 }], flexible_ips: [{ id }] };
    assert.partialDeepStrictEqual(await control("GET", ""), seen);
    assert.partialDeepStrictEqual(await control("PATCH", "", { api: "sideways" }), { type: "simulator_control" });
    await control("DELETE", "/requests");
    assert.partialDeepStrictEqual(await control("GET", ""), { requests: [], behaviour: { api: "up" } });
  });
});

suite("MAC groups", () => {
  const mac = "52:54:00:aa:bb:cc";

  test("are attached whole or not at all", async (t) => {
    const { account, post } = await start(t);
    const [one, two, other] = [account.add({ mac }), account.add({ mac }), account.add()];
    const attach = (...ids: string[]) => post("fips/attach", { fips_ids: ids, server_id: serverA });
    assert.equal((await attach(one.id)).status, 400, "a part");
    assert.equal((await attach(one.id, two.id, other.id)).status, 400, "more than the group");
    assert.equal((await attach(other.id, account.add().id)).status, 400, "two without a MAC are no group");
    assert.equal((await attach(one.id, two.id)).status, 200);
    await account.settled();
    assert.deepEqual(
      [one, two].map(({ id }) => account.get(id)?.server_id),
      [serverA, serverA],
    );
  });

  test("lose the MAC of a part that is detached", async (t) => {
    const { account, post } = await start(t, { settle: "manual" });
    const [one, two] = [account.add({ mac, serverId: serverA }), account.add({ mac, serverId: serverA })];
    await post("fips/detach", { fips_ids: [one.id] });
    assert.equal(account.get(one.id)?.mac_address?.mac_address, mac, "until it is off");
    account.settleAll();
    assert.equal(account.get(one.id)?.mac_address, null);
    await post("fips/detach", { fips_ids: [two.id] });
    account.settleAll();
    assert.equal(account.get(two.id)?.mac_address?.mac_address, mac, "the last one is no part");
  });

  test("are left by one that gets a new MAC", async (t) => {
    const { account, post } = await start(t, { settle: "manual" });
    const [one, two] = [account.add({ mac, serverId: serverA }), account.add({ mac, serverId: serverA })];
    await post(`fips/${one.id}/mac`, { mac_type: "kvm" });
    assert.deepEqual(shown(account.get(one.id)), ["updating", serverA]);
    account.settleAll();
    assert.notEqual(account.get(one.id)?.mac_address?.mac_address, mac);
    assert.equal(account.get(one.id)?.mac_address?.status, "used");
    assert.equal(account.get(two.id)?.mac_address?.mac_address, mac);
  });

  test("are made only on one server, from a MAC, for one that has none", async (t) => {
    const { account, post } = await start(t);
    const source = account.add({ mac, serverId: serverA });
    const bare = account.add({ serverId: serverA });
    const duplicate = (target: string, from: string) => {
      return post(`fips/${target}/mac/duplicate`, { duplicate_from_fip_id: from });
    };
    const elsewhere = account.add({ serverId: serverB });
    const withMac = account.add({ serverId: serverA, mac: "52:54:00:aa:bb:cd" });
    assert.equal((await duplicate(elsewhere.id, source.id)).status, 412);
    assert.equal((await duplicate(account.add().id, source.id)).status, 412);
    assert.equal((await duplicate(source.id, bare.id)).status, 412);
    assert.equal((await duplicate(withMac.id, source.id)).status, 409);
    assert.equal((await duplicate(bare.id, source.id)).status, 200);
    await account.settled();
    assert.deepEqual(shown(account.get(bare.id)), ["attached", serverA]);
    assert.equal(account.get(bare.id)?.mac_address?.mac_address, mac);
  });
});

suite("virtual MACs", () => {
  test("are deleted by the id of the flexible IP; their own is 404 and deletes nothing", async (t) => {
    const { account, call } = await start(t);
    const { id, mac_address: mac } = account.add({ mac: "52:54:00:aa:bb:cc" });
    const wrong = await call("DELETE", `fips/${mac?.id}/mac`);
    assert.equal(wrong.status, 404);
    assert.partialDeepStrictEqual(wrong.body, { type: "not_found", resource_id: mac?.id });
    assert.notEqual(account.get(id)?.mac_address, null);
    assert.equal((await call("DELETE", `fips/${id}/mac`)).status, 204);
    assert.equal(account.get(id)?.mac_address, null);
    assert.equal((await call("DELETE", `fips/${id}/mac`)).status, 404);
  });

  test("move between two that are ready, and take id and age along", async (t) => {
    const { account, post } = await start(t);
    const [source, target] = [account.add({ mac: "52:54:00:aa:bb:cc" }), account.add()];
    const { status, body } = await post(`fips/${source.id}/mac/move`, { dst_fip_id: target.id });
    assert.equal(status, 200);
    assert.partialDeepStrictEqual(body, { id: target.id, mac_address: { id: source.mac_address?.id } });
    assert.equal(account.get(source.id)?.mac_address, null);
    assert.equal(account.get(source.id)?.updated_at, source.updated_at);
    const back = await post(`fips/${source.id}/mac/move`, { dst_fip_id: target.id });
    assert.equal(back.status, 412, "nothing left to move");
  });
});

suite("absence", () => {
  test("a deleted one is 403, one never known 404, another project's 403 and in no list", async (t) => {
    const { account, call } = await start(t);
    const [deleted, hidden] = [account.add(), account.add({ visible: false })];
    assert.equal((await call("DELETE", `fips/${deleted.id}`)).status, 204);
    for (const { id } of [deleted, hidden]) {
      const { status, body } = await call("GET", `fips/${id}`);
      assert.equal(status, 403);
      assert.deepEqual(body, {
        details: [{ action: "read", resource: "flexible-ip" }],
        message: "insufficient permissions",
        type: "permissions_denied",
      });
      assert.equal((await call("DELETE", `fips/${id}`)).status, 403);
    }
    const { status, body } = await call("GET", `fips/${unknownId}`);
    assert.equal(status, 404);
    assert.partialDeepStrictEqual(body, { type: "not_found", resource: "flexible_ips", resource_id: unknownId });
    assert.deepEqual((await call("GET", "fips")).body, { flexible_ips: [], total_count: 0 });
    assert.equal((await call("GET", "fips/fr-par-2")).status, 404);
  });

  test("an attached one is detached before it is gone", async (t) => {
    const { account, call } = await start(t, { settle: "manual" });
    const { id } = account.add({ serverId: serverA });
    assert.equal((await call("DELETE", `fips/${id}`)).status, 204);
    assert.partialDeepStrictEqual((await call("GET", `fips/${id}`)).body, { status: "detaching", server_id: serverA });
    assert.equal((await call("DELETE", `fips/${id}`)).status, 409);
    account.settle(id);
    assert.equal((await call("GET", `fips/${id}`)).status, 403);
    assert.equal(account.get(id), undefined);
  });

  test("an address comes back from the pool with its id and its age", async (t) => {
    const { account, call, post } = await start(t, { addresses: ["203.0.113.7", "203.0.113.8"] });
    const create = () => post("fips", createBody);
    await create();
    const before = account.byAddress("203.0.113.7");
    await call("DELETE", `fips/${before?.id}`);
    const { body } = await create();
    assert.partialDeepStrictEqual(body, {
      ip_address: "203.0.113.7",
      id: before?.id,
      created_at: before?.created_at,
    });
    await create();
    const none = await create();
    assert.equal(none.status, 503);
    assert.partialDeepStrictEqual(none.body, { type: "out_of_stock" });
  });

  test("in another zone there is nothing", async (t) => {
    const simulator = await start(t);
    const { id } = simulator.account.add();
    const elsewhere = caller(simulator, "nl-ams-1");
    assert.deepEqual((await elsewhere("GET", "fips")).body, { flexible_ips: [], total_count: 0 });
    assert.equal((await elsewhere("GET", `fips/${id}`)).status, 404);
    assert.equal((await elsewhere("POST", "fips/detach", { fips_ids: [id] })).status, 404);
  });
});

suite("refusals by status", () => {
  test("every change is 409 in a transient status and 403 when locked, and changes nothing", async (t) => {
    const { account, call } = await start(t, { settle: "manual" });
    const expected = {
      updating: [409, "transient_state"],
      detaching: [409, "transient_state"],
      locked: [403, "locked"],
    };
    for (const status of ["updating", "detaching", "locked"] as const) {
      const before = account.add({ status, serverId: status === "locked" ? null : serverA });
      for (const [method, path, body] of changesOf(before.id)) {
        const answer = await call(method, path, body);
        const { type } = z.looseObject({ type: z.string() }).parse(answer.body);
        assert.deepEqual([answer.status, type], expected[status], `${method} ${path}`);
      }
      assert.equal(account.get(before.id)?.status, status);
      assert.equal((await call("GET", `fips/${before.id}`)).status, 200);
    }
  });

  test("one in error can be detached and deleted, not attached", async (t) => {
    const { account, call, post } = await start(t);
    const { id } = account.add({ status: "error" });
    assert.equal((await post("fips/attach", { fips_ids: [id], server_id: serverA })).status, 409);
    assert.equal((await post("fips/detach", { fips_ids: [id] })).status, 200);
    assert.equal((await call("DELETE", `fips/${id}`)).status, 204);
  });
});

suite("refusals by argument, quota and token", () => {
  test("wrong arguments are 400 and named", async (t) => {
    const { account, call } = await start(t);
    const { id } = account.add();
    const cases: [string, string, unknown, string][] = [
      ["POST", "fips", { ...createBody, description: "x".repeat(256) }, "description"],
      ["POST", "fips", { ...createBody, project_id: "p-1" }, "project_id"],
      ["POST", "fips", { project_id: testProjectId, description: "" }, "is_ipv6"],
      ["POST", "fips", { ...createBody, tags: "web" }, "tags"],
      ["POST", "fips", { ...createBody, tag: "web" }, "tag"],
      ["POST", "fips", [], "body"],
      ["PATCH", `fips/${id}`, { tags: [1] }, "tags"],
      ["POST", "fips/attach", { fips_ids: [id] }, "server_id"],
      ["POST", "fips/attach", { fips_ids: [id, id], server_id: serverA }, "fips_ids"],
      ["POST", "fips/detach", { fips_ids: [] }, "fips_ids"],
      ["POST", "fips/detach", { fips_ids: [`fr-par-2/${id}`] }, "fips_ids"],
      ["POST", `fips/${id}/mac`, { mac_type: "qemu" }, "mac_type"],
      ["GET", "fips?tag=web", undefined, "tag"],
      ["GET", "fips?page=0", undefined, "page"],
      ["GET", "fips?order_by=id", undefined, "order_by"],
      ["GET", "fips?status=attaching", undefined, "status"],
    ];
    for (const [method, path, body, argument] of cases) {
      const answer = await call(method, path, body);
      assert.equal(answer.status, 400, argument);
      const details = [{ argument_name: argument }];
      assert.partialDeepStrictEqual(answer.body, { type: "invalid_arguments", details });
    }
    assert.equal(account.all().length, 1);
    assert.equal((await call("GET", "ips")).status, 404);
  });

  test("a project's quota ends creation", async (t) => {
    const { account, post } = await start(t, { perProjectQuota: 1 });
    const create = (project: string) => post("fips", { ...createBody, project_id: project });
    assert.equal((await create(testProjectId)).status, 200);
    const { status, body } = await create(testProjectId);
    assert.equal(status, 403);
    assert.partialDeepStrictEqual(body, { type: "quotas_exceeded", details: [{ quota: 1, current: 1 }] });
    assert.equal((await create(unknownId)).status, 200, "another project has its own");
    assert.equal(account.all().length, 2);
  });

  test("a refused token is 401, a grant that has not spread 403 for a while", async (t) => {
    const { account, call, requests, url } = await start(t);
    account.deny();
    const { status, body } = await call("GET", "fips");
    assert.equal(status, 401);
    assert.deepEqual(body, {
      message: "authentication is denied",
      method: "api_key",
      reason: "not_found",
      type: "denied_authentication",
    });
    account.allow();
    account.grantPendingUntil(2);
    const statuses = [];
    for (let count = 0; count < 3; count++) statuses.push((await call("GET", "fips")).status);
    assert.deepEqual(statuses, [403, 403, 200]);
    assert.equal((await fetch(`${url}/anything`)).status, 401, "no token at all");
    assert.deepEqual(
      requests.map(({ authorized }) => authorized),
      [false, false, false, true, false],
    );
  });
});

suite("lists", () => {
  const list = z.object({ flexible_ips: z.array(z.object({ ip_address: z.string() })), total_count: z.number() });

  test("come in pages of at most the maximum, whatever is asked for", async (t) => {
    const { account, call } = await start(t, { maxPageSize: 2 });
    for (let count = 0; count < 5; count++) account.add();
    const found: string[] = [];
    for (const page of [1, 2, 3, 4]) {
      const { flexible_ips: items, total_count: total } = list.parse(
        (await call("GET", `fips?page=${page}&page_size=100`)).body,
      );
      assert.equal(total, 5);
      assert.equal(items.length, [2, 2, 1, 0][page - 1]);
      found.push(...items.map((item) => item.ip_address));
    }
    assert.deepEqual(
      found,
      account.all().map((item) => item.ip_address),
    );
    const all = await start(t);
    for (let count = 0; count < 25; count++) all.account.add();
    assert.equal(list.parse((await all.call("GET", "fips")).body).flexible_ips.length, 20);
  });
});

suite("the account in a test's hands", () => {
  test("a seed in a transient status settles as after a call", async (t) => {
    const { account } = await start(t);
    const attaching = account.add({ status: "updating", serverId: serverA });
    const detaching = account.add({ status: "detaching", serverId: serverA });
    assert.deepEqual(shown(attaching), ["updating", null]);
    assert.deepEqual(shown(detaching), ["detaching", serverA]);
    await account.settled();
    assert.deepEqual(shown(account.get(attaching.id)), ["attached", serverA]);
    assert.deepEqual(shown(account.get(detaching.id)), ["ready", null]);
  });

  test("a status set by hand stays, and takes the place of what was under way", async (t) => {
    const { account } = await start(t, { settle: { attachMs: 10 } });
    const { id } = account.add({ status: "updating", serverId: serverA });
    account.set(id, { status: "error", tags: ["drifted"] });
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(shown(account.get(id)), ["error", null]);
    assert.deepEqual(account.get(id)?.tags, ["drifted"]);
    account.remove(id);
    assert.deepEqual(account.all(), []);
  });

  test("a write answers nine digits of its time, a read six, and every change moves it", async (t) => {
    const { account, call } = await start(t);
    const { id, updated_at: before } = account.add();
    const time = z.object({ updated_at: z.string(), created_at: z.string() });
    const written = time.parse((await call("PATCH", `fips/${id}`, { description: "other" })).body);
    const read = time.parse((await call("GET", `fips/${id}`)).body);
    assert.match(written.updated_at, /\.\d{9}Z$/);
    assert.match(written.created_at, /\.\d{6}Z$/, "not written by this call");
    assert.match(read.updated_at, /\.\d{6}Z$/);
    assert.ok(read.updated_at > before);
  });

  test("IPv6 flexible IPs are prefixes", async (t) => {
    const { post } = await start(t);
    const { body } = await post("fips", { ...createBody, is_ipv6: true });
    assert.match(z.object({ ip_address: z.string() }).parse(body).ip_address, /^2001:db8:[0-9a-f:]+::\/64$/);
  });

  test("the log keeps what arrived, in order", async (t) => {
    const simulator = await start(t);
    const { id } = simulator.account.add();
    await simulator.call("GET", "fips?page=1&tags=a");
    await simulator.call("PATCH", `fips/${id}`, { description: "web" });
    await simulator.call("GET", "fips/attach/x");
    assert.deepEqual(simulator.calls(), ["list", "update", "unknown"]);
    assert.partialDeepStrictEqual(simulator.requests, [
      { seq: 1, method: "GET", query: "page=1&tags=a", body: null, status: 200, userAgent: "simulator-test" },
      { seq: 2, path: `/flexible-ip/v1alpha1/zones/fr-par-2/fips/${id}`, body: { description: "web" }, status: 200 },
      { seq: 3, status: 404, authorized: true },
    ]);
    assert.equal(typeof simulator.requests[0]?.durationMs, "number");
    simulator.clearRequests();
    assert.deepEqual(simulator.requests, []);
  });
});

suite("faults: what they hit, and whether it acts", () => {
  test("hit the calls they name, after those they skip, as often as they say", async (t) => {
    const { call, fault, post } = await start(t);
    const handle = fault({
      call: "list",
      skip: 1,
      times: 2,
      do: { kind: "status", status: 502, body: { message: "no" } },
    });
    const statuses = [];
    for (let count = 0; count < 5; count++) {
      statuses.push((await call("GET", "fips")).status);
      assert.equal((await post("fips", createBody)).status, 200);
    }
    assert.deepEqual(statuses, [200, 502, 502, 200, 200]);
    assert.equal(handle.hits, 2);
    assert.equal((await handle.reached).call, "list");
  });

  test("come one after another on the same call", async (t) => {
    const { call, fault, clearFaults } = await start(t);
    for (const status of [500, 429, 503]) fault({ call: "list", do: { kind: "status", status } });
    assert.deepEqual([(await call("GET", "fips")).status, (await call("GET", "fips")).status], [500, 429]);
    clearFaults();
    assert.equal((await call("GET", "fips")).status, 200);
  });

  test("an error before acting leaves the account alone, one after acting does not", async (t) => {
    const { account, fault, post } = await start(t);
    fault({ do: { kind: "status", status: 504, headers: { "Retry-After": "1" } } });
    const before = await post("fips", createBody);
    assert.deepEqual([before.status, before.headers.get("retry-after"), account.all().length], [504, "1", 0]);
    fault({ do: { kind: "status", status: 504, body: "gateway timeout", when: "after" } });
    const after = await post("fips", createBody);
    assert.deepEqual([after.status, after.text, account.all().length], [504, "gateway timeout", 1]);
    assert.match(after.headers.get("x-request-id") ?? "", /^[0-9a-f-]{36}$/);
  });

  test("a connection is cut before acting, or after it", async (t) => {
    const { account, fault, post, requests } = await start(t);
    for (const [when, left] of [
      ["before", 0],
      ["after", 1],
    ] as const) {
      const handle = fault({ do: { kind: "reset", when } });
      await assert.rejects(post("fips", createBody), { message: "fetch failed" });
      await handle.reached;
      assert.equal(account.all().length, left, when);
    }
    assert.deepEqual(
      requests.map(({ status }) => status),
      [undefined, undefined],
    );
  });

  test("a call is held until it is let go", async (t) => {
    const { account, fault, post } = await start(t);
    for (const [when, held, after] of [
      ["before", 0, 1],
      ["after", 2, 2],
    ] as const) {
      const handle = fault({ call: "create", do: { kind: "hold", when } });
      const answer = post("fips", createBody);
      const reached = await handle.reached;
      assert.deepEqual([reached.call, reached.status, account.all().length], ["create", undefined, held]);
      handle.release();
      assert.deepEqual([(await answer).status, reached.status, account.all().length], [200, 200, after]);
    }
  });
});

suite("faults: what is answered, and when", () => {
  test("a body is replaced by raw text or edited", async (t) => {
    const { account, fault, call } = await start(t);
    const { id } = account.add();
    fault({ do: { kind: "body", text: "<html>", contentType: "text/html" } });
    const html = await call("GET", `fips/${id}`);
    assert.deepEqual([html.status, html.text, html.headers.get("content-type")], [200, "<html>", "text/html"]);
    fault({ do: { kind: "rewrite", edit: (body) => ({ ...z.looseObject({}).parse(body), status: "resting" }) } });
    assert.partialDeepStrictEqual((await call("GET", `fips/${id}`)).body, { id, status: "resting" });
    assert.equal(account.get(id)?.status, "ready");
  });

  test("nothing hangs when the simulator is closed", async () => {
    const simulator = await startSimulator({ settle: { attachMs: 60_000 } });
    simulator.account.add({ status: "updating", serverId: serverA });
    const held = simulator.fault({ do: { kind: "hold", when: "before" } });
    const late = simulator.fault({ do: { kind: "delay", ms: 60_000 } });
    const answers = Promise.allSettled([caller(simulator)("GET", "fips"), caller(simulator)("GET", "fips")]);
    await Promise.all([held.reached, late.reached]);
    await simulator.close();
    assert.deepEqual(
      (await answers).map(({ status }) => status),
      ["rejected", "rejected"],
    );
  });
});

type Call = ReturnType<typeof caller>;

async function start(t: TestContext, options: SimulatorOptions = {}) {
  const simulator = await startSimulator(options);
  t.after(() => simulator.close());
  const call = caller(simulator);
  const post = (path: string, body: unknown, signal?: AbortSignal): ReturnType<Call> => {
    return call("POST", path, body, signal);
  };
  return { ...simulator, call, post };
}

function caller(simulator: Simulator, zone = simulator.zone) {
  return async (method: string, path: string, body?: unknown, signal?: AbortSignal) => {
    const response = await fetch(`${simulator.url}/flexible-ip/v1alpha1/zones/${zone}/${path}`, {
      method,
      headers: { "X-Auth-Token": simulator.token, "User-Agent": "simulator-test" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal ?? null,
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parse(text) };
  };
}

/** A turn for whatever else there is to do. */
function tick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 2));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Every call that changes this flexible IP. */
function changesOf(id: string): [string, string, unknown][] {
  return [
    ["PATCH", `fips/${id}`, { description: "other" }],
    ["DELETE", `fips/${id}`, undefined],
    ["POST", "fips/attach", { fips_ids: [id], server_id: serverA }],
    ["POST", "fips/detach", { fips_ids: [id] }],
    ["POST", `fips/${id}/mac`, { mac_type: "kvm" }],
    ["POST", `fips/${id}/mac/move`, { dst_fip_id: unknownId }],
    ["POST", `fips/${id}/mac/duplicate`, { duplicate_from_fip_id: unknownId }],
    ["DELETE", `fips/${id}/mac`, undefined],
  ];
}

function shown(item: { status: string; server_id: string | null } | undefined) {
  return [item?.status, item?.server_id];
}
