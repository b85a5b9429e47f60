// Changes that no test can notice, because the program does the same with them.
import type { Mutant } from "./operators.ts";

type Explained = { readonly file: string; readonly after: string; readonly why: string };

const EXPLAINED: readonly Explained[] = [
  {
    file: "driver/stdin.ts",
    after: "return false;",
    why: "too much was read already: the stream adds a chunk, and the document is refused for its size",
  },
  {
    file: "driver/state/lock.ts",
    after: "let wasDead = true;",
    why: "each writer sweeps, and what others write they write under the lock",
  },
];

/** Why the changed line does the same; undefined: it should not. */
export function whyEquivalent({ file, after }: Mutant): string | undefined {
  return EXPLAINED.find((one) => one.file === file && one.after === after.trim())?.why;
}
