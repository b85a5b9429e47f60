// Rows of data, in the form that --output asks for.
import { UsageError } from "../../errors.ts";
import type { Operator } from "../operator.ts";
import type { Column, Json, Row } from "./column.ts";
import { table } from "./table.ts";

const FORMATS = ["table", "wide", "json"] as const;

export type Form<T> = {
  readonly format: (typeof FORMATS)[number];
  /** Of a table. */
  readonly columns: readonly Column<T>[];
  readonly hasHeader: boolean;
  /** Whether --columns names them: then none is left out. */
  readonly isFixed: boolean;
};

/** The form that --output, --columns and --no-header ask for. Throws UsageError, so commands call it before anything else. */
export function formOf<T>({ options }: Operator, columns: readonly Column<T>[]): Form<T> {
  const format = options.has("json") ? "json" : options.choice("output", "--output", FORMATS, "table");
  const names = options.text("columns");
  if (names !== undefined && format === "json")
    throw new UsageError("--columns is for tables; pick keys of JSON with jq");
  // commander turns --no-header into header: false.
  const hasHeader = options.has("header");
  if (names !== undefined) return { format, columns: named(columns, names), hasHeader, isFixed: true };
  const shown = format === "wide" ? columns : columns.filter(({ isExtra }) => isExtra !== true);
  return { format, columns: shown, hasHeader, isFixed: format === "wide" };
}

/** Prints the rows: JSON holds all, a table its columns; no table without rows. */
export function printRows<T extends Row>({ terminal }: Operator, form: Form<T>, rows: readonly T[]): void {
  if (form.format === "json") terminal.print(`${json(rows)}\n`);
  else if (rows.length > 0) terminal.print(table(terminal, rows, form));
}

/** JSON in which nothing acts on a terminal: control characters and marks that turn text around are escaped. */
export function json(value: Json, indent = 2): string {
  return JSON.stringify(value, null, indent).replaceAll(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function named<T>(columns: readonly Column<T>[], names: string): Column<T>[] {
  return names.split(",").map((name) => {
    const column = columns.find(({ key }) => key === name.trim().toLowerCase());
    if (column !== undefined) return column;
    throw new UsageError(`--columns ${name}: the columns are ${columns.map(({ key }) => key).join(", ")}`);
  });
}
