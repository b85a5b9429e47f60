// oned's XML-RPC, as far as looking needs it: a command of OpenNebula starts a Ruby for every look.
import { XMLParser } from "fast-xml-parser";

const RAFT_STATES = ["solo", "candidate", "follower", "leader"];
const parser = new XMLParser({ parseTagValue: false, ignoreAttributes: true });

/** An element of a document. Paths are names with a slash between. */
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
  text(path: string): string {
    const [first] = this.all(path);
    return first !== undefined && typeof first.#node === "string" ? first.#node : "";
  }

  /** The texts of its children by name. */
  fields(): Record<string, string> {
    const children = Object.entries(recordOf(this.#node));
    return Object.fromEntries(children.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
  }

  all(path: string): Element[] {
    const start: Element[] = [this];
    return path.split("/").reduce((elements, name) => elements.flatMap((element) => element.#children(name)), start);
  }

  #children(name: string): Element[] {
    const child = recordOf(this.#node)[name];
    return child === undefined ? [] : [child].flat().map((node) => new Element(node));
  }
}

/** The document of one object: what `onevm show -x` prints, for one. Throws with oned's own words. */
export async function look(url: string, method: string, id: number): Promise<Element> {
  return call(url, method, [`<i4>${id}</i4>`, "<boolean>0</boolean>"]);
}

/** What the oned there thinks that it is; undefined where none answers. */
export async function raftStatus(url: string): Promise<{ state: string; index: string } | undefined> {
  try {
    const raft = await call(url, "one.zone.raftstatus", []);
    return { state: RAFT_STATES[Number(raft.text("STATE"))] ?? "", index: raft.text("LOG_INDEX") };
  } catch {
    return undefined;
  }
}

async function call(url: string, method: string, values: readonly string[]): Promise<Element> {
  const params = ["<string>oneadmin:oneadmin</string>", ...values]
    .map((value) => `<param><value>${value}</value></param>`)
    .join("");
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "text/xml" },
    signal: AbortSignal.timeout(30_000),
    body: `<?xml version="1.0"?><methodCall><methodName>${method}</methodName><params>${params}</params></methodCall>`,
  });
  const [isDone, value] = Element.parse(await response.text()).all("params/param/value/array/data/value");
  const text = value?.text("string") ?? "";
  if (isDone?.text("boolean") !== "1") throw new Error(`${method}: ${text}`);
  return Element.parse(text);
}

function recordOf(node: unknown): Record<string, unknown> {
  return typeof node === "object" && node !== null ? Object.fromEntries(Object.entries(node)) : {};
}
