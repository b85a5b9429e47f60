// What oned.conf has to say for the driver to be run, put in and taken out again. Comments, order, spacing and line
// endings stay. Pure.
import { InputError } from "../../errors.ts";
import { NAME } from "../layout.ts";
import { type Attribute, parseTemplate } from "./one-template.ts";

// What a NIC gets from its range: the ids let hooks find an address without listing the project, the intent tells one
// registration from another, and the alias is what an administrator allows.
const OF_NIC = ["SCW_FLEXIBLE_IP_ID", "SCW_FLEXIBLE_IP6_ID", "SCW_FLEXIP_INTENT", "SCW_FLEXIP_ALIAS"];
// What only an administrator may declare on a network: they decide about money and about MACs.
const OF_NETWORK = ["SCW_FLEXIP_ALIAS", "SCW_FLEXIP_SPARE", "SCW_FLEXIP_MAX", "SCW_FLEXIP_SHRINK_AFTER"];

/** The lines that oned.conf needs: what VMs inherit, and what users may not set. */
export const REQUIRED_LINES: readonly (readonly [string, string])[] = [
  ...OF_NIC.map((name) => ["INHERIT_VNET_ATTR", name] as const),
  ...OF_NIC.map((name) => ["VM_RESTRICTED_ATTR", `NIC/${name}`] as const),
  ...OF_NIC.map((name) => ["VM_RESTRICTED_ATTR", `NIC_ALIAS/${name}`] as const),
  ...OF_NIC.map((name) => ["VNET_RESTRICTED_ATTR", `AR/${name}`] as const),
  ...OF_NETWORK.map((name) => ["VNET_RESTRICTED_ATTR", name] as const),
  // Marks a range of 0.1.0, which has no intent: who could set it could claim another tenant's address.
  ["VNET_RESTRICTED_ATTR", "AR/EXTERNAL_IP"],
  ["VNET_RESTRICTED_ATTR", "EXTERNAL_IP"],
];

// one_ipam's option, as Ruby's GetoptLong takes it: -i LIST, -iLIST, --ipam-types LIST, --ipam-types=LIST.
const LIST_OPTION = /(?:^|\s)(?:-i\s*|--ip[a-z-]*(?:\s+|=))([^\s"]+)/g;

type Edit = { readonly start: number; readonly end: number; readonly text: string };

export type OnedConf = {
  /** Whether one_ipam runs the driver: `open` is a list that is missing, so that it runs every driver. */
  readonly ipam: "listed" | "not listed" | "open" | "no IPAM_MAD";
  /** Lines that are not there, of `REQUIRED_LINES`. */
  readonly missing: readonly (readonly [string, string])[];
  /** The lines of IPAM_MAD after the first: oned reads the first alone. */
  readonly furtherIpamMads: readonly number[];
  /** MAC_GLOBAL_SPACE = "YES": oned would refuse addresses after they were bought. */
  readonly hasGlobalMacs: boolean;
};

/** What is there already. Throws InputError. */
export function inspectOnedConf(text: string): OnedConf {
  const attributes = parseTemplate(text);
  const [first, ...further] = attributes.filter(isIpamMad);
  return {
    ipam: first === undefined ? "no IPAM_MAD" : standingOf(text, first),
    missing: REQUIRED_LINES.filter((line) => !attributes.some((attribute) => isLine(text, attribute, line))),
    furtherIpamMads: further.map(({ start }) => lineOf(text, start)),
    hasGlobalMacs: hasGlobalMacs(text, attributes),
  };
}

/** oned reads the first IPAM_MAD alone. */
function standingOf(text: string, ipamMad: Attribute): OnedConf["ipam"] {
  const lists = ipamArguments([ipamMad]).map(({ valueStart, valueEnd }) => listOf(text.slice(valueStart, valueEnd)));
  if (lists.every((list) => list === undefined)) return "open";
  return lists.every((list) => list === undefined || list.items.includes(NAME)) ? "listed" : "not listed";
}

function hasGlobalMacs(text: string, attributes: readonly Attribute[]): boolean {
  const setting = attributes.find(({ name }) => name.toUpperCase() === "MAC_GLOBAL_SPACE");
  return setting !== undefined && text.slice(setting.valueStart, setting.valueEnd).trim().toUpperCase() === "YES";
}

function lineOf(text: string, at: number): number {
  return text.slice(0, at).split("\n").length;
}

/** The text with what is missing; the same text when nothing is. Throws InputError. */
export function addToOnedConf(text: string): string {
  const { ipam, hasGlobalMacs: isRefused } = inspectOnedConf(text);
  if (ipam === "no IPAM_MAD") {
    throw new InputError(
      "oned.conf has no IPAM_MAD; put the one of OpenNebula's own oned.conf back, then run this again",
    );
  }
  if (isRefused) {
    throw new InputError(
      'oned.conf has MAC_GLOBAL_SPACE = "YES", with which oned refuses addresses that are bought already; set it to "NO", then run this again',
    );
  }
  const attributes = parseTemplate(text);
  const listed = ipamArguments(attributes).flatMap((attribute): Edit[] => {
    const list = listOf(text.slice(attribute.valueStart, attribute.valueEnd));
    if (list === undefined || list.items.includes(NAME)) return [];
    const at = attribute.valueStart + list.end;
    return [{ start: at, end: at, text: text[at - 1] === "," ? NAME : `,${NAME}` }];
  });
  const { missing } = inspectOnedConf(text);
  const lines = [...Map.groupBy(missing, ([name]) => name)].map(([name, group]) =>
    insertion(
      text,
      attributes,
      name,
      group.map(([, value]) => value),
    ),
  );
  return apply(text, [...listed, ...lines]);
}

/** The text without what `addToOnedConf` puts in. Throws InputError. */
export function removeFromOnedConf(text: string): string {
  const attributes = parseTemplate(text);
  const unlisted = ipamArguments(attributes).flatMap((attribute): Edit[] => {
    const list = listOf(text.slice(attribute.valueStart, attribute.valueEnd));
    if (list === undefined || !list.items.includes(NAME) || list.items.length === 1) return [];
    const kept = list.text.split(",").filter((item) => item !== NAME);
    const end = attribute.valueStart + list.end;
    return [{ start: end - list.text.length, end, text: kept.join(",") }];
  });
  const ours = attributes.filter((attribute) => REQUIRED_LINES.some((line) => isLine(text, attribute, line)));
  const removals = ours.map((attribute) => removal(text, attribute));
  return apply(text, [...unlisted, ...joined(text, removals)]);
}

/** The ARGUMENTS of every IPAM_MAD that runs one_ipam. */
function ipamArguments(attributes: readonly Attribute[]): Attribute[] {
  return attributes
    .filter(isIpamMad)
    .flatMap(({ parts }) => parts?.filter(({ name }) => name.toUpperCase() === "ARGUMENTS") ?? []);
}

function isIpamMad({ name, parts }: Attribute): boolean {
  return name.toUpperCase() === "IPAM_MAD" && parts !== undefined;
}

function listOf(value: string): { text: string; items: string[]; end: number } | undefined {
  const match = [...value.matchAll(LIST_OPTION)].at(-1);
  const text = match?.[1];
  if (match === undefined || text === undefined) return undefined;
  return { text, items: text.split(",").filter((item) => item !== ""), end: match.index + match[0].length };
}

function isLine(text: string, attribute: Attribute, [name, value]: readonly [string, string]): boolean {
  const { parts, valueStart, valueEnd } = attribute;
  return attribute.name.toUpperCase() === name && parts === undefined && text.slice(valueStart, valueEnd) === value;
}

/** New lines after the last one of that name and in its style, or at the end. */
function insertion(text: string, attributes: readonly Attribute[], name: string, values: readonly string[]): Edit {
  const last = attributes.findLast((attribute) => attribute.name === name && attribute.parts === undefined);
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  const equals = last === undefined ? " = " : text.slice(last.start + name.length, last.valueStart).replace('"', "");
  const lines = values.map((value) => `${name}${equals}"${value}"`);
  const at = last === undefined ? text.length : lineEnd(text, last.end);
  const isClosed = at === 0 || text[at - 1] === "\n";
  return {
    start: at,
    end: at,
    text: isClosed ? lines.map((line) => line + newline).join("") : lines.map((line) => newline + line).join(""),
  };
}

/** The attribute's whole line, or the attribute alone when it shares the line with something. */
function removal(text: string, attribute: Attribute): Edit {
  const start = text.lastIndexOf("\n", attribute.start - 1) + 1;
  const end = lineEnd(text, attribute.end);
  const beside = text.slice(start, attribute.start) + text.slice(attribute.end, end);
  return beside.trim() === "" ? { start, end, text: "" } : { start: attribute.start, end: attribute.end, text: "" };
}

/** Removals with those that touch as one. What goes up to an end without a line break takes the break before it along. */
function joined(text: string, removals: readonly Edit[]): Edit[] {
  const edits: Edit[] = [];
  for (const edit of removals) {
    const last = edits.at(-1);
    if (last?.end === edit.start) edits.splice(-1, 1, { ...last, end: edit.end });
    else edits.push(edit);
  }
  return edits.map((edit) => {
    if (edit.end < text.length || text.endsWith("\n")) return edit;
    const before = text.slice(0, edit.start);
    return {
      ...edit,
      start: before.endsWith("\r\n") ? edit.start - 2 : before.endsWith("\n") ? edit.start - 1 : edit.start,
    };
  });
}

/** Behind the line break of the line that `at` is in. */
function lineEnd(text: string, at: number): number {
  const newline = text.indexOf("\n", at);
  return newline === -1 ? text.length : newline + 1;
}

function apply(text: string, edits: readonly Edit[]): string {
  // Of those at one place the last goes in first, so that they end up in order.
  const fromBehind = edits.toReversed().sort((one, other) => other.start - one.start);
  return fromBehind.reduce((result, edit) => result.slice(0, edit.start) + edit.text + result.slice(edit.end), text);
}
