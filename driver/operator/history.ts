// The past of one address: what the logs say about it, and what failed for the VM that has it.
import * as z from "zod/mini";
import { messageOf, RefusedError } from "../errors.ts";
import { EXIT } from "./exit.ts";
import { EXECUTABLE } from "./layout.ts";
import { type Entry, filterOf, inOrder, isAbout, logEntry, readEntries } from "./log-files.ts";
import { LOG_COLUMNS } from "./logs.ts";
import { listHosts, onHost } from "./one/hosts.ts";
import { inTurn } from "./one/in-turn.ts";
import { listRanges } from "./one/networks.ts";
import { asOneadmin, type Operator } from "./operator.ts";
import { formOf, printRows } from "./print/rows.ts";

const AT_ONCE = 8;
const REMOTE = `/var/tmp/one/${EXECUTABLE}`;

export async function history(given: Operator): Promise<number> {
  const operator = asOneadmin(given);
  const { options, terminal } = operator;
  const [address = ""] = operator.words;
  const form = formOf(operator, LOG_COLUMNS);
  const withHosts = options.has("hosts");
  const vm = options.text("vm") ?? (withHosts ? await holderNow(operator, address) : undefined);
  const filter = { ...filterOf(operator, undefined), vm: undefined };
  const here = ofAddress(readEntries(operator, filter), address.toLowerCase(), vm);
  const entries = withHosts ? inOrder([...here, ...(await fromHosts(operator, address, vm))]) : here;
  terminal.progress("");
  if (entries.length === 0) {
    const more = withHosts ? "" : "; on the front-end, --hosts asks every host";
    throw new RefusedError(`no log ${withHosts ? "" : "on this machine "}mentions ${address}${more}`);
  }
  printRows(operator, form, entries);
  return EXIT.done;
}

/** The entries about the address, and the failures of VMs that had it: a hook that fails early names no address. */
function ofAddress(entries: readonly Entry[], address: string, vm: string | undefined): Entry[] {
  const about = new Set(entries.filter((entry) => isAbout(entry, address)));
  const vms = new Set([...about].flatMap((entry) => entry.vm ?? []));
  if (vm !== undefined) vms.add(Number(vm));
  return entries.filter(
    (entry) => about.has(entry) || (entry.level === "error" && entry.vm !== null && vms.has(entry.vm)),
  );
}

/** The VM that has the address now; undefined also where OpenNebula does not answer: the logs need no OpenNebula. */
async function holderNow(operator: Operator, address: string): Promise<string | undefined> {
  try {
    const range = (await listRanges(operator)).find(({ ip, flexibleIpId }) => [ip, flexibleIpId].includes(address));
    return range?.holder?.kind === "vm" ? range.holder.id : undefined;
  } catch {
    return undefined;
  }
}

async function fromHosts(operator: Operator, address: string, vm: string | undefined): Promise<Entry[]> {
  const { options, terminal } = operator;
  terminal.progress("reading the hosts' logs");
  const given = ["level", "since"].flatMap((name) => {
    const value = options.text(name);
    return value === undefined ? [] : [`--${name}=${value}`];
  });
  const words = [REMOTE, "history", address, "-j", ...given, ...(vm === undefined ? [] : [`--vm=${vm}`])];
  const hosts = (await listHosts(operator)).filter(({ isOffline }) => !isOffline);
  const found = await inTurn(hosts, AT_ONCE, async ({ name }) => {
    const { code, stdout, complaint } = await onHost(operator, name, words);
    if (code === EXIT.refused) return [];
    try {
      if (code !== EXIT.done) throw new Error(complaint);
      return z.parse(z.array(logEntry), JSON.parse(stdout));
    } catch (error) {
      terminal.warn(`host ${name} was left out: its log cannot be read (${messageOf(error)})`);
      return [];
    }
  });
  return found.flat();
}
