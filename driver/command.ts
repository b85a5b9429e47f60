// The commands that a person runs. oned and the network driver run the actions, which load none of this.
import type { Caller } from "./session.ts";

/** Runs an operator's command. Returns the exit code; never throws for what the operator can repair. */
export async function command(caller: Caller, words: readonly string[]): Promise<number> {
  const [word] = words;
  if (word === "--version" || word === "-V") {
    process.stdout.write(`scw-flexip ${caller.version}\n`);
    return 0;
  }
  if (word === undefined) {
    process.stderr.write("scw-flexip: no action given; see scw-flexip --help\n");
    return 2;
  }
  const { runOperator } = await import("./operator/cli.ts");
  return runOperator(caller, words);
}
