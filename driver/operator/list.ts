// The addresses of this cloud as a table.
import { EXIT } from "./exit.ts";
import { asOneadmin, type Operator } from "./operator.ts";
import type { Column } from "./print/column.ts";
import { printRows } from "./print/rows.ts";
import { recordsOf } from "./records.ts";
import { survey } from "./survey.ts";

const COLUMNS: readonly Column[] = [
  { key: "address", title: "ADDRESS", rank: 0 },
  {
    key: "status",
    title: "STATUS",
    rank: 0,
    style: (status) => (status === "attached" || status === "ready" ? "green" : isBad(status) ? "red" : "yellow"),
  },
  { key: "host", title: "HOST", rank: 1 },
  { key: "holder", title: "HOLDER", rank: 0 },
  { key: "vm", title: "VM", rank: 9, isExtra: true },
  { key: "vm_name", title: "VM NAME", rank: 6 },
  { key: "network", title: "NETWORK", rank: 2 },
  { key: "network_id", title: "NETWORK ID", rank: 9, isExtra: true },
  { key: "range", title: "AR", rank: 5 },
  { key: "origin", title: "ORIGIN", rank: 3 },
  { key: "mac", title: "MAC", rank: 4 },
  { key: "id", title: "ID", rank: 7 },
  { key: "server", title: "SERVER", rank: 8 },
  { key: "drift", title: "DRIFT", rank: 0, style: (drift) => (drift === "-" ? undefined : "yellow") },
];

export async function list(given: Operator): Promise<number> {
  const operator = asOneadmin(given);
  const found = await survey(operator);
  const records = recordsOf(found.view, found.steps);
  printRows(operator, COLUMNS, records);
  if (records.length === 0) operator.terminal.note("no addresses yet; buy some: scw-flexip range add --network NAME");
  tellUnknownHosts(operator, found.unknownHosts);
  return EXIT.done;
}

export function tellUnknownHosts({ terminal }: Operator, hosts: readonly string[]): void {
  if (hosts.length === 0) return;
  terminal.note(
    `the server of host ${hosts.join(", ")} is not known, so that nothing is judged there; set SCW_SERVER_ID with onehost update, or write the host's server id file`,
  );
}

function isBad(status: string): boolean {
  return status === "missing" || status === "error" || status === "locked";
}
