// What a command works with.
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { type Config, configFile, readConfig } from "../config.ts";
import { ConfigError, DriverError } from "../errors.ts";
import type { Caller } from "../session.ts";
import type { Interrupt } from "./interrupt.ts";
import { type Layout, type Role, settingsFile } from "./layout.ts";
import { type Account, becomeOneadmin, isRoot } from "./oneadmin.ts";
import type { Options } from "./options.ts";
import type { Terminal } from "./terminal.ts";

export type { Role };

export type Operator = {
  readonly caller: Caller;
  readonly terminal: Terminal;
  readonly options: Options;
  /** The words after the command that are not options. */
  readonly words: readonly string[];
  readonly layout: Layout;
  /** OpenNebula's user, where there is one. */
  readonly oneadmin: Account | undefined;
  /** For programs that it starts: the caller's, with the home of the user that this process runs as. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly interrupt: Interrupt;
};

export type Command = (operator: Operator) => Promise<number>;

/** The same, and from here on this process is oneadmin's if root started it. Throws DriverError for any other user. */
export function asOneadmin(operator: Operator): Operator {
  const { oneadmin, environment, layout } = operator;
  if (oneadmin === undefined || layout.root !== "" || process.getuid?.() === oneadmin.uid) return operator;
  if (!isRoot()) throw new DriverError("settings, key and logs belong to oneadmin; run this as root or as oneadmin");
  becomeOneadmin(oneadmin);
  return { ...operator, environment: { ...environment, HOME: oneadmin.home || homedir() } };
}

/** The file with the settings; `role` names the half of the driver that reads it. */
export function settingsOf(operator: Operator, role?: Role): string {
  const { caller, layout } = operator;
  if (caller.environment.SCW_FLEXIP_CONF !== undefined) return configFile(caller.environment, caller.executable);
  return settingsFile(layout, role);
}

/** The settings, with paths below the root. Throws ConfigError. */
export function configOf(operator: Operator, role?: Role): Config {
  const { caller, layout } = operator;
  const file = settingsOf(operator, role);
  if (caller.environment.SCW_FLEXIP_CONF === undefined && !existsSync(file)) {
    throw new ConfigError(`scw-flexip is not installed here: there is no ${file}`, "run scw-flexip install --frontend");
  }
  const config = readConfig({ ...caller.environment, SCW_FLEXIP_CONF: file }, caller.executable);
  return {
    ...config,
    tokenFile: layout.at(config.tokenFile),
    serverIdFile: layout.at(config.serverIdFile),
    stateFile: layout.at(config.stateFile),
    logDir: config.logDir === undefined ? undefined : layout.at(config.logDir),
  };
}
