// Rows of data, in the form that --output asks for.
import { UsageError } from "../../errors.ts";
import type { Operator } from "../operator.ts";
import type { Column, Row } from "./column.ts";
import { csv } from "./csv.ts";
import { table } from "./table.ts";
import { yaml } from "./yaml.ts";

export const FORMATS = ["table", "json", "yaml", "csv"] as const;

/** Prints the rows. Machine-readable forms hold every key; tables what --columns names or what fits, none when empty. */
export function printRows(operator: Operator, columns: readonly Column[], rows: readonly Row[]): void {
  const { terminal, options } = operator;
  const chosen = chooseColumns(columns, options.text("columns"));
  const format = formatOf(operator);
  const picked = options.text("columns") === undefined ? rows : rows.map((row) => pick(row, chosen));
  if (format === "json") terminal.print(`${JSON.stringify(picked, null, 2)}\n`);
  else if (format === "yaml") terminal.print(yaml(picked));
  else if (format === "csv") terminal.print(csv(chosen, rows, hasHeader(operator)));
  else if (rows.length > 0) {
    const isFixed = options.text("columns") !== undefined;
    const shown = isFixed ? chosen : chosen.filter(({ isExtra }) => isExtra !== true);
    terminal.print(table(terminal, shown, rows, { hasHeader: hasHeader(operator), isFixed }));
  }
}

/** --output, of which -j is the short form for json. */
export function formatOf({ options }: Operator): (typeof FORMATS)[number] {
  return options.has("json") ? "json" : options.choice("output", "--output", FORMATS, "table");
}

function hasHeader({ options }: Operator): boolean {
  // commander turns --no-header into header: false.
  return options.has("header");
}

function chooseColumns(columns: readonly Column[], wanted: string | undefined): readonly Column[] {
  if (wanted === undefined) return columns;
  return wanted.split(",").map((name) => {
    const column = columns.find(({ key }) => key === name.trim().toLowerCase());
    if (column !== undefined) return column;
    throw new UsageError(`--columns ${name}: the columns are ${columns.map(({ key }) => key).join(", ")}`);
  });
}

function pick(row: Row, columns: readonly Column[]): Row {
  return Object.fromEntries(columns.map(({ key }) => [key, row[key] ?? null]));
}
