// The list before anything is ordered, against a small server that answers as Scaleway's documentation says.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { preflight } from "../preflight/preflight.ts";
import type { Run } from "../preflight/tools.ts";
import { NEEDED, NOW, ORGANIZATION, PROJECT, SSH_KEY } from "./graph.ts";

const SECRET = "5ec4e7a1-0000-4000-8000-000000000000";
const ACCESS = "SCWEXAMPLEEXAMPLE000";
const VERSION = "3.270.0";

type Answers = Record<string, unknown>;

const READY: Answers = {
  [`/iam/v1alpha1/api-keys/${ACCESS}`]: { expires_at: null },
  [`/account/v3/projects/${PROJECT}`]: { name: "hosted-cloud", organization_id: ORGANIZATION },
  "/vpc/v2/regions/fr-par/vpcs": {},
  "/vpc/v2/regions/fr-par/private-networks": {},
  "/ipam/v1/regions/fr-par/ips": {},
  "/flexible-ip/v1alpha1/zones/fr-par-2/fips": {},
  "/iam/v1alpha1/ssh-keys": {},
  "/iam/v1alpha1/applications": {},
  "/iam/v1alpha1/groups": {},
  "/iam/v1alpha1/policies": {},
  "/baremetal/v1/zones/fr-par-2/servers": { servers: [], total_count: 1 },
  "/baremetal/v1/zones/fr-par-2/os": { os: [{ name: "Ubuntu", version: "24.04 LTS (Noble Numbat)" }] },
  "/baremetal/v1/zones/fr-par-2/offers": { offers: [anOffer({})] },
  "/iam/v1alpha1/quota": { quota: [{ name: "example_quota", limits: [{ limit: 4 }] }] },
};

function anOffer(differing: Readonly<Record<string, unknown>>) {
  return {
    name: "EM-A610R-NVME",
    stock: "available",
    enable: true,
    quota_name: "example_quota",
    price_per_hour: { currency_code: "EUR", units: 0, nanos: 250_000_000 },
    options: [{ name: "Private Network" }],
    ...differing,
  };
}

describe("make preflight", () => {
  let answers: Answers = {};
  const keys = new Set<string | string[] | undefined>();
  const server = createServer((request, response) => {
    keys.add(request.headers["x-auth-token"]);
    const answer = answers[new URL(request.url ?? "", "http://localhost").pathname];
    const status = answer === undefined ? 404 : answer === "denied" ? 403 : 200;
    response.writeHead(status, { "content-type": "application/json" });
    response.end(
      JSON.stringify(status === 200 ? answer : { message: status === 403 ? "insufficient permissions" : "not found" }),
    );
  });
  before(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
  after(() => server.close());

  const check = async (
    changed: Answers,
    options: { config?: Answers; run?: Run; environment?: Record<string, string> } = {},
  ) => {
    answers = { ...READY, ...changed };
    const lines: string[] = [];
    const count = await preflight({
      environment: {
        SCW_ACCESS_KEY: ACCESS,
        SCW_SECRET_KEY: SECRET,
        SCW_API_URL: `http://127.0.0.1:${portOf(server.address())}`,
        ...options.environment,
      },
      run: options.run ?? tools(options.config ?? {}),
      sdkVersion: VERSION,
      now: NOW,
      print: (line) => lines.push(line),
    });
    const list = lines.join("\n");
    assert.doesNotMatch(list, new RegExp(SECRET));
    return { count, list };
  };

  test("finds nothing missing when all is there", async () => {
    const { count, list } = await check({});
    assert.doesNotMatch(list, /MISSING/);
    assert.equal(count, 0);
    assert.match(list, /^ok +2 of 2 servers are still to be ordered$/m);
    assert.match(list, /^ok +quota example_quota: 1 of 4 in use, 2 more to order$/m);
    assert.match(list, /^ok +2 servers cost 0\.50 EUR an hour, flexible IPs apart$/m);
    assert.match(list, /ready: make preview, then make up$/);
    assert.deepEqual([...keys], [SECRET]);
  });

  const LACKS: readonly (readonly [string, Answers, RegExp])[] = [
    [
      "a key that does not exist",
      { [`/iam/v1alpha1/api-keys/${ACCESS}`]: undefined },
      /^MISSING +.*api-keys.* answered 404: not found; set SCW_ACCESS_KEY/m,
    ],
    [
      "a key that ended",
      { [`/iam/v1alpha1/api-keys/${ACCESS}`]: { expires_at: "2026-01-01T00:00:00Z" } },
      /^MISSING +the API key ended on 2026-01-01.*; make a new one/m,
    ],
    [
      "a project of another organization",
      { [`/account/v3/projects/${PROJECT}`]: { name: "p", organization_id: "other" } },
      /^MISSING +project p belongs to another organization; correct/m,
    ],
    [
      "a permission",
      { "/iam/v1alpha1/policies": "denied" },
      /^MISSING +the key lacks IAMPolicyManager \(.*403: insufficient permissions\); add IAMPolicyManager/m,
    ],
    [
      "the zone",
      { "/baremetal/v1/zones/fr-par-2/offers": undefined },
      /^MISSING +zone fr-par-2 cannot be asked .*; correct scaleway:zone/m,
    ],
    [
      "the offer",
      {
        "/baremetal/v1/zones/fr-par-2/offers": {
          offers: [anOffer({ name: "EM-B" }), anOffer({ name: "EM-C", stock: "empty" })],
        },
      },
      /^MISSING +zone fr-par-2 has no offer EM-A610R-NVME \(hourly\); set offer to one of EM-B$/m,
    ],
    [
      "stock",
      { "/baremetal/v1/zones/fr-par-2/offers": { offers: [anOffer({ stock: "empty" })] } },
      /^MISSING +offer EM-A610R-NVME is out of stock/m,
    ],
    [
      "an offer that is still sold",
      { "/baremetal/v1/zones/fr-par-2/offers": { offers: [anOffer({ enable: false })] } },
      /^MISSING +.* is no longer sold in fr-par-2/m,
    ],
    [
      "private networks",
      { "/baremetal/v1/zones/fr-par-2/offers": { offers: [anOffer({ options: [] })] } },
      /^MISSING +.* has no option Private Network/m,
    ],
    [
      "the image",
      { "/baremetal/v1/zones/fr-par-2/os": { os: [{ name: "Ubuntu", version: "26.04" }] } },
      /^MISSING +zone fr-par-2 has no image Ubuntu 24.04 LTS \(Noble Numbat\); set osVersion to one of 26.04$/m,
    ],
    [
      "quota",
      { "/iam/v1alpha1/quota": { quota: [{ name: "example_quota", limits: [{ limit: 2 }] }] } },
      /^MISSING +quota example_quota allows 2 servers, 1 are in use and 2 more wanted; ask/m,
    ],
  ];
  for (const [what, changed, line] of LACKS) {
    test(`names what lacks: ${what}`, async () => {
      const { count, list } = await check(changed);
      assert.match(list, line);
      assert.equal(count, 1);
      assert.match(list, /1 thing is missing; nothing was ordered$/);
    });
  }

  test("does not ask for stock when every server is there", async () => {
    const servers = ["fe", "worker-01"].map((name) => ({ name: `opennebula-${name}` }));
    const { count } = await check({
      "/baremetal/v1/zones/fr-par-2/servers": { servers, total_count: 2 },
      "/baremetal/v1/zones/fr-par-2/offers": { offers: [anOffer({ stock: "empty", enable: false })] },
    });
    assert.equal(count, 0);
  });

  test("only warns of stock that is low, and of a quota that cannot be read", async () => {
    const { count, list } = await check({
      "/baremetal/v1/zones/fr-par-2/offers": { offers: [anOffer({ stock: "low" })] },
      "/iam/v1alpha1/quota": { quota: [] },
    });
    assert.equal(count, 0);
    assert.match(list, /^look +offer EM-A610R-NVME is low in stock in fr-par-2; 2 may be too many$/m);
    assert.match(list, /^look +quota example_quota cannot be read; look at Organization, Quotas/m);
  });

  test("names every wrong setting, and a password that is not stored as a secret", async () => {
    const config = { "hosted-cloud:workerCount": { value: "many" }, "hosted-cloud:dbPassword": { value: "plain" } };
    const { count, list } = await check({}, { config });
    assert.match(list, /^MISSING +workerCount has to be a whole number/m);
    assert.match(list, /^MISSING +dbPassword is not stored as a secret; run: pulumi config set --secret dbPassword$/m);
    assert.equal(count, 2);
  });

  test("without tools, stack and credentials lists all of them", async () => {
    const { count, list } = await check(
      {},
      { run: () => undefined, environment: { SCW_ACCESS_KEY: "", SCW_SECRET_KEY: "" } },
    );
    for (const what of ["pulumi", "ssh", "git", "python3", "hatch"])
      assert.match(list, new RegExp(`^MISSING +${what} is not there; `, "m"));
    assert.match(list, /^MISSING +no stack is selected; run: pulumi stack select/m);
    assert.match(list, /^MISSING +SCW_SECRET_KEY holds no secret key/m);
    assert.equal(count, 8);
  });

  test("says when Scaleway cannot be reached", async () => {
    const { list } = await check({}, { environment: { SCW_API_URL: "http://127.0.0.1:1" } });
    assert.match(list, /^MISSING +127\.0\.0\.1:1 does not answer \(.*\); check the network/m);
  });

  test("sends the key over TLS, or to this machine only", async () => {
    await assert.rejects(
      check({}, { environment: { SCW_API_URL: "http://api.example.net" } }),
      /has to be an https URL/,
    );
  });

  test("tells an old pulumi from a newer one", async () => {
    const withPulumi =
      (version: string): Run =>
      (program, args) =>
        args[0] === "version" ? version : tools({})(program, args);
    assert.match(
      (await check({}, { run: withPulumi("v3.200.0\n") })).list,
      /^MISSING +pulumi is 3.200.0; install version 3.270.0$/m,
    );
    assert.match(
      (await check({}, { run: withPulumi("v3.280.1\n") })).list,
      /^look +pulumi is 3.280.1, tried was 3.270.0/m,
    );
  });
});

/** The programs of a machine that has all of them. */
function tools(config: Answers): Run {
  const settings = Object.entries(NEEDED).map(([key, value]) => [
    key === "organizationId" ? `scaleway:${key}` : `hosted-cloud:${key}`,
    { value, secret: false },
  ]);
  const secrets = ["onePassword", "dbPassword"].map((key) => [`hosted-cloud:${key}`, { secret: true }]);
  return (program, args) => {
    if (program === "pulumi" && args[0] === "version") return `v${VERSION}\n`;
    if (program === "pulumi") return JSON.stringify({ ...Object.fromEntries([...settings, ...secrets]), ...config });
    return program === "ssh-add" ? `${SSH_KEY}\n` : "1.0\n";
  };
}

function portOf(address: AddressInfo | string | null): number {
  assert.ok(typeof address === "object" && address !== null);
  return address.port;
}
