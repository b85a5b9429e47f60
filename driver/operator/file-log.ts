// The log of commands that change something: a JSON object a line, in the file of the IPAM actions. Standard error is for
// people here, so nothing but its problems is told there.
import { appendFileSync } from "node:fs";
import { hostname } from "node:os";
import { messageOf } from "../errors.ts";
import { LOG_LEVELS, type Log, type LogFields, type LogLevel } from "../log.ts";

export type FileLogOptions = {
  readonly file: string | undefined;
  readonly level: LogLevel;
  readonly action: string;
  readonly warn: (line: string) => void;
};

/** A log that appends to `file`, or to nothing. A file that cannot be written is told once. */
export function fileLog(options: FileLogOptions): Log {
  let { file } = options;
  let hidden: string | undefined;
  const write = (level: LogLevel, text: string, fields: LogFields = {}): void => {
    if (file === undefined || LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(options.level)) return;
    const context = { action: options.action, host: hostname(), pid: process.pid };
    const entry = {
      time: new Date().toISOString(),
      level,
      ...context,
      message: text.replaceAll(/\s+/g, " "),
      ...fields,
    };
    const line = JSON.stringify(entry);
    try {
      appendFileSync(file, `${hidden === undefined ? line : line.replaceAll(hidden, "***")}\n`, { mode: 0o640 });
    } catch (error) {
      options.warn(`log file ${file} cannot be written (${messageOf(error)})`);
      file = undefined;
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
