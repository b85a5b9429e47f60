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

type LogPlace = Pick<Config, "logDir" | "logLevel">;

/** Notes a change, done or failed; without a log, in the system's alone. */
export async function audit(operator: Operator, config: LogPlace | undefined, change: Change): Promise<void> {
  const { environment } = operator;
  const { what, outcome, failure, ...more } = change;
  const by = environment.SUDO_USER ?? environment.USER ?? environment.LOGNAME ?? `uid ${process.getuid?.()}`;
  const text = `${what}: ${failure === undefined ? (outcome ?? "done") : `failed: ${failure}`}`;
  const fields: LogFields = { audit: true, by, ...more };
  if (config !== undefined) {
    // Whatever LOG_LEVEL says.
    const log = openOwnLog(operator, { ...config, logLevel: "info" });
    if (failure === undefined) log.info(text, fields);
    else log.error(text, fields);
  }
  const said = Object.entries(fields).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]));
  const line = printable(`${text} (${said.join(" ")})`);
  const words = ["-t", "scw-flexip", "-p", "authpriv.notice", "--", line];
  await runProgram("logger", words, { environment, timeoutMs: LOGGER_MS });
}

/** The same, with the settings read for it. */
export async function auditHere(operator: Operator, change: Change): Promise<void> {
  await audit(operator, configOf(operator), change);
}

/** The log of the commands, which is that of the IPAM actions. */
export function openOwnLog({ caller, layout, terminal }: Operator, { logDir, logLevel }: LogPlace): Log {
  return openLog({
    level: logLevel,
    file: join(logDir ?? layout.logFolder, "scw-flexip.log"),
    context: { action: caller.action, host: hostname(), pid: process.pid },
    warn: (line) => terminal.warn(line),
  });
}
