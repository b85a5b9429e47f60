// Address ranges, through OpenNebula: each is one address, bought when it is added and given back when it is removed.
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { DriverError, messageOf, RefusedError, UsageError } from "../errors.ts";
import { templateOf } from "../opennebula/template.ts";
import { EXIT } from "./exit.ts";
import { NAME } from "./layout.ts";
import type { CloudRange } from "./one/listings.ts";
import { listNetworks, listRanges, type Network } from "./one/networks.ts";
import { oneChange } from "./one/one-command.ts";
import { asOneadmin, configOf, type Operator } from "./operator.ts";
import type { Column, Row } from "./print/column.ts";
import { printRows } from "./print/rows.ts";
import { holderText } from "./records.ts";

const MOST = 64;
const DRIVERS_WITH_HOOKS = ["bridge", "fw"];
const COLUMNS: readonly Column[] = [
  { key: "address", title: "ADDRESS", rank: 0 },
  { key: "network", title: "NETWORK", rank: 0 },
  { key: "range", title: "AR", rank: 0 },
  { key: "mac", title: "MAC", rank: 2 },
  { key: "id", title: "ID", rank: 3 },
];

export async function rangeAdd(given: Operator): Promise<number> {
  const operator = asOneadmin(given);
  const { options, terminal, interrupt } = operator;
  const count = options.number("count", "--count", 1, MOST) ?? 1;
  const name = options.required("network", "--network");
  configOf(operator);
  const network = await networkNamed(operator, name);
  if (!(DRIVERS_WITH_HOOKS.includes(network.driver) || options.has("force"))) {
    throw new RefusedError(
      `network ${network.name} has VN_MAD ${network.driver}, which does not run the hooks that attach an address; --force buys it all the same`,
    );
  }
  const known = new Set((await rangesIn(operator, network)).map(({ arId }) => arId));
  let failure: string | undefined;
  let done = 0;
  while (done < count && failure === undefined && !interrupt.isAsked) {
    terminal.progress(`adding range ${done + 1} of ${count} to ${network.name}`);
    failure = await interrupt.shield(() => addOne(operator, network, options.has("dualStack")));
    if (failure === undefined) done += 1;
  }
  if (failure !== undefined) terminal.warn(`range ${done + 1} of ${count} was not added: ${failure}`);
  terminal.note(`${done} of ${count} added to ${network.name}${done > 0 ? "; each is paid for from now on" : ""}`);
  await interrupt.shield(() => printAdded(operator, network, known));
  if (interrupt.isAsked && done < count) return EXIT.interrupted;
  return failure === undefined ? EXIT.done : EXIT.failed;
}

/** What was bought stays bought when it cannot be listed any more. */
async function printAdded(operator: Operator, network: Network, known: ReadonlySet<string>): Promise<void> {
  try {
    const added = (await rangesIn(operator, network)).filter(({ arId }) => !known.has(arId));
    printRows(operator, COLUMNS, added.map(rowOf));
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
    operator.terminal.warn(`what was added cannot be listed (${messageOf(error)}); see scw-flexip list`);
  }
}

export async function rangeRemove(given: Operator): Promise<number> {
  const operator = asOneadmin(given);
  const { options, terminal, interrupt } = operator;
  const ranges = await chosenRanges(operator);
  const inUse = ranges.filter(({ holder }) => holder !== undefined);
  if (inUse.length > 0 && !options.has("force")) {
    const users = inUse.map(({ ip, holder }) => `${ip} by ${holderText(holder)}`).join(", ");
    throw new RefusedError(`in use: ${users}; end the leases first, or take the addresses away with --force`);
  }
  if (ranges.length > 0) await confirm(operator, ranges);
  const failures: string[] = [];
  const removed: CloudRange[] = [];
  for (const range of ranges) {
    if (interrupt.isAsked) break;
    terminal.progress(`removing ${range.ip} (${removed.length + failures.length + 1} of ${ranges.length})`);
    const failure = await interrupt.shield(() => removeOne(operator, range));
    if (failure === undefined) removed.push(range);
    else failures.push(`${range.ip} was not removed: ${failure}`);
  }
  for (const failure of failures) terminal.warn(failure);
  terminal.note(`${removed.length} of ${ranges.length} removed`);
  printRows(operator, COLUMNS, removed.map(rowOf));
  if (interrupt.isAsked && removed.length + failures.length < ranges.length) return EXIT.interrupted;
  return failures.length > 0 ? EXIT.failed : EXIT.done;
}

async function rangesIn(operator: Operator, network: Network): Promise<CloudRange[]> {
  return (await listRanges(operator)).filter(({ networkId }) => networkId === network.id);
}

/** By id or name. Throws RefusedError. */
async function networkNamed(operator: Operator, name: string): Promise<Network> {
  const networks = await listNetworks(operator);
  const [network, second] = networks.filter((candidate) => candidate.id === name || candidate.name === name);
  if (network === undefined) throw new RefusedError(`no network ${name}; see onevnet list`);
  if (second !== undefined) throw new UsageError(`--network ${name}: several networks have it, give the id`);
  return network;
}

/** Why the range was not added; undefined when it was. */
async function addOne(operator: Operator, network: Network, isDualStack: boolean): Promise<string | undefined> {
  const range = templateOf("AR", [
    ["TYPE", isDualStack ? "IP4_6_STATIC" : "IP4"],
    ["SIZE", "1"],
    ["IPAM_MAD", NAME],
  ]);
  let folder: string | undefined;
  try {
    folder = mkdtempSync(join(tmpdir(), `${NAME}-`));
    const file = join(folder, "range");
    writeFileSync(file, range);
    await oneChange(operator, ["addar", network.id, file]);
    return undefined;
  } catch (error) {
    return messageOf(error);
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

async function removeOne(operator: Operator, range: CloudRange): Promise<string | undefined> {
  const force = operator.options.has("force") ? ["--force"] : [];
  try {
    await oneChange(operator, ["rmar", range.networkId, range.arId, ...force]);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

async function chosenRanges(operator: Operator): Promise<CloudRange[]> {
  const { options, words } = operator;
  if (words.length === 0 && !options.has("all")) throw new UsageError("an address or --all is needed; see --help");
  if (words.length > 0 && options.has("all")) throw new UsageError("addresses and --all: give one");
  const name = options.text("network");
  const network = name === undefined ? undefined : await networkNamed(operator, name);
  const ranges = (await listRanges(operator)).filter(
    ({ networkId }) => network === undefined || networkId === network.id,
  );
  const unknown = words.filter((word) => !ranges.some(({ ip }) => ip === word));
  if (unknown.length > 0)
    throw new RefusedError(`no range of scw-flexip has ${unknown.join(", ")}; see scw-flexip list`);
  return options.has("all") ? ranges : ranges.filter(({ ip }) => words.includes(ip));
}

async function confirm({ options, terminal }: Operator, ranges: readonly CloudRange[]): Promise<void> {
  if (options.has("yes")) return;
  const what = `${ranges.length} address${ranges.length === 1 ? "" : "es"} (${ranges.map(({ ip }) => ip).join(", ")})`;
  if (!terminal.canAsk) throw new UsageError(`giving back ${what} cannot be undone; add --yes`);
  // The terminal itself edits the line and turns Ctrl-C into a signal; the end of the input is a no.
  const line = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  const question = line.question(`Give back ${what}? What was bought is lost for good. [y/N] `);
  const answer = await Promise.race([question, once(line, "close").then(() => "")]);
  line.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new RefusedError("nothing was removed");
}

function rowOf(range: CloudRange): Row {
  return {
    address: range.ip,
    address6: range.ip6,
    network: range.network,
    network_id: range.networkId,
    range: range.arId,
    mac: range.mac,
    id: range.flexibleIpId,
  };
}
