// The calls that a driver got, in words that are the same on our model of oned and on a real one.
import { Element } from "./document.ts";

/** `on` is the machine that it ran on. */
export type Call = { readonly action: string; readonly on: string; readonly document: string };

// What no part of the driver reads, or what differs by how networks are laid out.
const IPAM_FIELDS = /^(IP|MAC|SIZE|TYPE|IP6|PREFIX_LENGTH|EXTERNAL_IP|IPAM_MAD|USED_LEASES|SCW_.*)$/;
const NIC_FIELDS = /^(NIC_ID|IP|MAC|IP6|EXTERNAL_IP|PARENT_ID|ATTACH|VN_MAD|SCW_.*)$/;

/** Turns the calls of one cloud into lines. Intents are random: each gets the number of its first mention. */
export class CallReader {
  readonly #intents: string[] = [];
  readonly #isHere: (host: string, on: string) => boolean;

  /** `isHere`: whether a document that names this host means the machine `on` that got it. */
  constructor(isHere: (host: string, on: string) => boolean) {
    this.#isHere = isHere;
  }

  line({ action, on, document }: Call): string {
    const root = Element.parse(document);
    const line = action.includes("_") ? this.#ipam(action, root) : this.#hook(action, on, root);
    return line.replaceAll(/(?<=SCW_FLEXIP_INTENT=)[0-9a-f-]{36}/g, (intent) => {
      if (!this.#intents.includes(intent)) this.#intents.push(intent);
      return `intent ${this.#intents.indexOf(intent) + 1}`;
    });
  }

  #ipam(action: string, root: Element): string {
    const [range] = root.all("AR");
    const [address] = root.all("ADDRESS");
    return `${action}: AR ${fieldsOf(range, IPAM_FIELDS)}; ADDRESS ${fieldsOf(address, IPAM_FIELDS)}`;
  }

  #hook(hook: string, on: string, root: Element): string {
    const host = root.all("HISTORY_RECORDS/HISTORY/HOSTNAME").at(-1)?.text() ?? "";
    const where = this.#isHere(host, on) ? "here" : "elsewhere";
    const nics = ["NIC", "NIC_ALIAS"].flatMap((name) =>
      root.all(`TEMPLATE/${name}`).map((nic) => `\n  ${name} ${fieldsOf(nic, NIC_FIELDS)}`),
    );
    return `${hook} on ${on}, VM ${root.text("ID")} as ${root.text("DEPLOY_ID")} ${where}${nics.join("")}`;
  }
}

function fieldsOf(element: Element | undefined, wanted: RegExp): string {
  return Object.entries(element?.fields() ?? {})
    .filter(([name, value]) => wanted.test(name) && value !== "")
    .map(([name, value]) => `${name}=${value.toLowerCase()}`)
    .sort()
    .join(" ");
}
