// Documents that a reader may get: valid ones, valid ones with something done to them, and noise. All from one seed.
import { ipamDocument, vmDocument } from "../documents.ts";
import type { Random } from "./random.ts";

/** Stands in values of every document; no message may hold it. */
export const PLANTED = "planted-secret-7f3a";

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
  "&lt;",
  "&amp;",
  "&#60;",
  "&#x3c;",
  "&#0;",
  "&#xD800;",
  "&#x110000;",
  "&#99999999999999999999;",
  "&nbsp;",
  "&unknown;",
  "&",
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
  "<",
  ">",
  "</",
  "/>",
  "<a",
  "<a b=",
  "<a b='",
  "'\"",
  "=",
  PLANTED,
] as const;

export function ipamText(random: Random): string {
  const range: Record<string, string> = {
    IPAM_MAD: "scw-flexip",
    TYPE: random.pick(["IP4", "IP4_6_STATIC", PLANTED]),
    SIZE: random.pick(["1", "08", PLANTED]),
    IP: random.pick(["203.0.113.7", "any", PLANTED]),
    MAC: "52:54:00:aa:00:07",
    COMMENT: `${PLANTED} ${random.text("abc <>&\"'[]\\", 20)}`,
    [random.pick(["GATEWAY", "X_1", "toString", "valueOf"])]: PLANTED,
  };
  return ipamDocument(range, random.isOneIn(2) ? {} : { IP: "203.0.113.7", SIZE: "1" });
}

export function vmText(random: Random): string {
  const nics = Array.from({ length: random.int(4) }, (_, index) => ({
    NIC_ID: String(index),
    IP: random.pick(["203.0.113.7", "10.0.0.1", PLANTED]),
    MAC: "52:54:00:aa:00:07",
    SCW_FLEXIBLE_IP_ID: PLANTED,
    ...(random.isOneIn(3) ? { ATTACH: "YES" } : {}),
    ...(random.isOneIn(4) ? { alias: "YES" as const, PARENT_ID: "0" } : {}),
  }));
  return vmDocument(nics, { id: PLANTED });
}

/** Something done to the text, at most once over. */
type Mutation = (text: string, random: Random) => string;

const MUTATIONS: readonly [Mutation, ...Mutation[]] = [
  (text) => text,
  flip,
  (text, random) => text.slice(0, random.int(text.length + 1)),
  (text, random) => text.slice(random.int(text.length + 1)),
  (text, random) => cutOut(text, random),
  (text) => text + text,
  (text, random) => repeated(text, random),
  (text, random) => insert(text, random, random.pick(SNIPPETS)),
  (text, random) => insert(text, random, random.pick(SPACES).repeat(1 + random.int(40))),
  (text, random) => text.replace("><", `>${random.pick(SPACES)}<`),
  (text, random) => inside(text, random, element(random.pick(NAMES), random.pick(SNIPPETS))),
  (text, random) => inside(text, random, element(random.pick(NAMES), element(random.pick(NAMES), PLANTED))),
  (text, random) => inside(text, random, `<x ${random.pick(NAMES)}="${PLANTED}" __proto__='${PLANTED}'/>`),
  (text, random) => inside(text, random, element("LONG", PLANTED.repeat(1 + random.int(200)))),
  (text, random) => inside(text, random, `<${"n".repeat(1 + random.int(3_000))}>${PLANTED}<a/></x>`),
  (text, random) => inside(text, random, element("n".repeat(1 + random.int(3_000)), "<a/>")),
  (text, random) => inside(text, random, `<a b="${"v".repeat(random.int(5_000))}"/>`),
  (text, random) => inside(text, random, nested(random)),
  (text, random) =>
    inside(text, random, random.pick(["&lt;", "&#x3c;", "&amp;amp;", "&quot;"]).repeat(1 + random.int(300))),
  (text, random) => `${random.pick(["\ufeff", "<?xml version='1.0'?>", "<!-- a -->", "\n", DOCTYPE])}${text}`,
  (text, random) => text + random.pick(["<a/>", "\0", "<!-- a -->", text.slice(0, 20), "]]>"]),
  (text, random) => text.replaceAll(/<!\[CDATA\[(.*?)\]\]>/g, random.isOneIn(2) ? "$1" : "<b>$1</b>"),
  (text) => text.replaceAll(/<([A-Z_0-9]+)>/g, (_, name: string) => `<${name.toLowerCase()}>`),
  (text, random) => renamed(text, random),
  (_text, random) => random.text("<>/!?[]CDATA&;#x-\"'= \nVMNICabc\0é\u{1f600}", 400),
];

// Each entity ten times the one before: written out it would be 10^9 letters.
const DOCTYPE = `<!DOCTYPE VM [${["b", "c", "d", "e", "f", "g", "h", "i", "j"]
  .map((name, index) => `<!ENTITY ${name} "${`&${"abcdefghi"[index]};`.repeat(10)}">`)
  .join("")}<!ENTITY a "ha">]>`;

/** The text after one to three mutations. */
export function mutated(text: string, random: Random): string {
  let now = text;
  for (let left = 1 + random.int(3); left > 0; left -= 1) now = random.pick(MUTATIONS)(now, random);
  return now;
}

/** What comes on standard input: base64 mostly, now and then not quite. */
export function packed(text: string, random: Random): string {
  if (random.isOneIn(40))
    return Buffer.from(Array.from({ length: random.int(300) }, () => random.int(256))).toString("latin1");
  if (random.isOneIn(40)) return text;
  const bytes = random.isOneIn(30)
    ? Buffer.from(Array.from({ length: random.int(300) }, () => random.int(256)))
    : Buffer.from(text);
  const base64 = bytes.toString("base64");
  if (random.isOneIn(20)) return base64.slice(0, random.int(base64.length + 1));
  if (random.isOneIn(20)) return base64.replaceAll(/.{76}/g, "$&\n");
  return base64;
}

export function settingsText(random: Random): string {
  const isBent = random.isOneIn(2);
  const bad = (good: string, ...others: string[]): string => (isBent ? random.pick([good, good, ...others]) : good);
  const lines = [
    'ZONE="fr-par-2"',
    'PROJECT_ID="11111111-1111-4111-8111-111111111111"',
    `CLOUD="${bad("one", PLANTED, "a b", "ü")}"`,
    `DNS='192.0.2.53${bad("", " 192.0.2.54", ` ${PLANTED}`)}'`,
    `${random.pick(["TIMEOUT", "HOOK_TIMEOUT"])}=${bad("60", "0", "1e3", "٣٠", "-5", PLANTED)}`,
    `# ${PLANTED}`,
    `${bad("LOG_DIR", "__proto__", "constructor", "K".repeat(random.int(3_000)), "toString")}="/${PLANTED}"`,
  ].filter((_, index) => index < 2 || !random.isOneIn(4));
  const text = lines
    .map((line) => line + random.pick(["\n", "\r\n", " # a\n", "\n\n", bad("\n", "\\\n", "")]))
    .join("");
  if (!random.isOneIn(4)) return text;
  const mutations: readonly [Mutation, ...Mutation[]] = [
    flip,
    cutOut,
    repeated,
    (all) => insert(all, random, random.text("\"'=#\\ \n\0éA_", 12)),
  ];
  return random.pick(mutations)(text, random);
}

/** Attributes that a user may type; many that cannot be written. */
export function templateAttributes(random: Random): [string, string][] {
  const letters = random.pick([
    "abcXYZ019 .:-_/",
    'ab=,#[]"\\\n',
    "é漢\u{1f600} '<>&;$`{}",
    "\t\r\0\u2028a",
    "]> [#=,a",
  ]);
  return Array.from({ length: random.int(6) }, () => [
    random.isOneIn(12) ? random.text('A_- =#é"', 6) : random.text("ABC_xyz019", 12) || "A",
    random.isOneIn(200) ? "v".repeat(random.int(100_000)) : random.text(letters, 30),
  ]);
}

function flip(text: string, random: Random): string {
  const bytes = Buffer.from(text);
  for (let left = 1 + random.int(4); left > 0 && bytes.length > 0; left -= 1) {
    const at = random.int(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.int(8));
  }
  return bytes.toString(random.isOneIn(2) ? "utf8" : "latin1");
}

function cutOut(text: string, random: Random): string {
  const from = random.int(text.length + 1);
  return text.slice(0, from) + text.slice(from + random.int(60));
}

function repeated(text: string, random: Random): string {
  const from = random.int(text.length + 1);
  const piece = text.slice(from, from + random.int(120));
  return text.slice(0, from) + piece.repeat(1 + random.int(20)) + text.slice(from);
}

function insert(text: string, random: Random, piece: string): string {
  const at = random.int(text.length + 1);
  return text.slice(0, at) + piece + text.slice(at);
}

/** Puts the piece between two elements. */
function inside(text: string, random: Random, piece: string): string {
  const gaps = [...text.matchAll(/></g)].map(({ index }) => index + 1);
  const at = gaps[random.int(Math.max(1, gaps.length))] ?? text.length;
  return text.slice(0, at) + piece + text.slice(at);
}

function renamed(text: string, random: Random): string {
  const found = [...text.matchAll(/<([A-Z_0-9]+)>/g)].map(([, name]) => name ?? "");
  const name = found[random.int(Math.max(1, found.length))];
  return name === undefined ? text : text.replaceAll(`${name}>`, `${random.pick(NAMES)}>`);
}

function nested(random: Random): string {
  const depth = 1 + random.int(random.isOneIn(50) ? 20_000 : 200);
  const name = random.pick(NAMES);
  return random.isOneIn(2)
    ? `<${name}>`.repeat(depth)
    : `<${name}>`.repeat(depth) + PLANTED + `</${name}>`.repeat(depth);
}

function element(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}
