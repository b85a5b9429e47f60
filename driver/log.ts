// Two places: prefixed lines on standard error, which oned takes for its log, and one JSON object a line in a file.
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { messageOf } from "./errors.ts";
import type { Machine } from "./machine.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** The log of an action. A text starts with a word: oned takes leading digits for an object's number. */
export interface Log {
  debug(text: string, fields?: LogFields): void;
  info(text: string, fields?: LogFields): void;
  warn(text: string, fields?: LogFields): void;
  /** To the file only: on standard error, a failure is the one plain line that run.ts writes. */
  error(text: string, fields?: LogFields): void;
  /** The same log, which from now on writes `***` for this text. */
  withSecret(secret: string): Log;
}

export type LogOptions = {
  readonly level: LogLevel;
  readonly file: string;
  /** Fields of every line: action, host, VM. */
  readonly context: LogFields;
  /** Given by commands, whose standard error is for people: lines go to the file alone, its problems go here. */
  readonly warn?: (line: string) => void;
  /** Gets each line about a change, for the system's log. */
  readonly audited?: (line: string) => void;
  /** Whose clock and standard error; undefined: the real ones. */
  readonly machine?: Pick<Machine, "now" | "write"> | undefined;
};

/** Writes a line to standard error. Its reader may have gone, and a line is not worth failing for. */
export function writeStderr(line: string, write: Machine["write"] = writeSync): void {
  try {
    write(2, `${line}\n`);
  } catch {}
}

/** A log that also appends to `file`, created by the first line. When it cannot be written, it warns once. */
export function openLog({ level: lowest, file: path, context, warn, audited, machine }: LogOptions): Log {
  const prefixes = { debug: "DEBUG", info: "INFO", warn: "WARN", error: undefined } as const;
  const tell = warn ?? ((line) => writeStderr(`WARN: ${line}`, machine?.write));
  let file: number | undefined;
  let isLost = false;
  const append = (line: string): void => {
    if (isLost) return;
    try {
      file ??= open(path);
      writeSync(file, line);
    } catch (error) {
      isLost = true;
      if (file !== undefined) closeSync(file);
      tell(`log file ${path} cannot be written (${messageOf(error)})`);
    }
  };

  let hidden: string | undefined;
  const clean = (text: string): string => (hidden === undefined ? text : text.replaceAll(hidden, "***"));
  const write = (level: LogLevel, text: string, fields: LogFields = {}): void => {
    // A change goes into the file at every level.
    const isAudit = fields.audit === true;
    const isLow = LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(lowest);
    if (isLow && !isAudit) return;
    const line = clean(text).replaceAll(/\s+/g, " ");
    const entry = {
      time: new Date(machine?.now() ?? Date.now()).toISOString(),
      level,
      ...context,
      message: line,
      ...fields,
    };
    append(`${clean(JSON.stringify(entry))}\n`);
    if (isAudit) audited?.(clean(syslogLine(line, { ...context, ...fields })));
    const prefix = prefixes[level];
    if (prefix !== undefined && warn === undefined && !isLow) writeStderr(`${prefix}: ${line}`, machine?.write);
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

// Tags of others may hold anything: what is not printable ASCII could begin a line of its own.
function syslogLine(text: string, { audit: _, ...fields }: LogFields): string {
  const said = Object.entries(fields).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]));
  return `${text} (${said.join(" ")})`.replaceAll(/[^\x20-\x7e]+/g, " ");
}

function open(path: string): number {
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
  return openSync(path, "a", 0o640);
}
