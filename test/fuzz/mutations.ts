// What can be done to a document on its way to a reader.
import fc from "fast-check";

/** Stands in values of every document; no message may hold it. */
export const PLANTED = "planted-secret-7f3a";

type Mutation = (text: string) => string;

const NAMES = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "valueOf",
  "hasOwnProperty",
  "__defineGetter__",
  "AR",
  "ADDRESS",
  "NIC",
  "VM",
  "TEMPLATE",
  "IP",
  "#text",
  "a-b.c",
  "ümlaut",
  "x",
] as const;
const SPACES = [" ", "\t", "\n", "\r\n", "\f", "\u00a0", "\u2028", "\ufeff", "\0"] as const;
const SNIPPETS = [
  ..."&lt; &amp; &#60; &#x3c; &#0; &#xD800; &#x110000; &#99999999999999999999; &nbsp; &unknown; & < > </ /> <a '\" =".split(
    " ",
  ),
  "<![CDATA[",
  "]]>",
  "<![CDATA[]]>",
  "<![CDATA[]]]]><![CDATA[>]]>",
  "<!--",
  "-->",
  "<!-- -- -->",
  "<?xml version='1.0'?>",
  "<?pi ]]>?>",
  "<!DOCTYPE a [<!ENTITY b 'c'>]>",
  '<!DOCTYPE VM [<!ENTITY a "&a;&a;">]>',
  "<a b=",
  "<a b='",
  PLANTED,
] as const;
// Each entity ten times the one before: written out it would be 10^9 letters.
const DOCTYPE = `<!DOCTYPE VM [${["b", "c", "d", "e", "f", "g", "h", "i", "j"]
  .map((name, index) => `<!ENTITY ${name} "${`&${"abcdefghi"[index]};`.repeat(10)}">`)
  .join("")}<!ENTITY a "ha">]>`;

const spot = fc.nat(1_000_000);
const name = fc.constantFrom(...NAMES);
const snippet = fc.constantFrom(...SNIPPETS);
const space = fc.constantFrom(...SPACES);
const long = fc.nat(3_000).map((length) => "n".repeat(length + 1));
const times = fc.integer({ min: 1, max: 300 });
const depth = fc.oneof({ weight: 49, arbitrary: fc.nat(200) }, { weight: 1, arbitrary: fc.nat(20_000) });

/** Pieces that are put between two elements. */
const piece = fc.oneof(
  fc.tuple(name, snippet).map(([outer, content]) => element(outer, content)),
  fc.tuple(name, name).map(([outer, inner]) => element(outer, element(inner, PLANTED))),
  name.map((attribute) => `<x ${attribute}="${PLANTED}" __proto__='${PLANTED}'/>`),
  long.map((text) => element("LONG", text)),
  long.map((text) => `<${text}>${PLANTED}<a/></x>`),
  long.map((text) => element(text, "<a/>")),
  long.map((text) => `<a b="${text}"/>`),
  fc
    .tuple(fc.constantFrom("&lt;", "&#x3c;", "&amp;amp;", "&quot;"), times)
    .map(([entity, count]) => entity.repeat(count)),
  fc.tuple(name, depth).map(([tag, count]) => `<${tag}>`.repeat(count)),
  fc.tuple(name, depth).map(([tag, count]) => `<${tag}>`.repeat(count) + `</${tag}>`.repeat(count)),
);

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  by(fc.constant(undefined), (text) => text),
  by(fc.tuple(spot, fc.nat(7), fc.boolean()), flipped),
  by(spot, (text, at) => text.slice(0, at % (text.length + 1))),
  by(spot, (text, at) => text.slice(at % (text.length + 1))),
  by(fc.tuple(spot, fc.nat(60)), cut),
  by(fc.tuple(spot, fc.nat(120), fc.nat(20)), repeated),
  by(fc.tuple(spot, snippet), inserted),
  by(
    fc.tuple(
      spot,
      fc.tuple(space, fc.nat(40)).map(([blank, count]) => blank.repeat(count)),
    ),
    inserted,
  ),
  by(space, (text, blank) => text.replace("><", `>${blank}<`)),
  { weight: 10, arbitrary: by(fc.tuple(spot, piece), between) },
  by(fc.constantFrom("\ufeff", "<?xml version='1.0'?>", "<!-- a -->", "\n", DOCTYPE), (text, start) => start + text),
  by(fc.constantFrom("<a/>", "\0", "<!-- a -->", "]]>"), (text, end) => text + end),
  by(fc.nat(20), (text, length) => text + text.slice(0, length)),
  by(fc.constantFrom("$1", "<b>$1</b>"), (text, content) => text.replaceAll(/<!\[CDATA\[(.*?)\]\]>/g, content)),
  by(fc.constant(undefined), (text) => text.replaceAll(/<([A-Z_0-9]+)>/g, (tag) => tag.toLowerCase())),
  by(fc.tuple(spot, name), renamed),
  by(
    fc.string({ unit: fc.constantFrom(..."<>/!?[]CDATA&;#x-\"'= \nVMNICabc\0é\u{1f600}"), maxLength: 400 }),
    (_, noise) => noise,
  ),
);

/** The text after one to three mutations. */
export function mutated(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const mutations = fc.array(mutation, { minLength: 1, maxLength: 3 });
  return fc.tuple(text, mutations).map(([whole, steps]) => steps.reduce((now, step) => step(now), whole));
}

function by<Value>(value: fc.Arbitrary<Value>, change: (text: string, value: Value) => string): fc.Arbitrary<Mutation> {
  return value.map((drawn) => (text: string) => change(text, drawn));
}

function cut(text: string, [at, length]: readonly [number, number]): string {
  const from = at % (text.length + 1);
  return text.slice(0, from) + text.slice(from + length);
}

function flipped(text: string, [at, bit, isUtf8]: readonly [number, number, boolean]): string {
  const bytes = Buffer.from(text);
  if (bytes.length > 0) bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ (1 << bit);
  return bytes.toString(isUtf8 ? "utf8" : "latin1");
}

function repeated(text: string, [at, length, count]: readonly [number, number, number]): string {
  const from = at % (text.length + 1);
  const part = text.slice(from, from + length);
  return text.slice(0, from) + part.repeat(count) + text.slice(from);
}

function inserted(text: string, [at, what]: readonly [number, string]): string {
  const from = at % (text.length + 1);
  return text.slice(0, from) + what + text.slice(from);
}

function between(text: string, [at, what]: readonly [number, string]): string {
  const gaps = [...text.matchAll(/></g)].map(({ index }) => index + 1);
  const from = gaps[at % Math.max(1, gaps.length)] ?? text.length;
  return text.slice(0, from) + what + text.slice(from);
}

function renamed(text: string, [at, other]: readonly [number, string]): string {
  const found = [...text.matchAll(/<([A-Z_0-9]+)>/g)].map(([, tag]) => tag ?? "");
  const tag = found[at % Math.max(1, found.length)];
  return tag === undefined ? text : text.replaceAll(`${tag}>`, `${other}>`);
}

function element(tag: string, content: string): string {
  return `<${tag}>${content}</${tag}>`;
}
