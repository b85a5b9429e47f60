// Settings: what is written in Pulumi.<stack>.yaml → checked values, or one error that names every wrong key.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { checkPassword, checkSettings, readPassword, readSettings, type WrittenSettings } from "../settings.ts";
import { NEEDED, NOW, ORGANIZATION, PROJECT } from "./graph.ts";

test("the settings that have no default are enough", () => {
  const settings = checkSettings(NEEDED, NOW);
  assert.equal(settings.zone, "fr-par-2");
  assert.equal(settings.region, "fr-par");
  assert.deepEqual(settings.workers, ["host01"]);
  assert.deepEqual(settings.flexibleIpDns, ["51.159.47.28", "51.159.47.26"]);
});

const REFUSED: readonly (readonly [string, WrittenSettings, RegExp])[] = [
  [
    "a missing project",
    { projectId: undefined },
    /projectId is missing; set it with: pulumi config set projectId <value>/,
  ],
  ["a missing organization", { organizationId: undefined }, /scaleway:organizationId is missing/],
  ["a project that is no UUID", { projectId: "my project" }, /projectId must be a UUID, not "my project"/],
  ["a region for a zone", { zone: "fr-par" }, /scaleway:zone must be a zone such as fr-par-2/],
  ["a number of workers", { workers: "2" }, /workers must be a JSON list of names, not "2"; .* workers '\["…"\]'$/],
  ["a worker of no name", { workers: '["Host 1"]' }, /workers must hold names of up to 31/],
  ["a worker twice", { workers: '["host01", "host01"]' }, /workers names host01, which is another server/],
  ["a worker called like the front-end", { workers: '["fe"]' }, /workers names fe, which is another server/],
  ["a stranger to unprotect", { unprotected: '["host07"]' }, /unprotected names host07, which is no worker/],
  ["a number of negative addresses", { publicAddressCount: "-1" }, /publicAddressCount must be a whole number from 0/],
  ["half an address", { publicAddressCount: "1.5" }, /publicAddressCount must be/],
  ["an unknown key", { workerCuont: "2" }, /workerCuont: unknown; remove it/],
  ["host bits behind the prefix", { privateSubnet: "10.16.0.1/20" }, /privateSubnet must be a private IPv4 network/],
  ["a public network", { privateSubnet: "203.0.113.0/24" }, /privateSubnet must be a private IPv4 network/],
  ["a network half private", { vxlanSubnet: "172.0.0.0/8" }, /vxlanSubnet must be a private IPv4 network/],
  ["a prefix that is too short", { privateSubnet: "10.0.0.0/8" }, /privateSubnet must be .* \/20 to \/28/],
  ["a prefix that is too long", { vmtovmSubnet: "10.0.0.0/29" }, /vmtovmSubnet must be/],
  [
    "networks that overlap",
    { vmtovmSubnet: "10.16.8.0/22" },
    /privateSubnet 10.16.0.0\/20 overlaps vmtovmSubnet 10.16.8.0\/22/,
  ],
  ["a guest network that holds another", { vxlanSubnet: "172.16.0.0/12" }, /vmtovmSubnet .* overlaps vxlanSubnet/],
  [
    "a network without room",
    { privateSubnet: "10.16.0.0/28", workers: JSON.stringify(Array.from({ length: 20 }, (_, n) => `host${n}`)) },
    /privateSubnet .* has no room for 21 servers/,
  ],
  [
    "guests' addresses out of their network",
    { vxlanFirst: "10.1.2.250" },
    /vxlanFirst 10.1.2.250 and vxlanSize 48 do not fit into vxlanSubnet/,
  ],
  ["a VXLAN id that is too high", { vxlanVlanId: "16777216" }, /vxlanVlanId must be a whole number from 1 to 16777215/],
  ["another kind of key", { sshPublicKey: "ssh-dss AAAA" }, /sshPublicKey must be a public key/],
  ["a weekly subscription", { subscriptionPeriod: "weekly" }, /subscriptionPeriod must be hourly or monthly/],
  ["DNS that is no list", { flexibleIpDns: "192.0.2.53" }, /flexibleIpDns must be a JSON list of IPv4 addresses/],
  ["DNS of names", { flexibleIpDns: '["dns.example"]' }, /flexibleIpDns must be an IPv4 address/],
  ["a zone whose resolvers are not known", { zone: "fr-par-9" }, /flexibleIpDns is needed/],
  ["keys without an end", { driverKeyExpiries: "[]" }, /driverKeyExpiries is empty/],
  [
    "keys that ended",
    { driverKeyExpiries: '["2025-01-01T00:00:00Z"]' },
    /is past; add a later date, then run: make up specifics/,
  ],
  ["a date without a time", { driverKeyExpiries: '["2027-01-31"]' }, /driverKeyExpiries must hold dates such as/],
  ["no permission", { driverPermissionSets: "[]" }, /driverPermissionSets is empty/],
  ["a version that YAML would take for a number", { oneVersion: "7" }, /oneVersion must be a version such as 7.0/],
  ["a prefix that Scaleway refuses", { namePrefix: "My_Cloud" }, /namePrefix must be/],
];

describe("refused, with key and reason", () => {
  for (const [what, written, message] of REFUSED) {
    test(what, () => assert.throws(() => checkSettings({ ...NEEDED, ...written }, NOW), { message }));
  }

  test("several at once are all named", () => {
    const written = { ...NEEDED, projectId: "x", workers: "many", zone: "paris" };
    assert.throws(() => checkSettings(written, NOW), {
      message: /^3 settings are wrong:\n {2}.*zone.*\n {2}.*projectId.*\n {2}.*workers/,
    });
  });
});

describe("a password", () => {
  for (const value of ["", "two words", "opennebula", "password", "line\nbreak"]) {
    test(`${JSON.stringify(value)} is refused without being repeated`, () => {
      assert.throws(
        () => checkPassword("onePassword", value),
        (error: Error) => {
          assert.match(error.message, /^setting onePassword .*pulumi config set --secret onePassword$/);
          return value.length < 9 || !error.message.includes(value);
        },
      );
    });
  }

  // one-deploy pastes both into SQL and into oned.conf. With these characters, its run ends half-way in a syntax error.
  for (const value of ["it's-one", 'a"quote', "back\\slash"]) {
    test(`${JSON.stringify(value)} is refused for the database too`, () => {
      for (const key of ["onePassword", "dbPassword"] as const) {
        assert.throws(() => checkPassword(key, value), { message: /which one-deploy cannot pass on; set it with/ });
      }
    });
  }

  test("may hold everything else that is printable; the database's also spaces", () => {
    assert.equal(checkPassword("onePassword", "q$u{o}t#e;%"), "q$u{o}t#e;%");
    assert.equal(checkPassword("dbPassword", "two words"), "two words");
  });

  test("read from the stack stays a secret", async () => {
    pulumi.runtime.setAllConfig({ "project:onePassword": "planted-word" }, ["project:onePassword"]);
    await pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) });
    assert.equal(await pulumi.isSecret(readPassword("onePassword")), true);
  });
});

describe("the settings of the stack", () => {
  const stack = {
    "scaleway:organizationId": ORGANIZATION,
    "scaleway:zone": "nl-ams-1",
    "scaleway:projectId": "of the provider",
    "pulumi:tags": "of Pulumi",
    "project:projectId": PROJECT,
    "project:sshPublicKey": NEEDED.sshPublicKey ?? "",
    "project:driverKeyExpiries": NEEDED.driverKeyExpiries ?? "",
    "project:workers": '["host01", "host04"]',
    "project:onePassword": "a-secret",
  };
  const readFrom = async (config: Record<string, string>) => {
    pulumi.runtime.setAllConfig(config);
    await pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) });
    return readSettings(NOW);
  };

  test("come from two namespaces, and those of others are let alone", async () => {
    const settings = await readFrom(stack);
    assert.equal(settings.zone, "nl-ams-1");
    assert.equal(settings.projectId, PROJECT);
    assert.deepEqual(settings.workers, ["host01", "host04"]);
  });

  test("mistyped are refused by pulumi up too", async () => {
    await assert.rejects(readFrom({ ...stack, "project:worker": "[]" }), { message: /worker: unknown; remove it/ });
  });

  test("of 0.1.0 are refused before a server could go, with what to set in their place", async () => {
    await assert.rejects(readFrom({ ...stack, "project:workerCount": "4", "project:flexibleIpCount": "1" }), {
      message:
        /workerCount: no longer a setting; name the workers.*\n.*flexibleIpCount: no longer a setting; .*pulumi state/,
    });
  });
});

describe("make settings and the example", () => {
  const lines = spawnSync(process.execPath, [fileURLToPath(new URL("../operations/settings.ts", import.meta.url))], {
    encoding: "utf8",
  }).stdout.split("\n");

  test("list every setting with its default", () => {
    const settings = checkSettings(NEEDED, NOW);
    const listed = lines.filter((line) => line !== "").map((line) => line.split(" ")[0]);
    const own = Object.keys(settings).filter((key) => key !== "region");
    assert.deepEqual(listed.sort(), [...own, "dbPassword", "onePassword"].sort());
    assert.ok(lines.some((line) => /^workers +\["host01"\] +names of the workers/.test(line)));
    assert.ok(lines.some((line) => /^projectId +needed +/.test(line)));
    assert.ok(lines.every((line) => line === "" || /\S {1,}\S+.* \S/.test(line)));
  });

  test("pass the checks", () => {
    const example = parse(readFileSync(new URL("../Pulumi.example.yaml", import.meta.url), "utf8"));
    const written = Object.entries(example.config).map(([key, value]) => [key.split(":")[1], asWritten(value)]);
    assert.deepEqual(checkSettings(Object.fromEntries(written), NOW).workers, ["host01", "host02"]);
  });

  // Pulumi would refuse a list that was set as text, and make every setting without a default a needed one.
  test("leave Pulumi without types of its own", () => {
    assert.equal(parse(readFileSync(new URL("../Pulumi.yaml", import.meta.url), "utf8")).config, undefined);
  });
});

/** As Pulumi hands a value to the program. */
function asWritten(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
