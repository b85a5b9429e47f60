import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { InputError } from "../../driver/errors.ts";
import { parseIpamRequest } from "../../driver/opennebula/ipam-request.ts";

const EMPTY_ADDRESS = "<MAC/><IP/><IP6_GLOBAL/><IP6_ULA/><IP6/><SIZE/>";

suite("parseIpamRequest", () => {
  const readable = [
    {
      name: "register, as recorded",
      data: `<AR><IPAM_MAD><![CDATA[scw-flexip]]></IPAM_MAD><SIZE><![CDATA[1]]></SIZE></AR><ADDRESS>${EMPTY_ADDRESS}</ADDRESS>`,
      range: { IPAM_MAD: "scw-flexip", SIZE: "1" },
      address: {},
    },
    {
      name: "get, as recorded",
      data: "<AR><IP><![CDATA[203.0.113.7]]></IP><USED_LEASES>0</USED_LEASES></AR><ADDRESS><SIZE>1</SIZE></ADDRESS>",
      range: { IP: "203.0.113.7", USED_LEASES: "0" },
      address: { SIZE: "1" },
    },
    {
      name: "the address before the range",
      data: "<ADDRESS><IP>203.0.113.7</IP></ADDRESS><AR><SIZE>1</SIZE></AR>",
      range: { SIZE: "1" },
      address: { IP: "203.0.113.7" },
    },
    { name: "no address at all", data: "<AR><SIZE>1</SIZE></AR>", range: { SIZE: "1" }, address: {} },
    { name: "an empty address", data: "<AR><SIZE>1</SIZE></AR><ADDRESS/>", range: { SIZE: "1" }, address: {} },
    {
      name: "empty and blank values are left out",
      data: "<AR><ALLOCATED><![CDATA[]]></ALLOCATED><IP/><DNS> </DNS><SIZE> 08 </SIZE></AR>",
      range: { SIZE: "08" },
      address: {},
    },
    {
      name: "indented by hand",
      data: "\n  <AR>\n    <SIZE>1</SIZE>\n  </AR>\n  <ADDRESS>\n  </ADDRESS>\n",
      range: { SIZE: "1" },
      address: {},
    },
  ];
  for (const { name, data, range, address } of readable) {
    test(name, () => {
      const request = parseIpamRequest(inputOf(data));
      assert.deepEqual(Object.fromEntries(request.addressRange), range);
      assert.deepEqual(Object.fromEntries(request.address), address);
    });
  }

  const refused = [
    { name: "no range", data: "<ADDRESS/>", reason: /does not hold one <AR>/ },
    { name: "an empty range", data: "<AR/>", reason: /does not hold one <AR>/ },
    { name: "two ranges", data: "<AR><A>1</A></AR><AR><A>2</A></AR>", reason: /does not hold one <AR>/ },
    {
      name: "an attribute of two values",
      data: "<AR><A>1</A><A>2</A></AR>",
      reason: /^attribute A of the .* is no text/,
    },
    { name: "an attribute of elements", data: "<AR><A><B>1</B></A></AR>", reason: /^attribute A of the .* is no text/ },
  ];
  for (const { name, data, reason } of refused) {
    test(`refuses ${name}`, () => {
      assert.throws(
        () => parseIpamRequest(inputOf(data)),
        (error) => error instanceof InputError && reason.test(error.message),
      );
    });
  }

  test("refuses what a hook gets", () => {
    const vm = Buffer.from("<VM><ID>1</ID></VM>").toString("base64");
    assert.throws(() => parseIpamRequest(vm), /does not start with <IPAM_DRIVER_ACTION_DATA>/);
  });
});

function inputOf(data: string): string {
  return Buffer.from(`<IPAM_DRIVER_ACTION_DATA>${data}</IPAM_DRIVER_ACTION_DATA>`).toString("base64");
}
