import { invalidArgument } from "./refusals.ts";

/** The fields of a request body, read strictly: a missing, misshapen or unknown one is a 400. */
export class CallArguments {
  readonly #fields: ReadonlyMap<string, unknown>;

  constructor(body: unknown, known: readonly string[]) {
    if (typeof body !== "object" || body === null || Array.isArray(body)) throw invalidArgument("body", "format");
    this.#fields = new Map<string, unknown>(Object.entries(body));
    for (const name of this.#fields.keys()) {
      if (!known.includes(name)) throw invalidArgument(name, "constraint", "no such argument");
    }
  }

  has(name: string): boolean {
    return this.#fields.has(name);
  }

  text(name: string, maxLength = Number.POSITIVE_INFINITY): string {
    const value = this.#required(name);
    if (typeof value !== "string") throw invalidArgument(name, "format");
    if ([...value].length > maxLength) {
      throw invalidArgument(name, "constraint", `at most ${maxLength} characters`);
    }
    return value;
  }

  uuid(name: string): string {
    const value = this.text(name);
    if (!isUuid(value)) throw invalidArgument(name, "format", "not a UUID");
    return value;
  }

  flag(name: string): boolean {
    const value = this.#required(name);
    if (typeof value !== "boolean") throw invalidArgument(name, "format");
    return value;
  }

  texts(name: string): string[] {
    const value = this.#required(name);
    if (!Array.isArray(value)) throw invalidArgument(name, "format");
    return value.map((item: unknown) => {
      if (typeof item !== "string") throw invalidArgument(name, "format");
      return item;
    });
  }

  /** One id or more, none of them twice. */
  ids(name: string): string[] {
    const values = this.texts(name);
    if (values.length === 0) throw invalidArgument(name, "required");
    if (!values.every(isUuid)) throw invalidArgument(name, "format", "not a UUID");
    if (new Set(values).size < values.length) throw invalidArgument(name, "constraint", "an id is given twice");
    return values;
  }

  oneOf<Choice extends string>(name: string, choices: readonly Choice[]): Choice {
    const value = this.text(name);
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) throw invalidArgument(name, "constraint", `one of ${choices.join(", ")}`);
    return choice;
  }

  #required(name: string): unknown {
    if (!this.#fields.has(name)) throw invalidArgument(name, "required");
    return this.#fields.get(name);
  }
}

/** A UUID as the API writes it, in lower case. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}
