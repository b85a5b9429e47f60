// The client over real HTTP: what it sends and reads, on answers of every kind and on the simulator.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { suite, type TestContext, test } from "node:test";
import { z } from "zod";
import { FlexibleIpClient, parseFlexibleIp, parsePage } from "../../driver/scaleway/client.ts";
import type { FlexibleIp } from "../../driver/scaleway/flexible-ip.ts";
import { isRetryable } from "../../driver/scaleway/retry.ts";
import { recognise } from "../fakes/flexible-ip-routes.ts";
import { type CallName, type SimulatorOptions, startSimulator } from "../fakes/flexible-ip-server.ts";
import type { FlexibleIps } from "../fakes/flexible-ips.ts";
import { connect, failureOf, TOKEN } from "./connected.ts";
import { type Exchange, exchange, RECORDINGS } from "./recorded.ts";

const PROJECT = "11111111-1111-4111-8111-111111111111";
const SERVER = "33333333-3333-4333-8333-333333333333";
const ID = "f1e81b1e-0000-4000-8000-000000000007";
const OTHER_ID = "f1e81b1e-0000-4000-8000-000000000008";
const REQUEST_ID = "0a11ce00-0000-4000-8000-0000000000e1";

const fixtures = new URL("../../fixtures/scaleway/", import.meta.url);
const names = readdirSync(fixtures).map((name) => name.replace(/\.json$/, ""));

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

type Flag = "isAmbiguous" | "isRetryable" | "mayBeGone";

const CHECK = "check PROJECT_ID, ZONE and the address range";
const ASK = "ask Scaleway whether the API changed";
const GRANT = "give the token's application ElasticMetalFullAccess in the project (a new grant takes up to 2 minutes)";

/** How it refuses the others: the reason and the next move of the message, and what callers decide by. */
const refused: Readonly<Record<string, readonly [reason: string, move: string, ...flags: Flag[]]>> = {
  "permissions-denied": ["403 insufficient permissions, read flexible-ip", GRANT, "mayBeGone"],
  "not-found": ["404 resource is not found", CHECK, "mayBeGone"],
  "denied-authentication": ["401 authentication is denied", "put a valid secret key into TOKEN_FILE"],
  "quotas-exceeded": [
    "403 quota(s) exceeded for this resource, quota of 16 FlexibleIPs, 16 in use",
    "raise the quota or remove an address range",
    "mayBeGone",
  ],
  "invalid-arguments": ["400 invalid argument(s), project_id: format, description: required", CHECK],
  "out-of-stock": ["503 resource is out of stock", "try again", "isAmbiguous", "isRetryable"],
  "too-many-requests": ["429 too many requests", "try again in a minute", "isRetryable"],
  "internal-error": ["500 internal error", "try again", "isAmbiguous", "isRetryable"],
  "gateway-html": ["502", "try again", "isAmbiguous", "isRetryable"],
  "transient-state": ["409 resource is in a transient state, updating", "try again", "isRetryable"],
  "precondition-failed": ["412 precondition failed, both flexible IPs must be attached to the same server", CHECK],
  locked: ["403 resource is locked", "look it up in the Scaleway console", "mayBeGone"],
  // What is no JSON or nothing may be right the next time; JSON of another form will not.
  html: [misfit("no JSON"), ASK, "isAmbiguous", "isRetryable"],
  empty: [misfit(": Invalid input: expected object, received null"), ASK, "isAmbiguous", "isRetryable"],
  cut: [misfit("no JSON"), ASK, "isAmbiguous", "isRetryable"],
  "not-an-object": [misfit(": Invalid input: expected object, received array"), ASK, "isAmbiguous"],
  "missing-status": [misfit("status: Invalid input: expected string, received undefined"), ASK, "isAmbiguous"],
  "missing-mac-address": [
    misfit("mac_address: Invalid input: expected object, received undefined"),
    ASK,
    "isAmbiguous",
  ],
  "tags-are-null": [misfit("tags: Invalid input: expected array, received null"), ASK, "isAmbiguous"],
  "page-without-count": [misfit("total_count: Invalid input: expected number, received undefined"), ASK, "isAmbiguous"],
  "page-with-a-broken-one": [
    misfit("flexible_ips.1.ip_address: Invalid input: expected string, received undefined"),
    ASK,
    "isAmbiguous",
  ],
  "error-of-many-lines": ["400 first line second line [31m red", CHECK],
  "error-of-another-form": ["418", CHECK],
  "error-that-goes-on": [`400 long ${"x".repeat(295)}…`, CHECK],
};

suite("every fixture of an answer", () => {
  test("has its place in these tables", () => {
    assert.deepEqual([...Object.keys(read), ...Object.keys(refused)].sort(), names.sort());
  });

  for (const name of Object.keys(read)) {
    test(`${name} is asked for and read`, async (t) => {
      const answer = fixture(name);
      const { api, asked } = await answering(t, answer);
      assert.deepEqual(await callOf(answer, api), read[name]);
      assert.deepEqual(asked(), [{ method: answer.method, path: answer.path, request: answer.request }]);
    });
  }

  for (const [name, [reason, move, ...flags]] of Object.entries(refused)) {
    test(`${name} is refused`, async (t) => {
      const answer = fixture(name);
      const { api, asked } = await answering(t, answer);
      const error = await failureOf(callOf(answer, api));
      const [what] = error.reason.split(": ");
      assert.equal(error.message, `${what}: ${reason} (request ${REQUEST_ID}); ${move}`);
      const { type } = z.object({ type: z.string().optional() }).catch({ type: undefined }).parse(answer.response);
      assert.deepEqual(
        { status: error.status, type: error.type, requestId: error.requestId },
        { status: answer.status, type: answer.status < 300 ? undefined : type, requestId: REQUEST_ID },
      );
      const { isAmbiguous, mayBeGone } = error;
      const found = Object.entries({ isAmbiguous, isRetryable: isRetryable(error), mayBeGone });
      assert.deepEqual(
        found.filter(([, isSo]) => isSo).map(([flag]) => flag),
        flags,
      );
      assert.equal(asked().length, 1);
    });
  }
});

test("every recorded answer of the real API is read", () => {
  for (const { response } of [...RECORDINGS.values()].flat().filter(({ status }) => status === 200)) {
    const parse = Object(response).flexible_ips === undefined ? parseFlexibleIp : parsePage;
    assert.doesNotThrow(() => parse(response), JSON.stringify(response));
  }
});

suite("an answer's form", () => {
  const whole = z.record(z.string(), z.unknown()).parse(fixture("flexible-ip-attached").response);

  test("a flexible IP has the fields that the driver reads, and may lack any other", () => {
    const needed = "id ip_address mac_address server_id status project_id description tags updated_at".split(" ");
    for (const name of Object.keys(whole)) {
      const { [name]: _, ...rest } = whole;
      if (needed.includes(name)) assert.throws(() => parseFlexibleIp(rest), name);
      else assert.equal(parseFlexibleIp(rest).id, ID, name);
    }
  });

  for (const [field, value] of [
    ["id", 7],
    ["ip_address", ""],
    ["mac_address", "52:54:00:00:00:07"],
    ["mac_address", {}],
    ["server_id", { id: SERVER }],
    ["status", null],
    ["tags", [1]],
  ] as const) {
    test(`${field} may not be ${JSON.stringify(value)}, alone or in a page`, () => {
      assert.throws(() => parseFlexibleIp({ ...whole, [field]: value }));
      assert.throws(() => parsePage({ flexible_ips: [whole, { ...whole, [field]: value }], total_count: 2 }));
    });
  }
});

test("the client makes virtual MACs of the type that is set", async (t) => {
  const { http, account } = await start(t);
  const { id } = account.add();
  await new FlexibleIpClient(http, account.zone, "xen").generateMac(id);
  assert.equal(account.get(id)?.mac_address?.mac_type, "xen");
});

test("the client takes an IPv6 prefix for its network address", async (t) => {
  const { api, account } = await start(t);
  const created = await api.create({ projectId: PROJECT, description: "", tags: [], isIpv6: true });
  assert.equal(account.get(created.id)?.ip_address, `${created.address}/64`);
});

suite("list", () => {
  // Twice: what is created and deleted between two pages may hide a third, and the counts agree.
  for (const [count, pages] of [
    [0, [1]],
    [1, [1]],
    [2, [1]],
    [4, [1, 2, 1, 2]],
    [7, [1, 2, 3, 4, 1, 2, 3, 4]],
  ] as const) {
    test(`of ${count}, two a page, asks for pages ${pages.join(", ")}, and for the largest`, async (t) => {
      const { api, account, simulator } = await start(t, { maxPageSize: 2 });
      const ids = Array.from({ length: count }, () => account.add().id);
      assert.deepEqual((await api.list({})).map(({ id }) => id).sort(), ids.sort());
      assert.deepEqual(
        simulator.requests.map(({ query }) => query),
        pages.map((page) => `order_by=created_at_asc&page=${page}&page_size=100`),
      );
    });
  }

  test("filters by project, tag, server and status", async (t) => {
    const { api, account } = await start(t);
    const both = account.add({ projectId: PROJECT, tags: ["a=b c&d", "x"], serverId: SERVER }).id;
    const project = account.add({ projectId: PROJECT }).id;
    const tag = account.add({ tags: ["a=b c&d"] }).id;
    const server = account.add({ serverId: SERVER }).id;
    for (const [filter, found] of [
      [{ projectId: PROJECT }, [both, project]],
      [{ tag: "a=b c&d" }, [both, tag]],
      [{ serverId: SERVER }, [both, server]],
      [{ status: "ready" }, [project, tag]],
      [{ projectId: PROJECT, tag: "a=b c&d", serverId: SERVER }, [both]],
      [{ projectId: undefined, tag: "y", serverId: undefined }, []],
    ] as const) {
      assert.deepEqual((await api.list(filter)).map(({ id }) => id).sort(), found.toSorted());
    }
  });

  const changes: readonly (readonly [what: string, change: (account: FlexibleIps, oldest: string) => void])[] = [
    ["one is deleted", (account, oldest) => account.remove(oldest)],
    ["one is created", (account) => account.add({ createdAt: "2000-01-01T00:00:00Z" })],
    ["one is deleted and one created", (account, oldest) => [account.remove(oldest), account.add()]],
  ];
  for (const [what, change] of changes) {
    test(`overlooks none when ${what} between two pages`, async (t) => {
      const { api, account, simulator } = await start(t, { maxPageSize: 2 });
      for (let count = 0; count < 4; count++) account.add();
      const second = simulator.fault({ call: "list", skip: 1, do: { kind: "hold", when: "before" } });
      const listing = api.list({});
      await second.reached;
      change(account, account.all()[0]?.id ?? "");
      second.release();
      const now = account.all().map(({ id }) => id);
      assert.deepEqual((await listing).map(({ id }) => id).sort(), now.sort());
    });
  }

  test("never names one twice, however much the pages shift", async (t) => {
    const { api, account, simulator } = await start(t, { maxPageSize: 2 });
    for (let count = 0; count < 4; count++) account.add();
    let year = 2000;
    const addAnOlderOne = (body: unknown): unknown => {
      account.add({ createdAt: `${year--}-01-01T00:00:00Z` });
      return body;
    };
    simulator.fault({ call: "list", times: 100, do: { kind: "rewrite", edit: addAnOlderOne } });
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
    assert.equal(simulator.requests.length, 3);
  });
});

function misfit(fault: string): string {
  return `the answer does not fit (${fault})`;
}

function fixture(name: string): Exchange {
  return exchange.parse(JSON.parse(readFileSync(new URL(`${name}.json`, fixtures), "utf8")));
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
    })
    .parse(request ?? {});
  const projectId = searchParams.get("project_id") ?? "";
  const calls: Partial<Record<CallName, () => Promise<unknown>>> = {
    create: () => {
      const { project_id: projectId, description, tags, is_ipv6: isIpv6 } = body;
      return api.create({ projectId, description, tags, isIpv6 });
    },
    get: () => api.get(id),
    list: () => (searchParams.get("page_size") === "1" ? api.probe(projectId) : api.list({ projectId })),
    update: () => api.update(id, { tags: body.tags }),
    delete: () => api.delete(id),
    attach: () => api.attach(body.fips_ids, body.server_id),
    detach: () => api.detach(body.fips_ids),
    "mac.generate": () => api.generateMac(id),
    "mac.duplicate": () => api.duplicateMac(id, body.duplicate_from_fip_id),
    "mac.delete": () => api.deleteMac(id),
  };
  return calls[call]?.() ?? Promise.reject(new Error(`no call of the client: ${method} ${path}`));
}

/** The client of an API that gives every request the answer of the exchange, and what it is asked. */
async function answering(t: TestContext, { path, status, response }: Exchange) {
  const { api, simulator } = await start(t, { zone: path.split("/")[4] ?? "" });
  const headers = { "X-Request-Id": REQUEST_ID };
  simulator.fault({ times: 99, do: { kind: "status", status, body: response ?? undefined, headers } });
  const asked = () =>
    simulator.requests.map(({ method, path, query, body }) => {
      return { method, path: query === "" ? path : `${path}?${query}`, request: body };
    });
  return { api, asked };
}

/** The simulator and its client, which gives up a failing call after the first try, though no time has passed. */
async function start(t: TestContext, options: SimulatorOptions = {}) {
  const simulator = await startSimulator({ token: TOKEN, ...options });
  t.after(simulator.close);
  const { http } = connect(t, simulator.url, { patienceMs: -1 });
  return { api: new FlexibleIpClient(http, simulator.zone, "kvm"), http, simulator, account: simulator.account };
}
