// make faults: plays every kind of fault on every way through every action, and writes docs/reliability.md once nothing
// fails. ONLY=words plays the runs whose kind, way and point hold these words, and writes nothing.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withSection } from "../generated-section.ts";
import { REPOSITORY } from "../rig.ts";
import { figuresSection } from "./report.ts";
import { KINDS, PATHS, playAll, type Ran, runsOf, survey } from "./run.ts";

const AT_ONCE = 3;
const { ONLY = "" } = process.env;
const isTerminal = process.stdout.isTTY;

const start = performance.now();
const skipped = KINDS.filter((kind) => kind.skipped !== undefined);
for (const { name, skipped: why } of skipped) say(`not played: ${name} (${why})`);
const wanted = new RegExp(ONLY);
const runs = runsOf(KINDS, await survey(PATHS, AT_ONCE)).filter((run) => wanted.test(nameOf(run)));
let count = 0;
let failures = 0;
const played = await playAll(runs, AT_ONCE, (ran) => {
  count += 1;
  if (ran.problems.length > 0) fail(nameOf(ran), ran.problems);
  const status = `${count} of ${runs.length} runs, ${failures} failures, ${seconds()} s`;
  if (isTerminal) process.stdout.write(`\r\u001b[K${status}: ${ran.kind.name}`.slice(0, process.stdout.columns));
  else if (count % 200 === 0) say(status);
});
const all = played.filter(({ hasStruck, problems }) => hasStruck || problems.length > 0);
for (const kind of new Set(runs.map((run) => run.kind))) {
  if (!all.some((ran) => ran.kind === kind)) fail(kind.name, ["it never struck"]);
}
if (runs.length === 0) fail("nothing was played", [`no run holds the words ${ONLY}`]);
const isWhole = ONLY === "" && skipped.length === 0 && failures === 0;
if (isWhole) {
  const page = join(REPOSITORY, "docs/reliability.md");
  writeFileSync(page, withSection(readFileSync(page, "utf8"), "make faults", figuresSection(KINDS, all)));
}
const written = isWhole ? "docs/reliability.md written" : "docs/reliability.md left as it is";
say(`${all.length} runs, ${failures} failures; ${written}; ${seconds()} s`);
// Nothing is waited for any more.
process.exit(failures === 0 ? 0 : 1);

function nameOf({ kind, path, point }: Pick<Ran, "kind" | "path" | "point">): string {
  return `${kind.name}, ${path.name}, ${point}`;
}

function fail(name: string, problems: readonly string[]): void {
  failures += 1;
  say(`✗ ${name}`);
  for (const problem of problems) say(`    ${problem.replaceAll("\n", "\n    ")}`);
}

function say(line: string): void {
  process.stdout.write(`${isTerminal ? "\r\u001b[K" : ""}${line}\n`);
}

function seconds(): number {
  return Math.round((performance.now() - start) / 1_000);
}
