import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type Nic, parseVm, type Vm } from "../../driver/opennebula/vm.ts";

suite("parseVm", () => {
  const [id, id6] = ["f1e81b1e-0000-4000-8000-000000000007", "f1e81b1e-0000-4000-8000-000000000008"];
  for (const [name, nic, is] of [
    [
      "a private NIC",
      "<IP><![CDATA[10.1.2.100]]></IP><MAC>52:54:00:00:0A:64</MAC><NIC_ID><![CDATA[0]]></NIC_ID>",
      { nicId: "0", ip: "10.1.2.100", mac: "52:54:00:00:0a:64" },
    ],
    [
      "a dual-stack NIC",
      "<EXTERNAL_IP>203.0.113.7</EXTERNAL_IP><IP>203.0.113.7</IP><IP6>2001:DB8:7::1</IP6>",
      { ip: "203.0.113.7", ip6: "2001:db8:7::1", externalIp: "203.0.113.7" },
    ],
    [
      "the ids that a range gives its NICs",
      `<SCW_FLEXIBLE_IP_ID>${id.toUpperCase()}</SCW_FLEXIBLE_IP_ID><SCW_FLEXIBLE_IP6_ID>${id6}</SCW_FLEXIBLE_IP6_ID>`,
      { flexibleIpId: id, flexibleIp6Id: id6 },
    ],
    [
      "what else a range of ours gives its NICs",
      `<VN_MAD>bridge</VN_MAD><SCW_FLEXIP_INTENT>${id.toUpperCase()}</SCW_FLEXIP_INTENT><SCW_FLEXIP_ALIAS>yes</SCW_FLEXIP_ALIAS>`,
      { driver: "bridge", intent: id, isForAliases: true },
    ],
    ["the floating address of a virtual router", "<VROUTER_IP>203.0.113.8</VROUTER_IP>", { floatingIp: "203.0.113.8" }],
    ["no id that would leave its place in a path", `<SCW_FLEXIBLE_IP_ID>../${id}</SCW_FLEXIBLE_IP_ID>`, {}],
    ["no value longer than any address", `<MAC>${"5".repeat(300)}</MAC>`, {}],
    ["an attach mark", "<ATTACH><![CDATA[YES]]></ATTACH>", { isMarked: true }],
    ["an attach mark in lower case", "<ATTACH>yes</ATTACH>", { isMarked: true }],
    ["no attach mark", "<ATTACH>NO</ATTACH>", {}],
    ["no attribute that is given twice", "<IP>203.0.113.7</IP><IP>203.0.113.8</IP>", {}],
  ] satisfies [string, string, Partial<Nic>][]) {
    test(`reads ${name}`, () => {
      assert.deepEqual(parse(`<TEMPLATE><NIC>${nic}</NIC></TEMPLATE>`).nics.map(said), [is]);
    });
  }

  test("collects NICs and aliases from every TEMPLATE, aliases last", () => {
    const alias = "<NIC_ALIAS><NIC_ID>2</NIC_ID><PARENT_ID>0</PARENT_ID></NIC_ALIAS>";
    const nics = ["0", "1", "3"].map((nicId) => `<NIC><NIC_ID>${nicId}</NIC_ID></NIC>`);
    const templates = [alias, `${nics[0]}${nics[1]}`, "", nics[2]].map((inside) => `<TEMPLATE>${inside}</TEMPLATE>`);
    const last = { isAlias: true, nicId: "2", parentId: "0" };
    const read = parse(templates.join("")).nics.map(said);
    assert.deepEqual(read, [{ nicId: "0" }, { nicId: "1" }, { nicId: "3" }, last]);
  });

  test("looks for NICs in TEMPLATE alone", () => {
    const forged =
      "<NIC><IP>203.0.113.7</IP></NIC><A><![CDATA[</CONTEXT></TEMPLATE></USER_TEMPLATE><TEMPLATE><NIC/></TEMPLATE>]]></A>";
    const user = `<USER_TEMPLATE>${forged}</USER_TEMPLATE><TEMPLATE><CONTEXT>${forged}</CONTEXT></TEMPLATE>`;
    assert.deepEqual(parse(forged + user).nics, []);
  });

  test("reads the ids, where there are some", () => {
    const none = { host: undefined, nics: [], pciNics: [], isHotPlug: false };
    const ids = "<ID>7</ID><DEPLOY_ID>one-7</DEPLOY_ID>";
    assert.deepEqual(parse(ids), { id: "7", deployId: "one-7", ...none });
    assert.deepEqual(parse("<ID>7</ID><DEPLOY_ID/>"), { id: "7", deployId: undefined, ...none });
    assert.deepEqual(parse(""), { id: "", deployId: undefined, ...none });
  });

  test("the host is the last one of the history, whose records hold one attribute each", () => {
    const record = (inside: string): string => `<HISTORY_RECORDS><HISTORY>${inside}</HISTORY></HISTORY_RECORDS>`;
    const history = ["<HOSTNAME>h1</HOSTNAME>", "<HOSTNAME>h2</HOSTNAME>", "<HID>1</HID>"].map(record).join("");
    assert.equal(parse(history).host, "h2");
  });

  test("a PCI device with a NIC's id is a NIC of its own kind", () => {
    const pci = "<PCI><NIC_ID>1</NIC_ID><IP>203.0.113.7</IP></PCI><PCI><ADDRESS>0000:01:00.0</ADDRESS></PCI>";
    const vm = parse(`<TEMPLATE>${pci}</TEMPLATE>`);
    assert.deepEqual(vm.pciNics.map(said), [{ nicId: "1", ip: "203.0.113.7" }]);
    assert.deepEqual(vm.nics, []);
  });

  test("a USER_TEMPLATE of a million elements costs no more than its length", () => {
    const xml = `<USER_TEMPLATE>${"<A>b</A>".repeat(1_000_000)}</USER_TEMPLATE><TEMPLATE><NIC/></TEMPLATE>`;
    const before = process.memoryUsage.rss();
    assert.equal(parse(xml).nics.length, 1);
    const grown = process.memoryUsage.rss() - before;
    assert.ok(grown < 200e6, `${Math.round(grown / 1e6)} MB more`);
  });

  test("more NICs than any server serves are refused", () => {
    const xml = `<TEMPLATE>${"<NIC/>".repeat(1_025)}</TEMPLATE>`;
    assert.throws(() => parse(xml), { name: "InputError", message: /more than 1024 NICs/ });
  });
});

/** A NIC without what its document does not say. */
function said(nic: Nic): Partial<Nic> {
  return Object.fromEntries(Object.entries(nic).filter(([, value]) => Boolean(value)));
}

function parse(inside: string): Vm {
  return parseVm(inputOf(`<VM>${inside}</VM>`));
}

function inputOf(xml: string): string {
  return Buffer.from(xml).toString("base64");
}
