// Every setting of a cloud: its rule, its default, and what it is for. make settings prints them.
import * as z from "zod";
import { backupSettings } from "./backup/settings.ts";
import { hardeningSettings } from "./hardening/settings.ts";
import { monitoringSettings } from "./monitoring/settings.ts";
import { flag, integer, ipv4, ipv4OrEmpty, list, matching, network, oneOf, timestamp, uuid } from "./settings-rules.ts";

/** The front-end's name, everywhere. */
export const FRONTEND = "fe";

const named = (what: string) => matching(/\S/, `must be ${what}`);
const machine = matching(/^[a-z][a-z0-9-]{0,30}$/, "must hold names of up to 31 of a-z, 0-9 and -, a letter first");

/** The settings that are not secret. The provider reads `scaleway:organizationId` and `scaleway:zone` too. */
export const settingsSchema = z.strictObject({
  organizationId: uuid.describe("the organization (scaleway:organizationId)"),
  zone: matching(/^[a-z]{2}-[a-z]{3}-\d+$/, "must be a zone such as fr-par-2")
    .default("fr-par-2")
    .describe("the zone of every server (scaleway:zone)"),
  projectId: uuid.describe("Scaleway project that holds and pays for everything"),
  sshPublicKey: matching(
    /^(ssh-ed25519|ssh-rsa) [A-Za-z0-9+/=]+( |\n|$)/,
    "must be a public key that starts with ssh-ed25519 or ssh-rsa",
  ).describe("public key that opens new servers"),
  driverKeyExpiries: list(timestamp, "dates").describe(
    "dates on which the driver's API keys end; the last one is in use",
  ),
  namePrefix: matching(/^[a-z][a-z0-9-]{0,30}$/, "must be up to 31 of a-z, 0-9 and -, a letter first")
    .default("opennebula")
    .describe("prefix of the names of all resources"),
  offer: named("the name of an Elastic Metal offer")
    .default("EM-A610R-NVME")
    .describe("Elastic Metal offer of new servers"),
  subscriptionPeriod: oneOf("hourly", "monthly")
    .default("hourly")
    .describe("how servers are paid; there is no way back from monthly"),
  osName: named("the name of an image").default("Ubuntu").describe("image of new servers"),
  osVersion: named("the version of an image")
    .default("24.04 LTS (Noble Numbat)")
    .describe("version of that image; a change never reinstalls a server"),
  sshUser: matching(/^[a-z_][a-z0-9_-]*$/, "must be the image's login name")
    .default("ubuntu")
    .describe("the image's login name, which may use sudo without a password"),
  workers: list(machine, "names")
    .default(["host01"])
    .describe("names of the workers besides the front-end, which is a KVM host too"),
  unprotected: list(machine, "names").default([]).describe("names of the servers that may be deleted"),
  privateSubnet: network(20, 28).default("10.16.0.0/20").describe("network between hosts"),
  vmtovmSubnet: network(20, 28).default("172.16.24.0/22").describe("network that carries the guests' VXLAN"),
  vxlanSubnet: network(8, 29).default("10.1.2.0/24").describe("network of the guests among themselves"),
  vxlanFirst: ipv4.default("10.1.2.100").describe("first address for guests in vxlanSubnet"),
  vxlanSize: integer(1, 65_534).default(48).describe("how many addresses for guests vxlanSubnet has"),
  vxlanVlanId: integer(1, 16_777_215).default(100).describe("VXLAN id"),
  evpn: flag.default(false).describe("VXLAN with BGP EVPN instead of multicast"),
  flexibleIpGateway: ipv4OrEmpty
    .default("")
    .describe("gateway of every guest with a flexible IP; empty takes the zone's own"),
  flexibleIpDns: list(ipv4, "IPv4 addresses")
    .default([])
    .describe("resolvers of these guests; an empty list takes the zone's own"),
  publicAddressCount: integer(0, 64)
    .default(2)
    .describe("ranges that the public network starts with, one paid address each; validation needs 2"),
  oneVersion: matching(/^\d+\.\d+(\.\d+)?$/, "must be a version such as 7.0")
    .default("7.0")
    .describe("OpenNebula version; 7.0 means its newest fix release"),
  driverCloud: matching(/^[A-Za-z0-9._-]{1,64}$/, "must be 1 to 64 letters, digits, dots, dashes")
    .default("one")
    .describe("name of this cloud in the tags of its flexible IPs"),
  driverLogLevel: oneOf("debug", "info", "warn", "error").default("info").describe("what the driver logs"),
  driverTimeout: integer(5, 85).default(60).describe("seconds for an IPAM action"),
  driverHookTimeout: integer(5, 3_600).default(1_200).describe("seconds for a hook"),
  driverPermissionSets: list(named("a permission set"), "names of permission sets")
    .default(["ElasticMetalFullAccess"])
    .describe("what the driver's keys may do in the project"),
  driverKeyOnlyFromHosts: flag.default(false).describe("accept the driver's keys from the servers' own addresses only"),
  ...backupSettings,
  ...hardeningSettings,
  ...monitoringSettings,
});

/** The secret settings. */
export const PASSWORDS = {
  onePassword: "password of oneadmin, no spaces",
  dbPassword: "password of the database",
} as const;

/** Settings of 0.1.0 that are gone, and what to do about each. */
export const FORMER_SETTINGS: Readonly<Record<string, string>> = {
  workerCount: `name the workers instead: pulumi config set workers '["host01", "host02"]'; then: pulumi config rm workerCount`,
  removedWorkers: "the list workers names all workers; run: pulumi config rm removedWorkers",
  unprotectedWorkers: "name the server in unprotected; run: pulumi config rm unprotectedWorkers",
  protect: "name servers in unprotected; run: pulumi config rm protect",
  flexibleIpCount:
    "the driver buys the addresses; take the stack's own out of its state first (pulumi state delete), then: pulumi config rm flexibleIpCount",
};
