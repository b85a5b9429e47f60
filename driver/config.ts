// The settings file and the environment, read once and checked. The only place that reads the environment.
import { readFileSync, statSync } from "node:fs";
import { isIP, isIPv4 } from "node:net";
import { dirname, join } from "node:path";
import * as z from "zod/mini";
import { isUuid } from "./addresses.ts";
import { ConfigError, messageOf, shown } from "./errors.ts";
import { LOG_LEVELS } from "./log.ts";

const ENVIRONMENT_PREFIX = "SCW_FLEXIP_";
const FILE_VARIABLE = `${ENVIRONMENT_PREFIX}CONF`;

const text = (test: (value: string) => boolean, rule: string) => z.string().check(z.refine(test, rule));
const path = text((value) => value.startsWith("/"), "has to be an absolute path");
const uuid = text(isUuid, "has to be a UUID");
const seconds = (max: number) =>
  z.pipe(
    text(
      (value) => /^\d+$/.test(value) && Number(value) >= 5 && Number(value) <= max,
      `has to be 5 to ${max} (seconds)`,
    ),
    z.transform((value: string) => Number(value) * 1_000),
  );

const schema = z.strictObject({
  API_URL: z._default(
    text(isApiUrl, "has to be an https URL (http only to a loopback address)"),
    "https://api.scaleway.com",
  ),
  ZONE: text((value) => /^[a-z]{2}-[a-z]{3}-\d+$/.test(value), "has to be a zone like fr-par-2"),
  PROJECT_ID: uuid,
  TOKEN_FILE: z._default(path, "/var/lib/one/.scw-flexip.token"),
  SERVER_ID_FILE: z._default(path, "/var/lib/one/scw-server-id"),
  STATE_FILE: z._default(path, "/var/lib/one/scw-flexip/state.json"),
  LOG_DIR: z.optional(path),
  LOG_LEVEL: z._default(
    text((value) => LOG_LEVELS.some((level) => level === value), `has to be one of ${LOG_LEVELS.join(", ")}`),
    "info",
  ),
  CLOUD: z._default(
    text((value) => /^[A-Za-z0-9._-]{1,64}$/.test(value), "has to be 1 to 64 letters, digits, dots, dashes"),
    "one",
  ),
  MAC_TYPE: z._default(
    text((value) => /^(kvm|xen|vmware)$/.test(value), "has to be kvm, xen or vmware"),
    "kvm",
  ),
  NETWORK_MASK: z._default(text(isIPv4, "has to be an IPv4 mask"), "255.255.255.255"),
  GATEWAY: z._default(text(isIPv4, "has to be an IPv4 address"), "62.210.0.1"),
  DNS: z._default(
    text(
      (value) => value.split(" ").every((server) => isIP(server) !== 0),
      "has to be IP addresses with a space between",
    ),
    "51.159.47.28 51.159.47.26",
  ),
  TIMEOUT: z._default(seconds(85), 60_000),
  HOOK_TIMEOUT: z._default(seconds(3_600), 180_000),
});

export const SETTINGS = Object.keys(schema.shape);

/** The settings, with defaults filled in. Times in milliseconds. */
export type Config = {
  readonly apiUrl: string;
  readonly zone: string;
  readonly projectId: string;
  readonly tokenFile: string;
  readonly serverIdFile: string;
  readonly stateFile: string;
  /** Undefined: the caller's usual place. */
  readonly logDir: string | undefined;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly cloud: string;
  readonly macType: string;
  readonly networkMask: string;
  readonly gateway: string;
  /** Resolvers, separated by spaces. */
  readonly dns: string;
  readonly timeoutMs: number;
  readonly hookTimeoutMs: number;
};

type Environment = Readonly<Record<string, string | undefined>>;
type Setting = { readonly value: string; readonly source: string };

/** Where the settings are: named by the environment, or beside the executable in OpenNebula's `remotes` tree. */
export function configFile(environment: Environment, executable: string): string {
  return environment[FILE_VARIABLE] ?? join(dirname(executable), "../../etc/ipam/scw-flexip/scw-flexip.conf");
}

/** Reads the file, lets the environment override it, and checks all of it. Throws ConfigError. */
export function readConfig(environment: Environment, executable: string): Config {
  const file = configFile(environment, executable);
  const settings = parseSettings(readText(file, "settings file"), file);
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith(ENVIRONMENT_PREFIX) || name === FILE_VARIABLE || value === undefined) continue;
    settings.set(name.slice(ENVIRONMENT_PREFIX.length), { value, source: `environment variable ${shown(name)}` });
  }
  return checkSettings(settings, file);
}

/** The Scaleway secret key. The file has to be readable by its owner alone. */
export function readToken(config: Config): string {
  const what = `token file ${config.tokenFile}`;
  const token = readText(config.tokenFile, "token file").trim();
  const { mode, uid } = statSync(config.tokenFile, { throwIfNoEntry: false }) ?? { mode: 0, uid: 0 };
  if ((mode & 0o077) !== 0) {
    throw new ConfigError(`${what} can be read by others; run: chmod 0600 ${config.tokenFile}`);
  }
  const me = process.getuid?.() ?? 0;
  if (me !== 0 && uid !== me) {
    throw new ConfigError(`${what} belongs to another user; run: chown oneadmin:oneadmin ${config.tokenFile}`);
  }
  if (token === "") throw new ConfigError(`${what} is empty; write the secret key of a Scaleway API key into it`);
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new ConfigError(`${what} holds more than one word; write only the secret key into it`);
  }
  return token;
}

/** The id of the Elastic Metal server this runs on, from the file `zone/uuid` that provisioning wrote. */
export function readServerId(config: Config): string {
  const what = `server id file ${config.serverIdFile}`;
  const [zone = "", id = "", ...rest] = readText(config.serverIdFile, "server id file").trim().split("/");
  if (id === "" || rest.length > 0 || !isUuid(id)) {
    throw new ConfigError(`${what} does not hold zone/uuid; write ${config.zone}/ and the server's id into it`);
  }
  if (zone !== config.zone) {
    throw new ConfigError(`${what} names zone ${zone}, but ZONE is ${config.zone}; correct the one that is wrong`);
  }
  return id.toLowerCase();
}

function parseSettings(content: string, file: string): Map<string, Setting> {
  const settings = new Map<string, Setting>();
  for (const [index, raw] of content.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const source = `${file} line ${index + 1}`;
    const match = /^([A-Z0-9_]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'#]*))\s*(?:#.*)?$/.exec(line);
    if (match?.[1] === undefined) throw new ConfigError(`${source}: this is no KEY="value"; correct or remove it`);
    if (settings.has(match[1])) throw new ConfigError(`${source}: ${shown(match[1])} is set a second time; remove one`);
    settings.set(match[1], { value: match[2] ?? match[3] ?? match[4] ?? "", source });
  }
  return settings;
}

function checkSettings(settings: Map<string, Setting>, file: string): Config {
  for (const [key, { source }] of settings) {
    if (!SETTINGS.includes(key)) {
      throw new ConfigError(`${source}: unknown setting ${shown(key)}; the settings are ${SETTINGS.join(", ")}`);
    }
  }
  const given = [...settings].filter(([key, { value }]) => !(value === "" && key === "LOG_DIR"));
  const result = z.safeParse(schema, Object.fromEntries(given.map(([key, { value }]) => [key, value])));
  if (!result.success) throw settingError(result.error.issues[0], settings, file);
  const checked = result.data;
  return Object.freeze({
    apiUrl: checked.API_URL,
    zone: checked.ZONE,
    projectId: checked.PROJECT_ID.toLowerCase(),
    tokenFile: checked.TOKEN_FILE,
    serverIdFile: checked.SERVER_ID_FILE,
    stateFile: checked.STATE_FILE,
    logDir: checked.LOG_DIR,
    logLevel: LOG_LEVELS.find((level) => level === checked.LOG_LEVEL) ?? "info",
    cloud: checked.CLOUD,
    macType: checked.MAC_TYPE,
    networkMask: checked.NETWORK_MASK,
    gateway: checked.GATEWAY,
    dns: checked.DNS,
    timeoutMs: checked.TIMEOUT,
    hookTimeoutMs: checked.HOOK_TIMEOUT,
  });
}

function settingError(issue: z.core.$ZodIssue | undefined, settings: Map<string, Setting>, file: string): ConfigError {
  const key = String(issue?.path[0] ?? "");
  const setting = settings.get(key);
  if (setting === undefined) return new ConfigError(`${file}: ${key} is missing; add a line ${key}="…"`);
  return new ConfigError(`${setting.source}: ${key} ${issue?.message ?? "is wrong"}; correct it`);
}

function isApiUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") return false;
  const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback);
}

function readText(file: string, what: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError(`${what} ${file} cannot be read (${messageOf(error)}); create it or correct its owner`, {
      cause: error,
    });
  }
}
