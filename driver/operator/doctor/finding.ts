// What one check says of one thing.
import { messageOf } from "../../errors.ts";
import type { CheckId } from "./checks.ts";

export type Finding = {
  readonly level: "ok" | "warning" | "failure";
  readonly id: CheckId;
  /** For programs: a version, an id, a hash. */
  readonly value: string | null;
  readonly why: string;
  /** The command that fixes it, or where to read; null when it is ok. */
  readonly cure: string | null;
};

/** Copies the front-end's tree to all hosts. */
export const SYNC = "sudo -u oneadmin onehost sync -f";
/** The same as a host says it: the rest of the line is a comment to the shell. */
export const SYNC_THERE = `${SYNC}  # on the front-end`;

export function ok(id: CheckId, why: string, value: string | null = null): Finding {
  return { level: "ok", id, value, why, cure: null };
}

export function warning(id: CheckId, why: string, cure: string, value: string | null = null): Finding {
  return { level: "warning", id, value, why, cure };
}

export function failure(id: CheckId, why: string, cure: string, value: string | null = null): Finding {
  return { level: "failure", id, value, why, cure };
}

type Found = Finding | readonly Finding[];

/** Runs the checks in order. A check that breaks down becomes a failure of its own, and the next one runs. */
export async function runChecks(
  checks: readonly (readonly [CheckId, () => Found | Promise<Found>])[],
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [id, check] of checks) {
    try {
      findings.push(...[await check()].flat());
    } catch (error) {
      findings.push(failure(id, `cannot be checked: ${messageOf(error)}`, "see docs/troubleshoot.md"));
    }
  }
  return findings;
}
