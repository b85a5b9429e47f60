import { z } from "zod";
import { invalidArgument } from "./refusals.ts";

/** A UUID as the API writes it, in lower case. */
export const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
export const uuid = z.string().regex(UUID);

/** One id or more, none of them twice. */
export const ids = z
  .array(uuid)
  .min(1)
  .refine((values) => new Set(values).size === values.length, "an id is given twice");

/** The arguments of a call. A missing, misshapen or unknown one is a 400 that names it. */
export function readArguments<T>(schema: z.ZodType<T>, body: unknown): T {
  const read = schema.safeParse(body);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const name = issue?.code === "unrecognized_keys" ? issue.keys[0] : issue?.path[0];
  throw invalidArgument(String(name ?? "body"), issue?.message);
}
