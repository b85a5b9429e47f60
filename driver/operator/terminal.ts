// Data on standard output, everything else on standard error; bold, colour and progress for people at a terminal only.
import { writeSync } from "node:fs";

export type Style = "bold" | "red" | "green" | "yellow";
const CODES: Readonly<Record<Style, number>> = { bold: 1, red: 31, green: 32, yellow: 33 };

export type TerminalOptions = {
  readonly quiet: boolean;
  /** False: --no-color or NO_COLOR. */
  readonly color: boolean;
};

export class Terminal {
  /** Columns of the terminal behind standard output; undefined when there is none. */
  readonly width: number | undefined;
  readonly #styled: boolean;
  readonly #quiet: boolean;
  readonly #hasProgress: boolean;
  #lineLength = 0;

  constructor(options: TerminalOptions) {
    this.width = process.stdout.isTTY ? process.stdout.columns || 80 : undefined;
    this.#styled = this.width !== undefined && options.color;
    this.#quiet = options.quiet;
    this.#hasProgress = process.stderr.isTTY === true && !options.quiet;
  }

  /** Whether a question can be put to somebody. */
  get canAsk(): boolean {
    return process.stdin.isTTY === true && process.stderr.isTTY === true;
  }

  style(style: Style, text: string): string {
    return this.#styled ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text;
  }

  /** Data. The text ends its own lines. */
  print(text: string): void {
    this.#clearProgress();
    writeAll(1, text);
  }

  /** What happened, for people. --quiet leaves it out. */
  note(line: string): void {
    if (this.#quiet) return;
    this.#clearProgress();
    writeAll(2, `${line}\n`);
  }

  /** What has to be known, --quiet or not. */
  warn(line: string): void {
    this.#clearProgress();
    writeAll(2, `${line}\n`);
  }

  /** What is being done right now: one line that the next one overwrites; empty: nothing any more. */
  progress(text: string): void {
    if (text === "") this.#clearProgress();
    if (!this.#hasProgress || text === "") return;
    const room = (process.stderr.columns || 80) - 1;
    const line = text.length > room ? `${text.slice(0, room - 1)}…` : text;
    writeAll(2, `\r${line.padEnd(this.#lineLength)}`);
    this.#lineLength = line.length;
  }

  #clearProgress(): void {
    if (this.#lineLength === 0) return;
    writeAll(2, `\r${" ".repeat(this.#lineLength)}\r`);
    this.#lineLength = 0;
  }
}

/** Writes all of it. A pipe may be full for a moment; when its reader has gone, as `head` does, nothing is left to say. */
export function writeAll(file: number, text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(file, rest));
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : "";
      if (code !== "EAGAIN") return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
