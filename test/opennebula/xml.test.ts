import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { InputError } from "../../driver/errors.ts";
import { child, children, decodeInput, MAX_INPUT_BYTES, names, parseXml, textOf } from "../../driver/opennebula/xml.ts";

const PLANTED = "planted-guest-password";

suite("decodeInput", () => {
  for (const [input, text] of [
    ["YQ==\n", "a"],
    [" Y\nQ = =\r\n", "a"],
    ["YQ", "a"],
    [Buffer.from("<A>ü €</A>").toString("base64"), "<A>ü €</A>"],
  ] as const) {
    test(`reads ${JSON.stringify(input)}`, () => assert.equal(decodeInput(input), text));
  }

  for (const [input, reason] of [
    ["", /^standard input is empty; /],
    ["<VM/>", /^standard input is not base64; /],
    ["Y", /^standard input is not base64; /],
    ["YQ==YQ==", /^standard input is not base64; /],
    ["_-8=", /^standard input is not base64; /],
    [`${PLANTED}!`, /^standard input is not base64; /],
    ["A".repeat(MAX_INPUT_BYTES + 1), /^standard input is longer than 16777216 bytes; /],
  ] as const) {
    test(`refuses ${JSON.stringify(input.slice(0, 20))}`, () => assertRefused(() => decodeInput(input), reason));
  }

  test("takes the longest input there may be", () => {
    assert.equal(decodeInput("A".repeat(MAX_INPUT_BYTES)).length, (MAX_INPUT_BYTES / 4) * 3);
  });
});

suite("parseXml", () => {
  for (const [xml, content] of [
    ["<R><A>1e5</A><B>true</B><C>0x1F</C><D>-0</D></R>", { A: "1e5", B: "true", C: "0x1F", D: "-0" }],
    ["<R><IP/><MAC></MAC><ALLOCATED><![CDATA[]]></ALLOCATED></R>", { IP: "", MAC: "", ALLOCATED: "" }],
    ['<R><A><![CDATA[a & <b> &amp; "c"]]></A></R>', { A: 'a & <b> &amp; "c"' }],
    ["<R><A>a &amp; &lt;b&gt; &quot;c&quot; &apos;d&apos;</A></R>", { A: "a & <b> \"c\" 'd'" }],
    // How OpenNebula writes "x]]>y".
    ["<R><A><![CDATA[x]]]]><![CDATA[>y]]></A></R>", { A: "x]]>y" }],
    ["<R><A><![CDATA[<!DOCTYPE html><!-- x]]></A><B/></R>", { A: "<!DOCTYPE html><!-- x", B: "" }],
    ["<R><!-- <!DOCTYPE x> <![CDATA[ --><A>x</A></R>", { A: "x" }],
    ["<R><A>&a; &#65;</A></R>", { A: "&a; &#65;" }],
    ["<R><A>one\ntwo ü €</A></R>", { A: "one\ntwo ü €" }],
    ['\uFEFF<?xml version="1.0"?>\n<R version="7.0"><A id="1">x</A></R>\n', { A: "x" }],
    ["<R><NIC>x</NIC></R>", { NIC: ["x"] }],
    ["<R><A>x</A><A>y</A></R>", { A: ["x", "y"] }],
    ["<R/>", ""],
    ["<R>x</R>", "x"],
  ] as const) {
    test(`reads ${JSON.stringify(xml)}`, () => assert.deepEqual(parseXml(xml, "R", ["NIC"]), content));
  }

  for (const [xml, reason] of [
    ["", /does not start with <R>; /],
    [PLANTED, /does not start with <R>; /],
    ["<RR/>", /does not start with <R>; /],
    [`<!DOCTYPE R [<!ENTITY a "${PLANTED}">]><R>&a;</R>`, /does not start with <R>; /],
    ['<?xml version="1.0"?><!DOCTYPE R><R/>', /does not start with <R>; /],
    [`<R><!DOCTYPE R [<!ENTITY a "${PLANTED}">]><A>&a;</A></R>`, /declares a document type; /],
    [`<R><A/></R><!DOCTYPE ${PLANTED}>`, /declares a document type; |well-formed/],
    ["<R/><R/>", /holds more than one <R>; /],
    [`<R><ROOTPW>${PLANTED}</PW></R>`, /is no well-formed XML, it may have been cut; /],
    [`<R>${"<A>".repeat(9_000)}${"</A>".repeat(9_000)}</R>`, /cannot be read as XML; /],
    [`<R><__proto__>${PLANTED}</__proto__></R>`, /cannot be read as XML; /],
  ] as const) {
    test(`refuses ${JSON.stringify(xml.slice(0, 90))}`, () => assertRefused(() => parseXml(xml, "R", []), reason));
  }
});

test("an element is read by the names that the document gives, and by no others", () => {
  const element = parseXml("<R>\n<A> x </A><B><C>y</C></B><NIC>1</NIC><NIC>2</NIC></R>", "R", ["NIC"]);
  assert.deepEqual(names(element), ["A", "B", "NIC"]);
  assert.deepEqual([textOf(element, "A"), textOf(element, "B"), textOf(element, "toString")], ["x", "", ""]);
  assert.deepEqual(
    [child(element, "B"), child(element, "NIC"), child(element, "toString")],
    [{ C: "y" }, undefined, undefined],
  );
  assert.deepEqual(
    [children(element, "NIC"), children(element, "A"), children(element, "E")],
    [["1", "2"], [" x "], []],
  );
});

/** Refused by name, on one line, and without a word of what was read. */
function assertRefused(read: () => unknown, reason: RegExp): void {
  assert.throws(read, (error) => {
    assert.ok(error instanceof InputError);
    assert.match(error.message, reason);
    assert.doesNotMatch(error.message, new RegExp(`\\n|${PLANTED}`));
    return true;
  });
}
