import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { InputError } from "../../driver/errors.ts";
import { type Nic, parseVm } from "../../driver/opennebula/vm.ts";
import { PASSWORD, vmDocument } from "../documents.ts";

const NO_NIC: Nic = {
  isAlias: false,
  nicId: "",
  parentId: "",
  ip: "",
  ip6: "",
  mac: "",
  externalIp: "",
  flexibleIpId: "",
  flexibleIp6Id: "",
  isMarked: false,
};

suite("parseVm", () => {
  const nics = [
    { name: "nothing", nic: "", is: NO_NIC },
    {
      name: "a private NIC",
      nic: "<IP><![CDATA[10.1.2.100]]></IP><MAC>52:54:00:00:0A:64</MAC><NIC_ID><![CDATA[0]]></NIC_ID>",
      is: { ...NO_NIC, nicId: "0", ip: "10.1.2.100", mac: "52:54:00:00:0a:64" },
    },
    {
      name: "a dual-stack NIC of a range of ours",
      nic: "<EXTERNAL_IP>203.0.113.7</EXTERNAL_IP><IP>203.0.113.7</IP><IP6>2001:DB8:7::1</IP6><NIC_ID>1</NIC_ID><SCW_FLEXIBLE_IP_ID>F1E81B1E-0000-4000-8000-000000000007</SCW_FLEXIBLE_IP_ID><SCW_FLEXIBLE_IP6_ID>F1E81B1E-0000-4000-8000-000000000008</SCW_FLEXIBLE_IP6_ID>",
      is: {
        ...NO_NIC,
        nicId: "1",
        ip: "203.0.113.7",
        ip6: "2001:db8:7::1",
        externalIp: "203.0.113.7",
        flexibleIpId: "f1e81b1e-0000-4000-8000-000000000007",
        flexibleIp6Id: "f1e81b1e-0000-4000-8000-000000000008",
      },
    },
    { name: "an attach mark", nic: "<ATTACH><![CDATA[YES]]></ATTACH>", is: { ...NO_NIC, isMarked: true } },
    { name: "an attach mark in lower case", nic: "<ATTACH>yes</ATTACH>", is: { ...NO_NIC, isMarked: true } },
    { name: "no attach mark", nic: "<ATTACH>NO</ATTACH>", is: NO_NIC },
    { name: "an attribute given twice", nic: "<IP>203.0.113.7</IP><IP>203.0.113.8</IP>", is: NO_NIC },
  ];
  for (const { name, nic, is } of nics) {
    test(name, () => {
      const vm = parseVm(inputOf(`<VM><ID>1</ID><TEMPLATE><NIC>${nic}</NIC></TEMPLATE></VM>`));
      assert.deepEqual(vm.nics, [is]);
    });
  }

  test("collects NICs and aliases from every TEMPLATE, aliases last", () => {
    const vm = parseVm(
      inputOf(
        "<VM><TEMPLATE><NIC_ALIAS><NIC_ID>2</NIC_ID><PARENT_ID>0</PARENT_ID></NIC_ALIAS></TEMPLATE><TEMPLATE><NIC><NIC_ID>0</NIC_ID></NIC><NIC><NIC_ID>1</NIC_ID></NIC></TEMPLATE><TEMPLATE/><TEMPLATE><NIC><NIC_ID>3</NIC_ID></NIC></TEMPLATE></VM>",
      ),
    );
    assert.deepEqual(
      vm.nics.map(({ nicId, isAlias, parentId }) => [nicId, isAlias, parentId]),
      [
        ["0", false, ""],
        ["1", false, ""],
        ["3", false, ""],
        ["2", true, "0"],
      ],
    );
  });

  test("looks for NICs in TEMPLATE alone", () => {
    const forged = "<NIC><IP>203.0.113.7</IP></NIC>";
    const vm = parseVm(
      inputOf(
        `<VM>${forged}<USER_TEMPLATE>${forged}</USER_TEMPLATE><TEMPLATE><CONTEXT>${forged}</CONTEXT></TEMPLATE></VM>`,
      ),
    );
    assert.deepEqual(vm.nics, []);
  });

  const domains = [
    { xml: "<VM><ID>7</ID><DEPLOY_ID>one-7</DEPLOY_ID></VM>", id: "7", deployId: "one-7" },
    { xml: "<VM><ID>7</ID><DEPLOY_ID/></VM>", id: "7", deployId: "" },
    { xml: "<VM/>", id: "", deployId: "" },
  ];
  for (const { xml, id, deployId } of domains) {
    test(`the ids in ${xml}`, () => assert.deepEqual(parseVm(inputOf(xml)), { id, deployId, nics: [] }));
  }

  test("keeps nothing of CONTEXT", () => {
    const vm = parseVm(inputOf(vmDocument([{ NIC_ID: "0", IP: "203.0.113.7" }])));
    assert.equal(vm.nics.length, 1);
    assert.doesNotMatch(JSON.stringify(vm), new RegExp(PASSWORD));
  });

  test("refuses a cut document without a word of it", () => {
    const whole = vmDocument([{ NIC_ID: "0" }]);
    assert.throws(
      () => parseVm(inputOf(whole.slice(0, -9))),
      (error) => error instanceof InputError && !error.message.includes(PASSWORD),
    );
  });
});

function inputOf(xml: string): string {
  return Buffer.from(xml).toString("base64");
}
