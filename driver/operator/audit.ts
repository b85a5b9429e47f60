// Who changed what: one line in the driver's log and one in the system's, which oneadmin cannot edit.
import { hostname } from "node:os";
import { join } from "node:path";
import type { Config } from "../config.ts";
import { type Log, openLog } from "../log.ts";
import { tellSyslogNow } from "../syslog.ts";
import { configOf, type Operator } from "./operator.ts";

type LogPlace = Pick<Config, "logDir" | "logLevel">;

export type Change = {
  readonly what: string;
  readonly failure?: string;
  readonly address?: string | undefined;
  readonly before?: string | undefined;
};

/** Notes a change that another program made for this command, done or failed. */
export function audit(operator: Operator, change: Change, place: LogPlace = configOf(operator)): void {
  const { failure, ...fields } = change;
  write(openOwnLog(operator, place), fields, failure);
}

/** The same, in the system's log alone. */
export function auditToSyslog(operator: Operator, { failure, ...fields }: Change): void {
  write(openFile(operator, "/dev/null", "info"), fields, failure);
}

function write(log: Log, fields: Omit<Change, "failure">, failure: string | undefined): void {
  if (failure === undefined) log.info(`${fields.what}: done`, { audit: true, ...fields });
  else log.error(`${fields.what}: failed: ${failure}`, { audit: true, ...fields });
}

/** The log of the commands, which is that of the IPAM actions. Each line names who ran the command. */
export function openOwnLog(operator: Operator, { logDir, logLevel }: LogPlace): Log {
  return openFile(operator, join(logDir ?? operator.layout.logFolder, "scw-flexip.log"), logLevel);
}

/** A log that nobody reads, for what only looks. */
export function silentLog(): Log {
  return openLog({ level: "error", file: "/dev/null", context: {}, warn: () => {} });
}

function openFile({ caller, environment, terminal }: Operator, file: string, level: Config["logLevel"]): Log {
  const by = environment.SUDO_USER ?? environment.USER ?? environment.LOGNAME ?? `uid ${process.getuid?.()}`;
  return openLog({
    level,
    file,
    context: { action: caller.action, host: hostname(), pid: process.pid, by },
    warn: (line) => terminal.warn(line),
    audited: tellSyslogNow,
  });
}
