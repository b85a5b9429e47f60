// All that is known of one address.
import { isAddressOf } from "../addresses.ts";
import { RefusedError } from "../errors.ts";
import { EXIT } from "./exit.ts";
import { tellUnknownHosts } from "./list.ts";
import { asOneadmin, type Operator } from "./operator.ts";
import { type Row, textOfValue } from "./print/column.ts";
import { formatOf, printRows } from "./print/rows.ts";
import { wrap } from "./print/table.ts";
import { type AddressRecord, concerns, recordsOf } from "./records.ts";
import { type Survey, survey } from "./survey.ts";

const INDENT = 18;
const NARROWEST = 30;

export async function show(given: Operator): Promise<number> {
  const operator = asOneadmin(given);
  const [wanted = ""] = operator.words;
  const found = await survey(operator);
  const record = recordsOf(found.view, found.steps).find((candidate) => isNamed(candidate, wanted));
  if (record === undefined) {
    throw new RefusedError(`no address or flexible IP ${wanted} of this cloud; see scw-flexip list`);
  }
  const details = detailsOf(found, record);
  if (formatOf(operator) !== "table") {
    const columns = Object.keys(details).map((key) => ({ key, title: key, rank: 0 }));
    printRows(operator, columns, [details]);
  } else {
    const room = Math.max(NARROWEST, (operator.terminal.width ?? Number.POSITIVE_INFINITY) - INDENT);
    const lines = Object.entries(details).map(([key, value]) => {
      const texts = wrap(textOfValue(value), room);
      return `${title(key).padEnd(INDENT - 2)}: ${texts.join(`\n${" ".repeat(INDENT)}`)}\n`;
    });
    operator.terminal.print(lines.join(""));
  }
  tellUnknownHosts(operator, found.unknownHosts);
  return EXIT.done;
}

function isNamed(record: AddressRecord, wanted: string): boolean {
  const address = record.address.replace("/64", "");
  return record.id === wanted.toLowerCase() || isAddressOf(wanted.replace("/64", "").toLowerCase(), address);
}

function detailsOf({ leases, view, steps }: Survey, record: AddressRecord): Row {
  const flexibleIp = view.flexibleIps.find(({ id }) => id === record.id);
  const range = view.ranges.find(({ networkId, arId }) => networkId === record.network_id && arId === record.range);
  const findings = steps.filter((step) => concerns(step, record.address.replace("/64", ""), range));
  return {
    ...record,
    range_mac: range?.mac ?? "",
    leased_since: leases[record.address]?.since ?? "",
    description: flexibleIp?.description ?? "",
    tags: flexibleIp?.tags ?? [],
    updated: flexibleIp?.updatedAt ?? "",
    findings: findings.map(({ reason }) => reason),
    repair: findings.map(({ key }) => key),
  };
}

function title(key: string): string {
  return key.replaceAll("_", " ").toUpperCase();
}
