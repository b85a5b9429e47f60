// What oned.conf needs to run the driver, put in and taken out again. Everything else stays, byte for byte. Pure.
import { InputError } from "../../errors.ts";
import { NAME } from "../layout.ts";
import { type Attribute, parseTemplate } from "./one-template.ts";

// What a NIC gets from its range: by the ids hooks find an address without listing the project, the intent tells one
// registration from another, and the alias is what an administrator allows.
const OF_NIC = ["SCW_FLEXIBLE_IP_ID", "SCW_FLEXIBLE_IP6_ID", "SCW_FLEXIP_INTENT", "SCW_FLEXIP_ALIAS"];
// What only an administrator may set on a network: NICs inherit the first ones from it too, the others decide about money.
const OF_NETWORK = [...OF_NIC, "SCW_FLEXIP_SPARE", "SCW_FLEXIP_MAX", "SCW_FLEXIP_SHRINK_AFTER"];

/** The lines that oned.conf needs: what VMs inherit, and what users may not set. */
export const REQUIRED_LINES: readonly (readonly [string, string])[] = [
  ...OF_NIC.map((name) => ["INHERIT_VNET_ATTR", name] as const),
  ...OF_NIC.map((name) => ["VM_RESTRICTED_ATTR", `NIC/${name}`] as const),
  ...OF_NIC.map((name) => ["VM_RESTRICTED_ATTR", `NIC_ALIAS/${name}`] as const),
  ...OF_NIC.map((name) => ["VNET_RESTRICTED_ATTR", `AR/${name}`] as const),
  ...OF_NETWORK.map((name) => ["VNET_RESTRICTED_ATTR", name] as const),
  // A range of 0.1.0 has this instead of an intent: a user who could set it could claim another tenant's address.
  ["VNET_RESTRICTED_ATTR", "AR/EXTERNAL_IP"],
  ["VNET_RESTRICTED_ATTR", "EXTERNAL_IP"],
];

// one_ipam's option, as Ruby's GetoptLong takes it: -i LIST, -iLIST, --ipam-types LIST, --ipam-types=LIST.
const LIST_OPTION = /(?:^|\s)(?:-i\s*|--ip[a-z-]*(?:\s+|=))([^\s"]+)/g;

export type OnedConf = {
  /** Whether one_ipam runs the driver: `open` is a list that is missing, with which it runs every driver. */
  readonly ipam: "listed" | "not listed" | "open" | "no IPAM_MAD";
  /** The lines of `REQUIRED_LINES` that are not there. */
  readonly missing: readonly (readonly [string, string])[];
  /** The line numbers of every IPAM_MAD after the first: oned reads only the first. */
  readonly furtherIpamMads: readonly number[];
  /** MAC_GLOBAL_SPACE = "YES": oned would refuse addresses after they were bought. */
  readonly hasGlobalMacs: boolean;
};

/** What is there already. Throws InputError. */
export function inspectOnedConf(text: string): OnedConf {
  const attributes = parseTemplate(text);
  const [first, ...further] = attributes.filter(isIpamMad);
  const macs = attributes.find(({ name }) => name.toUpperCase() === "MAC_GLOBAL_SPACE");
  return {
    ipam: first === undefined ? "no IPAM_MAD" : standingOf(text, first),
    missing: REQUIRED_LINES.filter(
      ([name, value]) => !attributes.some((one) => one.name.toUpperCase() === name && valueIn(text, one) === value),
    ),
    furtherIpamMads: further.map(({ start }) => text.slice(0, start).split("\n").length),
    hasGlobalMacs: macs !== undefined && valueIn(text, macs).trim().toUpperCase() === "YES",
  };
}

function standingOf(text: string, ipamMad: Attribute): OnedConf["ipam"] {
  const lists = listsOf(text, ipamMad);
  if (lists.length === 0) return "open";
  return lists.every(({ names }) => names.includes(NAME)) ? "listed" : "not listed";
}

/** The text with what is missing; the same text when nothing is. Throws InputError. */
export function addToOnedConf(text: string): string {
  const { ipam, hasGlobalMacs, missing } = inspectOnedConf(text);
  if (ipam === "no IPAM_MAD") {
    throw new InputError(
      "oned.conf has no IPAM_MAD",
      "put the one of OpenNebula's own oned.conf back, then run this again",
    );
  }
  if (hasGlobalMacs) {
    const why = 'oned.conf has MAC_GLOBAL_SPACE = "YES", with which oned refuses addresses that are bought already';
    throw new InputError(why, 'set it to "NO", then run this again');
  }
  const listed = withLists(text, (names) => (names.includes(NAME) ? names : [...names, NAME]));
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  const lines = missing.map(([name, value]) => `${name} = "${value}"`);
  if (listed === "" || listed.endsWith("\n")) return listed + lines.map((line) => line + newline).join("");
  return listed + lines.map((line) => newline + line).join("");
}

/** The text without what `addToOnedConf` puts in. Throws InputError. */
export function removeFromOnedConf(text: string): string {
  // A list that holds nothing else would run every driver without us.
  const unlisted = withLists(text, (names) => (names.length === 1 ? names : names.filter((name) => name !== NAME)));
  const isOurs = (line: string): boolean => {
    const [, name = "", value = ""] = /^\s*(\w+)\s*=\s*"?([\w/]+)"?\s*(?:#.*)?$/.exec(line) ?? [];
    return REQUIRED_LINES.some((required) => required[0] === name.toUpperCase() && required[1] === value);
  };
  return unlisted
    .split("\n")
    .filter((line) => !isOurs(line))
    .join("\n");
}

/** Gives the list of each IPAM_MAD the names that `edit` returns. */
function withLists(text: string, edit: (names: readonly string[]) => readonly string[]): string {
  const lists = parseTemplate(text)
    .filter(isIpamMad)
    .flatMap((ipamMad) => listsOf(text, ipamMad));
  // From the last to the first: the positions before a change stay right.
  return lists.reduceRight((result, { names, start, end }) => {
    const edited = edit(names);
    return edited.length === names.length ? result : result.slice(0, start) + edited.join(",") + result.slice(end);
  }, text);
}

function isIpamMad({ name, parts }: Attribute): boolean {
  return name.toUpperCase() === "IPAM_MAD" && parts !== undefined;
}

type List = { readonly names: readonly string[]; readonly start: number; readonly end: number };

/** The list of drivers in the ARGUMENTS of an IPAM_MAD, with its place in the text; one_ipam reads the last. */
function listsOf(text: string, { parts = [] }: Attribute): List[] {
  return parts
    .filter(({ name }) => name.toUpperCase() === "ARGUMENTS")
    .flatMap((part) => {
      const match = [...valueIn(text, part).matchAll(LIST_OPTION)].at(-1);
      const list = match?.[1];
      if (match === undefined || list === undefined) return [];
      const end = part.valueStart + match.index + match[0].length;
      return [{ names: list.split(",").filter((name) => name !== ""), start: end - list.length, end }];
    });
}

function valueIn(text: string, { valueStart, valueEnd }: Attribute): string {
  return text.slice(valueStart, valueEnd);
}
