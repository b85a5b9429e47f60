// Address ranges, through OpenNebula: each is one address, bought when it is added and given back when it is removed.
import * as z from "zod/mini";
import { DriverError, messageOf, RefusedError, UsageError } from "../errors.ts";
import { audit } from "./audit.ts";
import { confirm } from "./confirm.ts";
import { EXIT } from "./exit.ts";
import type { CloudRange } from "./one/listings.ts";
import { listRanges, type Network, networkNamed } from "./one/networks.ts";
import { oneChange } from "./one/one-command.ts";
import { asOneadmin, type Operator } from "./operator.ts";
import type { Column } from "./print/column.ts";
import { formOf, printRows } from "./print/rows.ts";
import { additionOf, addRange } from "./range-add.ts";
import { holderOf, holderRecord, holderText } from "./records.ts";

/** What `range list`, `range add` and `range remove` print of each range. */
export const rangeRecord = z.strictObject({
  address: z.string(),
  address6: z.nullable(z.string()),
  network: z.string(),
  network_id: z.number(),
  range: z.number().check(z.describe("the id of the range in its network")),
  mac: z.string(),
  id: z.nullable(z.string()).check(z.describe("of the flexible IP; null: the range does not say")),
  id6: z.nullable(z.string()),
  holder: z.nullable(holderRecord).check(z.describe("null: free")),
});
type RangeRecord = z.infer<typeof rangeRecord>;

const COLUMNS: readonly Column<RangeRecord>[] = [
  { key: "address", title: "ADDRESS", rank: 0 },
  { key: "address6", title: "ADDRESS6", rank: 5, isExtra: true },
  { key: "network", title: "NETWORK", rank: 0 },
  { key: "range", title: "AR", rank: 0 },
  { key: "holder", title: "HOLDER", rank: 1, text: ({ holder }) => holderText(holder) },
  { key: "mac", title: "MAC", rank: 2 },
  { key: "id", title: "ID", rank: 3 },
];

export async function rangeList(given: Operator): Promise<number> {
  const operator = asOneadmin(given);
  const form = formOf(operator, COLUMNS);
  const name = operator.options.text("network");
  const network = name === undefined ? undefined : await networkNamed(operator, name);
  printRows(operator, form, (await rangesIn(operator, network)).map(recordOf));
  return EXIT.done;
}

export async function rangeAdd(given: Operator): Promise<number> {
  const operator = asOneadmin(given);
  const { options, terminal, interrupt } = operator;
  formOf(operator, COLUMNS);
  const { network, count, wanted } = await additionOf(operator);
  const { adopted } = wanted;
  if (options.has("dryRun")) {
    const bought = `buy ${count} ${count === 1 ? "address" : "addresses"}`;
    terminal.note(
      `would ${adopted === undefined ? bought : `adopt ${adopted.address}`} for ${network.name}; nothing was changed`,
    );
    return EXIT.done;
  }
  const known = new Set((await rangesIn(operator, network)).map(({ arId }) => arId));
  let failure: string | undefined;
  let done = 0;
  while (done < count && failure === undefined && !interrupt.isAsked) {
    terminal.progress(`adding range ${done + 1} of ${count} to ${network.name}`);
    failure = await interrupt.shield(() => addRange(operator, network, wanted));
    if (failure === undefined) done += 1;
  }
  if (failure !== undefined) terminal.warn(`range ${done + 1} of ${count} was not added: ${failure}`);
  terminal.note(`${done} of ${count} added to ${network.name}${done > 0 ? "; each is paid for from now on" : ""}`);
  await interrupt.shield(() => printAdded(operator, network, known));
  if (interrupt.isAsked && done < count) return EXIT.interrupted;
  return failure === undefined ? EXIT.done : EXIT.failed;
}

/** Prints the new ranges. If they cannot be listed now, they are still bought. */
async function printAdded(operator: Operator, network: Network, known: ReadonlySet<string>): Promise<void> {
  try {
    const added = (await rangesIn(operator, network)).filter(({ arId }) => !known.has(arId));
    printRows(operator, formOf(operator, COLUMNS), added.map(recordOf));
    for (const { ip } of added) audit(operator, { what: `range add ${network.name}`, address: ip });
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
    operator.terminal.warn(`what was added cannot be listed (${messageOf(error)}); see scw-flexip list`);
  }
}

export async function rangeRemove(given: Operator): Promise<number> {
  const operator = asOneadmin(given);
  const { options, terminal, interrupt } = operator;
  const form = formOf(operator, COLUMNS);
  const ranges = await chosenRanges(operator);
  const inUse = ranges.filter(({ holder }) => holder !== undefined);
  if (inUse.length > 0 && !options.has("force")) {
    const users = inUse.map((range) => `${range.ip} by ${holderText(recordOf(range).holder)}`).join(", ");
    throw new RefusedError(`in use: ${users}; end the leases first, or take the addresses away with --force`);
  }
  const what = `${ranges.length} address${ranges.length === 1 ? "" : "es"} (${ranges.map(({ ip }) => ip).join(", ")})`;
  if (options.has("dryRun")) {
    terminal.note(`would give back ${what}; nothing was changed`);
    return EXIT.done;
  }
  if (ranges.length > 0) await confirm(operator, `Give back ${what}`, "an address that was bought is lost forever");
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
  printRows(operator, form, removed.map(recordOf));
  if (interrupt.isAsked && removed.length + failures.length < ranges.length) return EXIT.interrupted;
  return failures.length > 0 ? EXIT.failed : EXIT.done;
}

/** The network's ranges; undefined: of all networks. */
async function rangesIn(operator: Operator, network: Network | undefined): Promise<CloudRange[]> {
  const ranges = await listRanges(operator);
  return network === undefined ? ranges : ranges.filter(({ networkId }) => networkId === network.id);
}

/** Why the range was not removed; undefined when it was. */
async function removeOne(operator: Operator, range: CloudRange): Promise<string | undefined> {
  const force = operator.options.has("force") ? ["--force"] : [];
  const change = {
    what: `range remove ${range.network}`,
    address: range.ip,
    before: holderText(recordOf(range).holder),
  };
  try {
    await oneChange(operator, ["rmar", range.networkId, range.arId, ...force]);
    audit(operator, change);
    return undefined;
  } catch (error) {
    audit(operator, { ...change, failure: messageOf(error) });
    return messageOf(error);
  }
}

async function chosenRanges(operator: Operator): Promise<CloudRange[]> {
  const { options, words } = operator;
  if (words.length === 0 && !options.has("all")) throw new UsageError("an address or --all is needed; see --help");
  if (words.length > 0 && options.has("all")) throw new UsageError("addresses and --all: give one");
  const name = options.text("network");
  const network = name === undefined ? undefined : await networkNamed(operator, name);
  const ranges = await rangesIn(operator, network);
  const isNamed = ({ ip, flexibleIpId }: CloudRange, word: string): boolean =>
    ip === word || flexibleIpId === word.toLowerCase();
  const unknown = words.filter((word) => !ranges.some((range) => isNamed(range, word)));
  if (unknown.length > 0)
    throw new RefusedError(`no range of scw-flexip has ${unknown.join(", ")}; see scw-flexip range list`);
  return options.has("all") ? ranges : ranges.filter((range) => words.some((word) => isNamed(range, word)));
}

function recordOf(range: CloudRange): RangeRecord {
  return {
    address: range.ip,
    address6: range.ip6 ?? null,
    network: range.network,
    network_id: Number(range.networkId),
    range: Number(range.arId),
    mac: range.mac,
    id: range.flexibleIpId ?? null,
    id6: range.flexibleIp6Id ?? null,
    holder: range.holder === undefined ? null : holderOf(range.holder),
  };
}
