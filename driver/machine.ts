// Clocks, chance, connection, output and processes of the machine. Tests hand in a machine of their own.

/** Identifies a process in the journal, even after another process got its number. */
export type ProcessIdentity = { readonly pid: number; readonly startTicks: string; readonly bootId: string };

/** Clocks and timers. Milliseconds throughout. */
export type Clock = {
  /** Since 1970. */
  now(): number;
  /** On a clock that nobody sets. */
  elapsed(): number;
  /** Calls `work` after `ms`. Returns how to forget it. */
  after(ms: number, work: () => void): () => void;
};

/** The clock of this machine. */
export const realClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after: (ms, work) => {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
};

export type Dispatched = {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
};

export type Answered = {
  /** The connection is free for the request. */
  onRequestStart(): void;
  onResponseStart(controller: unknown, status: number, headers: AnswerHeaders): void;
  onResponseData(controller: unknown, chunk: Buffer): void;
  onResponseEnd(): void;
  onResponseError(controller: unknown, error: Error): void;
};

export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** A connection to the API, on which one request follows the other: the part of undici's client that is used. */
export type Connection = {
  dispatch(request: Dispatched, handler: Answered): boolean;
  destroy(): Promise<void>;
};

export type Machine = Clock & {
  /** From 0 to 1, for jitter. */
  random(): number;
  connect(origin: string): Connection;
  /** Writes to standard output or standard error; a failure is thrown. */
  write(stream: 1 | 2, text: string): void;
  /** Writes lines about changes to the system's log. */
  tellSyslog(lines: readonly string[]): Promise<void>;
  /** The network interfaces of this machine, in lower case: a bridge's tap devices among them. */
  interfaces(): readonly { readonly name: string; readonly mac: string }[];
  /** This process. */
  self(): ProcessIdentity;
  /** Undefined: this machine cannot know, since the process ran on another one or before a reboot. */
  isRunning(identity: ProcessIdentity): boolean | undefined;
};
