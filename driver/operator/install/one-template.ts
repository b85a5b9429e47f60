// The syntax of oned.conf, read with positions: one value can be changed and everything else left as it is. The rules are those
// of OpenNebula's src/parsers/template_parser.l. Pure.
import { InputError } from "../../errors.ts";

export type Attribute = {
  readonly name: string;
  readonly start: number;
  /** The value between its quotes; for a vector, all that is between the brackets. */
  readonly valueStart: number;
  readonly valueEnd: number;
  /** The attributes of a vector; undefined for a single value. */
  readonly parts: readonly Attribute[] | undefined;
};

/** All attributes, in order. Throws InputError, with the line, for what oned could not read either. */
export function parseTemplate(text: string): Attribute[] {
  let at = 0;

  const skip = (pattern: RegExp): void => {
    pattern.lastIndex = at;
    at += pattern.exec(text)?.[0].length ?? 0;
  };

  const take = (pattern: RegExp, what: string): string => {
    const start = at;
    skip(pattern);
    if (at > start) return text.slice(start, at);
    const line = text.slice(0, at).split("\n").length;
    throw new InputError(`oned.conf line ${line}: ${what} is missing`, "correct the line, oned cannot read it either");
  };

  /** Up to the end of the text or, inside a vector, up to its bracket. */
  const attributes = (isVector: boolean): Attribute[] => {
    const found: Attribute[] = [];
    for (;;) {
      skip(/(?:\s|#.*)*/y);
      if (at === text.length || (isVector && text[at] === "]")) return found;
      const start = at;
      const name = take(/[A-Za-z0-9_]+/y, "an attribute's name");
      take(/[ \t]*=[ \t]*/y, `an equals sign after ${name}`);
      found.push({ name, start, ...value(name, isVector) });
      if (isVector) skip(/(?:\s|#.*)*,?/y);
    }
  };

  const value = (name: string, isInVector: boolean): Omit<Attribute, "name" | "start"> => {
    const valueStart = at + 1;
    if (text[at] === "[" && !isInVector) {
      at += 1;
      const parts = attributes(true);
      const valueEnd = at;
      take(/\]/y, `the closing bracket of ${name}`);
      return { valueStart, valueEnd, parts };
    }
    if (text[at] === '"') {
      take(/"(?:\\"|[^"])*"/y, `the closing quote of ${name}`);
      return { valueStart, valueEnd: at - 1, parts: undefined };
    }
    skip(/[^=#\s,[\]]*/y);
    return { valueStart: valueStart - 1, valueEnd: at, parts: undefined };
  };

  return attributes(false);
}
