// OpenNebula's own command line, which is how it is read and told what to do.
import { DriverError, InputError } from "../../errors.ts";
import { type Element, parseXml } from "../../opennebula/xml.ts";
import { isRoot } from "../oneadmin.ts";
import type { Operator } from "../operator.ts";
import { runProgram } from "../run-program.ts";

const READ_MS = 60_000;
// oned gives a driver 90 s, and a call may have to wait for the one before it.
const CHANGE_MS = 180_000;

/** Runs a command that changes something, to its end even when Ctrl-C is pressed. Throws DriverError. */
export async function oneChange(operator: Operator, words: readonly string[]): Promise<string> {
  return runOne(operator, "onevnet", words, { timeoutMs: CHANGE_MS, isShielded: true });
}

/** Runs a command of OpenNebula as oneadmin and returns what it prints. Throws DriverError. */
export async function oneCommand(
  operator: Operator,
  name: "onevnet" | "onevm" | "onehost" | "onezone",
  words: readonly string[],
): Promise<string> {
  return runOne(operator, name, words, { timeoutMs: READ_MS, isShielded: false });
}

async function runOne(
  operator: Operator,
  name: string,
  words: readonly string[],
  limits: { readonly timeoutMs: number; readonly isShielded: boolean },
): Promise<string> {
  const { environment, oneadmin, layout } = operator;
  const as = isRoot() && layout.root === "" ? oneadmin : undefined;
  const result = await runProgram(name, words, { environment, as, ...limits });
  if (result.code === 0) return result.stdout;
  // A change's file is gone by now, and oned's own words name the next move.
  if (limits.isShielded) throw new DriverError(result.complaint);
  throw new DriverError(`${name} ${words.join(" ")}: ${result.complaint}`, "try it as oneadmin on the front-end");
}

/** The root element that a command with -x prints. Throws DriverError. */
export function readXml(text: string, root: string, lists: readonly string[], command: string): Element {
  try {
    return parseXml(text.trim(), root, lists);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new DriverError(`${command} printed no <${root}> document`, "try it as oneadmin on the front-end");
  }
}
