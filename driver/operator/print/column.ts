// Rows and columns of tables. Pure.
import type { Style } from "../terminal.ts";
import { printable } from "./width.ts";

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
/** One object of what -o json prints. */
export type Row = { readonly [key: string]: Json };

export type Column<T> = {
  /** The name for --columns; the row's key, unless `text` says something else. */
  readonly key: string;
  readonly title: string;
  /** The columns of the highest rank are left out first where the terminal is narrow; 0: never. */
  readonly rank: number;
  /** Only in -o wide, or where --columns names it. */
  readonly isExtra?: true;
  readonly text?: (row: T) => string;
  readonly style?: (text: string) => Style | undefined;
};

/** The row's text in this column of a table. */
export function cell<T extends Row>(column: Column<T>, row: T): string {
  return column.text === undefined ? textOfValue(row[column.key]) : printable(column.text(row)) || "-";
}

/** A value as one text for a terminal: `-` for none, lists with commas. */
export function textOfValue(value: Json | undefined): string {
  if (value === undefined || value === null || value === "") return "-";
  if (typeof value === "object") {
    const parts = Object.values(value).filter((part) => part !== null);
    return parts.length === 0 ? "-" : printable(parts.map(textOfValue).join(","));
  }
  return printable(String(value));
}
