// make settings: every setting with its default and purpose, from the schema that checks them.
import { PASSWORDS, settingsSchema } from "../settings-schema.ts";

const rows = [
  ...Object.entries(settingsSchema.shape).map(([key, rule]) => [key, defaultOf(rule), rule.description ?? ""] as const),
  ...Object.entries(PASSWORDS).map(([key, description]) => [key, "needed, --secret", description] as const),
];
for (const [key, value, description] of rows) {
  process.stdout.write(`${key.padEnd(22)} ${value.padEnd(26)} ${description}\n`);
}

function defaultOf(rule: { safeParse: (value: undefined) => { data?: unknown; success: boolean } }): string {
  const { success, data } = rule.safeParse(undefined);
  return success ? (typeof data === "string" ? data : JSON.stringify(data)) : "needed";
}
