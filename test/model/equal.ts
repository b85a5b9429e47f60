// A history on the built executable, and how it differs from the same history in this process.
import { Executable } from "./executable.ts";
import { type HistoryResult, runHistory } from "./history.ts";
import type { History } from "./steps.ts";

export async function runExecutable(history: History): Promise<HistoryResult> {
  let machines: Executable | undefined;
  try {
    return await runHistory(history, async (api) => {
      machines = await Executable.start(api);
      return machines;
    });
  } finally {
    await machines?.stop();
  }
}

/** Where the two ways differ: in an action's exit code, answer or plain line, in the account, in what is wrong. */
export function differences(virtual: HistoryResult, real: HistoryResult): string[] {
  return (["actions", "account", "complaints"] as const).flatMap((part) => {
    const length = Math.max(virtual[part].length, real[part].length);
    return Array.from({ length }, (_, index) => [virtual[part][index], real[part][index]])
      .filter(([one, other]) => one !== other)
      .map(([one, other]) => `in this process: ${one}\non the executable: ${other}`);
  });
}
