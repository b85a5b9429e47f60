/** Any failure of the driver that has a name. Its message, reason and next move, is the line that the user reads. */
export class DriverError extends Error {
  readonly reason: string;
  /** The user's next move. */
  readonly move: string | undefined;

  constructor(reason: string, move?: string, options?: ErrorOptions) {
    super(move === undefined ? reason : `${reason}; ${move}`, options);
    this.name = new.target.name;
    this.reason = reason;
    this.move = move;
  }
}

/** The document from oned or the network driver cannot be acted on. */
export class InputError extends DriverError {}

/** A setting, the token file or the server id file is missing or wrong. */
export class ConfigError extends DriverError {}

/** A command line that is wrong. */
export class UsageError extends DriverError {}

/** The thing that is named must not be used or changed: it is gone, in use, another's, in error, or locked. */
export class RefusedError extends DriverError {}

/** The deadline of the action passed, or a signal stopped it, before the work was done. */
export class DeadlineError extends DriverError {}

/** A signal stopped the action. */
export class StoppedError extends DeadlineError {}

export type ApiFailure = {
  /** HTTP status; undefined when no answer came. */
  readonly status?: number | undefined;
  /** `type` of the API's error body. */
  readonly type?: string | undefined;
  readonly requestId?: string | undefined;
  /** Seconds the API asked to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** The same call would fail in the same way. */
  readonly isFinal?: boolean | undefined;
  readonly cause?: unknown;
};

/** A call to the Flexible IP API failed. */
export class ApiError extends DriverError {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly requestId: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly isFinal: boolean;

  constructor(reason: string, move: string, failure: ApiFailure) {
    super(reason, move, { cause: failure.cause });
    this.status = failure.status;
    this.type = failure.type;
    this.requestId = failure.requestId;
    this.retryAfterMs = failure.retryAfterMs;
    this.isFinal = failure.isFinal ?? false;
  }

  /** The API may have acted although no whole answer came: a lost connection, a failing proxy, a cut body. */
  get isAmbiguous(): boolean {
    const { status } = this;
    return status === undefined || status === 408 || status >= 500 || status < 300;
  }

  /** A read answers 403 for what was deleted and 404 for what never was (recorded); 403 also means a bad token. */
  get mayBeGone(): boolean {
    return this.status === 403 || this.status === 404;
  }
}

/** The text of anything thrown, on one line. */
export function messageOf(error: unknown): string {
  return oneLine(error instanceof Error ? error.message : String(error));
}

/** Why it failed, on one line, without what to do about it. */
export function reasonOf(error: unknown): string {
  return error instanceof DriverError ? oneLine(error.reason) : messageOf(error);
}

/** Untrusted text made safe for a message: one line, printable ASCII, at most 40 characters. */
export function shown(text: string): string {
  const line = text.replaceAll(/[^\x20-\x7e]+/g, " ").trim();
  return line.length > 40 ? `${line.slice(0, 40)}…` : line;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
