import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { InputError } from "../../driver/errors.ts";
import { child, children, decodeInput, MAX_INPUT_BYTES, names, parseXml, textOf } from "../../driver/opennebula/xml.ts";

const PLANTED = "planted-guest-password";

suite("decodeInput", () => {
  const readable = [
    { input: "YQ==", text: "a" },
    { input: "YQ==\n", text: "a" },
    { input: " Y\nQ = =\r\n", text: "a" },
    { input: "YQ", text: "a" },
    { input: Buffer.from("<A>ü €</A>").toString("base64"), text: "<A>ü €</A>" },
  ];
  for (const { input, text } of readable) {
    test(`reads ${JSON.stringify(input)}`, () => assert.equal(decodeInput(input), text));
  }

  const refused = [
    { input: "", reason: /^standard input is empty; / },
    { input: " \n\t", reason: /^standard input is empty; / },
    { input: "<VM/>", reason: /^standard input is not base64; / },
    { input: "Y", reason: /^standard input is not base64; / },
    { input: "YQ==YQ==", reason: /^standard input is not base64; / },
    { input: "_-8=", reason: /^standard input is not base64; / },
    { input: `${PLANTED}!`, reason: /^standard input is not base64; / },
    { input: "A".repeat(MAX_INPUT_BYTES + 1), reason: /^standard input is longer than 16777216 bytes; / },
  ];
  for (const { input, reason } of refused) {
    test(`refuses ${JSON.stringify(input.slice(0, 20))}`, () => assertRefused(() => decodeInput(input), reason));
  }

  test("takes the longest input there may be", () => {
    assert.equal(decodeInput("A".repeat(MAX_INPUT_BYTES)).length, (MAX_INPUT_BYTES / 4) * 3);
  });
});

suite("parseXml", () => {
  const readable = [
    { xml: "<R><SIZE>08</SIZE></R>", content: { SIZE: "08" } },
    { xml: "<R><A>1e5</A><B>true</B><C>0x1F</C><D>-0</D></R>", content: { A: "1e5", B: "true", C: "0x1F", D: "-0" } },
    { xml: "<R><IP/><MAC></MAC><ALLOCATED><![CDATA[]]></ALLOCATED></R>", content: { IP: "", MAC: "", ALLOCATED: "" } },
    { xml: "<R><A><![CDATA[203.0.113.7]]></A></R>", content: { A: "203.0.113.7" } },
    { xml: '<R><A><![CDATA[a & <b> &amp; "c"]]></A></R>', content: { A: 'a & <b> &amp; "c"' } },
    { xml: "<R><A>a &amp; &lt;b&gt; &quot;c&quot; &apos;d&apos;</A></R>", content: { A: "a & <b> \"c\" 'd'" } },
    // How OpenNebula writes "x]]>y".
    { xml: "<R><A><![CDATA[x]]]]><![CDATA[>y]]></A></R>", content: { A: "x]]>y" } },
    { xml: "<R><A><![CDATA[<B>1</B>]]></A></R>", content: { A: "<B>1</B>" } },
    { xml: "<R><A><![CDATA[<!DOCTYPE html><!-- x]]></A><B/></R>", content: { A: "<!DOCTYPE html><!-- x", B: "" } },
    { xml: "<R><!-- <!DOCTYPE x> <![CDATA[ --><A>x</A></R>", content: { A: "x" } },
    { xml: "<R><A>&a; &#65;</A></R>", content: { A: "&a; &#65;" } },
    { xml: "<R><A>one\ntwo</A></R>", content: { A: "one\ntwo" } },
    { xml: "<R><A>ü €</A></R>", content: { A: "ü €" } },
    { xml: '<R version="7.0"><A id="1">x</A></R>', content: { A: "x" } },
    { xml: "<R><!-- a remark --><A>x</A></R>", content: { A: "x" } },
    { xml: '\uFEFF<?xml version="1.0"?>\n<R><A>x</A></R>\n', content: { A: "x" } },
    { xml: "<R><NIC>x</NIC></R>", content: { NIC: ["x"] } },
    { xml: "<R><NIC>x</NIC><NIC/></R>", content: { NIC: ["x", ""] } },
    { xml: "<R><A>x</A><A>y</A></R>", content: { A: ["x", "y"] } },
    { xml: "<R/>", content: "" },
    { xml: "<R></R>", content: "" },
    { xml: "<R>x</R>", content: "x" },
  ];
  for (const { xml, content } of readable) {
    test(`reads ${JSON.stringify(xml)}`, () => assert.deepEqual(parseXml(xml, "R", ["NIC"]), content));
  }

  const refused = [
    { xml: "", reason: /does not start with <R>; / },
    { xml: PLANTED, reason: /does not start with <R>; / },
    { xml: "<RR/>", reason: /does not start with <R>; / },
    { xml: "<r/>", reason: /does not start with <R>; / },
    { xml: `<!DOCTYPE R [<!ENTITY a "${PLANTED}">]><R>&a;</R>`, reason: /does not start with <R>; / },
    { xml: '<?xml version="1.0"?><!DOCTYPE R><R/>', reason: /does not start with <R>; / },
    { xml: `<R><!DOCTYPE R [<!ENTITY a "${PLANTED}">]><A>&a;</A></R>`, reason: /declares a document type; / },
    { xml: `<R><A/></R><!DOCTYPE ${PLANTED}>`, reason: /declares a document type; |well-formed/ },
    { xml: "<R/><R/>", reason: /holds more than one <R>; / },
    { xml: `<R><ROOTPW>${PLANTED}</ROOTPW>`, reason: /is no well-formed XML, it may have been cut; / },
    { xml: `<R><ROOTPW>${PLANTED}</PW></R>`, reason: /is no well-formed XML, it may have been cut; / },
    { xml: `<R><ROOTPW>${PLANTED}</R`, reason: /is no well-formed XML, it may have been cut; / },
    { xml: `<R><__proto__>${PLANTED}</__proto__></R>`, reason: /cannot be read as XML; / },
  ];
  for (const { xml, reason } of refused) {
    test(`refuses ${JSON.stringify(xml)}`, () => assertRefused(() => parseXml(xml, "R", []), reason));
  }
});

suite("reading an element", () => {
  const element = parseXml("<R><A> x </A><B><C>y</C></B><NIC>1</NIC><NIC>2</NIC><D/></R>", "R", ["NIC"]);

  const texts = [
    { name: "A", text: "x" },
    { name: "B", text: "" },
    { name: "NIC", text: "" },
    { name: "D", text: "" },
    { name: "E", text: "" },
    { name: "toString", text: "" },
  ];
  for (const { name, text } of texts) test(`textOf ${name}`, () => assert.equal(textOf(element, name), text));

  const lists = [
    { name: "A", list: [" x "] },
    { name: "NIC", list: ["1", "2"] },
    { name: "E", list: [] },
    { name: "toString", list: [] },
  ];
  for (const { name, list } of lists) test(`children ${name}`, () => assert.deepEqual(children(element, name), list));

  test("child is the only element of that name", () => {
    assert.deepEqual(child(element, "B"), { C: "y" });
    assert.equal(child(element, "NIC"), undefined);
    assert.equal(child(undefined, "A"), undefined);
    assert.equal(child("text", "length"), undefined);
  });

  test("names are those of the elements, in their order", () => {
    assert.deepEqual(names(element), ["A", "B", "NIC", "D"]);
    assert.deepEqual(names(parseXml("<R>\n<A>x</A>\n</R>", "R", [])), ["A"]);
    assert.deepEqual(names("text"), []);
  });
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
