// The settings, log, clock and API of one run. A run opens a session once, and only when there is something to do.
import { writeSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { type Config, readConfig, readToken } from "./config.ts";
import { Deadline } from "./deadline.ts";
import { messageOf, StoppedError } from "./errors.ts";
import { type Log, type LogFields, openLog } from "./log.ts";
import { type Machine, realClock } from "./machine.ts";
import { readInterfaces } from "./network-interfaces.ts";
import { isRunning, thisProcess } from "./process-identity.ts";
import { FlexibleIpClient } from "./scaleway/client.ts";
import { connect } from "./scaleway/connection.ts";
import { Http } from "./scaleway/http.ts";

// Kept back from an action's time for undoing what it made.
const UNDO_SHARE = 1 / 6;
const SHORTEST_UNDO_MS = 2_000;
const LONGEST_UNDO_MS = 10_000;

const openDeadlines = new Set<Deadline>();

/** The machine that this runs on. */
export const realMachine: Machine = {
  ...realClock,
  random: Math.random,
  connect,
  write: writeSync,
  tellSyslog: async (lines) => (await import("./syslog.ts")).tellSyslog(lines),
  interfaces: readInterfaces,
  self: thisProcess,
  isRunning,
};

export type Caller = {
  /** The action as its caller names it: `get_address`, `pre`. */
  readonly action: string;
  readonly version: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly executable: string;
  /** Undefined: the real one. */
  readonly machine?: Machine | undefined;
};

export type Session = {
  readonly caller: Caller;
  readonly machine: Machine;
  readonly config: Config;
  readonly log: Log;
  /** All waiting ends here. */
  readonly deadline: Deadline;
  readonly api: FlexibleIpClient;
  readonly patienceMs: number | undefined;
  /** Runs `work` on time of its own, for undoing after the deadline passed or a signal stopped the action. */
  undo<T>(work: (session: Session) => Promise<T>): Promise<T>;
  close(): void;
};

export type SessionOptions = {
  /** For the whole action, undoing included. */
  readonly limitMs: number;
  /** The subject of "… not done within 60 s". */
  readonly what?: string;
  /** How long a call is repeated while the API cannot be reached; undefined: until the deadline. */
  readonly patienceMs?: number | undefined;
};

export type LogPlace = {
  /** Where the log is when LOG_DIR is not set. */
  readonly folder: string;
  readonly name: string;
  readonly context: LogFields;
};

/** Runs `work` in a session. A failure, also one of the token or of `options`, is in the log before it is thrown. */
export async function withSession(
  caller: Caller,
  place: LogPlace,
  options: (config: Config) => SessionOptions,
  work: (session: Session) => Promise<void>,
): Promise<void> {
  const config = readConfig(caller.environment, caller.executable);
  const changes: string[] = [];
  const log = openLog({
    level: config.logLevel,
    file: join(config.logDir ?? place.folder, place.name),
    context: { action: caller.action, host: hostname(), pid: process.pid, ...place.context },
    machine: caller.machine,
    audited: (line) => changes.push(line),
  });
  try {
    const session = openSession(caller, config, log, options(config));
    await work(session);
    session.close();
  } catch (error) {
    log.error(messageOf(error));
    throw error;
  } finally {
    if (changes.length > 0) await (caller.machine ?? realMachine).tellSyslog(changes);
  }
}

/** Reads the token and gets ready to call the API. Throws ConfigError. */
export function openSession(caller: Caller, config: Config, openedLog: Log, options: SessionOptions): Session {
  const machine = caller.machine ?? realMachine;
  const token = readToken(config);
  const log = openedLog.withSecret(token);
  const { limitMs, patienceMs, what = "the work was" } = options;
  const undoMs = Math.min(LONGEST_UNDO_MS, Math.max(SHORTEST_UNDO_MS, limitMs * UNDO_SHARE));
  const deadline = new Deadline(limitMs - undoMs, what, "try again, or raise TIMEOUT or HOOK_TIMEOUT", machine);
  openDeadlines.add(deadline);
  for (const signal of ["SIGTERM", "SIGINT"]) process.off(signal, stopAll).once(signal, stopAll);

  const userAgent = `scw-flexip/${caller.version} (${caller.action})`;
  const connected = (limit: Deadline): { api: FlexibleIpClient; http: Http } => {
    const http = new Http({ apiUrl: config.apiUrl, token, userAgent, deadline: limit, patienceMs, log, machine });
    return { api: new FlexibleIpClient(http, config.zone, config.macType), http };
  };
  const { api, http } = connected(deadline);
  const session: Session = {
    caller,
    machine,
    config,
    log,
    deadline,
    api,
    patienceMs,
    undo: async (work) => {
      const limit = new Deadline(undoMs, "undoing was", undefined, machine);
      const spare = connected(limit);
      try {
        return await work({ ...session, api: spare.api, deadline: limit });
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
  return session;
}

/**
 * One signal handler for all sessions of a command. It is never removed: once the last one closes, the answer is out.
 */
function stopAll(signal: string): void {
  for (const deadline of openDeadlines)
    deadline.abort(new StoppedError(`stopped by ${signal}`, "run the action again"));
}
