// The options of the command line, by the names that commander gives them.
import { UsageError } from "../errors.ts";

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** A span such as 30m, 24h or 7d in milliseconds; undefined when the text is none. */
export function spanMs(text: string): number | undefined {
  const [, count, unit = ""] = /^(\d+)([smhdw])$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * (UNITS_MS[unit] ?? 0);
}

export class Options {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values[name] === true;
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === "string" ? value : undefined;
  }

  /** The values of an option that takes several; undefined: not given, empty: given without a value. */
  list(name: string): readonly string[] | undefined {
    const value = this.#values[name];
    if (value === true) return [];
    return Array.isArray(value) ? value.map(String) : undefined;
  }

  number(name: string, flag: string, least: number, most: number): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= least && number <= most) return number;
    throw new UsageError(`${flag} ${value}: a whole number from ${least} to ${most} is needed`);
  }

  /** The option's value, which must be one of the words. Throws UsageError. */
  choice<const T extends string>(name: string, flag: string, words: readonly T[], otherwise: T): T {
    const value = this.text(name);
    if (value === undefined) return otherwise;
    const word = words.find((candidate) => candidate === value);
    if (word === undefined) throw new UsageError(`${flag} ${value}: one of ${words.join(", ")} is needed`);
    return word;
  }
}
