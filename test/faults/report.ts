// The section of docs/reliability.md that says what was played and what came of it.
import { FAMILIES, type Family, type Kind, type SceneKind } from "./kind.ts";
import { ACTIONS, type Action } from "./path.ts";
import { OUTCOMES } from "./play.ts";
import type { Ran } from "./run.ts";

const TITLES: Readonly<Record<Family, string>> = {
  crash: "Crash points",
  api: "The API and the way to it",
  machine: "The machine",
  tenant: "Tenants as attackers",
};

const SHORT: Readonly<Record<Action, string>> = {
  register_address_range: "register",
  unregister_address_range: "unregister",
  get_address: "get",
  allocate_address: "allocate",
  free_address: "free",
  pre: "pre",
  post: "post",
  clean: "clean",
};

export type Summary = {
  readonly kinds: number;
  readonly runs: number;
  readonly failures: number;
  readonly longestMs: number;
};

export function summaryOf(all: readonly Ran[]): Summary {
  return {
    kinds: new Set(all.map(({ kind }) => kind)).size,
    runs: all.length,
    failures: all.filter(({ played }) => played.problems.length > 0).length,
    longestMs: Math.max(0, ...all.map(({ played }) => played.ms)),
  };
}

/** The section, without its marks. */
export function figuresSection(kinds: readonly (Kind | SceneKind)[], all: readonly Ran[]): string {
  const skipped = kinds.filter((kind) => kind.skipped !== undefined);
  return [
    figures(all),
    ...FAMILIES.map((family) => section(family, kinds, all)),
    ...(skipped.length === 0
      ? []
      : ["## Not played on this machine\n", skipped.map(({ name, skipped: why }) => `- ${name}: ${why}`).join("\n")]),
  ]
    .join("\n")
    .concat("\n");
}

function figures(all: readonly Ran[]): string {
  const { kinds, runs, failures, longestMs } = summaryOf(all);
  const crashes = all.filter(({ kind }) => kind.family === "crash");
  const ways = new Set(all.map(({ path }) => path).filter((path) => path !== ""));
  return [
    "## Figures\n",
    "| | |",
    "| --- | ---: |",
    `| kinds of fault | ${kinds} |`,
    `| ways through the eight actions and hooks | ${ways.size} |`,
    `| runs | ${runs} |`,
    `| of these, crash points | ${crashes.length} |`,
    ...OUTCOMES.map((outcome) => `| ${outcome} | ${all.filter(({ played }) => played.outcome === outcome).length} |`),
    `| failures: leaked, stuck, cut off, or reported wrongly | ${failures} |`,
    `| longest action under a fault | ${seconds(longestMs)} |`,
    "",
  ].join("\n");
}

function section(family: Family, kinds: readonly (Kind | SceneKind)[], all: readonly Ran[]): string {
  const rows = kinds
    .filter((kind) => kind.family === family)
    .map((kind) =>
      row(
        kind,
        all.filter((ran) => ran.kind === kind),
      ),
    )
    .filter((line) => line !== "");
  const head = ["fault", "injected by", ...ACTIONS.map((action) => SHORT[action]), "runs", "failures", "longest"];
  return [
    `## ${TITLES[family]}\n`,
    `| ${head.join(" | ")} |`,
    `| ${head.map((_, index) => (index < 10 ? "---" : "---:")).join(" | ")} |`,
    ...rows,
    "",
  ].join("\n");
}

function row(kind: Kind | SceneKind, rans: readonly Ran[]): string {
  if (rans.length === 0) return "";
  const { runs, failures, longestMs } = summaryOf(rans);
  const cells = ACTIONS.map((action) => cell(rans.filter(({ played }) => played.action === action)));
  return `| ${[text(kind.name), text(kind.how), ...cells, runs, failures, seconds(longestMs)].join(" | ")} |`;
}

function cell(rans: readonly Ran[]): string {
  const counts = OUTCOMES.map((outcome) => ({
    outcome,
    count: rans.filter(({ played }) => played.outcome === outcome).length,
  })).filter(({ count }) => count > 0);
  return counts.map(({ outcome, count }) => `${outcome} ${count}`).join(", ");
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function text(words: string): string {
  return words.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
