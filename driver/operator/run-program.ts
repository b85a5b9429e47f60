// Other programs, started without a shell.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { messageOf } from "../errors.ts";
import type { Account } from "./oneadmin.ts";

type ProgramOptions = {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
  /** The user that the program runs as; undefined: the user of this process. */
  readonly as?: Account | undefined;
  /** The program's standard input. */
  readonly input?: string | undefined;
  /** Ctrl-C at the terminal does not reach the program: it must finish what it began. */
  readonly isShielded?: boolean;
};

export type ProgramResult = {
  /** Undefined: it could not be started, did not end in time, or was ended by a signal. */
  readonly code: number | undefined;
  readonly stdout: string;
  /** What the program said about its failure, on one line. */
  readonly complaint: string;
};

/** Runs the program to its end. Never throws. */
export async function runProgram(
  name: string,
  words: readonly string[],
  { environment, timeoutMs, as, input, isShielded = false }: ProgramOptions,
): Promise<ProgramResult> {
  const child = spawn(name, words, {
    env: { ...environment, ...(as === undefined ? {} : { HOME: as.home }) },
    stdio: ["pipe", "pipe", "pipe"],
    timeout: timeoutMs,
    killSignal: "SIGKILL",
    detached: isShielded,
    ...(as === undefined ? {} : { uid: as.uid, gid: as.gid }),
  });
  // A program that ends without reading closes the pipe.
  child.stdin.on("error", () => {});
  child.stdin.end(input ?? "");
  try {
    const [stdout, stderr, [code, signal]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close"),
    ]);
    const said = oneLine(stderr) || (code === 0 ? "" : oneLine(stdout));
    const ending = signal === null ? `exit code ${code}` : `no end within ${Math.round(timeoutMs / 1_000)} s`;
    return { code: code ?? undefined, stdout, complaint: code === 0 ? said : said || ending };
  } catch (error) {
    return { code: undefined, stdout: "", complaint: startFailure(name, error) };
  }
}

function startFailure(name: string, error: unknown): string {
  const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
  return isMissing ? `${name} is not installed here` : messageOf(error);
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
