// What can be done to a document on its way to a reader.
import fc from "fast-check";

/** Stands in values of every document; no message may hold it. */
export const PLANTED = "planted-secret-7f3a";

const name = fc.constantFrom(
  ...["__proto__", "constructor", "prototype", "toString", "valueOf", "hasOwnProperty", "__defineGetter__"],
  ...["AR", "ADDRESS", "NIC", "VM", "TEMPLATE", "IP", "#text", "a-b.c", "ümlaut", "x"],
);
const space = fc.constantFrom(" ", "\t", "\n", "\r\n", "\f", "\u00a0", "\u2028", "\ufeff", "\0");
const blanks = fc.tuple(space, fc.nat(40)).map(([blank, count]) => blank.repeat(count));
const snippet = fc.constantFrom(
  ...["&lt;", "&amp;", "&#60;", "&#x3c;", "&#0;", "&#xD800;", "&#x110000;", "&#99999999999999999999;", "&nbsp;"],
  ...["&unknown;", "&", "<", ">", "</", "/>", "<a", "'", '"', "=", "<a b=", "<a b='", "<a/>", "\0", PLANTED],
  ...["<![CDATA[", "]]>", "<![CDATA[]]>", "<![CDATA[]]]]><![CDATA[>]]>", "<!--", "-->", "<!-- -- -->", "<!-- a -->"],
  ...["<?xml version='1.0'?>", "<?pi ]]>?>", "<!DOCTYPE a [<!ENTITY b 'c'>]>", '<!DOCTYPE VM [<!ENTITY a "&a;&a;">]>'],
);
// Each entity ten times the one before: written out it would be 10^9 letters.
const DOCTYPE = `<!DOCTYPE VM [${["b", "c", "d", "e", "f", "g", "h", "i", "j"]
  .map((letter, index) => `<!ENTITY ${letter} "${`&${"abcdefghi"[index]};`.repeat(10)}">`)
  .join("")}<!ENTITY a "ha">]>`;

const spot = fc.nat(1_000_000);
const long = fc.nat(3_000).map((length) => "n".repeat(length + 1));
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
  fc.tuple(snippet, fc.nat(300)).map(([text, count]) => text.repeat(count)),
  fc.tuple(name, depth).map(([tag, count]) => `<${tag}>`.repeat(count)),
  fc.tuple(name, depth).map(([tag, count]) => `<${tag}>`.repeat(count) + `</${tag}>`.repeat(count)),
);

const change = fc.oneof(
  by(fc.tuple(spot, fc.oneof(fc.nat(60), spot)), (text, [at, length]) => spliced(text, at, length, "")),
  by(fc.tuple(spot, fc.oneof(snippet, blanks)), (text, [at, what]) => spliced(text, at, 0, what)),
  by(fc.tuple(spot, fc.nat(120), fc.nat(20)), (text, [at, length, count]) => {
    const from = at % (text.length + 1);
    return spliced(text, from, 0, text.slice(from, from + length).repeat(count));
  }),
  by(fc.tuple(spot, fc.nat(7), fc.constantFrom("utf8", "latin1")), (text, [at, bit, encoding]) => {
    const bytes = Buffer.from(text);
    if (bytes.length > 0) bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ (1 << bit);
    return bytes.toString(encoding);
  }),
  by(space, (text, blank) => text.replace("><", `>${blank}<`)),
  {
    weight: 10,
    arbitrary: by(fc.tuple(spot, piece), (text, [at, what]) => {
      const gaps = [...text.matchAll(/(?<=>)(?=<)/g)].map(({ index }) => index);
      return spliced(text, gaps[at % Math.max(1, gaps.length)] ?? text.length, 0, what);
    }),
  },
  by(fc.oneof(fc.constant(DOCTYPE), snippet, space), (text, start) => start + text),
  by(snippet, (text, end) => text + end),
  by(fc.nat(20), (text, length) => text + text.slice(0, length)),
  by(fc.constantFrom("$1", "<b>$1</b>"), (text, content) => text.replaceAll(/<!\[CDATA\[(.*?)\]\]>/g, content)),
  by(fc.constant(/<([A-Z_0-9]+)>/g), (text, tags) => text.replaceAll(tags, (tag) => tag.toLowerCase())),
  by(fc.tuple(spot, name), (text, [at, other]) => {
    const found = [...text.matchAll(/<([A-Z_0-9]+)>/g)].map(([, tag]) => tag);
    const tag = found[at % Math.max(1, found.length)];
    return tag === undefined ? text : text.replaceAll(`${tag}>`, `${other}>`);
  }),
  by(
    fc.string({ unit: fc.constantFrom(..."<>/!?[]CDATA&;#x-\"'= \nVMNICabc\0é\u{1f600}"), maxLength: 400 }),
    (_, noise) => noise,
  ),
);

/** The text after up to three changes. */
export function mutated(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const changes = fc.array(change, { maxLength: 3 });
  return fc.tuple(text, changes).map(([whole, steps]) => steps.reduce((now, step) => step(now), whole));
}

function by<Value>(drawn: fc.Arbitrary<Value>, change: (text: string, value: Value) => string) {
  return drawn.map((value) => (text: string) => change(text, value));
}

/** The text with what stands there replaced. */
function spliced(text: string, at: number, length: number, what: string): string {
  const from = at % (text.length + 1);
  return text.slice(0, from) + what + text.slice(from + length);
}

function element(tag: string, content: string): string {
  return `<${tag}>${content}</${tag}>`;
}
