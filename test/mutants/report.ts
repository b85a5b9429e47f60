// The figures of `make mutants` as sections of docs/reliability.md, one for each tree.
import { readFileSync, writeFileSync } from "node:fs";
import { withSection } from "../generated-section.ts";
import type { Verdict } from "./main.ts";

/** Puts the tree's section into the page, in the place of an earlier one. */
export function writeReport(file: string, tree: string, verdicts: readonly Verdict[], places: number): void {
  writeFileSync(file, withSection(readFileSync(file, "utf8"), `mutants ${tree}`, section(tree, verdicts, places)));
}

function section(tree: string, verdicts: readonly Verdict[], places: number): string {
  const count = (what: Verdict["is"]): number => verdicts.filter(({ is }) => is === what).length;
  const title = tree === "scripts" ? "The scripts of provision/" : `${tree}/`;
  const tried = verdicts.length - count("not a program") - count("equivalent");
  return `
## Would a test notice? ${title}

\`make mutants\` breaks one place of the sources at a time and runs the tests that are nearest to it, for two and a half
minutes at most. Of ${places} places it tried ${verdicts.length} at random: ${count("not a program")} did not compile, and ${count("equivalent")} change nothing.
**The tests noticed ${count("killed")} of the other ${tried}.**
${list("Nobody noticed", verdicts, "survived")}${list("Nothing changes", verdicts, "equivalent")}`;
}

function list(title: string, verdicts: readonly Verdict[], what: Verdict["is"]): string {
  const rows = verdicts.filter(({ is }) => is === what);
  if (rows.length === 0) return "";
  const cell = (text: string): string => text.trim().replaceAll("`", "'").replaceAll("|", "\\|");
  const lines = rows.map(({ mutant, by }) => `| ${mutant.file} | \`${cell(mutant.after)}\` | ${cell(by)} |`);
  return `\n| ${title} | changed line | why |\n| --- | --- | --- |\n${lines.join("\n")}\n`;
}
