// What the commands print with -o json. docs/schemas/ is made from this table.
import * as z from "zod/mini";
import { findingRow } from "../../driver/operator/doctor/report.ts";
import { logEntry } from "../../driver/operator/log-files.ts";
import { poolRecord } from "../../driver/operator/pool.ts";
import { rangeRecord } from "../../driver/operator/range.ts";
import { stepRow } from "../../driver/operator/reconcile/row.ts";
import { addressRecord } from "../../driver/operator/records.ts";
import { addressDetails } from "../../driver/operator/show.ts";
import { statusRecord } from "../../driver/operator/status.ts";

/** By the command's name. */
export const CONTRACT = {
  doctor: z.array(findingRow),
  status: statusRecord,
  list: z.array(addressRecord),
  show: addressDetails,
  history: z.array(logEntry),
  logs: z.array(logEntry),
  reconcile: z.array(stepRow),
  pool: z.array(poolRecord),
  "range list": z.array(rangeRecord),
  "range add": z.array(rangeRecord),
  "range remove": z.array(rangeRecord),
} as const;

/** The JSON Schema of what a command prints. */
export function schemaOf(command: keyof typeof CONTRACT): string {
  const schema = { title: `scw-flexip ${command} -o json`, ...z.toJSONSchema(CONTRACT[command]) };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

/** Its file below docs/schemas/. */
export function schemaFile(command: keyof typeof CONTRACT): string {
  return `${command.replace(" ", "-")}.schema.json`;
}
