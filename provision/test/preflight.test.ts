// The list before anything is ordered, against a small server that gives recorded answers of Scaleway's catalogue.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { preflight } from "../preflight/preflight.ts";
import type { Run } from "../preflight/tools.ts";
import { NEEDED, NOW, ORGANIZATION, PROJECT, SSH_KEY } from "./graph.ts";
import { openWorkplace } from "./rig/workplace.ts";

const SECRET = "5ec4e7a1-0000-4000-8000-000000000000";
const ACCESS = "SCWEXAMPLEEXAMPLE000";
const VERSION = "3.270.0";
const OFFER = "EM-A610R-NVME";
const SERVERS = "/baremetal/v1/zones/fr-par-2/servers";
const OS = "/baremetal/v1/zones/fr-par-2/os";
const OFFERS = "/baremetal/v1/zones/fr-par-2/offers";

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
  [SERVERS]: { servers: [], total_count: 1 },
  [OS]: recorded("os"),
  [OFFERS]: recorded("offers-hourly"),
  "/iam/v1alpha1/quota": {
    quota: [
      {
        name: "EM_A610R_NVMe",
        limits: [
          { zone: "fr-par-1", limit: 10 },
          { zone: "fr-par-2", limit: 4 },
        ],
      },
    ],
  },
};

function recorded(name: string) {
  return JSON.parse(readFileSync(new URL(`fixtures/scaleway/${name}.json`, import.meta.url), "utf8"));
}

/** The recorded offers, with something else about the one of the settings. */
function offers(differing: Readonly<Record<string, unknown>>) {
  const { offers: known } = recorded("offers-hourly");
  return {
    offers: known.map((offer: { name: string }) => (offer.name === OFFER ? { ...offer, ...differing } : offer)),
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
    assert.match(list, /^ok +quota EM_A610R_NVMe allows 4 in fr-par-2, servers of other projects included$/m);
    assert.match(list, /^ok +offer EM-A610R-NVME is in stock \(available\)$/m);
    // 0.11 for each server and 0.03 for the option that each is ordered with.
    assert.match(list, /^ok +2 servers with private networks cost 0\.28 EUR an hour; flexible IPs apart$/m);
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
    ["the zone", { [OFFERS]: undefined }, /^MISSING +zone fr-par-2 cannot be asked .*; correct scaleway:zone/m],
    [
      "the offer",
      { [OFFERS]: offers({ name: "EM-OTHER" }) },
      /^MISSING +zone fr-par-2 has no offer EM-A610R-NVME \(hourly\); set offer to one of EM-A315X-SSD, EM-OTHER$/m,
    ],
    ["stock", { [OFFERS]: offers({ stock: "empty" }) }, /^MISSING +offer EM-A610R-NVME is out of stock/m],
    [
      "an offer that is still sold",
      { [OFFERS]: offers({ enable: false }) },
      /^MISSING +.* is no longer sold in fr-par-2/m,
    ],
    ["private networks", { [OFFERS]: offers({ options: [] }) }, /^MISSING +.* has no option Private Network/m],
    [
      "the image",
      { [OS]: { os: [{ name: "Ubuntu", version: "26.04" }] } },
      /^MISSING +zone fr-par-2 has no image Ubuntu 24.04 LTS \(Noble Numbat\); set osVersion to one of 26.04$/m,
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
    for (const worker of ["host01", "worker-01"]) {
      const servers = ["fe", worker].map((name) => ({ name: `opennebula-${name}` }));
      const { count, list } = await check({
        [SERVERS]: { servers },
        [OFFERS]: offers({ stock: "empty", enable: false }),
      });
      assert.equal(count, 0, list);
    }
  });

  test("only warns of stock that is low, and of a quota that cannot be read", async () => {
    const { count, list } = await check({ [OFFERS]: offers({ stock: "low" }), "/iam/v1alpha1/quota": { quota: [] } });
    assert.equal(count, 0);
    assert.match(list, /^look +offer EM-A610R-NVME is low in stock in fr-par-2; 2 may be too many$/m);
    assert.match(list, /^look +quota EM_A610R_NVMe cannot be read; look at Organization, Quotas/m);
  });

  test("prints what a month costs with the option, and the fee that is paid once", async () => {
    const config = { "hosted-cloud:subscriptionPeriod": { value: "monthly" } };
    const { list } = await check({ [OFFERS]: recorded("offers-monthly") }, { config });
    assert.match(list, /^ok +2 servers with private networks cost 99\.96 EUR a month, and once 79\.98 EUR; flexible/m);
  });

  test("takes the offer's name in either case, and settings that are Pulumi's or the provider's own", async () => {
    const config = {
      "hosted-cloud:offer": { value: "EM-A610R-NVMe" },
      "pulumi:tags": { value: "{}" },
      "scaleway:profile": { value: "mine" },
      "scaleway:projectId": { value: ORGANIZATION },
    };
    const { count, list } = await check({}, { config });
    assert.equal(count, 0, list);
    assert.match(list, /^ok +project hosted-cloud$/m);
  });

  test("names every wrong setting, and a password that is not stored as a secret", async () => {
    const config = { "hosted-cloud:workers": { value: "many" }, "hosted-cloud:dbPassword": { value: "plain" } };
    const { count, list } = await check({}, { config });
    assert.match(list, /^MISSING +workers must be a JSON list of names/m);
    assert.match(list, /^MISSING +dbPassword is not stored as a secret; run: pulumi config set --secret dbPassword$/m);
    assert.equal(count, 2);
  });

  test("without tools, stack and credentials lists all of them", async () => {
    const { count, list } = await check(
      {},
      {
        run: () => ({ isOk: false, said: "error: no credentials found for the bucket" }),
        environment: { SCW_ACCESS_KEY: "", SCW_SECRET_KEY: "" },
      },
    );
    for (const what of ["pulumi", "ssh", "git", "python3", "hatch", "weasyprint"])
      assert.match(list, new RegExp(`^MISSING +${what} is not there; `, "m"));
    assert.match(
      list,
      /^MISSING +the stack's settings cannot be read \(error: no credentials found for the bucket\); log in as make state/m,
    );
    assert.match(list, /^MISSING +SCW_SECRET_KEY holds no secret key/m);
    assert.equal(count, 9);
  });

  test("says when Scaleway cannot be reached", async () => {
    const { list } = await check({}, { environment: { SCW_API_URL: "http://127.0.0.1:1" } });
    assert.match(list, /^MISSING +127\.0\.0\.1:1 does not answer \(.*\); check the network/m);
  });

  test("sends the key over TLS, or to this machine only", async () => {
    await assert.rejects(check({}, { environment: { SCW_API_URL: "http://api.example.net" } }), /must be an https URL/);
  });

  test("goes through a proxy, as the provider does", async () => {
    const asked: string[] = [];
    const proxy = createServer();
    proxy.on("connect", (request, socket) => {
      asked.push(String(request.url));
      socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const place = openWorkplace("pulumi", "ssh", "git", "hatch", "weasyprint");
    place.answer("pulumi config --json", tools({})("pulumi", ["config"]).said);
    await place.make(["preflight"], {
      environment: {
        HTTPS_PROXY: `http://127.0.0.1:${portOf(proxy.address())}`,
        SCW_ACCESS_KEY: ACCESS,
        SCW_SECRET_KEY: SECRET,
        SCW_API_URL: "https://api.example.net",
      },
    });
    place.remove();
    proxy.close();
    assert.equal(asked[0], "api.example.net:443");
  });

  test("tells a Python that Ansible cannot use", async () => {
    assert.match(
      (await check({}, { run: tools({}, "3.9.2") })).list,
      /^MISSING +python3 is 3\.9; install Python 3\.10/m,
    );
    assert.match(
      (await check({}, { run: tools({}, "3.14.0") })).list,
      /^look +python3 is 3\.14; install Python 3\.10/m,
    );
    for (const [version, shown] of [
      ["3.10.0", /^ok +python3 3\.10$/m],
      ["3.12.3", /^ok +python3 3\.12$/m],
    ] as const)
      assert.match((await check({}, { run: tools({}, version) })).list, shown);
  });

  test("tells an old pulumi from a newer one", async () => {
    const withPulumi =
      (version: string): Run =>
      (program, args) =>
        args[0] === "version" ? { isOk: true, said: version } : tools({})(program, args);
    assert.match(
      (await check({}, { run: withPulumi("v3.200.0\n") })).list,
      /^MISSING +pulumi is 3.200.0; run: .*get.pulumi.com.* --version 3.270.0$/m,
    );
    assert.match(
      (await check({}, { run: withPulumi("v3.280.1\n") })).list,
      /^look +pulumi is 3.280.1, tried was 3.270.0/m,
    );
  });
});

/** The programs of a machine that has all of them. */
function tools(config: Answers, python = "3.12.3"): Run {
  const settings = Object.entries(NEEDED).map(([key, value]) => [
    key === "organizationId" ? `scaleway:${key}` : `hosted-cloud:${key}`,
    { value, secret: false },
  ]);
  const secrets = ["onePassword", "dbPassword"].map((key) => [`hosted-cloud:${key}`, { secret: true }]);
  const printed: Readonly<Record<string, string>> = {
    "pulumi version": `v${VERSION}\n`,
    "pulumi config": JSON.stringify({ ...Object.fromEntries([...settings, ...secrets]), ...config }),
    "python3 --version": `Python ${python}\n`,
    "ssh-add -L": `${SSH_KEY}\n`,
  };
  return (program, [first]) => ({ isOk: true, said: printed[`${program} ${first}`] ?? "1.0\n" });
}

function portOf(address: AddressInfo | string | null): number {
  assert.ok(typeof address === "object" && address !== null);
  return address.port;
}
