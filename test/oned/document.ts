// OpenNebula's XML as tests read it.
import { XMLParser } from "fast-xml-parser";

const parser = new XMLParser({ parseTagValue: false, ignoreAttributes: true });

/** An element with paths to what it holds: names with a slash between. */
export class Element {
  readonly #node: unknown;

  constructor(node: unknown) {
    this.#node = node;
  }

  /** The document's own element, whatever its name. */
  static parse(xml: string): Element {
    const [root] = Object.entries(recordOf(parser.parse(xml))).filter(([name]) => name !== "?xml");
    return new Element(root?.[1]);
  }

  /** The text at the path; empty where there is none. */
  text(path = ""): string {
    const [first] = path === "" ? [this] : this.all(path);
    return first === undefined || typeof first.#node !== "string" ? "" : first.#node;
  }

  /** The texts of its children by name. */
  fields(): Record<string, string> {
    const texts = Object.entries(recordOf(this.#node)).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    );
    return Object.fromEntries(texts);
  }

  all(path: string): Element[] {
    return path
      .split("/")
      .reduce((elements: Element[], name) => elements.flatMap((element) => element.#children(name)), [this]);
  }

  #children(name: string): Element[] {
    const child = recordOf(this.#node)[name];
    return child === undefined ? [] : [child].flat().map((node) => new Element(node));
  }
}

function recordOf(node: unknown): Record<string, unknown> {
  return typeof node === "object" && node !== null ? Object.fromEntries(Object.entries(node)) : {};
}
