// Comma-separated values (RFC 4180). Pure.
import type { Column, Row, Value } from "./column.ts";

export function csv(columns: readonly Column[], rows: readonly Row[], hasHeader: boolean): string {
  const lines = rows.map((row) => columns.map(({ key }) => field(row[key])).join(","));
  const header = hasHeader ? [columns.map(({ key }) => key).join(",")] : [];
  return [...header, ...lines].map((line) => `${line}\n`).join("");
}

function field(value: Value | undefined): string {
  const text = value === null || value === undefined ? "" : typeof value === "object" ? value.join(" ") : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
