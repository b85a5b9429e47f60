// The figures of `make mutants` as a section of docs/reliability.md.
import { readFileSync, writeFileSync } from "node:fs";
import { withSection } from "../generated-section.ts";
import type { Verdict } from "./main.ts";

const SECTION = "mutants";

/** Puts the section into the page, in the place of an earlier one. */
export function writeReport(file: string, verdicts: readonly Verdict[], candidates: number): void {
  writeFileSync(file, withSection(readFileSync(file, "utf8"), SECTION, section(verdicts, candidates)));
}

function section(verdicts: readonly Verdict[], candidates: number): string {
  const programs = verdicts.filter(({ is }) => is !== "not a program");
  const survivors = programs.filter(({ is }) => is === "survived");
  return `
## Would a test notice?

\`make mutants\` breaks the driver in one place at a time and runs its tests, without the fault runs. Of ${candidates} places, a
random ${verdicts.length} were tried; ${verdicts.length - programs.length} did not compile. Of the other ${programs.length} the tests noticed ${programs.length - survivors.length}.
${survivors.length === 0 ? "" : `\nNot noticed:\n\n${survivors.map(({ mutant }) => `- \`${mutant.file}:${mutant.line}\`: \`${mutant.after.trim().replaceAll("`", "'")}\``).join("\n")}\n`}`;
}
