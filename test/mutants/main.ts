// Breaks the sources in one place at a time and looks whether a test notices.
// Usage: main.ts [--count N] [--seed N] [--only TREE or part of a path] [--again]
import { spawnSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { whyEquivalent } from "./explained.ts";
import { type Mutant, mutantsOf, shuffled } from "./operators.ts";
import { writeReport } from "./report.ts";
import { TestFiles } from "./test-files.ts";
import { TREES, type Tree } from "./trees.ts";
import { putBundle, workCopy } from "./work-copy.ts";

const ROOT = join(import.meta.dirname, "../..");

export type Verdict = {
  readonly mutant: Mutant;
  readonly is: "killed" | "survived" | "equivalent" | "not a program";
  /** The test that failed, or why no test can. */
  readonly by: string;
};

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "60" },
    seed: { type: "string", default: "20261121" },
    only: { type: "string", default: "" },
    again: { type: "boolean", default: false },
  },
});
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const work = workCopy(ROOT);
const named = TREES.filter(({ name }) => name === values.only);
for (const tree of named.length > 0 ? named : TREES) await play(tree);

async function play(tree: Tree): Promise<void> {
  const all = candidates(tree);
  const last = values.again ? lastVerdicts(tree, all) : [];
  const verdicts = new Map(last.map((verdict) => [verdict.mutant, verdict]));
  const survivors = last.filter(({ is }) => is === "survived").map(({ mutant }) => mutant);
  const drawn = [...survivors, ...shuffled(all, Number(values.seed)).filter((mutant) => !verdicts.has(mutant))];
  if (drawn.length === 0) return;
  say(`${tree.name}: ${all.length} places`);
  if (tree.build.length > 0) putBundle(work);
  if (!compileAndBuild(tree)) throw new Error(`${tree.name} does not compile without any change; fix it first`);
  const tests = new TestFiles(work, tree);
  let tried = last.filter(({ is }) => is === "killed").length;
  for (const mutant of drawn) {
    if (tried >= Number(values.count)) break;
    const verdict = { mutant, ...(await judge(tree, tests, mutant)) };
    verdicts.set(mutant, verdict);
    say(`${tried + 1} ${verdict.is}: ${mutant.file}:${mutant.line} ${mutant.after.trim()} (${verdict.by})`);
    if (verdict.is === "killed" || verdict.is === "survived") tried += 1;
    mkdirSync(dirname(keptFile(tree)), { recursive: true });
    writeFileSync(keptFile(tree), JSON.stringify([...verdicts.values()], null, 1));
  }
  const isWhole = values.only === "" || values.only === tree.name;
  if (isWhole) writeReport(join(ROOT, "docs/reliability.md"), tree.name, [...verdicts.values()], all.length);
}

function candidates(tree: Tree): Mutant[] {
  return globSync([...tree.sources], { cwd: ROOT, exclude: [...tree.except] })
    .sort()
    .flatMap((file) => mutantsOf(file, readFileSync(join(ROOT, file), "utf8")))
    .filter(({ file }) => values.only === tree.name || file.includes(values.only));
}

async function judge(tree: Tree, tests: TestFiles, mutant: Mutant): Promise<Omit<Verdict, "mutant">> {
  const why = whyEquivalent(mutant);
  if (why !== undefined) return { is: "equivalent", by: why };
  const path = join(work, mutant.file);
  const original = readFileSync(path, "utf8");
  const isBuiltWith = (line: string): boolean => {
    writeFileSync(
      path,
      original
        .split("\n")
        .with(mutant.line - 1, line)
        .join("\n"),
    );
    return compileAndBuild(tree);
  };
  const restore = () => isBuiltWith(mutant.before);
  const change = () => isBuiltWith(mutant.after);
  try {
    if (!change()) return { is: "not a program", by: "the compiler" };
    const killer = await tests.firstToFail(mutant.file, { restore, change });
    return killer === undefined ? { is: "survived", by: "no test" } : { is: "killed", by: killer };
  } finally {
    writeFileSync(path, original);
  }
}

function compileAndBuild(tree: Tree): boolean {
  const kept = join(work, `${tree.name}.tsbuildinfo`);
  return [
    ["node_modules/typescript/bin/tsc", "-p", ".", "--incremental", "--tsBuildInfoFile", kept],
    ...tree.build.map((script) => [script]),
  ].every(
    (words) => spawnSync(process.execPath, words, { cwd: join(work, tree.folder), stdio: "ignore" }).status === 0,
  );
}

function keptFile(tree: Tree): string {
  return join(ROOT, "dist/mutants", `${tree.name}.json`);
}

/** The verdicts of the last run, also of one that was stopped, on lines that are still there. */
function lastVerdicts(tree: Tree, all: readonly Mutant[]): Verdict[] {
  if (!existsSync(keptFile(tree))) return [];
  const verdicts: Verdict[] = JSON.parse(readFileSync(keptFile(tree), "utf8"));
  return verdicts.flatMap((verdict) => {
    const mutant = all.find(
      ({ file, before, after }) =>
        file === verdict.mutant.file && before === verdict.mutant.before && after === verdict.mutant.after,
    );
    return mutant === undefined ? [] : [{ ...verdict, mutant }];
  });
}
