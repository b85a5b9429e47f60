// All that is known of one address.
import * as z from "zod/mini";
import { isAddressOf } from "../addresses.ts";
import { RefusedError } from "../errors.ts";
import { EXIT } from "./exit.ts";
import { tellUnjudged } from "./list.ts";
import { asOneadmin, type Operator } from "./operator.ts";
import { textOfValue } from "./print/column.ts";
import { formOf, json } from "./print/rows.ts";
import { wrap } from "./print/table.ts";
import { type AddressRecord, addressRecord, concerns, holderText, recordsOf } from "./records.ts";
import { type Survey, survey } from "./survey.ts";

const INDENT = 18;
const NARROWEST = 30;

/** What `show -o json` prints. */
export const addressDetails = z.strictObject({
  ...addressRecord.shape,
  range_mac: z.nullable(z.string()).check(z.describe("the MAC that guests get")),
  leased_since: z.nullable(z.string()).check(z.describe("when this front-end gave the lease")),
  description: z.nullable(z.string()),
  tags: z.array(z.string()),
  updated: z.nullable(z.string()).check(z.describe("by the API's clock")),
  findings: z.array(z.string()).check(z.describe("reasons of the drift, for people")),
  repair: z.array(z.string()).check(z.describe("keys for reconcile --apply")),
});
type Details = z.infer<typeof addressDetails>;

export async function show(given: Operator): Promise<number> {
  const operator = asOneadmin(given);
  const { format } = formOf(operator, []);
  const [wanted = ""] = operator.words;
  const found = await survey(operator);
  const record = recordsOf(found.view, found.steps).find((candidate) => isNamed(candidate, wanted));
  if (record === undefined) {
    throw new RefusedError(`no address or flexible IP ${wanted} of this cloud; see scw-flexip list`);
  }
  const details = detailsOf(found, record);
  operator.terminal.print(format === "json" ? `${json(details)}\n` : sheet(operator, details));
  tellUnjudged(operator, found);
  return EXIT.done;
}

function sheet({ terminal }: Operator, details: Details): string {
  const room = Math.max(NARROWEST, (terminal.width ?? Number.POSITIVE_INFINITY) - INDENT);
  const lines = Object.entries({ ...details, holder: holderText(details.holder) }).map(([key, value]) => {
    const texts = wrap(textOfValue(value), room);
    return `${title(key).padEnd(INDENT - 2)}: ${texts.join(`\n${" ".repeat(INDENT)}`)}\n`;
  });
  return lines.join("");
}

export function isNamed({ id, address }: Pick<AddressRecord, "id" | "address">, wanted: string): boolean {
  return (
    id === wanted.toLowerCase() || isAddressOf(wanted.replace("/64", "").toLowerCase(), address.replace("/64", ""))
  );
}

function detailsOf({ leases, view, steps }: Survey, record: AddressRecord): Details {
  const flexibleIp = view.flexibleIps.find(({ id }) => id === record.id);
  const range = view.ranges.find(
    ({ networkId, arId }) => networkId === String(record.network_id) && arId === String(record.range),
  );
  const findings = steps.filter((step) => concerns(step, record.address.replace("/64", ""), range));
  return {
    ...record,
    range_mac: range?.mac ?? null,
    leased_since: leases[record.address]?.since ?? null,
    description: flexibleIp?.description ?? null,
    tags: [...(flexibleIp?.tags ?? [])],
    updated: flexibleIp?.updatedAt ?? null,
    findings: findings.map(({ reason }) => reason),
    repair: findings.map(({ key }) => key),
  };
}

function title(key: string): string {
  return key.replaceAll("_", " ").toUpperCase();
}
