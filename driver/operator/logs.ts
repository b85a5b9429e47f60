// What the driver did: its log on this machine.
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { EXIT } from "./exit.ts";
import { currentFiles, type Entry, type Filter, filterOf, parseEntries, passes, readEntries } from "./log-files.ts";
import { asOneadmin, type Operator } from "./operator.ts";
import type { Column } from "./print/column.ts";
import { formOf, json, printRows } from "./print/rows.ts";
import { printable } from "./print/width.ts";
import type { Style } from "./terminal.ts";

const POLL_MS = 500;
const DEFAULT_LINES = 50;
export const LOG_COLUMNS: readonly Column<Entry>[] = [
  { key: "time", title: "TIME", rank: 0, text: ({ time }) => shortTime(time) },
  { key: "level", title: "LEVEL", rank: 2, style: levelStyle },
  { key: "action", title: "ACTION", rank: 0 },
  { key: "host", title: "HOST", rank: 3 },
  { key: "vm", title: "VM", rank: 1 },
  { key: "address", title: "ADDRESS", rank: 9, isExtra: true },
  { key: "message", title: "MESSAGE", rank: 0 },
];

export async function logs(given: Operator): Promise<number> {
  const operator = asOneadmin(given);
  const { options } = operator;
  const form = formOf(operator, LOG_COLUMNS);
  const filter = filterOf(operator, options.text("address"));
  const lines = options.number("lines", "--lines", 1, 1_000_000) ?? DEFAULT_LINES;
  const isAll = options.text("lines") === undefined && filter.since !== undefined;
  const files = options.has("follow") ? currentFiles(operator).map((file) => ({ file, at: sizeOf(file) })) : [];
  const entries = readEntries(operator, filter);
  printRows(operator, form, isAll ? entries : entries.slice(-lines));
  if (entries.length === 0) operator.terminal.note("no entries");
  if (options.has("follow")) await follow(operator, filter, files);
  return EXIT.done;
}

/** Prints what is appended until the program is stopped or nobody reads it. A rotated file is read from its start. */
async function follow(operator: Operator, filter: Filter, files: { file: string; at: number }[]): Promise<void> {
  while (!operator.terminal.isUnread) {
    for (const file of currentFiles(operator)) {
      if (!files.some((known) => known.file === file)) files.push({ file, at: 0 });
    }
    for (const known of files) {
      const size = sizeOf(known.file);
      if (size < known.at) known.at = 0;
      const text = readFrom(known.file, known.at, size);
      const whole = text.subarray(0, text.lastIndexOf("\n") + 1);
      known.at += whole.length;
      for (const entry of parseEntries(whole.toString("utf8"))) {
        if (passes(entry, filter)) operator.terminal.print(line(operator, entry));
      }
    }
    await sleep(POLL_MS);
  }
}

// A rotation may take the file away at any moment.
function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function readFrom(file: string, from: number, to: number): Buffer {
  if (to <= from) return Buffer.alloc(0);
  const content = Buffer.alloc(to - from);
  const open = openSync(file, "r");
  try {
    return content.subarray(0, readSync(open, content, 0, content.length, from));
  } finally {
    closeSync(open);
  }
}

function line(operator: Operator, entry: Entry): string {
  const { terminal } = operator;
  if (formOf(operator, LOG_COLUMNS).format === "json") return `${json(entry, 0)}\n`;
  const style = levelStyle(entry.level);
  const level = style === undefined ? entry.level : terminal.style(style, entry.level);
  const vm = entry.vm === null ? "" : `VM ${entry.vm}  `;
  return `${shortTime(entry.time)}  ${level}  ${entry.action}  ${vm}${printable(entry.message)}\n`;
}

function levelStyle(level: string): Style | undefined {
  if (level === "error") return "red";
  return level === "warn" ? "yellow" : undefined;
}

function shortTime(time: string): string {
  return time.replace(/\.\d+Z$/, "Z");
}
