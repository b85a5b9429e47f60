// The question before something that cannot be undone.
import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { RefusedError, UsageError } from "../errors.ts";
import type { Operator } from "./operator.ts";

/** Returns after a yes, or with --yes. Throws RefusedError after any other answer, UsageError when nobody can be asked. */
export async function confirm({ options, terminal }: Operator, what: string, consequence: string): Promise<void> {
  if (options.has("yes")) return;
  if (!terminal.canAsk) throw new UsageError(`${what}: ${consequence}; add --yes`);
  terminal.progress("");
  // The terminal itself edits the line and turns Ctrl-C into a signal; the end of the input is a no.
  const line = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  const question = line.question(`${what}? ${consequence}. [y/N] `);
  const answer = await Promise.race([question, once(line, "close").then(() => "")]);
  line.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new RefusedError("nothing was changed");
}
