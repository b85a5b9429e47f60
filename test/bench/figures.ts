// What one run of the bench measured, and the most that it may be.
import { median } from "./clock.ts";
import type { Migration, Way } from "./migration.ts";

export type Figures = {
  /** Milliseconds of each program, by name; those that this machine has no tools for are missing. */
  readonly times: ReadonlyMap<string, readonly number[]>;
  /** Milliseconds until all of so many get_address are done. */
  readonly together: ReadonlyMap<number, readonly number[]>;
  /** Milliseconds of an action while the API does not answer. */
  readonly whileSilent: ReadonlyMap<string, readonly number[]>;
  readonly migrations: ReadonlyMap<Way, Migration>;
  /** MB. */
  readonly memory: ReadonlyMap<string, readonly number[]>;
  readonly sizeMb: number;
  readonly cores: number;
  readonly latencyMs: number;
};

export type Row = {
  readonly what: string;
  readonly target: string;
  readonly measured: string;
  /** Undefined: it could not be measured here. */
  readonly isMet: boolean | undefined;
};

export const ms = (figures: Figures, name: string): number | undefined => {
  const times = figures.times.get(name);
  return times === undefined ? undefined : median(times);
};

/** The rows of the table of targets. */
export function targets(figures: Figures): Row[] {
  const time = (name: string): number | undefined => ms(figures, name);
  const floor = time("floor") ?? Number.NaN;
  const memory = (name: string): number | undefined => {
    const values = figures.memory.get(name);
    return values === undefined ? undefined : median(values);
  };
  const silence = (action: string): number => median(figures.whileSilent.get(action) ?? []);
  const away = (way: Way): number | undefined => figures.migrations.get(way)?.ms;
  const { latencyMs, cores, sizeMb } = figures;
  const far = latencyMs + 2.2 * floor;
  const one = time("get_address") ?? Number.NaN;
  return [
    ratio("hook, VM without a public NIC, against the floor", time("hook"), floor, 1.4),
    ratio("get_address, HTTP, against the floor", one, floor, 2),
    ratio("pre, address already attached, HTTP, against the floor", time("pre"), floor, 2),
    ratio("get_address, TLS, against the floor", time("get_address tls"), floor, 2.6),
    ratio("pre, TLS, against the floor", time("pre tls"), floor, 2.6),
    ratio("get_address against sh, field by field", one, time("sh get_address"), 0.5),
    ratio("pre against sh, field by field", time("pre"), time("sh pre"), 0.5),
    ratio("get_address, TLS, against sh, field by field", time("get_address tls"), time("sh get_address tls"), 0.5),
    ratio("get_address against sh with one process for each tool", one, time("dense sh get_address"), 0.5),
    limit(
      `get_address, API ${latencyMs} ms away: ${latencyMs} ms for its one call + 2.2 × floor`,
      time("get_address far"),
      far,
      "ms",
    ),
    ratio("get_address, 5,000 flexible IPs against 10", time("get_address many"), one, 1.05),
    ratio("pre, 5,000 flexible IPs against 10", time("pre many"), time("pre"), 1.05),
    ratio(
      "64 get_address at once, against 64 × one on all cores",
      median(figures.together.get(64) ?? []),
      (64 * one) / cores,
      1.2,
    ),
    limit("get_address while the API is silent: 3 s, then the lease", silence("get_address"), 3_000 + 10 * floor, "ms"),
    limit("free_address while the API is silent: 1 s", silence("free_address"), 1_000 + 10 * floor, "ms"),
    ratio("live migration by a direct move, against detach and attach", away("direct"), away("old"), 0.5),
    ratio("live migration where that is refused, against detach and attach", away("refused"), away("old"), 1.2),
    limit("executable", sizeMb, 112, "MB"),
    ratio("peak memory of get_address, HTTP, against the floor", memory("get_address"), memory("floor"), 1.35),
    ratio("peak memory of get_address, TLS, against the floor", memory("get_address tls"), memory("floor"), 1.35),
  ];
}

function ratio(what: string, value: number | undefined, base: number | undefined, most: number): Row {
  const target = `≤ ${most}`;
  if (value === undefined || base === undefined)
    return { what, target, measured: "not measured here", isMet: undefined };
  const measured = value / base;
  return { what, target, measured: measured.toFixed(2), isMet: measured <= most };
}

function limit(what: string, value: number | undefined, most: number, unit: string): Row {
  const shown = (number: number): string => `${number < 1 ? number.toFixed(3) : number.toFixed(1)} ${unit}`;
  const target = `≤ ${shown(most)}`;
  if (value === undefined) return { what, target, measured: "not measured here", isMet: undefined };
  return { what, target, measured: shown(value), isMet: value <= most };
}
