// make faults: plays every kind of fault on every way through every action, and writes docs/reliability.md.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withSection } from "../generated-section.ts";
import { REPOSITORY } from "../rig.ts";
import { KINDS } from "./catalogue.ts";
import { PATHS } from "./paths.ts";
import { figuresSection, summaryOf } from "./report.ts";
import { playAll, type Ran, type Run, runsOf, survey } from "./run.ts";

const AT_ONCE = Number(process.env.FAULTS_AT_ONCE ?? "3");
const isTerminal = process.stdout.isTTY;

function say(line: string): void {
  process.stdout.write(`${isTerminal ? "\r\u001b[K" : ""}${line}\n`);
}

function fail({ kind, path, point, end, played }: Ran): void {
  say(`✗ ${kind.name}, ${path === "" ? "" : `${path}, `}${point}${end === "give up" ? ", given up" : ""}`);
  for (const problem of played.problems) say(`    ${problem.replaceAll("\n", "\n    ")}`);
}

const start = performance.now();
for (const { name, skipped } of KINDS) if (skipped !== undefined) say(`not played: ${name} (${skipped})`);
const runs = inTurn(runsOf(KINDS, await survey(PATHS, AT_ONCE)));
const all: Ran[] = [];
let failures = 0;
let misses = 0;
await playAll(runs, AT_ONCE, (ran) => {
  if (ran.played.hasStruck || ran.played.problems.length > 0) all.push(ran);
  else misses += 1;
  if (ran.played.problems.length > 0) {
    failures += 1;
    fail(ran);
  }
  const seconds = Math.round((performance.now() - start) / 1_000);
  const status = `${all.length + misses} of ${runs.length} runs, ${failures} failures, ${seconds} s`;
  if (isTerminal) process.stdout.write(`\r\u001b[K${status}: ${ran.kind.name}`.slice(0, process.stdout.columns));
  else if ((all.length + misses) % 200 === 0) say(status);
});
for (const kind of KINDS) {
  if (kind.skipped !== undefined || all.some((ran) => ran.kind === kind)) continue;
  failures += 1;
  say(`✗ ${kind.name}: it never struck`);
}
const page = join(REPOSITORY, "docs/reliability.md");
writeFileSync(page, withSection(readFileSync(page, "utf8"), "make faults", figuresSection(KINDS, all)));
const { kinds, longestMs } = summaryOf(all);
say(
  `${kinds} kinds of fault, ${all.length} runs, ${failures} failures, longest ${(longestMs / 1_000).toFixed(1)} s; docs/reliability.md written in ${Math.round((performance.now() - start) / 1_000)} s`,
);
// Nothing is waited for any more.
process.exit(failures === 0 ? 0 : 1);

/** One run of each kind after the other: a kind that is broken shows early. */
function inTurn(planned: readonly Run[]): Run[] {
  const byKind = [...Map.groupBy(planned, ({ kind }) => kind).values()];
  const most = Math.max(...byKind.map(({ length }) => length));
  return Array.from({ length: most }, (_, turn) => byKind.flatMap((ofKind) => ofKind[turn] ?? [])).flat();
}
