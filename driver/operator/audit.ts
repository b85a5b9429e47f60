// Who changed what: one line in the driver's log and, where there is one, in the system's own, which oneadmin cannot edit.
import { hostname } from "node:os";
import { join } from "node:path";
import type { Config } from "../config.ts";
import { type Log, type LogFields, openLog } from "../log.ts";
import { configOf, type Operator } from "./operator.ts";
import { printable } from "./print/width.ts";
import { runProgram } from "./run-program.ts";

const LOGGER_MS = 5_000;

export type Change = {
  readonly what: string;
  readonly outcome?: string;
  readonly failure?: string;
  readonly address?: string | undefined;
  readonly before?: string | undefined;
  readonly after?: string | undefined;
};

/** Notes a change, done or failed. What cannot be written to the system's log is in the driver's own. */
export async function audit(operator: Operator, log: Log, { what, outcome, failure, ...more }: Change): Promise<void> {
  const { environment } = operator;
  const by = environment.SUDO_USER ?? environment.USER ?? environment.LOGNAME ?? `uid ${process.getuid?.()}`;
  const result = failure === undefined ? (outcome ?? "done") : `failed: ${failure}`;
  const fields: LogFields = { audit: true, by, ...more };
  if (failure === undefined) log.info(`${what}: ${result}`, fields);
  else log.error(`${what}: ${result}`, fields);
  const said = Object.entries(fields).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]));
  const words = [
    "-t",
    "scw-flexip",
    "-p",
    "authpriv.notice",
    "--",
    printable(`${what}: ${result} (${said.join(" ")})`),
  ];
  await runProgram("logger", words, { environment, timeoutMs: LOGGER_MS });
}

/** The same, for a command that has no log open. */
export async function auditHere(operator: Operator, change: Change): Promise<void> {
  await audit(operator, openOwnLog(operator, configOf(operator)), change);
}

/** The log of the commands, which is that of the IPAM actions. */
export function openOwnLog({ caller, layout, terminal }: Operator, { logDir, logLevel }: Config): Log {
  return openLog({
    level: logLevel,
    file: join(logDir ?? layout.logFolder, "scw-flexip.log"),
    context: { action: caller.action, host: hostname(), pid: process.pid },
    warn: (line) => terminal.warn(line),
  });
}
