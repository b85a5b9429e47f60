// The client over real HTTP: what it sends and reads, on answers of every kind and on the simulator.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { suite, type TestContext, test } from "node:test";
import { z } from "zod";
import { Deadline } from "../../driver/deadline.ts";
import { ApiError } from "../../driver/errors.ts";
import type { Log } from "../../driver/log.ts";
import { FlexibleIpClient, parseFlexibleIp, parsePage } from "../../driver/scaleway/client.ts";
import type { FlexibleIp } from "../../driver/scaleway/flexible-ip.ts";
import { Http } from "../../driver/scaleway/http.ts";
import { isRetryable } from "../../driver/scaleway/retry.ts";
import { realMachine } from "../../driver/session.ts";
import { recognise } from "../fakes/flexible-ip-routes.ts";
import { type CallName, type Simulator, type SimulatorOptions, startSimulator } from "../fakes/flexible-ip-server.ts";

const PROJECT = "11111111-1111-4111-8111-111111111111";
const SERVER = "33333333-3333-4333-8333-333333333333";
const OTHER_SERVER = "33333333-3333-4333-8333-333333333334";
const ID = "f1e81b1e-0000-4000-8000-000000000007";
const OTHER_ID = "f1e81b1e-0000-4000-8000-000000000008";
const TOKEN = "planted-token";
const REQUEST_ID = "0a11ce00-0000-4000-8000-0000000000e1";
const ASK = "ask Scaleway whether the API changed";

const exchange = z.strictObject({
  method: z.string(),
  path: z.string(),
  request: z.unknown(),
  status: z.number(),
  response: z.unknown(),
});
type Exchange = z.infer<typeof exchange>;

const fixtures = new URL("../../fixtures/scaleway/", import.meta.url);
const recordings = new URL("../../fixtures/recorded/flexible-ip-api/", import.meta.url);

const plain = {
  id: ID,
  address: "203.0.113.7",
  isIpv6: false,
  mac: undefined,
  serverId: undefined,
  status: "ready",
} as const;
const more = { projectId: PROJECT, description: "web server", tags: ["web", "scw-flexip"] } as const;
const reverse = "203-0-113-7.rev.example.net.";
const flexibleIp: FlexibleIp = { ...plain, ...more, updatedAt: "2026-02-25T09:35:25.816225Z", reverse };
const reverse6 = "2001-db8-7-7--.rev.example.net.";
const mac = "52:54:00:00:00:07";

/** What the client makes of each fixture. */
const read: Readonly<Record<string, unknown>> = {
  "flexible-ip-ready": flexibleIp,
  "flexible-ip-updating": { ...flexibleIp, status: "updating", mac },
  "flexible-ip-attached": { ...flexibleIp, status: "attached", mac, serverId: SERVER },
  "flexible-ip-detaching": { ...flexibleIp, status: "detaching", mac, serverId: SERVER },
  "flexible-ip-in-error": { ...flexibleIp, status: "error" },
  "flexible-ip-locked": { ...flexibleIp, status: "locked" },
  "flexible-ip-unknown-status": { ...flexibleIp, status: "unknown" },
  "flexible-ip-ipv6": { ...flexibleIp, address: "2001:db8:7:7::", isIpv6: true, reverse: reverse6 },
  "flexible-ip-ipv4-with-prefix": flexibleIp,
  "flexible-ip-upper-case-mac": { ...flexibleIp, mac: "52:54:00:ab:cd:ef" },
  "flexible-ip-extra-fields": { ...flexibleIp, mac },
  create: { ...flexibleIp, updatedAt: "2026-02-25T09:35:25.816224726Z" },
  change: { ...flexibleIp, tags: ["web"] },
  "make-mac": { ...flexibleIp, mac },
  "duplicate-mac": { ...flexibleIp, status: "updating", mac, serverId: SERVER },
  "delete-mac": undefined,
  delete: undefined,
  attach: [{ ...flexibleIp, status: "updating" }],
  detach: [{ ...flexibleIp, status: "detaching", serverId: SERVER }],
  page: [
    flexibleIp,
    { ...flexibleIp, id: OTHER_ID, address: "2001:db8:7:8::", isIpv6: true, tags: [], description: "" },
  ],
  "page-empty": [],
  probe: undefined,
};

type Refusal = { readonly says: string | RegExp; readonly is?: readonly string[]; readonly type?: string };

/** How it refuses the others: the whole message, and what callers decide by. */
const refused: Readonly<Record<string, Refusal>> = {
  "permissions-denied": {
    says: `read flexible IP ${ID}: 403 insufficient permissions, read flexible-ip (request ${REQUEST_ID}); give the token's application ElasticMetalFullAccess in the project (a new grant takes up to 2 minutes)`,
    is: ["mayBeGone"],
    type: "permissions_denied",
  },
  "not-found": {
    says: `read flexible IP ${ID}: 404 resource is not found (request ${REQUEST_ID}); check PROJECT_ID, ZONE and the address range`,
    is: ["mayBeGone"],
    type: "not_found",
  },
  "denied-authentication": {
    says: `read flexible IP ${ID}: 401 authentication is denied (request ${REQUEST_ID}); put a valid secret key into TOKEN_FILE`,
    type: "denied_authentication",
  },
  "quotas-exceeded": {
    says: `create a flexible IP: 403 quota(s) exceeded for this resource, quota of 16 FlexibleIPs, 16 in use (request ${REQUEST_ID}); raise the quota or remove an address range`,
    is: ["mayBeGone"],
    type: "quotas_exceeded",
  },
  "invalid-arguments": {
    says: `create a flexible IP: 400 invalid argument(s), project_id: format, description: required (request ${REQUEST_ID}); check PROJECT_ID, ZONE and the address range`,
    type: "invalid_arguments",
  },
  "out-of-stock": {
    says: `create a flexible IP: 503 resource is out of stock (request ${REQUEST_ID}); try again`,
    is: ["isRetryable", "isAmbiguous"],
    type: "out_of_stock",
  },
  "too-many-requests": {
    says: `read flexible IP ${ID}: 429 too many requests (request ${REQUEST_ID}); try again in a minute`,
    is: ["isRetryable"],
    type: "too_many_requests",
  },
  "internal-error": {
    says: `read flexible IP ${ID}: 500 internal error (request ${REQUEST_ID}); try again`,
    is: ["isRetryable", "isAmbiguous"],
    type: "internal_error",
  },
  "gateway-html": {
    says: `read flexible IP ${ID}: 502 (request ${REQUEST_ID}); try again`,
    is: ["isRetryable", "isAmbiguous"],
  },
  "transient-state": {
    says: `attach flexible IP ${ID} to server ${SERVER}: 409 resource is in a transient state, updating (request ${REQUEST_ID}); try again`,
    is: ["isRetryable"],
    type: "transient_state",
  },
  "precondition-failed": {
    says: new RegExp(
      `^give flexible IP ${ID} the virtual MAC of ${OTHER_ID}: 412 precondition failed, both flexible IPs must be attached to the same server .*${REQUEST_ID}`,
    ),
    type: "precondition_failed",
  },
  locked: {
    says: new RegExp(`^delete flexible IP ${ID}: 403 resource is locked \\(request ${REQUEST_ID}\\); `),
    is: ["mayBeGone"],
    type: "locked",
  },
  html: misfit("no JSON"),
  empty: misfit(": Invalid input: expected object, received null"),
  cut: misfit("no JSON"),
  "not-an-object": misfit(/: Invalid input: expected object, received array/),
  "missing-status": misfit(/status: Invalid input/),
  "missing-mac-address": misfit(/mac_address: Invalid input/),
  "tags-are-null": misfit(/tags: Invalid input/),
  "page-without-count": misfit(/total_count: Invalid input/),
  "page-with-a-broken-one": misfit(/flexible_ips\.1\.ip_address: Invalid input/),
  "error-of-many-lines": {
    says: `read flexible IP ${ID}: 400 first line second line [31m red (request ${REQUEST_ID}); check PROJECT_ID, ZONE and the address range`,
  },
  "error-of-another-form": { says: new RegExp(`^read flexible IP ${ID}: 418 \\(request ${REQUEST_ID}\\); `) },
  "error-that-goes-on": {
    says: new RegExp(`^read flexible IP ${ID}: 400 long x{295}… \\(request ${REQUEST_ID}\\); `),
    type: "invalid_arguments",
  },
};

suite("every fixture of an answer", () => {
  const names = namesIn(fixtures);

  test("has its place in these tables", () => {
    assert.deepEqual([...Object.keys(read), ...Object.keys(refused)].sort(), names);
  });

  for (const name of Object.keys(read)) {
    test(`${name} is asked for and read`, async (t) => {
      const answer = fixture(name);
      const { api, asked } = await answering(t, answer);
      assert.deepEqual(await callOf(answer, api), read[name]);
      assert.deepEqual(asked, [{ method: answer.method, path: answer.path, request: answer.request }]);
    });
  }

  for (const [name, { says, is = [], type }] of Object.entries(refused)) {
    test(`${name} is refused`, async (t) => {
      const answer = fixture(name);
      const { api, asked } = await answering(t, answer);
      const error = await failureOf(callOf(answer, api));
      if (typeof says === "string") assert.equal(error.message, says);
      else assert.match(error.message, says);
      assert.doesNotMatch(error.message, /[\n\p{Cc}]/u);
      assert.deepEqual(
        { status: error.status, type: error.type, requestId: error.requestId },
        { status: answer.status, type, requestId: REQUEST_ID },
      );
      const { isAmbiguous, mayBeGone } = error;
      const flags = Object.entries({ isAmbiguous, isRetryable: isRetryable(error), mayBeGone });
      assert.deepEqual(
        flags
          .filter(([, value]) => value)
          .map(([flag]) => flag)
          .sort(),
        [...is].sort(),
      );
      assert.equal(asked.length, 1);
    });
  }
});

suite("every recorded answer of the real API", () => {
  for (const name of namesIn(recordings)) {
    test(name, async (t) => {
      const calls = z.array(exchange).parse(readJson(recordings, name));
      // The driver moves no virtual MAC.
      for (const call of calls.filter(({ path }) => !path.endsWith("/mac/move"))) await checkReal(t, call);
    });
  }
});

/** The client takes the answer for what it is. */
async function checkReal(t: TestContext, real: Exchange): Promise<void> {
  const where = `${real.method} ${real.path}`;
  const { api } = await answering(t, real);
  if (real.status > 299) {
    const error = await failureOf(callOf(real, api));
    assert.equal(error.status, real.status, where);
    assert.ok(error.mayBeGone, where);
    return;
  }
  const items = z.object({ flexible_ips: z.array(z.unknown()) }).safeParse(real.response).data?.flexible_ips;
  const read = await callOf(real, api);
  if (real.status === 204) assert.equal(read, undefined, where);
  else if (items === undefined) assert.deepEqual(read, parseFlexibleIp(real.response), where);
  else assert.deepEqual(read, items.map(parseFlexibleIp), where);
}

suite("the schemas", () => {
  const whole = z.record(z.string(), z.unknown()).parse(fixture("flexible-ip-attached").response);
  const needed = [
    "id",
    "ip_address",
    "mac_address",
    "server_id",
    "status",
    "project_id",
    "description",
    "tags",
    "updated_at",
  ];
  for (const name of Object.keys(whole)) {
    test(`${name} is ${needed.includes(name) ? "" : "not "}needed`, () => {
      const { [name]: _, ...rest } = whole;
      if (needed.includes(name)) assert.throws(() => parseFlexibleIp(rest));
      else assert.partialDeepStrictEqual(parseFlexibleIp(whole), onlyKnown(parseFlexibleIp(rest)));
    });
  }

  function onlyKnown(flexibleIp: FlexibleIp): Partial<FlexibleIp> {
    return Object.fromEntries(Object.entries(flexibleIp).filter(([, value]) => value !== undefined));
  }

  const values: readonly { field: string; value: unknown }[] = [
    { field: "id", value: 7 },
    { field: "ip_address", value: "" },
    { field: "ip_address", value: null },
    { field: "mac_address", value: "52:54:00:00:00:07" },
    { field: "mac_address", value: {} },
    { field: "server_id", value: { id: SERVER } },
    { field: "status", value: null },
    { field: "tags", value: "web" },
    { field: "tags", value: [1] },
  ];
  for (const { field, value } of values) {
    test(`${field} may not be ${JSON.stringify(value)}`, () => {
      assert.throws(() => parseFlexibleIp({ ...whole, [field]: value }));
      assert.throws(() => parsePage({ flexible_ips: [whole, { ...whole, [field]: value }], total_count: 2 }));
    });
  }

  test("a page is more than its count", () => {
    assert.deepEqual(parsePage({ flexible_ips: [whole], total_count: 9, next: "x" }), {
      flexibleIps: [parseFlexibleIp(whole)],
      totalCount: 9,
    });
    for (const body of [null, [], {}, { total_count: 0 }, { flexible_ips: null, total_count: 0 }]) {
      assert.throws(() => parsePage(body));
    }
  });
});

suite("the client on the simulator", () => {
  test("makes MACs of the type that is set", async (t) => {
    const { api, account } = await start(t);
    const { id } = account.add();
    const made = await api.generateMac(id);
    assert.equal(made.mac, account.get(id)?.mac_address?.mac_address);
    assert.equal(account.get(id)?.mac_address?.mac_type, "xen");
  });

  test("takes an IPv6 prefix for its network address", async (t) => {
    const { api, account } = await start(t);
    const created = await api.create({ projectId: PROJECT, description: "", tags: [], isIpv6: true });
    assert.equal(created.isIpv6, true);
    assert.equal(account.get(created.id)?.ip_address, `${created.address}/64`);
  });

  test("probe asks for the smallest listing, to learn whether the token works", async (t) => {
    const { api, simulator } = await start(t);
    for (let count = 0; count < 3; count++) simulator.account.add({ projectId: PROJECT });
    await api.probe(PROJECT);
    assert.deepEqual(
      simulator.requests.map(({ query }) => query),
      [`project_id=${PROJECT}&page_size=1`],
    );
    simulator.account.deny();
    assert.equal((await failureOf(api.probe(PROJECT))).status, 401);
  });

  test("refusals carry the API's reason and request id, and never the token", async (t) => {
    const { api, account, log } = await start(t, { settle: "manual", perProjectQuota: 2 });
    const [attached, locked] = [
      account.add({ projectId: PROJECT, serverId: SERVER }),
      account.add({ projectId: PROJECT, status: "locked" }),
    ];
    const busy = account.add({ status: "updating" });
    const newOne = { projectId: PROJECT, description: "", tags: [], isIpv6: false };
    const calls: readonly { call: () => Promise<unknown>; status: number; reason: RegExp }[] = [
      {
        call: () => api.create(newOne),
        status: 403,
        reason: /^create a flexible IP: 403 quota.*quota of 2 FlexibleIPs, 2 in use/,
      },
      { call: () => api.get(ID), status: 404, reason: /: 404 resource is not found/ },
      { call: () => api.attach([attached.id], SERVER), status: 409, reason: /: 409 precondition failed/ },
      { call: () => api.attach([busy.id], SERVER), status: 409, reason: /: 409 resource is in a transient state/ },
      { call: () => api.detach([locked.id]), status: 403, reason: /: 403 resource is locked/ },
      { call: () => api.generateMac(locked.id), status: 403, reason: /: 403 resource is locked/ },
      { call: () => api.duplicateMac(attached.id, locked.id), status: 403, reason: /: 403 resource is locked/ },
      { call: () => api.deleteMac(attached.id), status: 404, reason: /: 404 resource is not found/ },
      { call: () => api.delete(locked.id), status: 403, reason: /: 403 resource is locked/ },
    ];
    for (const { call, status, reason } of calls) {
      const error = await failureOf(call());
      assert.equal(error.status, status);
      assert.match(error.message, reason);
      assert.match(error.message, /^[^\n]+ \(request [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\); [^\n]+$/);
      assert.ok(error.message.includes(String(error.requestId)));
    }
    account.deny();
    assert.match((await failureOf(api.get(ID))).message, /: 401 authentication is denied \(request /);
    assert.doesNotMatch(JSON.stringify(log), new RegExp(TOKEN));
  });
});

suite("list", () => {
  test("reads all pages, whatever size the API makes them, and asks for the largest", async (t) => {
    const { api, account, simulator } = await start(t, { maxPageSize: 2 });
    const ids = Array.from({ length: 7 }, () => account.add().id);
    assert.deepEqual((await api.list({})).map(({ id }) => id).sort(), ids.sort());
    // Twice: what is created and deleted between two pages may hide a third, and the counts agree.
    assert.deepEqual(
      simulator.requests.map(({ query }) => query),
      [1, 2, 3, 4, 1, 2, 3, 4].map((page) => `order_by=created_at_asc&page=${page}&page_size=100`),
    );
  });

  for (const [count, calls] of [
    [0, 1],
    [1, 1],
    [2, 1],
    [4, 4],
  ] as const) {
    test(`of ${count}, two a page, needs ${calls} calls`, async (t) => {
      const { api, account, simulator } = await start(t, { maxPageSize: 2 });
      for (let index = 0; index < count; index++) account.add();
      assert.equal((await api.list({})).length, count);
      assert.equal(simulator.requests.length, calls);
    });
  }

  test("filters by project, tag and server", async (t) => {
    const { api, account } = await start(t, { maxPageSize: 2 });
    const named = {
      both: account.add({ projectId: PROJECT, tags: ["a=b c&d", "x"], serverId: SERVER }).id,
      project: account.add({ projectId: PROJECT }).id,
      tag: account.add({ tags: ["a=b c&d"] }).id,
      server: account.add({ serverId: SERVER }).id,
    };
    account.add({ serverId: OTHER_SERVER, tags: ["y"] });
    const filters = [
      { filter: { projectId: PROJECT }, found: [named.both, named.project] },
      { filter: { tag: "a=b c&d" }, found: [named.both, named.tag] },
      { filter: { serverId: SERVER }, found: [named.both, named.server] },
      { filter: { projectId: PROJECT, tag: "a=b c&d", serverId: SERVER }, found: [named.both] },
      { filter: { projectId: PROJECT, tag: "y" }, found: [] },
      { filter: { projectId: undefined, tag: undefined, serverId: OTHER_SERVER }, found: 1 },
    ];
    for (const { filter, found } of filters) {
      const ids = (await api.list(filter)).map(({ id }) => id);
      if (typeof found === "number") assert.equal(ids.length, found);
      else assert.deepEqual(ids.sort(), found.sort());
    }
  });

  const oldest = ({ account }: Simulator): string => account.all()[0]?.id ?? "";
  for (const [what, change] of [
    ["one is deleted", (simulator: Simulator) => simulator.account.remove(oldest(simulator))],
    ["one is created", ({ account }: Simulator) => void account.add({ createdAt: "2000-01-01T00:00:00Z" })],
    [
      "one is deleted and one created",
      (simulator: Simulator) => {
        simulator.account.remove(oldest(simulator));
        simulator.account.add();
      },
    ],
  ] as const) {
    test(`overlooks none when ${what} between two pages`, async (t) => {
      const { api, account, simulator } = await start(t, { maxPageSize: 2 });
      for (let count = 0; count < 4; count++) account.add();
      const second = simulator.fault({ call: "list", skip: 1, do: { kind: "hold", when: "before" } });
      const listing = api.list({});
      await second.reached;
      change(simulator);
      second.release();
      const now = account.all().map(({ id }) => id);
      assert.deepEqual((await listing).map(({ id }) => id).sort(), now.sort());
    });
  }

  test("never names one twice, however much the pages shift", async (t) => {
    const { api, account, simulator } = await start(t, { maxPageSize: 2 });
    for (let count = 0; count < 4; count++) account.add();
    let year = 2000;
    // Before each answer an older one comes in.
    simulator.fault({
      call: "list",
      times: 100,
      do: {
        kind: "rewrite",
        edit: (body) => {
          account.add({ createdAt: `${year--}-01-01T00:00:00Z` });
          return body;
        },
      },
    });
    const ids = (await api.list({})).map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    assert.ok(simulator.requests.length < 100);
  });

  test("ends where the API counts more than it lists", async (t) => {
    const { api, account, simulator } = await start(t);
    account.add();
    const edit = (body: unknown): unknown => ({ ...z.looseObject({}).parse(body), total_count: 5 });
    simulator.fault({ call: "list", times: 100, do: { kind: "rewrite", edit } });
    assert.equal((await api.list({})).length, 1);
    assert.ok(simulator.requests.length < 10);
  });

  test("fails when a page does", async (t) => {
    const { api, account, simulator } = await start(t, { maxPageSize: 2 });
    for (let count = 0; count < 6; count++) account.add();
    simulator.fault({ call: "list", skip: 2, do: { kind: "status", status: 403, body: { message: "no more" } } });
    assert.match((await failureOf(api.list({}))).message, /^list the flexible IPs: 403 no more /);
  });
});

/** A text for what may pass, a pattern for JSON of another form, which will not. */
function misfit(reason: string | RegExp): Refusal {
  if (reason instanceof RegExp) {
    return { says: new RegExp(`the answer does not fit \\(.*${reason.source}.*${ASK}$`), is: ["isAmbiguous"] };
  }
  const says = new RegExp(`: the answer does not fit \\(${reason}\\) \\(request ${REQUEST_ID}\\); ${ASK}$`);
  return { says, is: ["isRetryable", "isAmbiguous"] };
}

function namesIn(folder: URL): string[] {
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map(({ name }) => name.replace(/\.json$/, "")).sort();
}

function readJson(folder: URL, name: string): unknown {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8"));
}

function fixture(name: string): Exchange {
  return exchange.parse(readJson(fixtures, name));
}

/** Makes with the client the call that an exchange is of. */
function callOf({ method, path, request }: Exchange, api: FlexibleIpClient): Promise<unknown> {
  const { pathname, searchParams } = new URL(path, "http://api");
  const { call, id } = recognise(method, pathname);
  const body = z
    .looseObject({
      project_id: z.string().default(""),
      description: z.string().default(""),
      tags: z.array(z.string()).default([]),
      is_ipv6: z.boolean().default(false),
      fips_ids: z.array(z.string()).default([]),
      server_id: z.string().default(""),
      duplicate_from_fip_id: z.string().default(""),
      dst_fip_id: z.string().default(""),
    })
    .parse(request ?? {});
  const project = searchParams.get("project_id");
  const unknown = (): Promise<never> => Promise.reject(new Error(`no call of the client: ${method} ${path}`));
  const calls: Record<CallName, () => Promise<unknown>> = {
    create: () =>
      api.create({
        projectId: body.project_id,
        description: body.description,
        tags: body.tags,
        isIpv6: body.is_ipv6,
      }),
    get: () => api.get(id),
    list: () =>
      searchParams.get("page_size") === "1" ? api.probe(project ?? "") : api.list({ projectId: project ?? undefined }),
    update: () => api.update(id, { tags: body.tags }),
    delete: () => api.delete(id),
    attach: () => api.attach(body.fips_ids, body.server_id),
    detach: () => api.detach(body.fips_ids),
    "mac.generate": () => api.generateMac(id),
    "mac.duplicate": () => api.duplicateMac(id, body.duplicate_from_fip_id),
    "mac.move": () => Promise.reject(new Error("the driver moves no MAC")),
    "mac.delete": () => api.deleteMac(id),
    "server.list": unknown,
    "server.get": unknown,
    unknown,
  };
  return calls[call]();
}

/** A server that gives every request the answer of the exchange, and the client that asks it. */
async function answering(
  t: TestContext,
  { path, status, response }: Exchange,
): Promise<{ api: FlexibleIpClient; asked: unknown[] }> {
  const asked: unknown[] = [];
  const server = createServer(async (request, answer) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString("utf8");
    asked.push({ method: request.method, path: request.url, request: text === "" ? null : JSON.parse(text) });
    answer.writeHead(status, { "X-Request-Id": REQUEST_ID });
    if (response === null) answer.end();
    else answer.end(typeof response === "string" ? response : JSON.stringify(response));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const zone = path.split("/")[4] ?? "";
  return { api: client(t, { url: `http://127.0.0.1:${port}`, zone, macType: "kvm", log: [] }), asked };
}

async function start(
  t: TestContext,
  options: SimulatorOptions = {},
): Promise<{ api: FlexibleIpClient; simulator: Simulator; account: Simulator["account"]; log: string[] }> {
  const simulator = await startSimulator({ token: TOKEN, ...options });
  t.after(() => simulator.close());
  const log: string[] = [];
  const api = client(t, { url: simulator.url, zone: simulator.zone, macType: "xen", log });
  return { api, simulator, account: simulator.account, log };
}

/** A client that gives up a failing call after the first try. */
function client(
  t: TestContext,
  { url, zone, macType, log }: { url: string; zone: string; macType: string; log: string[] },
): FlexibleIpClient {
  const deadline = new Deadline(30_000, "the test was");
  const write = (text: string, fields?: unknown): void => void log.push(text, JSON.stringify(fields ?? {}));
  const lines: Log = { debug: write, info: write, warn: write, error: write, withSecret: () => lines };
  const options = {
    apiUrl: url,
    token: TOKEN,
    userAgent: "test",
    deadline,
    patienceMs: 0,
    log: lines,
    machine: realMachine,
  };
  const http = new Http(options);
  t.after(() => {
    http.close();
    deadline.clear();
  });
  return new FlexibleIpClient(http, zone, macType);
}

async function failureOf(call: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiError)) throw new Error(`no ApiError: ${error}`);
  assert.doesNotMatch(JSON.stringify({ ...error, message: error.message, stack: error.stack }), new RegExp(TOKEN));
  return error;
}
