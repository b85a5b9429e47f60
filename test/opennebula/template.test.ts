// What templateOf writes and refuses. In OpenNebula's lexer (OpenNebula/one, src/parsers/template_parser.l) the longest match
// wins: a quoted value ends at the next quote without a backslash before it, and any line with "]]>" is CDATA. A value
// without quotes, backslashes, brackets and line ends is read as it is written.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { InputError } from "../../driver/errors.ts";
import { templateOf } from "../../driver/opennebula/template.ts";
import { readTemplate } from "../documents.ts";

suite("templateOf", () => {
  test("writes what oned reads", () => {
    assert.equal(
      templateOf("AR", [
        ["TYPE", "IP4"],
        ["DNS", "192.0.2.53 192.0.2.54"],
        ["NOTE", ""],
      ]),
      'AR = [\n  TYPE = "IP4",\n  DNS = "192.0.2.53 192.0.2.54",\n  NOTE = ""\n]\n',
    );
  });

  test("refuses in words what a template cannot hold", () => {
    const refused = /^attribute NOTE holds a quote, bracket, backslash or control character, .*; change it$/;
    assert.throws(() => templateOf("AR", [["NOTE", 'say "hi"']]), { name: "InputError", message: refused });
    const misnamed = /^an attribute's name holds more than letters, digits and underscores; rename it$/;
    assert.throws(() => templateOf("AR", [["MY-NOTE", "x"]]), { name: "InputError", message: misnamed });
  });

  test("what is accepted reads back as it was meant, all else is refused", () => {
    const accepts = (name: string, value: string): void => {
      const given = new Map([[name, value]]).set("END", "1");
      if (isName(name) && isSafe(value)) assert.deepEqual(readTemplate(templateOf("AR", given), "AR"), given);
      else assert.throws(() => templateOf("AR", given), InputError);
    };
    const examples = NASTY.map((value): [string, string] => ["A", value]);
    fc.assert(fc.property(anyName, anyValue, accepts), { numRuns: 3_000, examples });
  });
});

const NASTY = ['"', "\\", '\\"', "]", "[", "]]>", "\n", "\r", "\0", "\u0085", "\u2028", ",", "=", "#", " ", "A", "1"];
const LONG = ['", B = "', '"\n]\nC = "'];
const anyValue = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.constantFrom(...NASTY, ...LONG)).map((parts) => parts.join("")),
  fc.string({ unit: fc.constantFrom(..."abc ,=#<>&;%'ü€") }),
);
const anyName = fc.oneof(
  { weight: 9, arbitrary: fc.stringMatching(/^[A-Za-z0-9_]{1,12}$/) },
  { weight: 1, arbitrary: fc.string() },
);

function isName(text: string): boolean {
  return /^[A-Za-z0-9_]+$/.test(text);
}

/** No character at which a quoted value of oned's could end early or a line of the answer could break. */
function isSafe(text: string): boolean {
  return [...text].every((character) => {
    const code = character.codePointAt(0) ?? 0;
    const isControl = code < 0x20 || (code >= 0x7f && code < 0xa0) || code === 0x2028 || code === 0x2029;
    return !(isControl || '"\\[]'.includes(character));
  });
}
