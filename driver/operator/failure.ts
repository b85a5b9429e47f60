// Failures that an exit code of their own tells apart.
import { DriverError } from "../errors.ts";

export const EXIT = { done: 0, failed: 1, usage: 2, findings: 3, refused: 4, interrupted: 130 } as const;

/** The command line asks for something that cannot be asked. */
export class UsageError extends DriverError {
  override name = "UsageError";
}

/** What was named does not exist, or it is in use or not ours, so that it is left alone. */
export class RefusalError extends DriverError {
  override name = "RefusalError";
}

/** OpenNebula's own commands did not do what was asked of them. */
export class OpenNebulaError extends DriverError {
  override name = "OpenNebulaError";
}

/** The exit code that stands for what was thrown; undefined: a fault of the program. */
export function exitCodeOf(error: unknown): number | undefined {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof RefusalError) return EXIT.refused;
  return error instanceof DriverError ? EXIT.failed : undefined;
}
