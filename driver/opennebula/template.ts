// Attributes → the template text that oned reads back. Pure.
import { InputError, shown } from "../errors.ts";

// oned's lexer takes a quoted value up to the next quote, keeps a backslash before it, and takes "]]>" for the end of
// CDATA anywhere on the line (OpenNebula/one, src/parsers/template_parser.l). There is no way to write these.
const UNWRITABLE = /["\\[\]\p{Cc}\u2028\u2029]/u;

/** `AR = [ KEY = "value", … ]`. Throws InputError for a name or value that oned could not read back as it is. */
export function templateOf(name: string, attributes: Iterable<readonly [string, string]>): string {
  const lines = Array.from(attributes, ([key, value]) => `  ${checkedName(key)} = "${checkedValue(key, value)}"`);
  return `${name} = [\n${lines.join(",\n")}\n]\n`;
}

function checkedName(key: string): string {
  if (!/^[A-Za-z0-9_]+$/.test(key)) {
    throw new InputError("an attribute's name holds more than letters, digits and underscores", "rename it");
  }
  return key;
}

function checkedValue(key: string, value: string): string {
  if (UNWRITABLE.test(value)) {
    throw new InputError(
      `attribute ${shown(key)} holds a quote, bracket, backslash or control character, which a template cannot hold`,
      "change it",
    );
  }
  return value;
}
