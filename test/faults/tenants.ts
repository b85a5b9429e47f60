// What a tenant can write into a VM, and a network's manager into a range. oned vouches for IP and MAC; everything else
// can be forged. Whatever comes of the attacker's own VM, nothing of others may be touched.
import { nicFields } from "../cloud/driver-calls.ts";
import { type Fields, ipamDocument, type NicFields, vmDocument } from "../documents.ts";
import { DONE, type Kind, throughout } from "./kind.ts";
import { isHook, isIpam } from "./path.ts";
import type { Expectation } from "./play.ts";
import type { TestCloud } from "./test-cloud.ts";

const ANY: Expectation = { outcomes: ["done", "refused", "later"], mayMiss: true };
// As oned writes it: the end of a CDATA section inside one is split in two.
const QUOTES = "\"'`$(id)\\\n\r\t\u2028<!--%s%n;|&]]]]><![CDATA[>";

/** The VM document that the attacker's VM comes with. */
type Forge = (cloud: TestCloud, nics: readonly NicFields[]) => string;

export const TENANTS: readonly Kind[] = [
  hint("id of another's range in a NIC", ({ neighbour }) => neighbour.ids[0]),
  hint("id of another cloud's flexible IP in a NIC", ({ foreignId }) => foreignId),
  hint("id of the server itself in a NIC", ({ server }) => server("h1")),
  hint("path in the place of an id", ({ neighbour }) => `../fips/${neighbour.ids[0]}`),
  forged("another's EXTERNAL_IP", DONE, ({ neighbour }, nics) =>
    vmDocument(nics.map((nic) => ({ ...nic, EXTERNAL_IP: neighbour.ip }))),
  ),
  added("a private NIC that claims another's address", (cloud) => ({
    ...{ ...claim(cloud), IP: "10.1.2.3", MAC: "02:00:0a:01:02:03" },
  })),
  added("a NIC without IP that claims another's address", claim),
  added("another's address with a MAC of one's own", (cloud) => ({
    ...{ ...claim(cloud), IP: cloud.neighbour.ip, MAC: "02:00:00:00:00:66" },
  })),
  added("the server's own main address as a NIC's", () => ({ IP: "198.51.100.1", MAC: "02:00:00:00:00:67" })),
  added("ATTACH on a private NIC", () => ({ IP: "10.1.2.3", MAC: "02:00:0a:01:02:03", ATTACH: "yes" })),
  forged("quotes, newlines and shell signs in every attribute", ANY, (_cloud, nics) =>
    vmDocument(
      nics.map((nic) => Object.fromEntries(Object.keys(nic).map((key) => [key, QUOTES]))),
      { id: "42", deployId: "x; touch /tmp/owned" },
    ),
  ),
  forged("quotes and newlines in what is not oned's", DONE, (_cloud, nics) =>
    vmDocument(nics.map((nic) => ({ ...nic, NAME: "\"'\n$(id)", NETWORK: '"\n;', SCW_FLEXIBLE_IP6_ID: "'\n" }))),
  ),
  forged("a NIC in USER_TEMPLATE", DONE, (cloud, nics) =>
    vmDocument(nics, { userTemplate: `${nicXml(cloud)}<TEMPLATE>${nicXml(cloud)}</TEMPLATE>` }),
  ),
  forged("a NIC in CONTEXT", DONE, (cloud, nics) => vmDocument(nics).replace("<CONTEXT>", `<CONTEXT>${nicXml(cloud)}`)),
  inRange("id of another's range in a range", ({ neighbour }) => ({ SCW_FLEXIBLE_IP_ID: neighbour.ids[0] })),
  inRange("id of another cloud's flexible IP in a range", ({ foreignId }) => ({ SCW_FLEXIBLE_IP_ID: foreignId })),
  inRange("quotes and newlines in a range", () => ({ NAME: QUOTES, SCW_FLEXIBLE_IP6_ID: "'\n\"" })),
];

function hint(name: string, id: (cloud: TestCloud) => string | undefined): Kind {
  return forged(name, DONE, (cloud, nics) =>
    vmDocument(nics.map((nic) => ({ ...nic, SCW_FLEXIBLE_IP_ID: id(cloud), SCW_FLEXIBLE_IP6_ID: id(cloud) }))),
  );
}

/** One more NIC. */
function added(name: string, nic: (cloud: TestCloud) => NicFields): Kind {
  return forged(name, ANY, (cloud, nics) => vmDocument([...nics, { ...nic(cloud), NIC_ID: "5" }]));
}

function forged(name: string, expected: Expectation, forge: Forge): Kind {
  return throughout(
    name,
    "in the VM's document",
    (cloud) => {
      const nics = cloud.pool.vms.at(-1)?.nics.map((nic) => nicFields(nic)) ?? [];
      return { how: { raw: Buffer.from(forge(cloud, nics)).toString("base64") } };
    },
    { family: "tenant", on: (path) => isHook(path) && path.name.includes("one NIC"), expected: () => expected },
  );
}

/** What a network's manager can change in a range, in all that is done with it afterwards. */
function inRange(name: string, more: (cloud: TestCloud) => Fields): Kind {
  return throughout(
    name,
    "in the range's attributes",
    (cloud) => {
      const range = cloud.pool.ranges.at(-1);
      const document = ipamDocument({ ...range?.attributes, ...more(cloud) }, { IP: range?.ip, SIZE: "1" });
      return { how: { raw: Buffer.from(document).toString("base64") } };
    },
    { family: "tenant", on: (path) => isIpam(path) && path.action !== "register_address_range" },
  );
}

function claim({ neighbour }: TestCloud): NicFields {
  return { EXTERNAL_IP: neighbour.ip, SCW_FLEXIBLE_IP_ID: neighbour.ids[0] };
}

function nicXml({ neighbour }: TestCloud): string {
  return `<NIC><NIC_ID>5</NIC_ID><IP>${neighbour.ip}</IP><MAC>${neighbour.mac}</MAC></NIC>`;
}
