// Looks at everything that has to be right, and says of each thing that is not which command fixes it.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DriverError, messageOf, UsageError } from "../errors.ts";
import { type Finding, failure } from "./doctor/finding.ts";
import { examineFrontEnd, examineHosts } from "./doctor/front-end.ts";
import { examineHost } from "./doctor/host.ts";
import { formOfFindings, pluginLine, printFindings, type Row } from "./doctor/report.ts";
import { EXIT } from "./exit.ts";
import { EXECUTABLE } from "./layout.ts";
import { asOneadmin, type Operator, type Role } from "./operator.ts";
import type { Form } from "./print/rows.ts";

const PLUGIN_UNKNOWN = 3;

export async function doctor(operator: Operator): Promise<number> {
  const { terminal, options } = operator;
  const form = formOfFindings(operator);
  if (!options.has("plugin")) return report(operator, form, await examine(asOneadmin(operator)));
  try {
    const { line, exit } = pluginLine(await examine(asOneadmin(operator)));
    terminal.progress("");
    terminal.print(`${line}\n`);
    return exit;
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
    terminal.print(`SCW-FLEXIP UNKNOWN - ${messageOf(error)}\n`);
    return PLUGIN_UNKNOWN;
  }
}

function report(operator: Operator, form: Form<Row>, rows: readonly Row[]): number {
  const { terminal } = operator;
  terminal.progress("");
  printFindings(operator, form, rows);
  const count = (level: Finding["level"]): number => rows.filter((row) => row.level === level).length;
  const [warnings, failures] = [count("warning"), count("failure")];
  terminal.note(`${count("ok")} ok, ${warnings} warning${plural(warnings)}, ${failures} failure${plural(failures)}`);
  if (failures > 0) return EXIT.failed;
  return warnings > 0 ? EXIT.findings : EXIT.done;
}

/** Everything that doctor finds here and, from a front-end, on the hosts. Throws UsageError where nothing is installed. */
export async function examine(operator: Operator): Promise<Row[]> {
  const { options, layout } = operator;
  const [isFrontEnd, isHost] = [options.has("frontend"), options.has("host")];
  const isOpen = !(isFrontEnd || isHost);
  const frontEnd = isFrontEnd || (isOpen && existsSync(layout.onedConf));
  const host = isHost || (isOpen && existsSync(join(layout.hostRemotes, EXECUTABLE)));
  if (!(frontEnd || host)) {
    throw new UsageError(
      `neither ${layout.onedConf} nor a driver below ${layout.hostRemotes} is here; say --frontend or --host`,
    );
  }
  const users = checkUser(operator, frontEnd ? "frontend" : "host");
  return [
    ...placed(frontEnd ? "frontend" : "host", null, users),
    ...(frontEnd ? await onFrontEnd(operator) : []),
    ...(host ? placed("host", null, await examineHost(operator)) : []),
  ];
}

async function onFrontEnd(operator: Operator): Promise<Row[]> {
  const frontEnd = await examineFrontEnd(operator);
  const own = placed("frontend", null, frontEnd.findings);
  if (!operator.options.has("hosts")) return own;
  const { hosts, obstacle } = await examineHosts(operator, frontEnd);
  return [
    ...own,
    ...placed("frontend", null, obstacle),
    ...hosts.flatMap(({ host, findings }) => placed("host", host, findings)),
  ];
}

function placed(role: Role, host: string | null, findings: readonly Finding[]): Row[] {
  return findings.map(({ level, id, value, why, cure }) => ({ level, id, role, host, value, why, cure }));
}

function checkUser({ oneadmin, layout }: Operator, role: Role): Finding[] {
  if (oneadmin !== undefined) return [];
  const cure = `apt install ${role === "frontend" ? "opennebula" : "opennebula-node-kvm"}`;
  return [failure("user", `there is no user oneadmin${layout.root === "" ? "" : ` below ${layout.root}`}`, cure)];
}

function plural(count: number): string {
  return count === 1 ? "" : "s";
}
