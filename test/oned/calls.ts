// The calls that a driver got: how a real oned's are noted, and their words, which are the same on our model of oned.
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { IPAM_ACTIONS } from "../../driver/actions.ts";
import type { Cloud } from "./cloud.ts";
import { RIG } from "./installation.ts";
import { Element } from "./rpc.ts";
import { until } from "./until.ts";

/** `on` is the machine that it ran on. */
export type Call = { readonly action: string; readonly on: string; readonly document: string };

const CALLS = join(RIG, "calls");
// What no part of the driver reads, or what differs by how networks are laid out.
const IPAM_FIELDS = /^(IP|MAC|SIZE|TYPE|IP6|PREFIX_LENGTH|EXTERNAL_IP|IPAM_MAD|USED_LEASES|SCW_.*)$/;
const NIC_FIELDS = /^(NIC_ID|IP|MAC|IP6|EXTERNAL_IP|PARENT_ID|ATTACH|VN_MAD|SCW_.*)$/;

/** In front of each action of a real oned, and beside each hook, notes the documents. */
export class Recorder {
  #read = 0;

  constructor({ oned, hosts }: Cloud) {
    mkdirSync(CALLS);
    for (const action of IPAM_ACTIONS) {
      const file = join(oned.folder, "var/remotes/ipam/scw-flexip", action);
      renameSync(file, `${file}.installed`);
      writeFileSync(file, recorder(action, "front-end", `"$0.installed" "$@"`), { mode: 0o755 });
    }
    for (const host of hosts.keys()) {
      for (const hook of ["pre", "post", "clean"]) {
        const file = join(RIG, "hosts", host, `tmp/vnm/bridge/${hook}.d/00-recorder`);
        writeFileSync(file, recorder(hook, host, "cat >/dev/null"), { mode: 0o755 });
      }
    }
  }

  /** The calls since it was asked last, once there are so many. */
  async fresh(count: number): Promise<Call[]> {
    const names = () => readdirSync(CALLS).filter((name) => !name.endsWith(".new"));
    const areThere = () => names().length >= this.#read + count;
    await until("the calls came", areThere, 20_000).catch(() => {});
    const fresh = names().sort().slice(this.#read);
    this.#read += fresh.length;
    return fresh.map((name) => {
      const [, action = "", on = ""] = name.split(",");
      const document = Buffer.from(readFileSync(join(CALLS, name), "utf8"), "base64").toString("utf8");
      return { action, on, document };
    });
  }
}

/** The call in one line. Intents are random: each gets the number of its first mention, by what `intents` knows. */
export function lineOf({ action, on, document }: Call, intents: string[]): string {
  const root = Element.parse(document);
  const line = action.includes("_") ? ipamLine(action, root) : hookLine(action, on, root);
  return line.replaceAll(/(?<=SCW_FLEXIP_INTENT=)[0-9a-f-]{36}/g, (intent) => {
    if (!intents.includes(intent)) intents.push(intent);
    return `intent ${intents.indexOf(intent) + 1}`;
  });
}

function ipamLine(action: string, root: Element): string {
  const [range, address] = [root.all("AR")[0], root.all("ADDRESS")[0]];
  return `${action}: AR ${fieldsOf(range, IPAM_FIELDS)}; ADDRESS ${fieldsOf(address, IPAM_FIELDS)}`;
}

function hookLine(hook: string, on: string, root: Element): string {
  const hosts = root.all("HISTORY_RECORDS/HISTORY").map((history) => history.text("HOSTNAME"));
  const where = hosts.findLast((name) => name !== "") === on ? "here" : "elsewhere";
  const nics = ["NIC", "NIC_ALIAS"].flatMap((name) =>
    root.all(`TEMPLATE/${name}`).map((nic) => `\n  ${name} ${fieldsOf(nic, NIC_FIELDS)}`),
  );
  return `${hook} on ${on}, VM ${root.text("ID")} as ${root.text("DEPLOY_ID")} ${where}${nics.join("")}`;
}

function fieldsOf(element: Element | undefined, wanted: RegExp): string {
  return Object.entries(element?.fields() ?? {})
    .filter(([name, value]) => wanted.test(name) && value !== "")
    .map(([name, value]) => `${name}=${value.toLowerCase()}`)
    .sort()
    .join(" ");
}

/** Notes its standard input under the moment of the call, and hands it on. */
function recorder(action: string, on: string, next: string): string {
  return `#!/bin/sh
input=$(cat)
file="${CALLS}/$(date +%s%N),${action},${on}"
printf %s "$input" >"$file.new"
mv "$file.new" "$file"
printf %s "$input" | ${next}
`;
}
