// OpenNebula's own command line, by which its state is read and changed.
import { DriverError, InputError } from "../../errors.ts";
import { isRoot } from "../oneadmin.ts";
import type { Operator } from "../operator.ts";
import { runProgram } from "../run-program.ts";

const AS_ONEADMIN = "try it as oneadmin on the front-end";
const READ_MS = 60_000;
// oned gives a driver 90 s, and a call may wait for the one before it.
const CHANGE_MS = 180_000;

type Tool = "onevnet" | "onevm" | "onehost" | "onezone";

/** Runs an onevnet command that changes something, to its end even when Ctrl-C is pressed. Throws DriverError. */
export function oneChange(operator: Operator, words: readonly string[]): Promise<string> {
  return runOne(operator, "onevnet", words, { timeoutMs: CHANGE_MS, isShielded: true });
}

/** Runs a command of OpenNebula as oneadmin and returns what it prints. Throws DriverError. */
export function oneCommand(operator: Operator, name: Tool, words: readonly string[]): Promise<string> {
  return runOne(operator, name, words, { timeoutMs: READ_MS, isShielded: false });
}

async function runOne(
  operator: Operator,
  name: Tool,
  words: readonly string[],
  limits: { readonly timeoutMs: number; readonly isShielded: boolean },
): Promise<string> {
  const { environment, oneadmin, layout } = operator;
  const as = isRoot() && layout.root === "" ? oneadmin : undefined;
  const result = await runProgram(name, words, { environment, as, ...limits });
  if (result.code === 0) return result.stdout;
  // The words of a change name a temporary file that is gone by now, and oned's message says enough.
  if (limits.isShielded) throw new DriverError(result.complaint);
  throw new DriverError(`${name} ${words.join(" ")}: ${result.complaint}`, AS_ONEADMIN);
}

/** What a listing says, as `parse` reads it. Throws DriverError. */
export async function oneListing<T>(
  operator: Operator,
  name: Tool,
  words: readonly string[],
  parse: (text: string) => T,
): Promise<T> {
  const text = await oneCommand(operator, name, words);
  try {
    return parse(text.trim());
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new DriverError(`${name} ${words.join(" ")} printed no list (${error.message})`, AS_ONEADMIN);
  }
}
