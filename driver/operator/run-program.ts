// Other programs, started without a shell.
import { spawn } from "node:child_process";
import type { Account } from "./oneadmin.ts";

const LONGEST_OUTPUT = 64 * 1024 * 1024;

type ProgramOptions = {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
  /** Whom the program runs as; undefined: as this process does. */
  readonly as?: Account | undefined;
  /** Given to it on standard input. */
  readonly input?: string | undefined;
  /** Ctrl-C at the terminal does not reach it: what it began is finished. */
  readonly isShielded?: boolean;
};

export type ProgramResult = {
  /** Undefined: it could not be started, did not end in time, or was ended by a signal. */
  readonly code: number | undefined;
  readonly stdout: string;
  /** What it said of a failure, on one line. */
  readonly complaint: string;
};

/** Runs the program to its end. Never throws. */
export function runProgram(name: string, words: readonly string[], options: ProgramOptions): Promise<ProgramResult> {
  const { environment, timeoutMs, as, input, isShielded = false } = options;
  return new Promise((resolve) => {
    const child = spawn(name, words, {
      env: { ...environment, ...(as === undefined ? {} : { HOME: as.home }) },
      stdio: ["pipe", "pipe", "pipe"],
      timeout: timeoutMs,
      killSignal: "SIGKILL",
      detached: isShielded,
      ...(as === undefined ? {} : { uid: as.uid, gid: as.gid }),
    });
    // One that ends without reading closes the pipe.
    child.stdin.on("error", () => {});
    child.stdin.end(input ?? "");
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let length = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > LONGEST_OUTPUT) child.kill("SIGKILL");
      else out.push(chunk);
    });
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.on("error", (error) => resolve({ code: undefined, stdout: "", complaint: startFailure(name, error) }));
    child.on("close", (code, signal) => {
      const stdout = Buffer.concat(out).toString("utf8");
      const said = oneLine(Buffer.concat(err).toString("utf8")) || (code === 0 ? "" : oneLine(stdout));
      const ending = signal === null ? `exit code ${code}` : `no end within ${Math.round(timeoutMs / 1_000)} s`;
      resolve({ code: code ?? undefined, stdout, complaint: code === 0 ? said : said || ending });
    });
  });
}

function startFailure(name: string, error: Error): string {
  return "code" in error && error.code === "ENOENT" ? `${name} is not installed here` : error.message;
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
