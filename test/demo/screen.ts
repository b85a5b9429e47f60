// Where the demo is read: a terminal of some width, or a pipe.
import { clearLine, cursorTo } from "node:readline";
import { styleText } from "node:util";

export type Output = NodeJS.WritableStream & { readonly columns?: number; readonly isTTY?: boolean };
export type Style = "bold" | "dim" | "green" | "red" | "yellow";
export type Paint = (style: Style, text: string) => string;

const WIDTH_WITHOUT_TERMINAL = 100;
// What takes less is over before it could be read.
const NOTE_AFTER_MS = 250;

export class Screen {
  readonly width: number;
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
    this.width = output.columns ?? WIDTH_WITHOUT_TERMINAL;
  }

  /** The text in that style on a terminal that wants colours, else as it is. */
  readonly paint: Paint = (style, text) =>
    this.#output.isTTY ? styleText(style, text, { stream: this.#output }) : text;

  line(text = ""): void {
    this.#output.write(`${text}\n`);
  }

  /** Text broken into lines; `lead` stands before the first, and as much space before the others. */
  prose(text: string, style?: Style, lead = ""): void {
    const lines = wrap(text, Math.min(this.width, WIDTH_WITHOUT_TERMINAL) - lead.length);
    for (const [index, line] of lines.entries()) {
      const whole = (index === 0 ? lead : " ".repeat(lead.length)) + line;
      this.line(style === undefined ? whole : this.paint(style, whole));
    }
  }

  /** Shows a note while the work lasts, where it can be taken away again. */
  async during<T>(note: string, work: Promise<T>): Promise<T> {
    if (!this.#output.isTTY) return work;
    const timer = setTimeout(() => this.#output.write(this.paint("dim", note)), NOTE_AFTER_MS);
    try {
      return await work;
    } finally {
      clearTimeout(timer);
      cursorTo(this.#output, 0);
      clearLine(this.#output, 0);
    }
  }
}

/** Breaks the text between words. A line is longer than `width` only where a word is. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
