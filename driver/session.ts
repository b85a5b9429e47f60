// What an action works with: settings, log, clock, API. Opened once a run, and only when there is something to do.
import { hostname } from "node:os";
import { join } from "node:path";
import { type Config, readConfig, readToken } from "./config.ts";
import { Deadline } from "./deadline.ts";
import { DeadlineError } from "./errors.ts";
import { type Log, type LogFields, openLog } from "./log.ts";
import { FlexibleIpClient } from "./scaleway/client.ts";
import type { FlexibleIpApi } from "./scaleway/flexible-ip.ts";
import { Http } from "./scaleway/http.ts";

// Kept back from an action's time for undoing what it made.
const UNDO_SHARE = 1 / 6;
const SHORTEST_UNDO_MS = 2_000;
const LONGEST_UNDO_MS = 10_000;

const openDeadlines = new Set<Deadline>();

export type Caller = {
  /** The action as its caller names it: `get_address`, `pre`. */
  readonly action: string;
  readonly version: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly executable: string;
};

export type Session = {
  readonly caller: Caller;
  readonly config: Config;
  readonly log: Log;
  /** All waiting ends here. */
  readonly deadline: Deadline;
  readonly api: FlexibleIpApi;
  readonly patienceMs: number | undefined;
  /** Runs `work` on time of its own, for undoing after the deadline passed or the action was told to stop. */
  undo<T>(work: (api: FlexibleIpApi, deadline: Deadline) => Promise<T>): Promise<T>;
  close(): void;
};

/** The settings and the log: enough to tell why an action cannot go on. */
export type Desk = Pick<Session, "caller" | "config" | "log">;

/** Reads the settings and opens the log file `name` in LOG_DIR, or in `folder` when that is not set. */
export function openDesk(caller: Caller, folder: string, name: string, context: LogFields): Desk {
  const config = readConfig(caller.environment, caller.executable);
  const log = openLog({
    level: config.logLevel,
    file: join(config.logDir ?? folder, name),
    context: { action: caller.action, host: hostname(), pid: process.pid, ...context },
  });
  return { caller, config, log };
}

export type SessionOptions = {
  /** For the whole action, undoing included. */
  readonly limitMs: number;
  /** How long a call is repeated while the API cannot be reached; undefined: until the deadline. */
  readonly patienceMs?: number | undefined;
};

/** Reads the token and gets ready to call the API. Throws ConfigError. */
export function openSession(desk: Desk, options: SessionOptions): Session {
  const { caller, config } = desk;
  const token = readToken(config);
  const log = desk.log.withSecret(token);
  const undoMs = Math.min(LONGEST_UNDO_MS, Math.max(SHORTEST_UNDO_MS, options.limitMs * UNDO_SHARE));
  const deadline = new Deadline(
    options.limitMs - undoMs,
    "the work was",
    "try again, or raise TIMEOUT or HOOK_TIMEOUT",
  );
  openDeadlines.add(deadline);
  for (const signal of ["SIGTERM", "SIGINT"]) process.off(signal, stopAll).once(signal, stopAll);

  const connect = (limit: Deadline): { api: FlexibleIpApi; http: Http } => {
    const http = new Http({
      apiUrl: config.apiUrl,
      token,
      userAgent: `scw-flexip/${caller.version} (${caller.action})`,
      deadline: limit,
      patienceMs: options.patienceMs,
      log,
    });
    return { api: new FlexibleIpClient(http, config.zone, config.macType), http };
  };
  const { api, http } = connect(deadline);
  return {
    ...desk,
    log,
    deadline,
    api,
    patienceMs: options.patienceMs,
    undo: async (work) => {
      const limit = new Deadline(undoMs, "undoing was");
      const spare = connect(limit);
      try {
        return await work(spare.api, limit);
      } finally {
        spare.http.close();
        limit.clear();
      }
    },
    close: () => {
      http.close();
      deadline.clear();
      openDeadlines.delete(deadline);
    },
  };
}

/** One listener for all sessions: a command opens many. It stays after the last, as an answer was given by then. */
function stopAll(signal: string): void {
  for (const deadline of openDeadlines) deadline.abort(new DeadlineError(`stopped by ${signal}; run the action again`));
}
