// The syntax of oned.conf, read with positions, so that one value can be changed and all else left as it is. Rules as in
// OpenNebula's src/parsers/template_parser.l. Pure.
import { InputError } from "../../errors.ts";

export type Attribute = {
  readonly name: string;
  /** Where the name starts, and where the value, quotes or brackets included, ends. */
  readonly start: number;
  readonly end: number;
  /** The value between its quotes; for a vector, all that is between the brackets. */
  readonly valueStart: number;
  readonly valueEnd: number;
  /** The attributes of a vector; undefined for a single value. */
  readonly parts: readonly Attribute[] | undefined;
};

/** All attributes, in order. Throws InputError, with the line, for what oned could not read either. */
export function parseTemplate(text: string): Attribute[] {
  const reader = new Reader(text);
  const found: Attribute[] = [];
  for (let attribute = reader.attribute(true); attribute !== undefined; attribute = reader.attribute(true)) {
    found.push(attribute);
  }
  return found;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next attribute; undefined at the end of the text or, inside a vector, before its bracket. */
  attribute(mayBeVector: boolean): Attribute | undefined {
    this.#skip(/(?:\s|#.*)*/y);
    if (this.#at === this.#text.length || (!mayBeVector && this.#text[this.#at] === "]")) return undefined;
    const start = this.#at;
    const name = this.#take(/[A-Za-z0-9_]+/y, "an attribute's name");
    this.#take(/[ \t]*=[ \t]*/y, `an equals sign after ${name}`);
    const opening = this.#text[this.#at];
    if (opening === "[" && mayBeVector) return this.#vector(name, start);
    if (opening === '"') {
      const quoted = this.#take(/"(?:\\"|[^"])*"/y, `the closing quote of ${name}`);
      return this.#single(name, start, this.#at - quoted.length + 1, this.#at - 1);
    }
    const bare = this.#take(/[^=#\s,[\]]*/y, `a value of ${name}`);
    return this.#single(name, start, this.#at - bare.length, this.#at);
  }

  #single(name: string, start: number, valueStart: number, valueEnd: number): Attribute {
    return { name, start, end: this.#at, valueStart, valueEnd, parts: undefined };
  }

  #vector(name: string, start: number): Attribute {
    this.#at += 1;
    const valueStart = this.#at;
    const parts: Attribute[] = [];
    for (let part = this.attribute(false); part !== undefined; part = this.attribute(false)) {
      parts.push(part);
      this.#skip(/(?:\s|#.*)*,?/y);
    }
    const valueEnd = this.#at;
    this.#take(/\]/y, `the closing bracket of ${name}`);
    return { name, start, end: this.#at, valueStart, valueEnd, parts };
  }

  #skip(pattern: RegExp): void {
    pattern.lastIndex = this.#at;
    this.#at += pattern.exec(this.#text)?.[0].length ?? 0;
  }

  #take(pattern: RegExp, what: string): string {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text)?.[0];
    if (match === undefined) {
      const line = this.#text.slice(0, this.#at).split("\n").length;
      throw new InputError(
        `oned.conf line ${line}: ${what} is missing`,
        "correct the line, oned cannot read it either",
      );
    }
    this.#at += match.length;
    return match;
  }
}
