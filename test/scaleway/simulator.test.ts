// What the simulator does where nothing was recorded: the choices that the header of fakes/flexible-ips.ts lists, beyond
// those that contract.test.ts shows through Scaleway's SDK.

import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { z } from "zod";
import { delaysOf, endOfAttach } from "../fakes/behaviour.ts";
import { type SimulatorOptions, startSimulator } from "../fakes/flexible-ip-server.ts";
import { testProjectId } from "../fakes/flexible-ips.ts";
import type { FlexibleIpSeed } from "../fakes/seeds.ts";
import { ask } from "./connected.ts";

const SERVER = "0a11ce00-0000-4000-8000-00000000000a";
const OTHER_SERVER = "0a11ce00-0000-4000-8000-00000000000b";
const MAC = "52:54:00:aa:bb:cc";
const NOBODY = "0a11ce00-0000-4000-8000-0000000000ff";
const NEW = { project_id: testProjectId, description: "", is_ipv6: false };

const attach = (...ids: string[]) => ({ fips_ids: ids, server_id: SERVER });
const copyOf = (id: string) => ({ duplicate_from_fip_id: id });
const changesOf = (id: string): [request: string, body: unknown][] => [
  [`PATCH fips/${id}`, { description: "other" }],
  [`DELETE fips/${id}`, undefined],
  ["POST fips/attach", attach(id)],
  ["POST fips/detach", { fips_ids: [id] }],
  [`POST fips/${id}/mac`, { mac_type: "kvm" }],
  [`POST fips/${id}/mac/duplicate`, copyOf(NOBODY)],
  [`DELETE fips/${id}/mac`, undefined],
];

test("the simulator refuses what the API might, and changes nothing by that", async (t) => {
  const { account, call } = await start(t, { settle: "manual" });
  const add = (seed: FlexibleIpSeed = {}) => account.add(seed).id;
  const [ready, deleted, locked] = [add(), add(), add({ status: "locked" })];
  const settling = [add({ status: "updating" }), add({ status: "detaching", serverId: SERVER })];
  const [onServer, bare] = [add({ serverId: SERVER, mac: "52:54:00:aa:bb:01" }), add({ serverId: SERVER })];
  const elsewhere = add({ serverId: OTHER_SERVER });
  const [grouped, inError] = [add({ mac: MAC }), add({ status: "error" })];
  add({ mac: MAC });
  account.remove(deleted);
  const before = account.all();

  for (const [why, request, body, status, type] of [
    ["it was deleted", `DELETE fips/${deleted}`, undefined, 403, "permissions_denied"],
    ["its id is malformed", "GET fips/fr-par-2", undefined, 404, "not_found"],
    ["there is no such path", "GET ips", undefined, 404, "not_found"],
    ...settling.flatMap(changesOf).map((change) => ["it settles", ...change, 409, "transient_state"] as const),
    ...changesOf(locked).map((change) => ["it is locked", ...change, 403, "locked"] as const),
    ["it is in error", "POST fips/attach", attach(inError), 409, "precondition_failed"],
    ["a MAC group is not whole", "POST fips/attach", attach(grouped), 400, "invalid_arguments"],
    ["the two share no MAC", "POST fips/attach", attach(ready, grouped), 400, "invalid_arguments"],
    ["the two share no MAC", "POST fips/detach", { fips_ids: [onServer, ready] }, 400, "invalid_arguments"],
    [
      "the two are on two servers",
      `POST fips/${elsewhere}/mac/duplicate`,
      copyOf(onServer),
      412,
      "precondition_failed",
    ],
    ["the target is on no server", `POST fips/${ready}/mac/duplicate`, copyOf(onServer), 412, "precondition_failed"],
    ["no MAC to copy", `POST fips/${onServer}/mac/duplicate`, copyOf(bare), 412, "precondition_failed"],
    ["the target has a MAC", `POST fips/${grouped}/mac/duplicate`, copyOf(onServer), 409, "precondition_failed"],
    ["no MAC to delete", `DELETE fips/${ready}/mac`, undefined, 404, "not_found"],
  ] as const) {
    const answer = await call(request, body);
    assert.deepEqual([answer.status, answer.body.type], [status, type], `${request}: ${why}`);
  }
  assert.deepEqual(account.all(), before);
});

for (const [argument, request, body] of [
  ["body", "POST fips", []],
  ["description", "POST fips", { ...NEW, description: "x".repeat(256) }],
  ["project_id", "POST fips", { ...NEW, project_id: "p-1" }],
  ["tag", "POST fips", { ...NEW, tag: "web" }],
  ["tags", `PATCH fips/${NOBODY}`, { tags: [1] }],
  ["server_id", "POST fips/attach", { fips_ids: [NOBODY] }],
  ["fips_ids", "POST fips/attach", attach(NOBODY, NOBODY)],
  ["fips_ids", "POST fips/detach", { fips_ids: [] }],
  ["mac_type", `POST fips/${NOBODY}/mac`, { mac_type: "qemu" }],
  ["tag", "GET fips?tag=web"],
  ["page", "GET fips?page=0"],
  ["status", "GET fips?status=attaching"],
] as const) {
  test(`the simulator names ${argument} as the mistake of ${request}`, async (t) => {
    const { status, body: refusal } = await (await start(t)).call(request, body);
    assert.equal(status, 400);
    assert.partialDeepStrictEqual(refusal, { type: "invalid_arguments", details: [{ argument_name: argument }] });
  });
}

suite("a change in the simulator", () => {
  test("a flexible IP in error can be detached and deleted", async (t) => {
    const { account, call } = await start(t);
    const { id } = account.add({ status: "error" });
    assert.equal((await call("POST fips/detach", { fips_ids: [id] })).status, 200);
    assert.equal((await call(`DELETE fips/${id}`)).status, 204);
  });

  test("a part of a MAC group loses its MAC once it is detached, and the last one keeps it", async (t) => {
    const { account, call } = await start(t, { settle: "manual" });
    const [one, two] = [account.add({ mac: MAC, serverId: SERVER }), account.add({ mac: MAC, serverId: SERVER })];
    const macs = () => [one, two].map(({ id }) => account.get(id)?.mac_address?.mac_address);
    await call("POST fips/detach", { fips_ids: [one.id] });
    assert.deepEqual(macs(), [MAC, MAC], "until it is off");
    account.settleAll();
    await call("POST fips/detach", { fips_ids: [two.id] });
    account.settleAll();
    assert.deepEqual(macs(), [undefined, MAC]);
  });

  test("an attached flexible IP gets a new MAC through `updating`, and leaves its MAC group", async (t) => {
    const { account, call } = await start(t, { settle: "manual" });
    const [one, two] = [account.add({ mac: MAC, serverId: SERVER }), account.add({ mac: MAC, serverId: SERVER })];
    await call(`POST fips/${one.id}/mac`, { mac_type: "kvm" });
    const under = { status: "updating", server_id: SERVER, mac_address: { status: "updating" } };
    assert.partialDeepStrictEqual(account.get(one.id), under);
    account.settleAll();
    assert.notEqual(account.get(one.id)?.mac_address?.mac_address, MAC);
    assert.equal(account.get(one.id)?.mac_address?.status, "used");
    assert.equal(account.get(two.id)?.mac_address?.mac_address, MAC);
  });

  test("attaches that wait together for one server end as recorded, and later the more there are", async (t) => {
    const delays = delaysOf({ recorded: 0.5 });
    assert.ok(delays);
    const ends = (count: number) => Array.from({ length: count }, (_, index) => endOfAttach(delays, index, count));
    assert.deepEqual([ends(1), ends(2), ends(3)], [[1_000], [6_000, 9_000], [13_500, 20_000, 21_500]]);
    assert.equal(ends(16).at(-1), 99_500);

    const { account } = await start(t, { settle: { recorded: 0.005 } });
    const together = [SERVER, SERVER, SERVER].map((serverId) => account.add({ status: "updating", serverId }).id);
    const alone = account.add({ status: "updating", serverId: OTHER_SERVER }).id;
    await account.settled();
    const endings = [alone, ...together].map((id) => account.get(id)?.updated_at ?? "");
    assert.deepEqual(endings, endings.toSorted());
  });

  test("a status that a test sets takes the place of what was under way", async (t) => {
    const { account } = await start(t, { settle: "manual" });
    const { id } = account.add({ status: "updating", serverId: SERVER });
    account.set(id, { status: "error" });
    account.settle(id);
    assert.partialDeepStrictEqual(account.get(id), { status: "error", server_id: null });
  });

  test("a flexible IP that is moved shows no server until it has arrived", async (t) => {
    const { account, call } = await start(t, { settle: "manual", directAttach: "moves" });
    const { id } = account.add({ serverId: OTHER_SERVER });
    await call("POST fips/attach", attach(id));
    assert.partialDeepStrictEqual(account.get(id), { status: "updating", server_id: null });
    account.settle(id);
    assert.partialDeepStrictEqual(account.get(id), { status: "attached", server_id: SERVER });
  });

  test("a frozen listing shows what was, a read by id what is", async (t) => {
    const { account, call } = await start(t);
    const { id } = account.add();
    const listed = async () => (await call("GET fips")).body.total_count;
    account.behave({ listing: "frozen" });
    account.remove(id);
    assert.equal(await listed(), 1);
    assert.equal((await call(`GET fips/${id}`)).status, 403);
    account.behave({ listing: "current" });
    assert.equal(await listed(), 0);
  });
});

async function start(t: TestContext, options: SimulatorOptions = {}) {
  const simulator = await startSimulator(options);
  const { account } = simulator;
  t.after(simulator.close);
  const call = async (request: string, body?: unknown, zone = account.zone) => {
    const [method = "", path] = request.split(" ");
    const answer = await ask(simulator, method, `/flexible-ip/v1alpha1/zones/${zone}/${path}`, body);
    return { status: answer.status, body: z.looseObject({}).parse(answer.body ?? {}) };
  };
  return { account, call };
}
