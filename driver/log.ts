// Two places: prefixed lines on standard error, which oned takes for its log, and one JSON object a line in a file.
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { messageOf } from "./errors.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Where an action tells what it does. The text starts with a word: oned takes leading digits for an object's number. */
export interface Log {
  debug(text: string, fields?: LogFields): void;
  info(text: string, fields?: LogFields): void;
  warn(text: string, fields?: LogFields): void;
  /** To the file only: on standard error a failure is the one plain line that main writes. */
  error(text: string, fields?: LogFields): void;
  /** The same log, which from now on writes `***` for this text. */
  withSecret(secret: string): Log;
}

export type LogOptions = {
  readonly level: LogLevel;
  readonly file: string;
  /** Fields of every line: action, host, VM. */
  readonly context: LogFields;
};

// A socket's or pipe's reader may have gone; a log line is not worth failing for.
export function writeStderr(line: string): void {
  try {
    writeSync(2, `${line}\n`);
  } catch {}
}

/** A log that also appends to `file`. A file that cannot be written is told once and then done without. */
export function openLog(options: LogOptions): Log {
  const lowest = LOG_LEVELS.indexOf(options.level);
  const prefixes = { debug: "DEBUG", info: "INFO", warn: "WARN", error: undefined } as const;
  let file: number | undefined;
  try {
    mkdirSync(dirname(options.file), { recursive: true, mode: 0o750 });
    file = openSync(options.file, "a", 0o640);
  } catch (error) {
    writeStderr(`WARN: log file ${options.file} cannot be written (${messageOf(error)})`);
  }

  let hidden: string | undefined;
  const clean = (text: string): string => (hidden === undefined ? text : text.replaceAll(hidden, "***"));
  const write = (level: LogLevel, text: string, fields: LogFields = {}): void => {
    if (LOG_LEVELS.indexOf(level) < lowest) return;
    const line = clean(text).replaceAll(/\s+/g, " ");
    const prefix = prefixes[level];
    if (prefix !== undefined) writeStderr(`${prefix}: ${line}`);
    if (file === undefined) return;
    const entry = { time: new Date().toISOString(), level, ...options.context, message: line, ...fields };
    try {
      writeSync(file, `${clean(JSON.stringify(entry))}\n`);
    } catch (error) {
      closeSync(file);
      file = undefined;
      writeStderr(`WARN: log file ${options.file} cannot be written (${messageOf(error)})`);
    }
  };
  const log: Log = {
    debug: (text, fields) => write("debug", text, fields),
    info: (text, fields) => write("info", text, fields),
    warn: (text, fields) => write("warn", text, fields),
    error: (text, fields) => write("error", text, fields),
    withSecret: (secret) => {
      hidden = secret;
      return log;
    },
  };
  return log;
}
