// The settings file and the environment, read once and checked. The only place that reads the environment.
import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { isUuid } from "./addresses.ts";
import { ConfigError, messageOf, shown } from "./errors.ts";
import { LOG_LEVELS } from "./log.ts";
import { defaultOf, isKey, type Key, SETTINGS } from "./settings.ts";

const ENVIRONMENT_PREFIX = "SCW_FLEXIP_";
const FILE_VARIABLE = `${ENVIRONMENT_PREFIX}CONF`;

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
  /** Resolvers, separated by spaces; undefined where none are known. */
  readonly dns: string | undefined;
  readonly timeoutMs: number;
  readonly hookTimeoutMs: number;
  /** The price of one flexible IP a month, in the account's currency. */
  readonly priceMonth: number | undefined;
};

type Environment = Readonly<Record<string, string | undefined>>;
type Given = { readonly value: string; readonly source: string };

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

/** The Scaleway secret key. Only the owner may be able to read the file. */
export function readToken(config: Config): string {
  const what = `token file ${config.tokenFile}`;
  const token = readText(config.tokenFile, "token file").trim();
  const { mode, uid } = statSync(config.tokenFile, { throwIfNoEntry: false }) ?? { mode: 0, uid: 0 };
  if ((mode & 0o077) !== 0) {
    throw new ConfigError(`${what} can be read by others`, `run: chmod 0600 ${config.tokenFile}`);
  }
  const me = process.getuid?.() ?? 0;
  if (me !== 0 && uid !== me) {
    throw new ConfigError(`${what} belongs to another user`, `run: chown oneadmin:oneadmin ${config.tokenFile}`);
  }
  if (token === "") throw new ConfigError(`${what} is empty`, "write the secret key of a Scaleway API key into it");
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new ConfigError(`${what} holds more than one word`, "write only the secret key into it");
  }
  return token;
}

/** The id of the Elastic Metal server this runs on, from the file `zone/uuid` that provisioning wrote. */
export function readServerId(config: Config): string {
  const what = `server id file ${config.serverIdFile}`;
  const [zone = "", id = "", ...rest] = readText(config.serverIdFile, "server id file").trim().split("/");
  if (id === "" || rest.length > 0 || !isUuid(id)) {
    throw new ConfigError(`${what} does not hold zone/uuid`, `write ${config.zone}/ and the server's id into it`);
  }
  if (zone !== config.zone) {
    throw new ConfigError(`${what} names zone ${zone}, but ZONE is ${config.zone}`, "correct ZONE or the file");
  }
  return id.toLowerCase();
}

function parseSettings(content: string, file: string): Map<string, Given> {
  const settings = new Map<string, Given>();
  for (const [index, raw] of content.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const source = `${file} line ${index + 1}`;
    const match = /^([A-Z0-9_]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'#]*))\s*(?:#.*)?$/.exec(line);
    if (match?.[1] === undefined) throw new ConfigError(`${source}: this is no KEY="value"`, "correct or remove it");
    if (settings.has(match[1]))
      throw new ConfigError(`${source}: ${shown(match[1])} is set a second time`, "remove one");
    settings.set(match[1], { value: match[2] ?? match[3] ?? match[4] ?? "", source });
  }
  return settings;
}

function checkSettings(settings: Map<string, Given>, file: string): Config {
  for (const [key, { source }] of settings) {
    if (!isKey(key)) {
      const keys = Object.keys(SETTINGS).join(", ");
      throw new ConfigError(`${source}: unknown setting ${shown(key)}`, `the settings are ${keys}`);
    }
  }
  const settingIn = (key: Key, zone: string): string => {
    const given = settings.get(key);
    const usual = defaultOf(key, zone);
    if (given === undefined && usual === undefined) {
      throw new ConfigError(`${file}: ${key} is missing`, `add a line ${key}="…"`);
    }
    if (given !== undefined && !SETTINGS[key].check(given.value)) {
      throw new ConfigError(`${given.source}: ${key} ${SETTINGS[key].rule}`, "correct it");
    }
    return given?.value || usual || "";
  };
  const zone = settingIn("ZONE", "");
  const setting = (key: Key): string => settingIn(key, zone);
  const logLevel = setting("LOG_LEVEL");
  return Object.freeze({
    apiUrl: setting("API_URL"),
    zone,
    projectId: setting("PROJECT_ID").toLowerCase(),
    tokenFile: setting("TOKEN_FILE"),
    serverIdFile: setting("SERVER_ID_FILE"),
    stateFile: setting("STATE_FILE"),
    logDir: setting("LOG_DIR") || undefined,
    logLevel: LOG_LEVELS.find((level) => level === logLevel) ?? "info",
    cloud: setting("CLOUD"),
    macType: setting("MAC_TYPE"),
    networkMask: setting("NETWORK_MASK"),
    gateway: setting("GATEWAY"),
    dns: setting("DNS") || undefined,
    timeoutMs: 1_000 * Number(setting("TIMEOUT")),
    hookTimeoutMs: 1_000 * Number(setting("HOOK_TIMEOUT")),
    priceMonth: setting("PRICE_MONTH") === "" ? undefined : Number(setting("PRICE_MONTH")),
  });
}

function readText(file: string, what: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError(`${what} ${file} cannot be read (${messageOf(error)})`, "create it or correct its owner", {
      cause: error,
    });
  }
}
