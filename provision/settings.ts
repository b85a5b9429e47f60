// What the operator sets for a cloud: Pulumi.<stack>.yaml, checked as a whole before anything is ordered.
import * as pulumi from "@pulumi/pulumi";
import * as z from "zod";
import { holdsHosts, hostCount, overlaps, readIpv4Network } from "./ipv4-network.ts";
import { zoneResolvers } from "./resolvers.ts";
import { flag, integer, ipv4, list, network, oneOf, text, timestamp, uuid } from "./settings-rules.ts";

// These two belong to the provider as well, under its own namespace.
const PROVIDER_KEYS = ["organizationId", "zone"];

/** The settings that are no secrets, with their defaults as the operator would write them. */
export const settingsSchema = z.strictObject({
  organizationId: uuid,
  zone: text((value) => /^[a-z]{2}-[a-z]{3}-\d+$/.test(value), "has to be a zone such as fr-par-2").default("fr-par-2"),
  projectId: uuid,
  namePrefix: text(
    (value) => /^[a-z][a-z0-9-]{0,30}$/.test(value),
    "has to be up to 31 of a-z, 0-9 and -, a letter first",
  ).default("opennebula"),
  offer: text((value) => value !== "", "has to be the name of an Elastic Metal offer").default("EM-A610R-NVME"),
  subscriptionPeriod: oneOf("hourly", "monthly").default("hourly"),
  osName: text((value) => value !== "", "has to be the name of an image").default("Ubuntu"),
  osVersion: text((value) => value !== "", "has to be the version of an image").default("24.04 LTS (Noble Numbat)"),
  sshPublicKey: text(
    (value) => /^(ssh-ed25519|ssh-rsa) [A-Za-z0-9+/=]+( |$)/.test(value),
    "has to be a public key that starts with ssh-ed25519 or ssh-rsa",
  ),
  sshUser: text((value) => /^[a-z_][a-z0-9_-]*$/.test(value), "has to be the image's login name").default("ubuntu"),
  workerCount: integer(0, 99).default(1),
  removedWorkers: list(z.int().min(1), "worker numbers").default([]),
  unprotectedWorkers: list(z.int().min(1), "worker numbers").default([]),
  protect: flag.default(true),
  privateSubnet: network(20, 28).default("10.16.0.0/20"),
  vmtovmSubnet: network(20, 28).default("172.16.24.0/22"),
  vxlanSubnet: network(8, 29).default("10.1.2.0/24"),
  vxlanFirst: ipv4.default("10.1.2.100"),
  vxlanSize: integer(1, 65_534).default(48),
  vxlanVlanId: integer(1, 16_777_215).default(100),
  evpn: flag.default(false),
  flexibleIpCount: integer(0, 64).default(0),
  flexibleIpGateway: ipv4.default("62.210.0.1"),
  flexibleIpDns: list(ipv4, "IPv4 addresses").default([]),
  oneVersion: text((value) => /^\d+\.\d+(\.\d+)?$/.test(value), "has to be a version such as 7.0.0").default("7.0.0"),
  publicAddressCount: integer(0, 64).default(2),
  driverCloud: text(
    (value) => /^[A-Za-z0-9._-]{1,64}$/.test(value),
    "has to be 1 to 64 letters, digits, dots, dashes",
  ).default("one"),
  driverLogLevel: oneOf("debug", "info", "warn", "error").default("info"),
  driverTimeout: integer(5, 85).default(60),
  driverHookTimeout: integer(5, 3_600).default(180),
  driverPermissionSets: list(z.string().min(1), "names of permission sets").default(["ElasticMetalFullAccess"]),
  driverKeyExpiries: list(timestamp, "dates"),
  driverKeyOnlyFromHosts: flag.default(false),
});

/** The settings of one cloud, whole and checked. */
export type Settings = z.output<typeof settingsSchema> & {
  readonly region: string;
  readonly workers: readonly number[];
};

/** What the operator wrote, key by key; a key that is absent has its default. */
export type WrittenSettings = Readonly<Record<string, string | undefined>>;

/** The settings cannot be used. The message names every wrong key, the reason and the next move. */
export class SettingsError extends pulumi.RunError {}

/** Reads the settings of the stack. */
export function readSettings(now: Date): Settings {
  const [own, provider] = [new pulumi.Config(), new pulumi.Config("scaleway")];
  const written = Object.keys(settingsSchema.shape).map((key) => [
    key,
    PROVIDER_KEYS.includes(key) ? provider.get(key) : own.get(key),
  ]);
  return checkSettings(Object.fromEntries(written), now);
}

/** Checks written settings and fills the defaults in. Throws SettingsError. */
export function checkSettings(written: WrittenSettings, now: Date): Settings {
  const present = Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined));
  const parsed = settingsSchema.safeParse(present);
  if (!parsed.success) throw settingsError(parsed.error.issues.map((issue) => complaint(issue, present)));
  const settings = parsed.data;
  const wrong = [...networkComplaints(settings), ...workerComplaints(settings), ...driverComplaints(settings, now)];
  if (wrong.length > 0) throw settingsError(wrong);
  const dns = settings.flexibleIpDns.length > 0 ? settings.flexibleIpDns : zoneResolvers(settings.zone);
  return {
    ...settings,
    flexibleIpDns: dns,
    region: settings.zone.replace(/-\d+$/, ""),
    workers: numbersTo(settings.workerCount).filter((number) => !settings.removedWorkers.includes(number)),
  };
}

/** The setting `onePassword` or `dbPassword`, which stays a secret. Rejects what one-deploy would refuse later. */
export function readPassword(key: "onePassword" | "dbPassword"): pulumi.Output<string> {
  return pulumi.secret(new pulumi.Config().requireSecret(key).apply((value) => checkPassword(key, value)));
}

/** Checks a password without repeating it. */
export function checkPassword(key: "onePassword" | "dbPassword", value: string): string {
  const next = `set it with: pulumi config set --secret ${key}`;
  if (value === "") throw new SettingsError(`setting ${key} is empty; ${next}`);
  if (/[\r\n\0]/.test(value)) throw new SettingsError(`setting ${key} holds a line break; ${next}`);
  if (key === "dbPassword") return value;
  if (/\s/.test(value)) throw new SettingsError(`setting ${key} holds a space, which one-deploy refuses; ${next}`);
  if (["opennebula", "password"].includes(value)) {
    throw new SettingsError(`setting ${key} is a password that everybody tries; ${next}`);
  }
  return value;
}

type Checked = z.output<typeof settingsSchema>;

function networkComplaints(settings: Checked): string[] {
  const networks = (["privateSubnet", "vmtovmSubnet", "vxlanSubnet"] as const).map((key) => ({
    key,
    network: readIpv4Network(settings[key]),
  }));
  const overlapping = networks.flatMap((one, index) =>
    networks
      .slice(index + 1)
      .filter((other) => overlaps(one.network, other.network))
      .map((other) => `${one.key} ${settings[one.key]} overlaps ${other.key} ${settings[other.key]}; change one`),
  );
  const range = holdsHosts(readIpv4Network(settings.vxlanSubnet), settings.vxlanFirst, settings.vxlanSize)
    ? []
    : [
        `vxlanFirst ${settings.vxlanFirst} and vxlanSize ${settings.vxlanSize} reach out of vxlanSubnet ` +
          `${settings.vxlanSubnet}; change one of the three`,
      ];
  const servers = settings.workerCount + 1;
  const tight = networks
    .filter(
      ({ key, network: { first, prefixLength } }) =>
        key !== "vxlanSubnet" && hostCount({ first, prefixLength }) < servers + 4,
    )
    .map(({ key }) => `${key} ${settings[key]} has no room for ${servers} servers; take a shorter prefix`);
  return [...overlapping, ...range, ...tight];
}

function workerComplaints(settings: Checked): string[] {
  return (["removedWorkers", "unprotectedWorkers"] as const).flatMap((key) =>
    settings[key]
      .filter((number) => number > settings.workerCount)
      .map(
        (number) => `${key} names worker ${number}, but workerCount is ${settings.workerCount}; correct one of them`,
      ),
  );
}

function driverComplaints(settings: Checked, now: Date): string[] {
  const { driverKeyExpiries: expiries, flexibleIpDns, zone } = settings;
  const last = expiries.at(-1);
  const noResolver = flexibleIpDns.length === 0 && zoneResolvers(zone).length === 0;
  return [
    ...(last === undefined ? ["driverKeyExpiries is empty; give the date on which the driver's API keys end"] : []),
    ...(last !== undefined && Date.parse(last) <= now.getTime()
      ? [`driverKeyExpiries ends with ${last}, which is past; add a later date, then run: make up specifics`]
      : []),
    ...(new Set(expiries).size < expiries.length ? ["driverKeyExpiries names a date twice; remove one"] : []),
    ...(settings.driverPermissionSets.length === 0 ? ["driverPermissionSets is empty; name at least one"] : []),
    ...(noResolver ? [`flexibleIpDns is needed, since the resolvers of zone ${zone} are not known here`] : []),
  ];
}

function complaint(issue: z.core.$ZodIssue, written: WrittenSettings): string {
  if (issue.code === "unrecognized_keys") return `${issue.keys.join(", ")}: unknown; remove it`;
  const key = String(issue.path[0]);
  const name = PROVIDER_KEYS.includes(key) ? `scaleway:${key}` : key;
  const value = written[key];
  const found = value === undefined ? "" : `, not ${JSON.stringify(value)}`;
  return `${name} ${issue.message}${found}; set it with: pulumi config set ${name} <value>`;
}

function settingsError(complaints: readonly string[]): SettingsError {
  const count = complaints.length === 1 ? "a setting is wrong" : `${complaints.length} settings are wrong`;
  return new SettingsError([`${count}:`, ...complaints.map((line) => `  ${line}`)].join("\n"));
}

function numbersTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}
