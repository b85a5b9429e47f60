import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { InputError } from "../../driver/errors.ts";
import { type Nic, parseVm } from "../../driver/opennebula/vm.ts";
import { PASSWORD, vmDocument } from "../documents.ts";

const NO_NIC: Nic = {
  isAlias: false,
  nicId: "",
  parentId: undefined,
  driver: undefined,
  ip: undefined,
  ip6: undefined,
  mac: "",
  externalIp: undefined,
  flexibleIpId: undefined,
  flexibleIp6Id: undefined,
  intent: undefined,
  isForAliases: false,
  floatingIp: undefined,
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
    {
      name: "what a range of ours makes its NICs inherit",
      nic: "<VN_MAD>bridge</VN_MAD><SCW_FLEXIP_INTENT>0A11CE00-0000-4000-8000-0000000000C0</SCW_FLEXIP_INTENT><SCW_FLEXIP_ALIAS>yes</SCW_FLEXIP_ALIAS>",
      is: { ...NO_NIC, driver: "bridge", intent: "0a11ce00-0000-4000-8000-0000000000c0", isForAliases: true },
    },
    {
      name: "the floating address of a virtual router",
      nic: "<VROUTER_IP>203.0.113.8</VROUTER_IP>",
      is: { ...NO_NIC, floatingIp: "203.0.113.8" },
    },
    {
      name: "an id that would leave its place in a path",
      nic: "<SCW_FLEXIBLE_IP_ID>../f1e81b1e-0000-4000-8000-000000000007</SCW_FLEXIBLE_IP_ID>",
      is: NO_NIC,
    },
    { name: "a value longer than any address", nic: `<MAC>${"5".repeat(300)}</MAC>`, is: NO_NIC },
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
        ["0", false, undefined],
        ["1", false, undefined],
        ["3", false, undefined],
        ["2", true, "0"],
      ],
    );
  });

  test("looks for NICs in TEMPLATE alone", () => {
    const forged =
      "<NIC><IP>203.0.113.7</IP></NIC><A><![CDATA[</CONTEXT></TEMPLATE></USER_TEMPLATE><TEMPLATE><NIC/></TEMPLATE>]]></A>";
    const vm = parseVm(
      inputOf(
        `<VM>${forged}<USER_TEMPLATE>${forged}</USER_TEMPLATE><TEMPLATE><CONTEXT>${forged}</CONTEXT></TEMPLATE></VM>`,
      ),
    );
    assert.deepEqual(vm.nics, []);
  });

  const domains = [
    { xml: "<VM><ID>7</ID><DEPLOY_ID>one-7</DEPLOY_ID></VM>", id: "7", deployId: "one-7" },
    { xml: "<VM><ID>7</ID><DEPLOY_ID/></VM>", id: "7", deployId: undefined },
    { xml: "<VM/>", id: "", deployId: undefined },
  ];
  for (const { xml, id, deployId } of domains) {
    test(`the ids in ${xml}`, () => {
      const none = { host: undefined, nics: [], pciNics: [], isHotPlug: false };
      assert.deepEqual(parseVm(inputOf(xml)), { id, deployId, ...none });
    });
  }

  test("the host is the last one of the history, whose records hold one attribute each", () => {
    const record = (inside: string): string => `<HISTORY_RECORDS><HISTORY>${inside}</HISTORY></HISTORY_RECORDS>`;
    const history = ["<HOSTNAME>h1</HOSTNAME>", "<HOSTNAME>h2</HOSTNAME>", "<HID>1</HID>"].map(record).join("");
    assert.equal(parseVm(inputOf(`<VM>${history}</VM>`)).host, "h2");
  });

  for (const { name, inside, isHotPlug } of [
    { name: "a marked NIC", inside: "<NIC><ATTACH>YES</ATTACH></NIC>", isHotPlug: true },
    { name: "a marked alias", inside: "<NIC_ALIAS><ATTACH>YES</ATTACH></NIC_ALIAS>", isHotPlug: true },
    { name: "a marked PCI device", inside: "<PCI><ATTACH>YES</ATTACH></PCI><NIC/>", isHotPlug: true },
    { name: "no mark", inside: "<PCI/><NIC/><NIC_ALIAS/>", isHotPlug: false },
  ]) {
    test(`${isHotPlug ? "a" : "no"} hot plug: ${name}`, () => {
      assert.equal(parseVm(inputOf(`<VM><TEMPLATE>${inside}</TEMPLATE></VM>`)).isHotPlug, isHotPlug);
    });
  }

  test("a PCI device with a NIC's id is a NIC of its own kind", () => {
    const pci = "<PCI><NIC_ID>1</NIC_ID><IP>203.0.113.7</IP></PCI><PCI><ADDRESS>0000:01:00.0</ADDRESS></PCI>";
    const vm = parseVm(inputOf(`<VM><TEMPLATE>${pci}</TEMPLATE></VM>`));
    assert.deepEqual(vm.pciNics, [{ ...NO_NIC, nicId: "1", ip: "203.0.113.7" }]);
    assert.deepEqual(vm.nics, []);
  });

  test("a USER_TEMPLATE of a million elements costs no more than its length", () => {
    const xml = `<VM><ID>7</ID><USER_TEMPLATE>${"<A>b</A>".repeat(1_000_000)}</USER_TEMPLATE><TEMPLATE><NIC><NIC_ID>0</NIC_ID></NIC></TEMPLATE></VM>`;
    const before = process.memoryUsage.rss();
    assert.equal(parseVm(inputOf(xml)).nics.length, 1);
    const grown = process.memoryUsage.rss() - before;
    assert.ok(grown < 200e6, `${Math.round(grown / 1e6)} MB more`);
  });

  test("more NICs than any server serves are refused", () => {
    const xml = `<VM><TEMPLATE>${"<NIC/>".repeat(1_025)}</TEMPLATE></VM>`;
    assert.throws(() => parseVm(inputOf(xml)), { name: "InputError", message: /more than 1024 NICs/ });
  });

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
