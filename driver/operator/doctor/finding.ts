import { messageOf } from "../../errors.ts";
import type { CheckId } from "./checks.ts";

/** One thing that was looked at. */
export type Finding = {
  readonly level: "ok" | "warning" | "failure";
  readonly id: CheckId;
  /** What a program wants to know of it: a version, an id, a hash. */
  readonly value: string | null;
  readonly why: string;
  /** The command that fixes it, or where to read; null when it is ok. */
  readonly cure: string | null;
};

export function ok(id: CheckId, why: string, value: string | null = null): Finding {
  return { level: "ok", id, value, why, cure: null };
}

export function warning(id: CheckId, why: string, cure: string, value: string | null = null): Finding {
  return { level: "warning", id, value, why, cure };
}

export function failure(id: CheckId, why: string, cure: string, value: string | null = null): Finding {
  return { level: "failure", id, value, why, cure };
}

/** What the check finds. One that breaks down is a failure of its own, and the others go on. */
export async function checked(
  id: CheckId,
  check: () => Finding | readonly Finding[] | Promise<Finding | readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return [await check()].flat();
  } catch (error) {
    return [failure(id, `cannot be checked: ${messageOf(error)}`, "see docs/troubleshoot.md")];
  }
}
