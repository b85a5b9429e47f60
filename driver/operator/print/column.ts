// Rows and columns, whatever form they are printed in. Pure.
import type { Style } from "../terminal.ts";
import { printable } from "./width.ts";

export type Value = string | number | boolean | null | readonly string[];
export type Row = Readonly<Record<string, Value>>;

export type Column = {
  /** The row's key, also the name for --columns. */
  readonly key: string;
  readonly title: string;
  /** The columns of the highest rank are left out first where the terminal is narrow; 0: never. */
  readonly rank: number;
  /** Not in tables unless --columns names it. */
  readonly isExtra?: true;
  readonly style?: (value: string) => Style | undefined;
};

/** A value as one text for a terminal: `-` for none, lists with commas. */
export function textOfValue(value: Value | undefined): string {
  if (value === undefined || value === null || value === "") return "-";
  if (typeof value === "object") return value.length === 0 ? "-" : printable(value.join(","));
  return printable(String(value));
}
