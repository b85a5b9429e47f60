// The simulator against what is known of the real API: its recorded traffic, and the vendor's own SDK.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { suite, test } from "node:test";
import { createClient } from "@scaleway/sdk-client";
import { Flexibleipv1alpha1 } from "@scaleway/sdk-flexibleip";
import { z } from "zod";
import { type Simulator, type SimulatorOptions, startSimulator } from "../fakes/flexible-ip-server.ts";
import { testProjectId } from "../fakes/flexible-ips.ts";
import { ask } from "./connected.ts";
import { deleteAll, directAttachOf, live } from "./contract.ts";
import { type Exchange, RECORDINGS } from "./recorded.ts";

const SERVER = "0a11ce00-0000-4000-8000-00000000000a";
const CONDITIONS = { tags: ["one"], serverId: SERVER, maxDelay: 1 };

const flexibleIp = z.looseObject({
  id: z.string(),
  status: z.enum(["ready", "updating", "attached", "detaching"]),
  server_id: z.string().nullable(),
  mac_address: z.looseObject({ id: z.string() }).nullable(),
  project_id: z.string(),
  description: z.string(),
  tags: z.array(z.string()),
  created_at: z.string(),
});
type FlexibleIp = z.infer<typeof flexibleIp>;
const page = z.looseObject({ flexible_ips: z.array(flexibleIp) });

// In one recording a flexible IP is found `detaching` before any call of the Flexible IP API asked for that: its
// server was deleted through another API. The detach call that follows finds it `ready`, and changes nothing.
const changedFromOutside = new Map([
  ["flexible-ip-attach-and-detach-from-baremetal-server.json", ["attached became detaching"]],
]);

test("the recordings are there", () => {
  assert.equal(RECORDINGS.size, 8);
});

for (const [file, exchanges] of RECORDINGS) {
  test(`answers as recorded in ${file}`, async (context) => {
    const zone = exchanges[0]?.path.split("/")[4] ?? "";
    const { simulator } = await start(context, { zone, settle: "manual" });
    const replay = new Replay(simulator);
    replay.seed(exchanges);
    for (const [index, exchange] of exchanges.entries()) {
      // Nothing here moves a virtual MAC from one flexible IP to another, so the simulator does not know that call.
      if (exchange.path.endsWith("/mac/move")) break;
      await replay.step(exchange, `${file}, exchange ${index}`);
    }
    assert.deepEqual(replay.changedFromOutside, changedFromOutside.get(file) ?? []);
  });
}

/** One recording played to the simulator: its ids are those of the simulator from the moment they first appear. */
class Replay {
  readonly changedFromOutside: string[] = [];
  readonly #simulator: Simulator;
  readonly #ids = new Map<string, string>();

  constructor(simulator: Simulator) {
    this.#simulator = simulator;
  }

  /** Puts there what the recording lists and never created. */
  seed(exchanges: readonly Exchange[]): void {
    const created = new Set(exchanges.filter(isCreate).map(({ response }) => flexibleIp.parse(response).id));
    for (const item of exchanges.flatMap(({ response }) => itemsOf(response))) {
      if (created.has(item.id) || this.#ids.has(item.id)) continue;
      const { description, tags } = item;
      const seeded = this.#simulator.account.add({
        description,
        tags,
        projectId: item.project_id,
        createdAt: item.created_at,
      });
      this.#ids.set(item.id, seeded.id);
    }
  }

  async step(recorded: Exchange, where: string): Promise<void> {
    if (recorded.method === "GET") this.#letTimePass(recorded);
    const { path, request } = this.#translate({ path: recorded.path, request: recorded.request });
    const answer = await ask(this.#simulator, recorded.method, String(path), request);
    assert.equal(answer.status, recorded.status, where);
    if (isCreate(recorded)) this.#learn(flexibleIp.parse(recorded.response), flexibleIp.parse(answer.body));
    const [theirs, ours] = [itemsOf(recorded.response), itemsOf(answer.body)];
    for (const their of theirs) {
      const our = ours.find(({ id }) => id === this.#ids.get(their.id));
      if (their.mac_address && our?.mac_address) this.#ids.set(their.mac_address.id, our.mac_address.id);
    }
    assert.deepEqual(blur(answer.body), blur(this.#translate(recorded.response)), where);
    assert.deepEqual(
      ours.map(({ created_at }) => created_at),
      ours.map(({ created_at }) => created_at).sort(),
      where,
    );
  }

  /** What has settled in a recorded read settles now. */
  #letTimePass({ path, response }: Exchange): void {
    const { account } = this.#simulator;
    for (const [id, recorded] of seenBy(path, response)) {
      const ours = this.#ids.get(id) ?? "";
      const before = account.get(ours)?.status;
      if (before === recorded || before === undefined) continue;
      if (before === "updating" || before === "detaching") account.settle(ours);
      else if (recorded !== undefined) {
        account.set(ours, { status: recorded });
        this.changedFromOutside.push(`${before} became ${recorded}`);
      }
    }
  }

  /** Recorded: an address that returns from the pool brings its id along. */
  #learn(theirs: FlexibleIp, ours: FlexibleIp): void {
    const known = this.#ids.get(theirs.id);
    if (known !== undefined) assert.equal(ours.id, known);
    this.#ids.set(theirs.id, ours.id);
  }

  #translate<Value>(value: Value): Value {
    const text = JSON.stringify(value).replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => {
      return this.#ids.get(id) ?? id;
    });
    return JSON.parse(text);
  }
}

/** Status by id, as the answer of a read shows it; undefined for one that is gone. */
function seenBy(path: string, response: unknown): Map<string, FlexibleIp["status"] | undefined> {
  const asked = /\/fips\/([^/?]+)$/.exec(path)?.[1];
  const seen = new Map<string, FlexibleIp["status"] | undefined>();
  if (asked !== undefined) seen.set(asked, undefined);
  for (const { id, status } of itemsOf(response)) seen.set(id, status);
  return seen;
}

function itemsOf(body: unknown): FlexibleIp[] {
  const one = flexibleIp.safeParse(body);
  if (one.success) return [one.data];
  return page.safeParse(body).data?.flexible_ips ?? [];
}

function isCreate({ method, path }: Exchange): boolean {
  return method === "POST" && path.endsWith("/fips");
}

/** The body with all that differs between two accounts reduced to its shape, and lists in one order. */
function blur(body: unknown): unknown {
  const blurred: unknown = JSON.parse(JSON.stringify(body ?? null), (key, value: unknown) => {
    if (Array.isArray(value) && key === "flexible_ips") return value.toSorted((a, b) => a.id.localeCompare(b.id));
    if (typeof value !== "string") return value;
    if (key === "created_at" || key === "updated_at") return value.replace(/\d/g, "0");
    if (key === "ip_address") return value.replace(/^[\d.]+$/, "IPv4").replace(/^[\da-f:]+::\/64$/, "IPv6 prefix");
    if (key === "mac_address") return value.replace(/^52:54:00(:[\da-f]{2}){3}$/, "virtual MAC");
    if (key === "reverse") return value.replace(/^[\da-f-]+\.rev\..+\.$/, "reverse name");
    return key === "organization_id" ? value.replace(/[\da-f]/g, "0") : value;
  });
  return blurred;
}

// The SDK looks once a second.
suite("what Scaleway's SDK waits for", { concurrency: true }, () => {
  test("Scaleway's SDK leads a flexible IP through its whole life", async (context) => {
    await live((await start(context)).api, CONDITIONS);
  });

  for (const directAttach of ["refused", "ignored", "moves"] as const) {
    test(`Scaleway's SDK sees what an attach of an attached flexible IP does: ${directAttach}`, async (context) => {
      const { api } = await start(context, { directAttach });
      const other = "0a11ce00-0000-4000-8000-00000000000b";
      assert.equal(await directAttachOf(api, CONDITIONS, other), directAttach);
    });
  }
});

test("Scaleway's SDK lists, over several pages, what has any of the given tags", async (context) => {
  const { api, account } = await start(context, { maxPageSize: 1 });
  const [odd, even] = [account.add({ tags: ["odd"] }), account.add({ tags: ["even"] })];
  account.add();
  const found = await api.listFlexibleIPs({ tags: ["odd", "even"] }).all();
  assert.deepEqual(found.map(({ id }) => id).sort(), [odd.id, even.id].sort());
});

test("Scaleway's SDK knows the refusals by their type", async (context) => {
  const serverId = SERVER;
  const { api, account } = await start(context, { settle: "manual", perProjectQuota: 4, perServerLimit: 1 });
  const [busy, locked, attached, ready] = [
    account.add({ status: "updating" }),
    account.add({ status: "locked" }),
    account.add({ serverId }),
    account.add(),
  ];
  const create = (description: string) => api.createFlexibleIP({ description, isIpv6: false });
  const attach = (id: string) => api.attachFlexibleIP({ fipsIds: [id], serverId });

  await assert.rejects(attach(busy.id), { name: "TransientStateError", status: 409, currentState: "updating" });
  await assert.rejects(attach(locked.id), { name: "ResourceLockedError", status: 403, resourceId: locked.id });
  await assert.rejects(attach(attached.id), { name: "PreconditionFailedError", status: 409 });
  await assert.rejects(attach(ready.id), { name: "QuotasExceededError", status: 403 });
  await assert.rejects(create("x".repeat(256)), { name: "InvalidArgumentsError", status: 400 });
  await assert.rejects(create("a fifth"), { name: "QuotasExceededError", status: 403 });
  await assert.rejects(attach(serverId), { name: "ResourceNotFoundError", status: 404, resourceId: serverId });
  account.deny();
  await assert.rejects(attach(ready.id), { name: "DeniedAuthenticationError", status: 401, reason: "not_found" });
});

// `make contract` alone comes here: it buys flexible IPs and deletes them again.
if (process.env.CONTRACT === "real") {
  test("the real API keeps what the simulator promises", { timeout: 1_800_000 }, async (context) => {
    const { api, serverIds } = realApi();
    const conditions = { tags: [`scw-flexip:contract=${randomUUID()}`], serverId: serverIds[0], maxDelay: 5 };
    context.after(() => deleteAll(api, conditions));
    await live(api, conditions);
    if (serverIds.length < 2) return;
    context.diagnostic(`an attach of an attached flexible IP: ${await directAttachOf(api, conditions, serverIds[1])}`);
  });
}

/** The simulator and Scaleway's SDK for it. */
async function start(context: test.TestContext, options: SimulatorOptions = {}) {
  const simulator = await startSimulator(options);
  context.after(simulator.close);
  const client = createClient({
    accessKey: "SCW00000000000000000",
    secretKey: simulator.token,
    apiURL: simulator.url,
    defaultProjectId: testProjectId,
    defaultZone: "fr-par-2",
  });
  return { simulator, account: simulator.account, api: new Flexibleipv1alpha1.API(client) };
}

/** The API that the environment names. Two Elastic Metal servers let the test attach, and move from one to the other. */
function realApi() {
  const environment = z
    .looseObject({
      SCW_ACCESS_KEY: z.string(),
      SCW_SECRET_KEY: z.string(),
      SCW_DEFAULT_PROJECT_ID: z.string(),
      SCW_DEFAULT_ZONE: z.string(),
      SCW_API_URL: z
        .url({ protocol: /^https$/ })
        .or(z.url({ hostname: /^127\.0\.0\.1$/ }))
        .default("https://api.scaleway.com"),
      SCW_SERVER_IDS: z.string().default(""),
    })
    .parse(process.env);
  const client = createClient({
    accessKey: environment.SCW_ACCESS_KEY,
    secretKey: environment.SCW_SECRET_KEY,
    defaultProjectId: environment.SCW_DEFAULT_PROJECT_ID,
    defaultZone: environment.SCW_DEFAULT_ZONE,
    apiURL: environment.SCW_API_URL,
  });
  const serverIds = environment.SCW_SERVER_IDS.split(",").filter((id) => id !== "");
  return { api: new Flexibleipv1alpha1.API(client), serverIds };
}
