// The findings as a table for people, as rows for programs, and as one line for a monitoring system.
import * as z from "zod/mini";
import type { Operator } from "../operator.ts";
import type { Column } from "../print/column.ts";
import { type Form, formOf, printRows } from "../print/rows.ts";
import type { Style } from "../terminal.ts";
import { CHECK_IDS } from "./checks.ts";
import type { Finding } from "./finding.ts";

/** What `doctor -o json` prints of each finding. */
export const findingRow = z.strictObject({
  level: z.enum(["ok", "warning", "failure"]),
  id: z.enum(CHECK_IDS).check(z.describe("of the check; it never changes")),
  role: z.enum(["frontend", "host"]),
  host: z.nullable(z.string()).check(z.describe("the host that was asked; null: this machine")),
  value: z.nullable(z.string()).check(z.describe("for programs: a version, an id, a hash")),
  why: z.string().check(z.describe("for people; its words may change")),
  cure: z.nullable(z.string()).check(z.describe("the command that fixes it, or where to read; null: ok")),
});

/** A finding, and where it was found. */
export type Row = z.infer<typeof findingRow>;

const STYLES: Readonly<Record<string, Style>> = { ok: "green", warning: "yellow", failure: "red" };
const COLUMNS: readonly Column<Row>[] = [
  { key: "level", title: "LEVEL", rank: 0, style: (level) => STYLES[level] },
  { key: "where", title: "WHERE", rank: 0, text: placeOf },
  { key: "id", title: "CHECK", rank: 0 },
  { key: "why", title: "WHY", rank: 0 },
  { key: "role", title: "ROLE", rank: 0, isExtra: true },
  { key: "host", title: "HOST", rank: 0, isExtra: true },
  { key: "value", title: "VALUE", rank: 0, isExtra: true },
  { key: "cure", title: "CURE", rank: 0, isExtra: true },
];

/** The form that the findings are printed in. Throws UsageError. */
export function formOfFindings(operator: Operator): Form<Row> {
  return formOf(operator, COLUMNS);
}

/** Below the table for people, each cure stands on a line of its own, ready to be pasted. */
export function printFindings(operator: Operator, form: Form<Row>, rows: readonly Row[]): void {
  const { terminal } = operator;
  if (form.format === "json" || form.isFixed) {
    printRows(operator, form, rows);
    return;
  }
  const shown = shortened(rows);
  printRows(operator, form, shown);
  for (const { cure, level, id, ...row } of shown) {
    if (cure === null) continue;
    terminal.print(`\n${terminal.style(STYLES[level] ?? "bold", id)}, ${placeOf(row)}:\n  ${cure}\n`);
  }
}

/** What is ok on a host becomes one line. */
function shortened(rows: readonly Row[]): Row[] {
  const fine = rows.filter(({ host, level }) => host !== null && level === "ok");
  const summaries = fine
    .filter(({ id }) => id === "server")
    .map((row) => {
      const count = fine.filter(({ host }) => host === row.host).length;
      return { ...row, why: `${row.why}; ${count} checks are ok` };
    });
  return [...rows.filter(({ host, level }) => host === null || level !== "ok"), ...summaries];
}

function placeOf({ role, host }: Pick<Row, "role" | "host">): string {
  return host ?? (role === "frontend" ? "front-end" : "this host");
}

export function countOf(rows: readonly Row[], level: Finding["level"]): number {
  return rows.filter((row) => row.level === level).length;
}

/** One line as monitoring plugins print it, with its exit code: 0 ok, 1 warning, 2 critical. */
export function pluginLine(rows: readonly Row[]): { readonly line: string; readonly exit: number } {
  const [warnings, failures] = [countOf(rows, "warning"), countOf(rows, "failure")];
  const exit = failures > 0 ? 2 : warnings > 0 ? 1 : 0;
  const worst = rows.filter(({ level }) => level !== "ok").sort((one, other) => one.level.localeCompare(other.level));
  const said = worst.map((row) => `${placeOf(row)} ${row.id}: ${row.why}`.replaceAll("|", "/"));
  const text = exit === 0 ? `${rows.length} checks` : said.join("; ");
  const data = `ok=${countOf(rows, "ok")} warnings=${warnings} failures=${failures}`;
  return { line: `SCW-FLEXIP ${["OK", "WARNING", "CRITICAL"][exit]} - ${text} | ${data}`, exit };
}
