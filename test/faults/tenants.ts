// What a tenant can write into a VM, and a network's manager into a range. oned vouches for IP and MAC; everything else
// can be forged. Whatever comes of the attacker's own VM, nothing of others may be touched.
import { nicFields } from "../cloud/driver-calls.ts";
import type { Range } from "../cloud/pool.ts";
import { type Fields, ipamDocument, type NicFields, vmDocument } from "../documents.ts";
import type { Kind } from "./kind.ts";
import type { Path } from "./path.ts";
import type { Expectation, Injected } from "./play.ts";
import type { TestCloud } from "./test-cloud.ts";

const ANY: Expectation = { outcomes: ["done", "refused", "later"], mayMiss: true };
const DONE: Expectation = { outcomes: ["done"] };
// As oned writes it: the end of a CDATA section inside one is split in two.
const QUOTES = "\"'`$(id)\\\n\r\t\u2028<!--%s%n;|&]]]]><![CDATA[>";

/** The VM document that the attacker's VM comes with. */
type Forge = (cloud: TestCloud, nics: readonly NicFields[]) => string;

export const TENANTS: readonly Kind[] = [
  hint("id of another's range in a NIC", (cloud) => idOf(cloud.neighbour)),
  hint("id of another cloud's flexible IP in a NIC", (cloud) => cloud.foreignId),
  hint("random id in a NIC", () => "0a11ce00-0000-4000-8000-0000000000ff"),
  hint("id of the server itself in a NIC", (cloud) => cloud.server("h1")),
  hint("path in the place of an id", (cloud) => `../fips/${idOf(cloud.neighbour)}`),
  hint("query in the place of an id", (cloud) => `${idOf(cloud.neighbour)}?page_size=1`),
  forged("another's EXTERNAL_IP", DONE, (cloud, nics) =>
    vmDocument(nics.map((nic) => ({ ...nic, EXTERNAL_IP: cloud.neighbour.ip }))),
  ),
  forged("a private NIC that claims another's address", ANY, (cloud, nics) =>
    vmDocument([...nics, { ...claim(cloud), NIC_ID: "5", IP: "10.1.2.3", MAC: "02:00:0a:01:02:03" }]),
  ),
  forged("a NIC without IP that claims another's address", ANY, (cloud, nics) =>
    vmDocument([...nics, { ...claim(cloud), NIC_ID: "5" }]),
  ),
  forged(
    "another's address with a MAC of one's own",
    ANY,
    (cloud, nics) =>
      vmDocument([...nics, { ...claim(cloud), NIC_ID: "5", IP: cloud.neighbour.ip, MAC: "02:00:00:00:00:66" }]),
    ["pre"],
  ),
  forged("the server's own main address as a NIC's", ANY, (_world, nics) =>
    vmDocument([...nics, { NIC_ID: "5", IP: "198.51.100.1", MAC: "02:00:00:00:00:67" }]),
  ),
  forged("quotes, newlines and shell signs in every attribute", ANY, (_world, nics) =>
    vmDocument(
      nics.map((nic) => Object.fromEntries(Object.keys(nic).map((key) => [key, QUOTES]))),
      { id: "42", deployId: "x; touch /tmp/owned" },
    ),
  ),
  forged("quotes and newlines in what is not oned's", DONE, (_world, nics) =>
    vmDocument(nics.map((nic) => ({ ...nic, NAME: "\"'\n$(id)", NETWORK: '"\n;', SCW_FLEXIBLE_IP6_ID: "'\n" }))),
  ),
  forged("a VM's name of 64 KiB", DONE, (_world, nics) =>
    vmDocument(nics).replace("<VM>", `<VM><NAME><![CDATA[${"n".repeat(65_536)}]]></NAME>`),
  ),
  forged("10,000 NICs", ANY, (_world, nics) => vmDocument([...nics, ...crowd(10_000)])),
  forged("1,000 private NICs", DONE, (_world, nics) => vmDocument([...nics, ...crowd(1_000, false)])),
  ...["YES", "yes", " YES ", "1", "TRUE", "NO"].map((value) =>
    forged(`ATTACH of ${JSON.stringify(value)} on a private NIC`, ANY, (_world, nics) =>
      vmDocument([...nics, { NIC_ID: "5", IP: "10.1.2.3", MAC: "02:00:0a:01:02:03", ATTACH: value }]),
    ),
  ),
  forged("a NIC in USER_TEMPLATE", DONE, (cloud, nics) =>
    vmDocument(nics, { userTemplate: `${nicXml(cloud)}${templateXml(cloud)}` }),
  ),
  forged("a NIC in the CDATA of USER_TEMPLATE", DONE, (cloud, nics) =>
    vmDocument(nics, {
      userTemplate: `<A><![CDATA[</A></USER_TEMPLATE>${templateXml(cloud)}<USER_TEMPLATE><A>]]></A>`,
    }),
  ),
  forged("a NIC in CONTEXT", DONE, (cloud, nics) => vmDocument(nics).replace("<CONTEXT>", `<CONTEXT>${nicXml(cloud)}`)),
  forged("a document type with entities", ANY, (_world, nics) =>
    vmDocument(nics).replace("<VM>", '<!DOCTYPE VM [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><VM>'),
  ),
  forged("a prototype's names for attributes", ANY, (_world, nics) =>
    vmDocument(nics, { userTemplate: "<__proto__><NIC>1</NIC></__proto__>" }),
  ),
  inRange("id of another's range in a range", (cloud) => ({ SCW_FLEXIBLE_IP_ID: idOf(cloud.neighbour) })),
  inRange("id of another cloud's flexible IP in a range", (cloud) => ({ SCW_FLEXIBLE_IP_ID: cloud.foreignId })),
  inRange("quotes and newlines in a range", () => ({ NAME: QUOTES, SCW_FLEXIBLE_IP6_ID: "'\n\"" })),
];

function hint(name: string, id: (cloud: TestCloud) => string): Kind {
  return forged(name, DONE, (cloud, nics) =>
    vmDocument(nics.map((nic) => ({ ...nic, SCW_FLEXIBLE_IP_ID: id(cloud), SCW_FLEXIBLE_IP6_ID: id(cloud) }))),
  );
}

function forged(
  name: string,
  expected: Expectation,
  forge: Forge,
  actions: readonly string[] = ["pre", "post", "clean"],
): Kind {
  return {
    ...{ family: "tenant", name, how: "in the VM's document", expected: () => expected },
    injections: (path) =>
      path.isCore && path.name.includes("one NIC") && actions.includes(path.action)
        ? [
            {
              point: "the document",
              inject: (cloud): Injected => {
                const nics = cloud.pool.vms.at(-1)?.nics.map((nic) => nicFields(nic)) ?? [];
                return { how: { raw: Buffer.from(forge(cloud, nics)).toString("base64") } };
              },
            },
          ]
        : [],
  };
}

/** What a network's manager can change in a range, in all that is done with it afterwards. */
function inRange(name: string, more: (cloud: TestCloud) => Fields): Kind {
  const actions = ["get_address", "allocate_address", "free_address", "unregister_address_range"];
  return {
    ...{ family: "tenant", name, how: "in the range's attributes", expected: () => DONE },
    injections: (path: Path) =>
      path.isCore && actions.includes(path.action)
        ? [
            {
              point: "the document",
              inject: (cloud): Injected => {
                const range = cloud.pool.ranges.at(-1);
                const address = path.action.endsWith("_address") ? { IP: range?.ip, SIZE: "1" } : {};
                const document = ipamDocument({ ...range?.attributes, ...more(cloud) }, address);
                return { how: { raw: Buffer.from(document).toString("base64") } };
              },
            },
          ]
        : [],
  };
}

function idOf({ ids }: Range): string {
  return ids[0] ?? "";
}

function claim({ neighbour }: TestCloud): NicFields {
  return { EXTERNAL_IP: neighbour.ip, SCW_FLEXIBLE_IP_ID: idOf(neighbour) };
}

function nicXml({ neighbour }: TestCloud): string {
  return `<NIC><NIC_ID>5</NIC_ID><IP>${neighbour.ip}</IP><MAC>${neighbour.mac}</MAC></NIC>`;
}

function templateXml(cloud: TestCloud): string {
  return `<TEMPLATE>${nicXml(cloud)}</TEMPLATE>`;
}

function crowd(count: number, isPublic = true): NicFields[] {
  return Array.from({ length: count }, (_, index) => ({
    NIC_ID: String(index + 100),
    IP: `${isPublic ? "198.51" : "10.51"}.${index >> 8}.${index & 255}`,
    MAC: `02:00:00:01:${(index >> 8).toString(16).padStart(2, "0")}:${(index & 255).toString(16).padStart(2, "0")}`,
  }));
}
