// One run: arguments and standard input → action → answer → exit code.
import { HOOKS, IPAM_ACTIONS } from "./actions.ts";
import { DriverError, messageOf } from "./errors.ts";
import { writeStderr } from "./log.ts";
import type { Caller } from "./session.ts";
import { readStdin } from "./stdin.ts";

/** Does what the words ask for. Returns the exit code, and throws nothing: a failure is a line on standard error. */
export async function run(
  caller: Caller,
  words: readonly string[],
  input: () => Promise<string> = readStdin,
): Promise<number> {
  try {
    return await act(caller, words, input);
  } catch (error) {
    const isNamed = error instanceof DriverError;
    const say = (line: string): void => writeStderr(line, caller.machine?.write);
    if (!isNamed && error instanceof Error)
      for (const line of error.stack?.split("\n") ?? []) say(`DEBUG: ${line.trim()}`);
    say(`${caller.action}: ${isNamed ? "" : "internal error, please report it: "}${messageOf(error)}`);
    return isNamed ? 1 : 2;
  }
}

async function act(caller: Caller, words: readonly string[], input: () => Promise<string>): Promise<number> {
  const { action } = caller;
  const ipam = IPAM_ACTIONS.find((name) => name === action);
  if (ipam !== undefined) {
    const { runIpam } = await import("./ipam/run.ts");
    await runIpam(ipam, caller, words[1] ?? "", await input());
    return 0;
  }
  const hook = HOOKS.find((name) => name === action);
  if (hook !== undefined) {
    const { runHook } = await import("./bridge/run.ts");
    await runHook(hook, caller, input);
    return 0;
  }
  const { command } = await import("./command.ts");
  return command(caller, words);
}
