// Every setting once: its default and what it may be. build/setting-texts.ts says what each is for.
import { isIP, isIPv4 } from "node:net";
import { isUuid } from "./addresses.ts";
import { LOG_LEVELS } from "./log.ts";

type Setting = {
  /** Undefined: it must be given. By zone where Scaleway's own answer differs. */
  readonly default: string | ((zone: string) => string) | undefined;
  readonly check: (value: string) => boolean;
  /** The check in words: "must be …". */
  readonly rule: string;
};

// Scaleway's resolvers, two in each zone, as its documentation lists them. A zone newer than this list has none.
const RESOLVERS: Readonly<Record<string, string>> = {
  "fr-par-1": "51.159.69.162 51.159.69.156",
  "fr-par-2": "51.159.47.28 51.159.47.26",
  "fr-par-3": "51.159.44.148 51.159.44.151",
  "nl-ams-1": "51.158.139.28 51.158.139.25",
  "nl-ams-2": "51.158.229.23 51.158.229.25",
  "nl-ams-3": "51.159.253.3 51.159.253.11",
  "pl-waw-1": "151.115.9.151 151.115.9.153",
  "pl-waw-2": "151.115.69.15 151.115.69.26",
  "pl-waw-3": "151.115.125.3 151.115.125.11",
};

const path = { check: matches(/^\//), rule: "must be an absolute path" };

/** In the order of the settings file. An empty value stands for the default where the default is empty. */
export const SETTINGS = {
  ZONE: { default: undefined, check: matches(/^[a-z]{2}-[a-z]{3}-\d+$/), rule: "must be a zone like fr-par-2" },
  PROJECT_ID: { default: undefined, check: isUuid, rule: "must be a UUID" },
  CLOUD: {
    default: "one",
    check: matches(/^[A-Za-z0-9._-]{1,64}$/),
    rule: "must be 1 to 64 letters, digits, dots, dashes",
  },
  TOKEN_FILE: { default: "/var/lib/one/.scw-flexip.token", ...path },
  SERVER_ID_FILE: { default: "/var/lib/one/scw-server-id", ...path },
  STATE_FILE: { default: "/var/lib/one/scw-flexip/state.json", ...path },
  LOG_DIR: { default: "", check: matches(/^(\/|$)/), rule: path.rule },
  LOG_LEVEL: {
    default: "info",
    check: (value) => LOG_LEVELS.some((level) => level === value),
    rule: `must be one of ${LOG_LEVELS.join(", ")}`,
  },
  NETWORK_MASK: { default: "255.255.255.255", check: isIPv4, rule: "must be an IPv4 mask" },
  GATEWAY: { default: "62.210.0.1", check: isIPv4, rule: "must be an IPv4 address" },
  DNS: {
    default: (zone) => RESOLVERS[zone] ?? "",
    check: (value) => value === "" || value.split(" ").every((server) => isIP(server) !== 0),
    rule: "must be IP addresses with a space between",
  },
  MAC_TYPE: { default: "kvm", check: matches(/^(kvm|xen|vmware)$/), rule: "must be kvm, xen or vmware" },
  TIMEOUT: { default: "60", check: isSeconds(5, 85), rule: "must be 5 to 85 (seconds)" },
  HOOK_TIMEOUT: { default: "1200", check: isSeconds(5, 3_600), rule: "must be 5 to 3600 (seconds)" },
  API_URL: {
    default: "https://api.scaleway.com",
    check: isApiUrl,
    rule: "must be an https URL (http only to a loopback address)",
  },
  PRICE_MONTH: { default: "", check: matches(/^(\d+(\.\d+)?)?$/), rule: "must be a number such as 2.20" },
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

function matches(pattern: RegExp): (value: string) => boolean {
  return (value) => pattern.test(value);
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
