// The addresses of this cloud as a table.
import { UsageError } from "../errors.ts";
import { EXIT } from "./exit.ts";
import { asOneadmin, type Operator } from "./operator.ts";
import type { Column } from "./print/column.ts";
import { formOf, printRows } from "./print/rows.ts";
import { type AddressRecord, addressRecord, holderText, recordsOf } from "./records.ts";
import { type Survey, survey } from "./survey.ts";

const COLUMNS: readonly Column<AddressRecord>[] = [
  { key: "address", title: "ADDRESS", rank: 0 },
  {
    key: "status",
    title: "STATUS",
    rank: 0,
    style: (status) => (status === "attached" || status === "ready" ? "green" : isBad(status) ? "red" : "yellow"),
  },
  { key: "host", title: "HOST", rank: 1, text: hostText },
  { key: "holder", title: "HOLDER", rank: 0, text: ({ holder }) => holderText(holder) },
  { key: "vm", title: "VM", rank: 9, isExtra: true },
  { key: "vm_name", title: "VM NAME", rank: 6 },
  { key: "vm_state", title: "VM STATE", rank: 9, isExtra: true },
  { key: "network", title: "NETWORK", rank: 2 },
  { key: "network_id", title: "NETWORK ID", rank: 9, isExtra: true },
  { key: "range", title: "AR", rank: 5 },
  { key: "origin", title: "ORIGIN", rank: 3 },
  { key: "mac", title: "MAC", rank: 4 },
  { key: "reverse", title: "REVERSE", rank: 9, isExtra: true },
  { key: "id", title: "ID", rank: 7 },
  { key: "server", title: "SERVER", rank: 8 },
  { key: "drift", title: "DRIFT", rank: 0, style: (drift) => (drift === "-" ? undefined : "yellow") },
];

export async function list(given: Operator): Promise<number> {
  const operator = asOneadmin(given);
  const form = formOf(operator, COLUMNS);
  const isWanted = filterOf(operator);
  const found = await survey(operator);
  const all = recordsOf(found.view, found.steps);
  printRows(operator, form, all.filter(isWanted));
  if (all.length === 0) operator.terminal.note("no addresses yet; buy some: scw-flexip range add --network NAME");
  tellUnjudged(operator, found);
  return EXIT.done;
}

/** --network, --vm and --state. Throws UsageError. */
function filterOf({ options }: Operator): (record: AddressRecord) => boolean {
  const network = options.text("network");
  const vm = options.text("vm");
  const state = options.text("state");
  const states: readonly string[] = [...addressRecord.shape.status.options, "free", "used", "drift"];
  if (state !== undefined && !states.includes(state)) {
    throw new UsageError(`--state ${state}: one of ${states.join(", ")} is needed`);
  }
  return (record) =>
    (network === undefined || record.network === network || String(record.network_id) === network) &&
    (vm === undefined || record.vm_name === vm || String(record.vm) === vm) &&
    (state === undefined || isIn(record, state));
}

function isIn({ status, holder, range, drift }: AddressRecord, state: string): boolean {
  if (state === "free") return range !== null && holder === null;
  if (state === "used") return holder !== null;
  return state === "drift" ? drift.length > 0 : status === state;
}

/** Says which hosts and addresses were not judged. */
export function tellUnjudged({ terminal }: Operator, { unknownHosts, young, view }: Survey): void {
  if (unknownHosts.length > 0) {
    terminal.note(
      `the server of host ${unknownHosts.join(", ")} is not known, so nothing is judged there; on the front-end: scw-flexip install --hosts`,
    );
  }
  if (young.length === 0) return;
  const keys = young.map(({ key }) => key).join(", ");
  const seconds = view.graceMs / 1_000;
  terminal.note(
    `changed less than ${seconds} s ago and left alone: ${keys} (--grace 0 judges them; this may be a run at work)`,
  );
}

/** The host whose server the address is attached to; if that is not known, the host of its VM, in brackets. */
function hostText({ host, server, vm_state, vm_host }: AddressRecord): string {
  if (host !== null || server === null) return host ?? "";
  return vm_state === "running" && vm_host !== null ? `unknown (VM on ${vm_host})` : "unknown";
}

function isBad(status: string): boolean {
  return status === "missing" || status === "error" || status === "locked";
}
