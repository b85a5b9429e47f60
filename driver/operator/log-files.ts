// The driver's log files, rotated and compressed ones too → entries.
import { globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import * as z from "zod/mini";
import { ConfigError, messageOf, UsageError } from "../errors.ts";
import { LOG_LEVELS, type LogLevel } from "../log.ts";
import { configOf, type Operator } from "./operator.ts";
import { spanMs } from "./options.ts";

const flat = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** What `logs -o json` and `history -o json` print of each line, beside the line's other fields. */
export const logEntry = z.catchall(
  z.object({
    time: z.string(),
    level: z.enum(LOG_LEVELS),
    action: z.string(),
    host: z.string(),
    vm: z.nullable(z.number()),
    address: z.nullable(z.string()),
    flexible_ip_id: z.nullable(z.string()),
    message: z.string(),
  }),
  flat,
);
export type Entry = z.infer<typeof logEntry>;

/** A line as the driver writes it: what it does not know is not there. */
const written = z.catchall(
  z.object({
    ...logEntry.shape,
    vm: z.optional(z.union([z.string().check(z.regex(/^\d+$/)), z.number()])),
    address: z.optional(z.nullable(z.string())),
    flexible_ip_id: z.optional(z.nullable(z.string())),
  }),
  flat,
);

export type Filter = {
  readonly lowest: LogLevel;
  readonly since: Date | undefined;
  readonly vm: string | undefined;
  /** An address or the id of a flexible IP. */
  readonly address: string | undefined;
};

/** The filter of --level, --since, --vm and `address`. Throws UsageError. */
export function filterOf({ options }: Operator, address: string | undefined): Filter {
  return {
    lowest: options.choice("level", "--level", LOG_LEVELS, "debug"),
    since: sinceOf(options.text("since")),
    vm: options.text("vm"),
    address: address?.toLowerCase(),
  };
}

/** The log files that are still written to. */
export function currentFiles(operator: Operator): string[] {
  return foldersOf(operator).flatMap((folder) => globSync(join(folder, "scw-flexip*.log")));
}

/** The entries that pass the filter, in the order of time. Lines that are no entries are left out. */
export function readEntries(operator: Operator, filter: Filter): Entry[] {
  const files = foldersOf(operator).flatMap((folder) => globSync(join(folder, "scw-flexip*.log*")));
  const fresh = files.filter((file) => isSince(file, filter.since));
  return inOrder(
    fresh.flatMap((file) => parseEntries(readLog(operator, file))).filter((entry) => passes(entry, filter)),
  );
}

/** In the order of time. */
export function inOrder(entries: readonly Entry[]): Entry[] {
  return entries.toSorted((one, other) => one.time.localeCompare(other.time));
}

// A rotation may take a file away at any moment.
function isSince(file: string, since: Date | undefined): boolean {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat !== undefined && (since === undefined || stat.mtime >= since);
}

export function parseEntries(text: string): Entry[] {
  return text.split("\n").flatMap(parseEntry);
}

export function passes(entry: Entry, { lowest, since, vm, address }: Filter): boolean {
  const names: readonly string[] = LOG_LEVELS;
  const level = names.indexOf(entry.level);
  if (level < LOG_LEVELS.indexOf(lowest)) return false;
  if (since !== undefined && !(Date.parse(entry.time) >= since.getTime())) return false;
  if (vm !== undefined && String(entry.vm) !== vm) return false;
  return address === undefined || isAbout(entry, address);
}

/** Whether the entry is about the address, or about the flexible IP with that id. */
export function isAbout({ address: own, flexible_ip_id, message }: Entry, address: string): boolean {
  if (own === address || flexible_ip_id === address) return true;
  // As a word of its own: 203.0.113.70 does not mention 203.0.113.7.
  const at = message.toLowerCase().indexOf(address);
  if (at === -1) return false;
  const [before = " ", after = " "] = [message[at - 1], message.slice(at + address.length)];
  return !/[\w.:]/.test(before) && !/^[\w:]|^\.\d/.test(after);
}

function parseEntry(line: string): Entry[] {
  try {
    const { vm, address = null, flexible_ip_id = null, ...more } = z.parse(written, JSON.parse(line));
    return [{ ...more, vm: vm === undefined ? null : Number(vm), address, flexible_ip_id }];
  } catch {
    return [];
  }
}

function readLog({ terminal }: Operator, file: string): string {
  try {
    const content = readFileSync(file);
    return (file.endsWith(".gz") ? gunzipSync(content) : content).toString("utf8");
  } catch (error) {
    terminal.warn(`log file ${file} cannot be read (${messageOf(error)})`);
    return "";
  }
}

/** Logs are needed most when the settings are wrong: then the default folders are read. */
function foldersOf(operator: Operator): string[] {
  const { layout } = operator;
  const usual = [layout.logFolder, layout.hookLogFolder];
  try {
    const { logDir } = configOf(operator);
    return logDir === undefined ? usual : [logDir];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return usual;
  }
}

function sinceOf(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const span = spanMs(text);
  const date = span === undefined ? new Date(text) : new Date(Date.now() - span);
  if (Number.isNaN(date.getTime())) throw new UsageError(`--since ${text}: a span as 2h or 3d, or a date, is needed`);
  return date;
}
