// Hosts, and which server each one is, by the host's template or the file that provisioning wrote there.
import { isUuid } from "../../addresses.ts";
import { child, children, parseXml, textOf } from "../../opennebula/xml.ts";
import { isRoot } from "../oneadmin.ts";
import type { Operator } from "../operator.ts";
import { type ProgramResult, runProgram } from "../run-program.ts";
import { inTurn } from "./in-turn.ts";
import { oneListing } from "./one-command.ts";

const SSH = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=5"];
const SSH_MS = 15_000;
const AT_ONCE = 8;
// OpenNebula's host states: OFFLINE; ERROR, and being monitored while in it.
const OFFLINE = "8";
const ERRORS = ["3", "5"];

export type Host = {
  readonly name: string;
  /** SCW_SERVER_ID of its template; empty when it is not set. */
  readonly attribute: string;
  readonly isOffline: boolean;
  /** OpenNebula's monitoring of it fails. */
  readonly isInError: boolean;
};

export function listHosts(operator: Operator): Promise<Host[]> {
  return oneListing(operator, "onehost", ["list", "-x"], (text) =>
    children(parseXml(text, "HOST_POOL", ["HOST"]), "HOST").map((host) => ({
      name: textOf(host, "NAME"),
      attribute: textOf(child(host, "TEMPLATE"), "SCW_SERVER_ID"),
      isOffline: textOf(host, "STATE") === OFFLINE,
      isInError: ERRORS.includes(textOf(host, "STATE")),
    })),
  );
}

/** The servers of the hosts, by host name, without the hosts whose server is not known. */
export async function serversOf(
  operator: Operator,
  hosts: readonly Host[],
  zone: string,
  serverIdFile: string,
): Promise<Map<string, string>> {
  const found = await inTurn(hosts, AT_ONCE, async (host) => {
    if (host.attribute !== "") return serverId(host.attribute, zone);
    if (host.isOffline) return undefined;
    const answer = await onHost(operator, host.name, ["cat", serverIdFile]);
    return answer.code === 0 ? serverId(answer.stdout.trim(), zone) : undefined;
  });
  return new Map(
    hosts.flatMap(({ name }, index) => (found[index] === undefined ? [] : [[name, found[index]] as const])),
  );
}

/** Runs a command on a host. A shell there reads the words, so only plain ones are allowed. */
export async function onHost(
  operator: Operator,
  host: string,
  words: readonly string[],
  { timeoutMs = SSH_MS, input }: { readonly timeoutMs?: number; readonly input?: string | undefined } = {},
): Promise<ProgramResult> {
  const isPlain = /^[A-Za-z0-9][A-Za-z0-9._:-]*$/.test(host) && words.every((word) => /^[\w./:=+-]+$/.test(word));
  if (!isPlain) return { code: undefined, stdout: "", complaint: "its name or path holds odd characters" };
  const { environment, oneadmin, layout } = operator;
  const as = isRoot() && layout.root === "" ? oneadmin : undefined;
  return runProgram("ssh", [...SSH, "--", host, ...words], { environment, timeoutMs, as, input });
}

/** The id in `zone/uuid` or `uuid`; undefined when it is none, or of another zone. */
export function serverId(text: string, zone: string): string | undefined {
  const [first = "", second] = text.split("/");
  const id = second ?? first;
  return isUuid(id) && (second === undefined || first === zone) ? id.toLowerCase() : undefined;
}
