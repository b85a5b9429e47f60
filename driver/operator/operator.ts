// What a command works with.
import { homedir } from "node:os";
import { type Config, configFile, readConfig } from "../config.ts";
import { DriverError } from "../errors.ts";
import type { Caller } from "../session.ts";
import type { Interrupt } from "./interrupt.ts";
import { type Layout, layoutOf, settingsFile } from "./layout.ts";
import { type Account, becomeOneadmin, findOneadmin, isRoot } from "./oneadmin.ts";
import type { Options } from "./options.ts";
import type { Terminal } from "./terminal.ts";

export type Operator = {
  readonly caller: Caller;
  readonly terminal: Terminal;
  readonly options: Options;
  /** The words after the command that are no options. */
  readonly words: readonly string[];
  readonly layout: Layout;
  /** OpenNebula's user, where there is one. */
  readonly oneadmin: Account | undefined;
  /** For programs that are started: the caller's, with the home of whoever this process is now. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly interrupt: Interrupt;
};

export type Command = (operator: Operator) => Promise<number>;

export function operatorOf(
  caller: Caller,
  terminal: Terminal,
  options: Options,
  words: readonly string[],
  interrupt: Interrupt,
): Operator {
  const layout = layoutOf(options.text("root") ?? "/", options.text("oneLocation"));
  const oneadmin = findOneadmin(layout.root);
  return { caller, terminal, options, words, layout, oneadmin, environment: caller.environment, interrupt };
}

/** The same, as oneadmin from here on when root started it. Throws DriverError for any other user. */
export function asOneadmin(operator: Operator): Operator {
  const { oneadmin, environment, layout } = operator;
  if (oneadmin === undefined || layout.root !== "" || process.getuid?.() === oneadmin.uid) return operator;
  if (!isRoot()) throw new DriverError("settings, key and logs are oneadmin's; run this as root or as oneadmin");
  becomeOneadmin(oneadmin);
  return { ...operator, environment: { ...environment, HOME: oneadmin.home || homedir() } };
}

/** The file that the settings are read from. */
export function settingsOf(operator: Operator): string {
  const { caller, layout } = operator;
  if (caller.environment.SCW_FLEXIP_CONF !== undefined) return configFile(caller.environment, caller.executable);
  return settingsFile(layout, caller.executable);
}

/** The settings, with their files below the root. Throws ConfigError. */
export function configOf(operator: Operator): Config {
  const { caller, layout } = operator;
  const config = readConfig({ ...caller.environment, SCW_FLEXIP_CONF: settingsOf(operator) }, caller.executable);
  return {
    ...config,
    tokenFile: layout.at(config.tokenFile),
    serverIdFile: layout.at(config.serverIdFile),
    stateFile: layout.at(config.stateFile),
    logDir: config.logDir === undefined ? undefined : layout.at(config.logDir),
  };
}
