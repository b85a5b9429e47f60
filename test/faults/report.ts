// The section of docs/reliability.md that says what was played and what came of it.
import { FAMILIES, type Family, type Kind } from "./kind.ts";
import { ACTIONS, wordOf } from "./path.ts";
import { OUTCOMES } from "./play.ts";
import type { Ran } from "./run.ts";

const TITLES: Readonly<Record<Family, string>> = {
  crash: "Crash points",
  api: "The API and the way to it",
  machine: "The machine",
  tenant: "Tenants as attackers",
};

/** The section, without its marks. */
export function figuresSection(kinds: readonly Kind[], all: readonly Ran[]): string {
  return [figures(all), ...FAMILIES.map((family) => section(family, kinds, all))].join("\n\n");
}

function figures(all: readonly Ran[]): string {
  const failures = all.filter(({ problems }) => problems.length > 0);
  return [
    "## Figures\n",
    "| | |",
    "| --- | ---: |",
    `| kinds of fault | ${new Set(all.map(({ kind }) => kind)).size} |`,
    `| ways through the eight actions and hooks | ${new Set(all.map(({ path }) => path)).size} |`,
    `| runs | ${all.length} |`,
    `| of these, crash points | ${all.filter(({ kind }) => kind.family === "crash").length} |`,
    ...OUTCOMES.map((outcome) => `| ${outcome} | ${all.filter((ran) => ran.outcome === outcome).length} |`),
    `| failures: leaked, stuck, cut off, or reported wrongly | ${failures.length} |`,
    `| longest action under a fault | ${longest(all)} |`,
  ].join("\n");
}

function section(family: Family, kinds: readonly Kind[], all: readonly Ran[]): string {
  const head = ["fault", "injected by", ...ACTIONS.map(wordOf), "runs", "longest"];
  const rows = kinds
    .filter((kind) => kind.family === family)
    .map((kind) => {
      const rans = all.filter((ran) => ran.kind === kind);
      const cells = ACTIONS.map((action) => cell(rans.filter(({ path }) => path.action === action)));
      return [text(kind.name), text(kind.how), ...cells, rans.length, longest(rans)];
    });
  const lines = [head, head.map((_, index) => (index < 10 ? "---" : "---:")), ...rows];
  return [`## ${TITLES[family]}\n`, ...lines.map((line) => `| ${line.join(" | ")} |`)].join("\n");
}

function cell(rans: readonly Ran[]): string {
  const counts = OUTCOMES.map((outcome) => [outcome, rans.filter((ran) => ran.outcome === outcome).length] as const);
  return counts.flatMap(([outcome, count]) => (count === 0 ? [] : `${outcome} ${count}`)).join(", ");
}

function longest(rans: readonly Ran[]): string {
  return `${(Math.max(0, ...rans.map(({ ms }) => ms)) / 1_000).toFixed(1)} s`;
}

function text(words: string): string {
  return words.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
