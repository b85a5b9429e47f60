// docs/performance.md, from the figures of one run.
import { median } from "./clock.ts";
import { type Figures, ms, type Row } from "./figures.ts";
import { WAYS } from "./migration.ts";

export type Machine = {
  readonly processor: string;
  readonly cores: number;
  readonly kernel: string;
  readonly node: string;
};

const NAMES: readonly (readonly [name: string, what: string])[] = [
  ["floor", "floor: the same Node, packed in the same way, with nothing to do"],
  ["hook", "hook, VM without a public NIC"],
  ["get_address", "get_address"],
  ["pre", "pre, address already attached"],
  ["get_address tls", "get_address, TLS"],
  ["pre tls", "pre, TLS"],
  ["get_address far", "get_address, API 65 ms away"],
  ["get_address many", "get_address, 5,000 flexible IPs"],
  ["pre many", "pre, 5,000 flexible IPs"],
  ["search", "pre, NIC of a hand-written range: all pages of 10 flexible IPs"],
  ["search many", "the same with 5,000"],
  ["shim", "get_address through its shim, as oned runs it"],
  ["sh hook", "sh + xmllint, VM without a public NIC"],
  ["sh get_address", "sh + curl + jq + xmllint, get_address field by field"],
  ["sh pre", "sh + curl + jq + xmllint, pre field by field"],
  ["sh get_address tls", "sh, get_address field by field, TLS"],
  ["sh pre tls", "sh, pre field by field, TLS"],
  ["dense sh get_address", "sh, get_address with one process for each tool"],
];

/** The page. `notes` are what could not be measured. */
export function pageOf(figures: Figures, rows: readonly Row[], machine: Machine, notes: readonly string[]): string {
  return `# Performance

Written by \`make bench\` from its own run; do not edit. The figures are medians of whole processes, from before their
start until they are gone, with runs of all programs interleaved. Compare the ratios: they hardly depend on the machine.
The API is the simulator of the tests, in a process of its own on this machine's loopback.

${machine.processor}, ${machine.cores} cores, Linux ${machine.kernel}, Node ${machine.node}, ${figures.times.get("floor")?.length ?? 0} rounds.
${notes.map((note) => `\nNot measured: ${note}.\n`).join("")}
## Targets

| what | target | measured | |
| --- | ---: | ---: | --- |
${rows.map(({ what, target, measured, isMet }) => `| ${what} | ${target} | ${measured} | ${isMet === undefined ? "" : isMet ? "met" : "**missed**"} |`).join("\n")}

[performance-notes.md](performance-notes.md) says what start-up costs, what was tried, and why a target is missed.

## Times

| program | median ms | fastest ms | × floor |
| --- | ---: | ---: | ---: |
${times(figures)}

## Many at once

| get_address at once | all done after, ms | against as many × one on ${figures.cores} cores |
| ---: | ---: | ---: |
${together(figures)}

## Live migration

The simulator has the delays that were recorded of the real API: an attach takes 2 s, a detach 6 s. Measured from the
guest's end on the source until its address is attached to the destination.

| way | changes at the API | guest without its address for, s |
| --- | ---: | ---: |
${migrations(figures)}

## Memory and size

Peak memory: ${[...figures.memory].map(([name, values]) => `${name} ${median(values).toFixed(1)} MB`).join(", ")}.
The executable has ${figures.sizeMb.toFixed(1)} MB.
`;
}

function times(figures: Figures): string {
  const floor = ms(figures, "floor") ?? Number.NaN;
  return NAMES.flatMap(([name, what]) => {
    const values = figures.times.get(name);
    if (values === undefined) return [];
    const middle = median(values);
    return [`| ${what} | ${middle.toFixed(1)} | ${Math.min(...values).toFixed(1)} | ${(middle / floor).toFixed(2)} |`];
  }).join("\n");
}

function together(figures: Figures): string {
  const one = ms(figures, "get_address") ?? Number.NaN;
  return [...figures.together]
    .map(([count, values]) => {
      const all = median(values);
      return `| ${count} | ${all.toFixed(0)} | ${(all / ((count * one) / Math.min(count, figures.cores))).toFixed(2)} |`;
    })
    .join("\n");
}

function migrations(figures: Figures): string {
  return [...figures.migrations]
    .map(([way, { ms: away, changes }]) => `| ${WAYS[way].what} | ${changes} | ${(away / 1_000).toFixed(1)} |`)
    .join("\n");
}
