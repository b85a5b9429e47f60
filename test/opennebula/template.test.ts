// What templateOf writes, read back by a reader made from OpenNebula's own lexer and grammar
// (OpenNebula/one, src/parsers/template_parser.l and template_syntax.y).
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { InputError } from "../../driver/errors.ts";
import { templateOf } from "../../driver/opennebula/template.ts";

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
    fc.assert(
      fc.property(fc.array(fc.tuple(anyName, anyValue), { minLength: 1, maxLength: 8 }), (given) => {
        let text: string;
        try {
          text = templateOf("AR", given);
        } catch (error) {
          assert.ok(error instanceof InputError);
          assert.ok(given.some(([name, value]) => !(isName(name) && isSafe(value))));
          return;
        }
        // oned takes names without regard to case, and the first of two values.
        const meant = Object.fromEntries(given.toReversed().map(([name, value]) => [name.toUpperCase(), value]));
        assert.deepEqual(readTemplate(text), { name: "AR", attributes: meant });
      }),
      {
        numRuns: 3_000,
        examples: NASTY.map((value) => [
          [
            ["A", value],
            ["B", "end"],
          ],
        ]),
      },
    );
  });

  test("whatever a quoted value can hold in one line is accepted", () => {
    const safe = fc.string({ unit: "binary" }).filter(isSafe);
    fc.assert(fc.property(safe, (value) => assert.ok(templateOf("AR", [["A", value]]).includes(`"${value}"`))));
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

type Token = { readonly kind: string; readonly text: string };

// The rules of the lexer, in its order: in each state the longest match wins, then the earlier rule.
const INITIAL: readonly (readonly [string, RegExp])[] = [
  ["comment", /[ \t]*#[^\n]*\n/y],
  ["blank", /[ \t\n]+/y],
  ["VARIABLE", /[A-Za-z0-9_]+/y],
  ["EQUAL", /[ \t]*=[ \t]*/y],
  ["EQUAL_EMPTY", /[ \t]*=[ \t]*\n/y],
  ["COMMA", /[ \t\n]*,[ \t\n]*/y],
  ["CBRACKET", /[ \t\n]*\][ \t\n]*/y],
];
const VALUE: readonly (readonly [string, RegExp])[] = [
  ["OBRACKET", /[ \t]*\[[ \t\n]*/y],
  ["CDATA", /[^\n]*\]\]>[^\n]*/y],
  // Greedy and without a way back, as the longest match of ([^"]|\")* between quotes.
  ["STRING", /"(?:[^"]|(?<=\\)")*"/y],
  ["WORD", /[^=# \t\n,[\]]+/y],
];

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let rules = INITIAL;
  for (let at = 0; at < text.length; ) {
    let best: Token = { kind: "none", text: "" };
    for (const [kind, rule] of rules) {
      rule.lastIndex = at;
      const match = rule.exec(text)?.[0] ?? "";
      if (match.length > best.text.length) best = { kind, text: match };
    }
    if (best.kind === "none") throw new Error(`no token at ${JSON.stringify(text.slice(at, at + 20))}`);
    at += best.text.length;
    if (best.kind === "EQUAL") rules = VALUE;
    else if (rules === VALUE) rules = INITIAL;
    if (best.kind !== "blank" && best.kind !== "comment") tokens.push(best);
  }
  return tokens;
}

/** One vector attribute, as oned's grammar takes it. */
function readTemplate(text: string): { name: string; attributes: Record<string, string> } {
  const tokens = tokensOf(text);
  const take = (...kinds: string[]): string => {
    const token = tokens.shift();
    if (token === undefined || !kinds.includes(token.kind)) throw new Error(`${token?.kind} where ${kinds} is due`);
    return token.text;
  };
  const name = take("VARIABLE");
  take("EQUAL");
  take("OBRACKET");
  const attributes = new Map<string, string>();
  for (let end = ""; end !== "]"; end = take("COMMA", "CBRACKET").trim()) {
    const key = take("VARIABLE").toUpperCase();
    take("EQUAL");
    const raw = take("STRING", "WORD");
    const value = raw.startsWith('"') ? raw.slice(1, -1).replaceAll('\\"', '"') : raw;
    if (!attributes.has(key)) attributes.set(key, value);
  }
  if (tokens.length > 0) throw new Error("something follows the attribute");
  return { name, attributes: Object.fromEntries(attributes) };
}
