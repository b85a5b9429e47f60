import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { InputError } from "../../driver/errors.ts";
import { parseIpamRequest } from "../../driver/opennebula/ipam-request.ts";

suite("parseIpamRequest", () => {
  const SIZE_1 = { SIZE: "1" };
  for (const [name, data, range, address] of [
    ["what oned sends to register", "<AR><SIZE>1</SIZE></AR><ADDRESS><MAC/><IP/><SIZE/></ADDRESS>", SIZE_1, {}],
    [
      "the address before the range",
      "<ADDRESS><IP><![CDATA[203.0.113.7]]></IP></ADDRESS><AR><SIZE>1</SIZE></AR>",
      SIZE_1,
      { IP: "203.0.113.7" },
    ],
    ["an empty address", "<AR><SIZE>1</SIZE></AR><ADDRESS/>", SIZE_1, {}],
    [
      "no empty and blank values",
      "<AR><ALLOCATED><![CDATA[]]></ALLOCATED><IP/><DNS> </DNS><SIZE> 08 </SIZE></AR>",
      { SIZE: "08" },
      {},
    ],
    ["lines indented by hand", "\n  <AR>\n    <SIZE>1</SIZE>\n  </AR>\n  <ADDRESS>\n  </ADDRESS>\n", SIZE_1, {}],
  ] as const) {
    test(`reads ${name}`, () => {
      const request = parseIpamRequest(inputOf(data));
      assert.deepEqual(Object.fromEntries(request.addressRange), range);
      assert.deepEqual(Object.fromEntries(request.address), address);
    });
  }

  for (const [name, data, reason] of [
    ["no range", "<ADDRESS/>", /does not hold one <AR>/],
    ["a range that is text", "<AR>1</AR>", /does not hold one <AR>/],
    ["two ranges", "<AR><A>1</A></AR><AR><A>2</A></AR>", /does not hold one <AR>/],
    ["an attribute of two values", "<AR><A>1</A><A>2</A></AR>", /^attribute A of the .* is no text; .*one value/],
    ["an attribute of elements", "<AR><A><B>1</B></A></AR>", /^attribute A of the .* is no text/],
  ] as const) {
    test(`refuses ${name}`, () => {
      assert.throws(
        () => parseIpamRequest(inputOf(data)),
        (error) => error instanceof InputError && reason.test(error.message),
      );
    });
  }
});

function inputOf(data: string): string {
  return Buffer.from(`<IPAM_DRIVER_ACTION_DATA>${data}</IPAM_DRIVER_ACTION_DATA>`).toString("base64");
}
