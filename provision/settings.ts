// The operator's settings of a cloud, from Pulumi.<stack>.yaml, checked as a whole before anything is ordered.
import * as pulumi from "@pulumi/pulumi";
import type * as z from "zod";
import { backupComplaints } from "./backup/settings.ts";
import { hardeningComplaints } from "./hardening/settings.ts";
import { holdsHosts, hostCount, overlaps, readIpv4Network } from "./ipv4-network.ts";
import { FORMER_SETTINGS, FRONTEND, PASSWORDS, settingsSchema } from "./settings-schema.ts";
import { zoneGateway, zoneResolvers } from "./zone-defaults.ts";

const PROVIDER_KEYS = ["organizationId", "zone"];

/** The settings of one cloud, whole and checked. */
export type Settings = z.output<typeof settingsSchema> & { readonly region: string };

/** What the operator wrote, key by key; a key that is absent has its default. */
export type WrittenSettings = Readonly<Record<string, string | undefined>>;

export type Password = keyof typeof PASSWORDS;

/** The settings cannot be used. The message names every wrong key, the reason and the next move. */
export class SettingsError extends pulumi.RunError {}

/** Reads the settings of the stack. An unknown key is refused, because it is probably mistyped. */
export function readSettings(now: Date): Settings {
  return checkSettings(ownSettings(pulumi.runtime.allConfig(), pulumi.getProject()), now);
}

/** This project's settings of a stack by their bare names, without the passwords. */
export function ownSettings(all: Readonly<Record<string, string | undefined>>, project: string): WrittenSettings {
  const own = Object.entries(all)
    .filter(([key]) => key.startsWith(`${project}:`))
    .map(([key, value]) => [key.slice(project.length + 1), value] as const)
    .filter(([key]) => !Object.hasOwn(PASSWORDS, key));
  return Object.fromEntries([...own, ...PROVIDER_KEYS.map((key) => [key, all[`scaleway:${key}`]])]);
}

/** Checks written settings and fills the defaults in. Throws SettingsError. */
export function checkSettings(written: WrittenSettings, now: Date): Settings {
  const present = Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined));
  const parsed = settingsSchema.safeParse(present);
  if (!parsed.success) throw settingsError(parsed.error.issues.flatMap((issue) => complaints(issue, present)));
  const settings = parsed.data;
  const wrong = [
    ...networkComplaints(settings),
    ...machineComplaints(settings),
    ...driverComplaints(settings, now),
    ...backupComplaints(settings),
    ...hardeningComplaints(settings),
  ];
  if (wrong.length > 0) throw settingsError(wrong);
  const flexibleIpDns = settings.flexibleIpDns.length > 0 ? settings.flexibleIpDns : zoneResolvers(settings.zone);
  const flexibleIpGateway = settings.flexibleIpGateway || zoneGateway(settings.zone);
  return { ...settings, flexibleIpDns, flexibleIpGateway, region: settings.zone.replace(/-\d+$/, "") };
}

/** A password setting, which stays a secret. Refuses a password that one-deploy could not use. */
export function readPassword(key: Password): pulumi.Output<string> {
  return new pulumi.Config().requireSecret(key).apply((value) => checkPassword(key, value));
}

/** Checks a password without repeating it. */
export function checkPassword(key: Password, value: string): string {
  const refusals = [
    [value === "", "is empty"],
    [/[\r\n\0]/.test(value), "holds a line break"],
    // one-deploy pastes both into SQL and configuration files as they are.
    [/['"\\]/.test(value), `holds ', " or \\, which one-deploy cannot pass on`],
    [key === "onePassword" && /\s/.test(value), "holds a space, which one-deploy refuses"],
    [["opennebula", "password"].includes(value), "is a password that everybody tries"],
  ] as const;
  const refusal = refusals.find(([isRefused]) => isRefused);
  if (refusal === undefined) return value;
  throw new SettingsError(`setting ${key} ${refusal[1]}; set it with: pulumi config set --secret ${key}`);
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
  const { vxlanFirst, vxlanSize, vxlanSubnet } = settings;
  const range = holdsHosts(readIpv4Network(vxlanSubnet), vxlanFirst, vxlanSize)
    ? []
    : [
        `vxlanFirst ${vxlanFirst} and vxlanSize ${vxlanSize} do not fit into vxlanSubnet ${vxlanSubnet}; change one of the three`,
      ];
  const servers = settings.workers.length + 1;
  const tight = networks
    .filter(({ key, network }) => key !== "vxlanSubnet" && hostCount(network) < servers + 4)
    .map(({ key }) => `${key} ${settings[key]} has no room for ${servers} servers; take a shorter prefix`);
  return [...overlapping, ...range, ...tight];
}

function machineComplaints({ workers, unprotected }: Checked): string[] {
  const twice = workers.filter((name, index) => name === FRONTEND || workers.indexOf(name) < index);
  const strangers = unprotected.filter((name) => name !== FRONTEND && !workers.includes(name));
  return [
    ...twice.map((name) => `workers names ${name}, which is another server; choose another name`),
    ...strangers.map((name) => `unprotected names ${name}, which is no worker; correct one of the lists`),
  ];
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
    ...(noResolver ? [`flexibleIpDns is needed, because the resolvers of zone ${zone} are not known here`] : []),
  ];
}

function complaints(issue: z.core.$ZodIssue, written: WrittenSettings): string[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const former = FORMER_SETTINGS[key];
      return former === undefined ? `${key}: unknown; remove it` : `${key}: no longer a setting; ${former}`;
    });
  }
  const key = String(issue.path[0]);
  const name = PROVIDER_KEYS.includes(key) ? `scaleway:${key}` : key;
  const value = written[key];
  const found = value === undefined ? "" : `, not ${JSON.stringify(value)}`;
  const example = issue.message.includes("list") || issue.path.length > 1 ? `'["…"]'` : "<value>";
  return [`${name} ${issue.message}${found}; set it with: pulumi config set ${name} ${example}`];
}

function settingsError(complaints: readonly string[]): SettingsError {
  const count = complaints.length === 1 ? "a setting is wrong" : `${complaints.length} settings are wrong`;
  return new SettingsError([`${count}:`, ...complaints.map((line) => `  ${line}`)].join("\n"));
}
