// The findings as a table for people, as rows for programs, and as one line for a monitoring system.
import type { Operator } from "../operator.ts";
import type { Column } from "../print/column.ts";
import { formatOf, printRows } from "../print/rows.ts";
import { table } from "../print/table.ts";
import type { Style } from "../terminal.ts";
import type { Finding } from "./finding.ts";

/** A finding, and where it was found. */
export type Row = Finding & {
  readonly role: "frontend" | "host";
  /** The host that was asked; null: this machine. */
  readonly host: string | null;
};

const STYLES: Readonly<Record<string, Style>> = { ok: "green", warning: "yellow", failure: "red" };
const LEVEL: Column = { key: "level", title: "LEVEL", rank: 0, style: (level) => STYLES[level] };
const COLUMNS: readonly Column[] = [
  LEVEL,
  { key: "id", title: "CHECK", rank: 0 },
  { key: "role", title: "ROLE", rank: 0 },
  { key: "host", title: "HOST", rank: 0 },
  { key: "value", title: "VALUE", rank: 0 },
  { key: "why", title: "WHY", rank: 0 },
  { key: "cure", title: "CURE", rank: 0 },
];
const SHORT: readonly Column[] = [
  LEVEL,
  { key: "where", title: "WHERE", rank: 0 },
  { key: "id", title: "CHECK", rank: 0 },
  { key: "why", title: "WHY", rank: 0 },
];

export function printFindings(operator: Operator, rows: readonly Row[]): void {
  const { terminal, options } = operator;
  if (formatOf(operator) !== "table" || options.text("columns") !== undefined) {
    printRows(operator, COLUMNS, rows);
    return;
  }
  const shown = shortened(rows);
  const lines = shown.map((row) => ({ level: row.level, where: placeOf(row), id: row.id, why: row.why }));
  const isTitled = options.has("header");
  const text = table(terminal, SHORT, lines, { hasHeader: isTitled, isFixed: false });
  terminal.print(text);
  for (const { cure, level, id, ...row } of shown) {
    if (cure !== null)
      terminal.print(`\n${terminal.style(STYLES[level] ?? "bold", id)}, ${placeOf(row)}:\n  ${cure}\n`);
  }
}

/** What is well on a host is one line there. */
function shortened(rows: readonly Row[]): Row[] {
  const hosts = new Set(rows.flatMap(({ host }) => (host === null ? [] : [host])));
  const summaries = [...hosts].flatMap((host): Row[] => {
    const fine = rows.filter((row) => row.host === host && row.level === "ok");
    const server = fine.find(({ id }) => id === "server");
    if (server === undefined) return [];
    return [{ ...server, why: `${server.why}; ${fine.length} checks are ok` }];
  });
  return [...rows.filter(({ host, level }) => host === null || level !== "ok"), ...summaries];
}

function placeOf({ role, host }: Pick<Row, "role" | "host">): string {
  return host ?? (role === "frontend" ? "front-end" : "this host");
}

/** One line as monitoring plugins print it, with its exit code: 0 ok, 1 warning, 2 critical. */
export function pluginLine(rows: readonly Row[]): { readonly line: string; readonly exit: number } {
  const count = (level: Finding["level"]): number => rows.filter((row) => row.level === level).length;
  const [warnings, failures] = [count("warning"), count("failure")];
  const exit = failures > 0 ? 2 : warnings > 0 ? 1 : 0;
  const worst = rows.filter(({ level }) => level !== "ok").sort((one, other) => one.level.localeCompare(other.level));
  const said = worst.map((row) => `${placeOf(row)} ${row.id}: ${row.why}`.replaceAll("|", "/"));
  const text = exit === 0 ? `${rows.length} checks` : said.join("; ");
  const data = `ok=${count("ok")} warnings=${warnings} failures=${failures}`;
  return { line: `SCW-FLEXIP ${["OK", "WARNING", "CRITICAL"][exit]} - ${text} | ${data}`, exit };
}
