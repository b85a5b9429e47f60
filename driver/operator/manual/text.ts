// The form of the help texts. From them come --help, the completions and the man page.
export type OptionText = {
  /** As commander reads it: "-o, --output <format>". */
  readonly flags: string;
  readonly text: string;
};

export type ExampleText = { readonly command: string; readonly text: string };

export type CommandText = {
  /** With its group: "range add". */
  readonly name: string;
  /** As commander reads it: "<address>", "[address...]"; empty for none. */
  readonly parameters: string;
  readonly summary: string;
  readonly text: string;
  readonly options: readonly OptionText[];
  readonly examples: readonly ExampleText[];
};

export const COMMON: readonly OptionText[] = [
  { flags: "-q, --quiet", text: "say nothing but data and failures" },
  { flags: "--no-color", text: "no bold and no colour; NO_COLOR and TERM=dumb do the same" },
  { flags: "--root <dir>", text: "OpenNebula below another root" },
  { flags: "--one-location <dir>", text: "a self-contained OpenNebula (ONE_LOCATION)" },
];

export const OUTPUT: readonly OptionText[] = [
  { flags: "-o, --output <format>", text: "table, wide (all columns) or json" },
  { flags: "-j, --json", text: "short for --output json" },
  { flags: "--no-header", text: "tables without the first line" },
  { flags: "--columns <names>", text: "tables with these columns, with commas between" },
];

export const GRACE: OptionText = {
  flags: "--grace <seconds>",
  text: "leave alone what changed this recently: another run may be at work (120)",
};

export const TIMEOUT: OptionText = {
  flags: "--timeout <seconds>",
  text: "how long the API is waited for at most (30)",
};
