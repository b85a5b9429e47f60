// Settings: what is written in Pulumi.<stack>.yaml → checked values, or one error that names every wrong key.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { checkPassword, checkSettings, readPassword, readSettings, type WrittenSettings } from "../settings.ts";
import { NEEDED, NOW, ORGANIZATION, PROJECT } from "./graph.ts";

test("the settings that have no default are enough", () => {
  const settings = checkSettings(NEEDED, NOW);
  assert.equal(settings.zone, "fr-par-2");
  assert.equal(settings.region, "fr-par");
  assert.equal(settings.flexibleIpCount, 0);
  assert.deepEqual(settings.workers, [1]);
  assert.deepEqual(settings.flexibleIpDns, ["51.159.47.28", "51.159.47.26"]);
});

test("removed workers keep their numbers free", () => {
  assert.deepEqual(checkSettings({ ...NEEDED, workerCount: "5", removedWorkers: "[3]" }, NOW).workers, [1, 2, 4, 5]);
});

const REFUSED: readonly (readonly [string, WrittenSettings, RegExp])[] = [
  [
    "a missing project",
    { projectId: undefined },
    /projectId is missing; set it with: pulumi config set projectId <value>/,
  ],
  ["a missing organization", { organizationId: undefined }, /scaleway:organizationId is missing/],
  ["a project that is no UUID", { projectId: "my project" }, /projectId has to be a UUID, not "my project"/],
  ["a region for a zone", { zone: "fr-par" }, /scaleway:zone has to be a zone such as fr-par-2/],
  ["a negative worker count", { workerCount: "-1" }, /workerCount has to be a whole number from 0 to 99/],
  ["half a worker", { workerCount: "1.5" }, /workerCount has to be/],
  ["an unknown key", { workerCuont: "2" }, /workerCuont: unknown; remove it/],
  ["host bits behind the prefix", { privateSubnet: "10.16.0.1/20" }, /privateSubnet has to be a private IPv4 network/],
  ["a public network", { privateSubnet: "203.0.113.0/24" }, /privateSubnet has to be a private IPv4 network/],
  ["a network half private", { vxlanSubnet: "172.0.0.0/8" }, /vxlanSubnet has to be a private IPv4 network/],
  ["a prefix that is too short", { privateSubnet: "10.0.0.0/8" }, /privateSubnet has to be .* \/20 to \/28/],
  ["a prefix that is too long", { vmtovmSubnet: "10.0.0.0/29" }, /vmtovmSubnet has to be/],
  [
    "networks that overlap",
    { vmtovmSubnet: "10.16.8.0/22" },
    /privateSubnet 10.16.0.0\/20 overlaps vmtovmSubnet 10.16.8.0\/22/,
  ],
  ["a guest network that holds another", { vxlanSubnet: "172.16.0.0/12" }, /vmtovmSubnet .* overlaps vxlanSubnet/],
  [
    "a network without room",
    { privateSubnet: "10.16.0.0/28", workerCount: "20" },
    /privateSubnet .* has no room for 21 servers/,
  ],
  [
    "guests' addresses out of their network",
    { vxlanFirst: "10.1.2.250" },
    /vxlanFirst 10.1.2.250 and vxlanSize 48 reach out/,
  ],
  [
    "a VXLAN id that is too high",
    { vxlanVlanId: "16777216" },
    /vxlanVlanId has to be a whole number from 1 to 16777215/,
  ],
  ["another kind of key", { sshPublicKey: "ssh-dss AAAA" }, /sshPublicKey has to be a public key/],
  ["a weekly subscription", { subscriptionPeriod: "weekly" }, /subscriptionPeriod has to be hourly or monthly/],
  ["DNS that is no list", { flexibleIpDns: "192.0.2.53" }, /flexibleIpDns has to be a JSON list of IPv4 addresses/],
  ["DNS of names", { flexibleIpDns: '["dns.example"]' }, /flexibleIpDns has to be an IPv4 address/],
  ["a zone whose resolvers are not known", { zone: "fr-par-9" }, /flexibleIpDns is needed/],
  ["keys without an end", { driverKeyExpiries: "[]" }, /driverKeyExpiries is empty/],
  [
    "keys that ended",
    { driverKeyExpiries: '["2025-01-01T00:00:00Z"]' },
    /is past; add a later date, then run: make up specifics/,
  ],
  ["a date without a time", { driverKeyExpiries: '["2027-01-31"]' }, /driverKeyExpiries has to hold dates such as/],
  ["no permission", { driverPermissionSets: "[]" }, /driverPermissionSets is empty/],
  ["a removed worker that never was", { removedWorkers: "[7]" }, /removedWorkers names worker 7, but workerCount is 1/],
  ["a version that YAML would take for a number", { oneVersion: "7" }, /oneVersion has to be a version such as 7.0.0/],
  ["a prefix that Scaleway refuses", { namePrefix: "My_Cloud" }, /namePrefix has to be/],
];

describe("refused, with key and reason", () => {
  for (const [what, written, message] of REFUSED) {
    test(what, () => assert.throws(() => checkSettings({ ...NEEDED, ...written }, NOW), { message }));
  }

  test("several at once are all named", () => {
    const written = { ...NEEDED, projectId: "x", workerCount: "many", zone: "paris" };
    assert.throws(() => checkSettings(written, NOW), {
      message: /^3 settings are wrong:\n {2}.*zone.*\n {2}.*projectId.*\n {2}.*workerCount/,
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

  test("may hold anything printable; the database's also spaces", () => {
    assert.equal(checkPassword("onePassword", `q'u"o$t{e}`), `q'u"o$t{e}`);
    assert.equal(checkPassword("dbPassword", "two words"), "two words");
  });

  test("read from the stack stays a secret", async () => {
    pulumi.runtime.setAllConfig({ "project:onePassword": "planted-word" }, ["project:onePassword"]);
    await pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) });
    assert.equal(await pulumi.isSecret(readPassword("onePassword")), true);
  });
});

test("the settings of the stack come from two namespaces", async () => {
  pulumi.runtime.setAllConfig({
    "scaleway:organizationId": ORGANIZATION,
    "scaleway:zone": "nl-ams-1",
    "project:projectId": PROJECT,
    "project:sshPublicKey": NEEDED.sshPublicKey ?? "",
    "project:driverKeyExpiries": NEEDED.driverKeyExpiries ?? "",
    "project:workerCount": "4",
  });
  await pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) });
  const settings = readSettings(NOW);
  assert.equal(settings.zone, "nl-ams-1");
  assert.equal(settings.workers.length, 4);
});

describe("Pulumi.yaml", () => {
  const project = parse(readFileSync(new URL("../Pulumi.yaml", import.meta.url), "utf8"));

  test("declares exactly the settings that are read, with the same defaults", () => {
    const declared: [string, { default?: unknown; secret?: boolean }][] = Object.entries(project.config);
    const defaults = declared
      .filter(([, { default: value }]) => value !== undefined)
      .map(([key, { default: value }]) => [key, asWritten(value)]);
    const withDefaults = checkSettings({ ...NEEDED, ...Object.fromEntries(defaults) }, NOW);
    assert.deepEqual(withDefaults, checkSettings(NEEDED, NOW));
    const needed = declared.filter(([, { default: value }]) => value === undefined).map(([key]) => key);
    assert.deepEqual(needed.sort(), ["dbPassword", "driverKeyExpiries", "onePassword", "projectId", "sshPublicKey"]);
    assert.deepEqual(
      declared.filter(([, { secret }]) => secret).map(([key]) => key),
      ["onePassword", "dbPassword"],
    );
    const own = Object.keys(withDefaults).filter(
      (key) => !["organizationId", "zone", "region", "workers"].includes(key),
    );
    assert.deepEqual(
      declared
        .map(([key]) => key)
        .filter((key) => !key.endsWith("Password"))
        .sort(),
      own.sort(),
    );
  });

  test("and the example pass the checks", () => {
    const example = parse(readFileSync(new URL("../Pulumi.example.yaml", import.meta.url), "utf8"));
    const written = Object.entries(example.config).map(([key, value]) => [key.split(":")[1], asWritten(value)]);
    assert.equal(checkSettings(Object.fromEntries(written), NOW).workers.length, 2);
  });
});

/** As Pulumi hands a value to the program. */
function asWritten(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
