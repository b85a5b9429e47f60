// Every setting once: its default, what it may be, and what it is for. The .conf, README's table and the manual are made
// from this table.
import { isIP, isIPv4 } from "node:net";
import { isUuid } from "./addresses.ts";
import { LOG_LEVELS } from "./log.ts";
import { resolversOf } from "./resolvers.ts";

export type Setting = {
  /** Undefined: it must be given. By zone where Scaleway's own answer differs. */
  readonly default: string | ((zone: string) => string) | undefined;
  readonly check: (value: string) => boolean;
  /** What the check wants: "must be …". */
  readonly rule: string;
  /** What it is for, in sentences. */
  readonly describe: string;
};

const path = { check: (value: string) => value.startsWith("/"), rule: "must be an absolute path" };
const ipv4 = { check: isIPv4, rule: "must be an IPv4 address" };

/** In the order of the settings file. A value in the file that is empty stands for the default where the default is. */
export const SETTINGS = {
  ZONE: {
    default: undefined,
    check: (value) => /^[a-z]{2}-[a-z]{3}-\d+$/.test(value),
    rule: "must be a zone like fr-par-2",
    describe: "Zone of the Elastic Metal servers and of their flexible IPs. It must be given.",
  },
  PROJECT_ID: {
    default: undefined,
    check: isUuid,
    rule: "must be a UUID",
    describe: "Scaleway project that pays for the flexible IPs. It must be given.",
  },
  CLOUD: {
    default: "one",
    check: (value) => /^[A-Za-z0-9._-]{1,64}$/.test(value),
    rule: "must be 1 to 64 letters, digits, dots, dashes",
    describe:
      "Name of this OpenNebula in the tags of its flexible IPs. Two that share a project must have two names: each touches only what carries its own.",
  },
  TOKEN_FILE: {
    ...path,
    default: "/var/lib/one/.scw-flexip.token",
    describe:
      "File with the secret key of a Scaleway API key. It must be oneadmin's, mode 0600, and outside the remotes tree, which is copied to every host.",
  },
  SERVER_ID_FILE: {
    ...path,
    default: "/var/lib/one/scw-server-id",
    describe: "File that says which server a host is, as zone/uuid. Only hosts need it.",
  },
  STATE_FILE: {
    ...path,
    default: "/var/lib/one/scw-flexip/state.json",
    describe:
      "Journal of creations under way, on the front-end only. Losing it loses no address. Each front-end needs its own.",
  },
  LOG_DIR: {
    check: (value) => value === "" || path.check(value),
    rule: path.rule,
    default: "",
    describe: "Folder of the logs. Empty: /var/log/one for the IPAM actions, /var/log/vnm for the hooks.",
  },
  LOG_LEVEL: {
    default: "info",
    check: (value) => LOG_LEVELS.some((level) => level === value),
    rule: `must be one of ${LOG_LEVELS.join(", ")}`,
    describe: "debug, info, warn or error.",
  },
  NETWORK_MASK: {
    default: "255.255.255.255",
    check: isIPv4,
    rule: "must be an IPv4 mask",
    describe: "Netmask of a guest. An address range that sets NETWORK_MASK itself wins.",
  },
  GATEWAY: {
    ...ipv4,
    default: "62.210.0.1",
    describe: "Gateway of a guest. An address range that sets GATEWAY itself wins.",
  },
  DNS: {
    default: (zone) => resolversOf(zone).join(" "),
    check: (value) => value === "" || value.split(" ").every((server) => isIP(server) !== 0),
    rule: "must be IP addresses with a space between",
    describe:
      "Resolvers of a guest, with a space between. Empty: Scaleway's own of the zone. An address range that sets DNS itself wins.",
  },
  MAC_TYPE: {
    default: "kvm",
    check: (value) => /^(kvm|xen|vmware)$/.test(value),
    rule: "must be kvm, xen or vmware",
    describe: "Kind of virtual MAC: kvm, xen or vmware.",
  },
  TIMEOUT: {
    default: "60",
    check: isSeconds(5, 85),
    rule: "must be 5 to 85 (seconds)",
    describe:
      "Seconds that an IPAM action may take, 5 to 85: oned gives up after 90, its queue included. A lease takes 5 at most whatever this says.",
  },
  HOOK_TIMEOUT: {
    default: "1200",
    check: isSeconds(5, 3_600),
    rule: "must be 5 to 3600 (seconds)",
    describe:
      "Seconds that a hook may take, 5 to 3600. One server attaches its addresses in turn: three took 43 seconds, a full server of 64 takes a quarter of an hour.",
  },
  API_URL: {
    default: "https://api.scaleway.com",
    check: isApiUrl,
    rule: "must be an https URL (http only to a loopback address)",
    describe: "The API: https, or http to a loopback address only.",
  },
  PRICE_MONTH: {
    default: "",
    check: (value) => /^(\d+(\.\d+)?)?$/.test(value),
    rule: "must be a number such as 2.20",
    describe: "What one flexible IP costs a month, in the account's currency; for metrics and pool. Empty: not known.",
  },
} as const satisfies Readonly<Record<string, Setting>>;

export type Key = keyof typeof SETTINGS;

export function isKey(text: string): text is Key {
  return Object.hasOwn(SETTINGS, text);
}

/** The value where none is given; undefined where one must be given. */
export function defaultOf(key: Key, zone: string): string | undefined {
  const setting: Setting = SETTINGS[key];
  return typeof setting.default === "function" ? setting.default(zone) : setting.default;
}

function isSeconds(least: number, most: number): (value: string) => boolean {
  return (value) => /^\d+$/.test(value) && Number(value) >= least && Number(value) <= most;
}

function isApiUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") return false;
  const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback);
}
