// Breaks the sources in one place at a time and looks whether a test notices. Usage: main.ts [--count N] [--seed N] [--only PATH]
import { spawnSync } from "node:child_process";
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Mutant, mutantsOf, sample } from "./operators.ts";
import { writeReport } from "./report.ts";

const ROOT = join(import.meta.dirname, "../..");
const TEST_MS = 600_000;

// Fast and in process first: a mutant that dies there never needs a build. Then what runs the executable.
const STAGES: readonly (readonly string[])[] = [
  ["test/opennebula/*.test.ts", "test/flexible-ip/*.test.ts", "test/operator/reconcile/plan.test.ts", "test/*.test.ts"],
  ["test/state/*.test.ts", "test/scaleway/*.test.ts", "test/model/model.test.ts"],
  ["test/golden.test.ts", "test/recordings.test.ts", "test/bridge/*.test.ts", "test/ipam/*.test.ts"],
];
const SKIPPED = /^test\/(demo|release|documents|secrets|parallel|shims)\.test\.ts$/;

export type Verdict = { readonly mutant: Mutant; readonly is: "killed" | "survived" | "not a program" };

const { values } = parseArgs({
  options: { count: { type: "string" }, seed: { type: "string" }, only: { type: "string" } },
});
const work = mkdtempSync(join(tmpdir(), "scw-flexip-mutants-"));
const stop = (): void => rmSync(work, { recursive: true, force: true });
process.once("SIGINT", () => process.exit(130));
process.once("SIGTERM", () => process.exit(143));
process.once("exit", stop);

for (const name of [
  "driver",
  "build",
  "test",
  "fixtures",
  "remotes",
  "packaging",
  "docs",
  "package.json",
  "tsconfig.json",
]) {
  cpSync(join(ROOT, name), join(work, name), { recursive: true });
}
for (const name of ["README.md", "SECURITY.md", "DECISIONS.md", "CHANGELOG.md", "LICENSE"])
  cpSync(join(ROOT, name), join(work, name));
symlinkSync(join(ROOT, "node_modules"), join(work, "node_modules"));

const files = globSync("driver/**/*.ts", { cwd: ROOT, exclude: ["driver/operator/**"] })
  .filter((file) => file.includes(values.only ?? ""))
  .sort();
const all = files.flatMap((file) => mutantsOf(file, readFileSync(join(ROOT, file), "utf8")));
const chosen = sample(all, Number(values.count ?? 40), Number(values.seed ?? 20_261_121));
process.stderr.write(`${chosen.length} of ${all.length} mutants of ${files.length} files\n`);

// Tests that fail by themselves would kill every mutant.
const failing = STAGES.findIndex((patterns) => !passes(patterns));
if (failing !== -1) {
  process.stderr.write(`the tests of stage ${failing + 1} fail without any change; fix them first\n`);
  process.exit(1);
}
const verdicts: Verdict[] = [];
for (const [index, mutant] of chosen.entries()) {
  const verdict = { mutant, is: judge(mutant) };
  verdicts.push(verdict);
  process.stderr.write(
    `${index + 1}/${chosen.length} ${verdict.is}: ${mutant.file}:${mutant.line} ${mutant.after.trim()}\n`,
  );
}
writeReport(join(ROOT, "docs/reliability.md"), verdicts, all.length);

function judge(mutant: Mutant): Verdict["is"] {
  const path = join(work, mutant.file);
  const original = readFileSync(path, "utf8");
  const lines = original.split("\n");
  lines[mutant.line - 1] = mutant.after;
  writeFileSync(path, lines.join("\n"));
  try {
    if (!succeeds(["node_modules/typescript/bin/tsc", "-p", "."])) return "not a program";
    if (!STAGES.slice(0, 2).every(passes)) return "killed";
    if (!(succeeds(["build/bundle.ts"]) && succeeds(["build/binary.ts"]))) return "killed";
    return passes(STAGES[2] ?? []) ? "survived" : "killed";
  } finally {
    writeFileSync(path, original);
  }
}

function passes(patterns: readonly string[]): boolean {
  const tests = globSync([...patterns], { cwd: work }).filter((file) => !SKIPPED.test(file));
  return succeeds(["--test", "--test-timeout=300000", "--test-concurrency=2", ...tests]);
}

function succeeds(words: readonly string[]): boolean {
  const { status } = spawnSync(process.execPath, words, { cwd: work, timeout: TEST_MS, stdio: "ignore" });
  return status === 0;
}
