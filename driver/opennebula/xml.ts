// Base64 and XML → plain text values. The text is the user's and may hold passwords: it never gets into a message.
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { InputError } from "../errors.ts";

/** The longest input that is read, in bytes as it arrives: a VM's document holds all that its owner wrote into it. */
export const MAX_INPUT_BYTES = 16 * 1024 * 1024;

const ASK = "run the action through OpenNebula, which sends the document in base64";

/** The content of an element: text, or elements by name. Elements that may repeat are always lists. */
export type Element = string | { readonly [name: string]: Element | readonly Element[] | undefined };

/** The text behind the base64 that oned or the network driver writes on standard input. */
export function decodeInput(input: string): string {
  if (input.length > MAX_INPUT_BYTES) {
    throw new InputError(`standard input is longer than ${MAX_INPUT_BYTES} bytes`, "shorten the VM's USER_TEMPLATE");
  }
  const packed = input.replaceAll(/\s+/g, "");
  if (packed === "") throw new InputError("standard input is empty", ASK);
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(packed) || packed.length % 4 === 1) {
    throw new InputError("standard input is not base64", ASK);
  }
  return Buffer.from(packed, "base64").toString("utf8");
}

/**
 * The content of the root element `root`; elements named in `lists` come as lists. Elements whose path is in `skipped`
 * come as the text they are made of, and cost no more time and memory than their length. Throws InputError.
 */
export function parseXml(
  text: string,
  root: string,
  lists: readonly string[],
  skipped: readonly string[] = [],
): Element {
  const start = /^\uFEFF?\s*(?:<\?xml[^>]*\?>\s*)?<([A-Za-z_!?][\w-]*)/.exec(text)?.[1];
  if (start !== root) throw new InputError(`standard input does not start with <${root}>`, ASK);
  if (XMLValidator.validate(text) !== true) {
    throw new InputError("standard input is no well-formed XML, it may have been cut", ASK);
  }
  // OpenNebula writes no document type, and one can define entities that grow without end. In a value's CDATA the same
  // characters mean nothing.
  if (text.replaceAll(/<!\[CDATA\[.*?\]\]>|<!--.*?-->/gs, "").includes("<!")) {
    throw new InputError("standard input declares a document type", ASK);
  }
  const parser = new XMLParser({
    ignoreAttributes: true,
    parseTagValue: false,
    trimValues: false,
    processEntities: true,
    isArray: (name) => lists.includes(name),
    stopNodes: [...skipped],
  });
  let document: unknown;
  try {
    document = parser.parse(text);
  } catch (cause) {
    throw new InputError("standard input cannot be read as XML", ASK, { cause });
  }
  const content = isRecord(document) ? document[root] : undefined;
  if (!isElement(content)) throw new InputError(`standard input holds more than one <${root}>`, ASK);
  return content;
}

/** The element's text without surrounding white space; empty when it is missing or holds elements. */
export function textOf(element: Element | undefined, name: string): string {
  const value = child(element, name);
  return typeof value === "string" ? value.trim() : "";
}

export function child(element: Element | undefined, name: string): Element | undefined {
  if (element === undefined || typeof element === "string" || !Object.hasOwn(element, name)) return undefined;
  const value = element[name];
  return isList(value) ? undefined : value;
}

export function children(element: Element | undefined, name: string): readonly Element[] {
  if (element === undefined || typeof element === "string" || !Object.hasOwn(element, name)) return [];
  const value = element[name];
  if (value === undefined) return [];
  return isList(value) ? value : [value];
}

/** Names of the elements inside, in the order of the document. */
export function names(element: Element): string[] {
  return typeof element === "string" ? [] : Object.keys(element).filter((name) => name !== "#text");
}

function isList(value: Element | readonly Element[] | undefined): value is readonly Element[] {
  return Array.isArray(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isElement(value: unknown): value is Element {
  return typeof value === "string" || isRecord(value);
}
