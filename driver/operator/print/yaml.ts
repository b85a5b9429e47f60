// A list of flat rows as YAML 1.2, of which JSON's own texts and numbers are a part. Pure.
import type { Row, Value } from "./column.ts";

// Words that no reader of YAML 1.1 or 1.2 takes for anything but a text.
const PLAIN = /^[A-Za-z][A-Za-z0-9_./-]*$/;
const RESERVED = /^(y|n|yes|no|on|off|true|false|null|nan|inf)$/i;

export function yaml(rows: readonly Row[]): string {
  if (rows.length === 0) return "[]\n";
  return rows
    .map((row) => {
      const lines = Object.entries(row).map(([key, value]) => `${key}: ${scalar(value)}`);
      return `- ${lines.join("\n  ")}\n`;
    })
    .join("");
}

function scalar(value: Value): string {
  if (value !== null && typeof value === "object") return `[${value.map(scalar).join(", ")}]`;
  if (typeof value === "string" && PLAIN.test(value) && !RESERVED.test(value)) return value;
  return JSON.stringify(value);
}
