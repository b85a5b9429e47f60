// What the exit codes of the commands mean; those of actions and hooks are main.ts's own.
import { DriverError, RefusedError, UsageError } from "../errors.ts";

export const EXIT = { done: 0, failed: 1, usage: 2, findings: 3, refused: 4, interrupted: 130 } as const;

/** The exit code that stands for what was thrown; undefined: a fault of the program. */
export function exitCodeOf(error: unknown): number | undefined {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof RefusedError) return EXIT.refused;
  return error instanceof DriverError ? EXIT.failed : undefined;
}
