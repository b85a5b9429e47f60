// Data goes to standard output, everything else to standard error; bold, colour and progress only to a terminal.
import { writeSync } from "node:fs";
import { styleText } from "node:util";
import { DriverError } from "../errors.ts";
import { printable } from "./print/width.ts";

export type Style = "bold" | "red" | "green" | "yellow";

export type TerminalOptions = {
  readonly quiet: boolean;
  /** False: --no-color, NO_COLOR or a dumb terminal. */
  readonly color: boolean;
  /** A terminal that cannot write over a line. */
  readonly isDumb?: boolean;
};

export class Terminal {
  /** Columns of the terminal behind standard output; undefined when there is none. */
  readonly width: number | undefined;
  readonly #styled: boolean;
  readonly #quiet: boolean;
  readonly #hasProgress: boolean;
  #lineLength = 0;
  #isUnread = false;

  constructor(options: TerminalOptions) {
    this.width = process.stdout.isTTY ? process.stdout.columns || 80 : undefined;
    this.#styled = this.width !== undefined && options.color;
    this.#quiet = options.quiet;
    this.#hasProgress = process.stderr.isTTY === true && !(options.quiet || options.isDumb === true);
  }

  /** Whether somebody can be asked. */
  get canAsk(): boolean {
    return process.stdin.isTTY === true && process.stderr.isTTY === true;
  }

  style(style: Style, text: string): string {
    return this.#styled ? styleText(style, text, { validateStream: false }) : text;
  }

  /** Whether nobody reads standard output any more, as after `head`. */
  get isUnread(): boolean {
    return this.#isUnread;
  }

  /** Data. The text ends its own lines. Throws DriverError when it cannot be written, unless its reader has gone. */
  print(text: string): void {
    this.#clearProgress();
    const failure = writeAll(1, text);
    if (failure === "EPIPE") this.#isUnread = true;
    else if (failure !== undefined) throw new DriverError(`standard output cannot be written (${failure})`);
  }

  /** What happened, for people. --quiet suppresses it. */
  note(line: string): void {
    if (!this.#quiet) this.warn(line);
  }

  /** What a person must read, with --quiet too. */
  warn(line: string): void {
    this.#clearProgress();
    writeAll(2, `${printable(line)}\n`);
  }

  /** What the command does right now: one line, which the next call overwrites. Empty text removes it. */
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

/** Writes all of the text, and waits while a pipe is full. Returns the error code when it cannot be written. */
export function writeAll(file: number, text: string): string | undefined {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(file, rest));
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "";
      if (code !== "EAGAIN") return code;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
  return undefined;
}
