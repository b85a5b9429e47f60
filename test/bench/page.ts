// docs/performance.md, from the figures of one run, and the most that each of them may be.
import { availableParallelism, cpus, release } from "node:os";
import { median } from "./clock.ts";
import type { Way } from "./migration.ts";

export type Figures = {
  /** Milliseconds of each program, by name. */
  readonly times: ReadonlyMap<string, readonly number[]>;
  /** Milliseconds until all of 64 get_address that start together are done. */
  readonly together: number;
  /** Milliseconds of get_address and free_address while the API does not answer. */
  readonly leaseWhileSilent: { readonly get: number; readonly free: number };
  readonly migrations: Readonly<Record<Way, number>>;
  /** Most MB that a program held, by name. */
  readonly memory: ReadonlyMap<string, number>;
  readonly sizeMb: number;
};

export type Row = {
  readonly what: string;
  readonly target: string;
  readonly measured: string;
  readonly isMet: boolean;
};

/** The rows of the table of targets. */
export function targets({ times, together, leaseWhileSilent, migrations, memory, sizeMb }: Figures): Row[] {
  const time = (name: string): number => median(times.get(name) ?? []);
  const mb = (name: string): number => memory.get(name) ?? Number.NaN;
  const { get, free } = leaseWhileSilent;
  const [floor, one, pre] = [time("floor"), time("get_address"), time("pre")];
  const [oneTls, preTls] = [time("get_address, TLS"), time("pre, TLS")];
  const [sh, shTls] = [time("sh, get_address field by field"), time("sh, get_address field by field, TLS")];
  const far = "get_address, API 65 ms away";
  const allCores = (64 * one) / availableParallelism();
  return [
    ratio("hook, VM without a public NIC, against the floor", time("hook, VM without a public NIC"), floor, 1.4),
    ratio("get_address, HTTP, against the floor", one, floor, 2),
    ratio("pre, address already attached, HTTP, against the floor", pre, floor, 2),
    ratio("get_address, TLS, against the floor", oneTls, floor, 2.6),
    ratio("pre, TLS, against the floor", preTls, floor, 2.6),
    ratio("get_address against sh, field by field", one, sh, 0.5),
    ratio("pre against sh, field by field", pre, time("sh, pre field by field"), 0.5),
    ratio("get_address, TLS, against sh, field by field", oneTls, shTls, 0.5),
    ratio("get_address against sh with one process for each tool", one, time("sh, one process for each tool"), 0.5),
    limit(`${far}: 65 ms for its one call + 2.2 × floor`, time(far), 65 + 2.2 * floor, "ms"),
    ratio("get_address, 5,000 flexible IPs against 10", time("get_address, 5,000 flexible IPs"), one, 1.05),
    ratio("pre, 5,000 flexible IPs against 10", time("pre, 5,000 flexible IPs"), pre, 1.05),
    ratio("64 get_address at once, against 64 × one on all cores", together, allCores, 1.2),
    limit("get_address while the API is silent: 3 s, then the lease", get, 3_000 + 10 * floor, "ms"),
    limit("free_address while the API is silent: 1 s", free, 1_000 + 10 * floor, "ms"),
    ratio("live migration by a direct move, against detach and attach", migrations.direct, migrations.old, 0.5),
    ratio("live migration where that is refused, against detach and attach", migrations.refused, migrations.old, 1.2),
    limit("executable", sizeMb, 112, "MB"),
    ratio("peak memory of get_address, HTTP, against the floor", mb("get_address"), mb("floor"), 1.35),
    ratio("peak memory of get_address, TLS, against the floor", mb("get_address, TLS"), mb("floor"), 1.35),
  ];
}

function ratio(what: string, value: number, base: number, most: number): Row {
  return { what, target: `≤ ${most}`, measured: (value / base).toFixed(2), isMet: value / base <= most };
}

function limit(what: string, value: number, most: number, unit: string): Row {
  const [target, measured] = [`≤ ${most.toFixed(1)} ${unit}`, `${value.toFixed(1)} ${unit}`];
  return { what, target, measured, isMet: value <= most };
}

/** The page. */
export function pageOf({ times, migrations, memory, sizeMb }: Figures, rows: readonly Row[]): string {
  const floor = times.get("floor") ?? [];
  const timeRows = [...times].map(([name, values]) => {
    const middle = median(values);
    const figures = [middle.toFixed(1), Math.min(...values).toFixed(1), (middle / median(floor)).toFixed(2)];
    return `| ${name} | ${figures.join(" | ")} |`;
  });
  const seconds = (way: Way): string => `${(migrations[way] / 1_000).toFixed(1)} s`;
  return `# Performance

Written by \`make bench\` from its own run; do not edit. The figures are medians of whole processes, from before their
start until they are gone, with runs of all programs interleaved. Compare the ratios: they hardly depend on the machine.
The API is the simulator of the tests, in a process of its own on this machine's loopback.

${cpus()[0]?.model}, ${availableParallelism()} cores, Linux ${release()}, Node ${process.versions.node}, ${floor.length} rounds.

## Targets

| what | target | measured | |
| --- | ---: | ---: | --- |
${rows.map(({ what, target, measured, isMet }) => `| ${what} | ${target} | ${measured} | ${isMet ? "met" : "**missed**"} |`).join("\n")}

[performance-notes.md](performance-notes.md) says what start-up costs, what was tried, and why a target is missed.

## Times

The floor is the same Node, packed in the same way, with nothing to do. The address of a \`pre\` is attached already.
The programs in sh run curl, jq and xmllint.

| program | median ms | fastest ms | × floor |
| --- | ---: | ---: | ---: |
${timeRows.join("\n")}

## Live migration

The simulator has the delays that were recorded of the real API: an attach takes 2 s, a detach 6 s. From the guest's end
on the source until its address is attached to the destination, it takes ${seconds("direct")} where the API moves what is attached,
${seconds("refused")} where it refuses to, and ${seconds("old")} by detach, wait and attach.

## Memory and size

Peak memory: ${[...memory].map(([name, mb]) => `${name} ${mb.toFixed(1)} MB`).join(", ")}.
The executable has ${sizeMb.toFixed(1)} MB.
`;
}
