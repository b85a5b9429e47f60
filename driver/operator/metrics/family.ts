// Metrics as text that Prometheus, its textfile collector and OpenMetrics readers take. Pure.

export type Labels = Readonly<Record<string, string>>;
export type Sample = { readonly labels: Labels; readonly value: number };

/** One metric with its samples. All are gauges: each run says what is, nothing is counted between runs. */
export type Family = {
  /** Prometheus's conventions: base units, no `_total`, the unit last. */
  readonly name: string;
  readonly help: string;
  readonly samples: readonly Sample[];
};

export function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name: `scw_flexip_${name}`, help, samples };
}

/** A gauge with one value and no labels; without a sample where the value is not known. */
export function single(name: string, help: string, value: number | undefined): Family {
  return gauge(name, help, value === undefined ? [] : [{ labels: {}, value }]);
}

/** How many of `things` have each combination of labels. */
export function counted<T>(things: readonly T[], labelsOf: (thing: T) => Labels): Sample[] {
  const groups = Map.groupBy(things.map(labelsOf), (labels) => JSON.stringify(labels));
  return [...groups.values()].map((group) => ({ labels: group[0] ?? {}, value: group.length }));
}

/** The exposition of all families that have a sample. */
export function exposition(families: readonly Family[]): string {
  const blocks = families
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, help, samples }) =>
      [
        `# HELP ${name} ${escaped(help)}`,
        `# TYPE ${name} gauge`,
        ...samples.map((sample) => lineOf(name, sample)),
      ].join("\n"),
    );
  return `${blocks.join("\n")}\n# EOF\n`;
}

function lineOf(name: string, { labels, value }: Sample): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text).replaceAll('"', '\\"')}"`);
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
