// Checks everything that must be right, and names the command that fixes what is not.
import { DriverError, messageOf } from "../errors.ts";
import { examine } from "./doctor/examine.ts";
import { countOf, formOfFindings, pluginLine, printFindings } from "./doctor/report.ts";
import { EXIT } from "./exit.ts";
import { asOneadmin, type Operator } from "./operator.ts";

const PLUGIN_UNKNOWN = 3;

export async function doctor(given: Operator): Promise<number> {
  if (given.options.has("plugin")) return plugin(given);
  const form = formOfFindings(given);
  const operator = asOneadmin(given);
  const { terminal } = operator;
  const rows = await examine(operator, operator.options.has("hosts"));
  terminal.progress("");
  printFindings(operator, form, rows);
  const [warnings, failures] = [countOf(rows, "warning"), countOf(rows, "failure")];
  const plural = (count: number): string => (count === 1 ? "" : "s");
  terminal.note(
    `${countOf(rows, "ok")} ok, ${warnings} warning${plural(warnings)}, ${failures} failure${plural(failures)}`,
  );
  if (failures > 0) return EXIT.failed;
  return warnings > 0 ? EXIT.findings : EXIT.done;
}

/** One line and an exit code as monitoring plugins give them. */
async function plugin(operator: Operator): Promise<number> {
  const { terminal } = operator;
  try {
    const { line, exit } = pluginLine(await examine(asOneadmin(operator), operator.options.has("hosts")));
    terminal.progress("");
    terminal.print(`${line}\n`);
    return exit;
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
    terminal.print(`SCW-FLEXIP UNKNOWN - ${messageOf(error)}\n`);
    return PLUGIN_UNKNOWN;
  }
}
