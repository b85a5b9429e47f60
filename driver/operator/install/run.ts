// What install and uninstall share: they need root's rights, and a run that changes something is noted.
import { existsSync, readFileSync } from "node:fs";
import { DriverError, messageOf, UsageError } from "../../errors.ts";
import { audit, auditToSyslog, type Change } from "../audit.ts";
import { EXIT } from "../exit.ts";
import { type Role, settingsFile } from "../layout.ts";
import { isRoot } from "../oneadmin.ts";
import { asOneadmin, type Operator } from "../operator.ts";
import { isDryRun } from "./changes.ts";
import { settingIn } from "./settings.ts";

const FLAGS = ["frontend", "host", "hosts", "timer", "fw", "sync", "restart", "purge", "force"];

export type Done = { readonly exit: number; readonly isChanged: boolean };

/**
 * Does the work and notes what was changed, or that it failed, in the log that `logs` reads. Returns the exit code. Throws
 * DriverError where it needs root.
 */
export async function runNoted(operator: Operator, work: () => Promise<Done>): Promise<number> {
  const { caller, options } = operator;
  if (isDryRun(options)) return (await askForRoot(work)).exit;
  const flags = FLAGS.filter((flag) => options.has(flag) || options.list(flag) !== undefined);
  const what = [caller.action, ...flags.map((flag) => `--${flag}`), ...(options.list("hosts") ?? [])].join(" ");
  try {
    const { exit, isChanged } = await askForRoot(work);
    if (isChanged || exit === EXIT.failed)
      note(operator, { what, ...(exit !== EXIT.done && { failure: `exit code ${exit}` }) });
    return exit;
  } catch (error) {
    const isFailure = error instanceof DriverError && !(error instanceof UsageError);
    if (isFailure) note(operator, { what, failure: messageOf(error) });
    throw error;
  }
}

async function askForRoot<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const isDenied = cause instanceof Error && "code" in cause && (cause.code === "EACCES" || cause.code === "EPERM");
    if (!isDenied || isRoot()) throw cause;
    throw new DriverError(messageOf(cause), "run this as root (sudo)", { cause });
  }
}

function note(operator: Operator, change: Change): void {
  const logDir = ownLogFolder(operator);
  if (logDir === undefined) auditToSyslog(operator, change);
  else audit(asOneadmin(operator), change, { logDir, logLevel: "info" });
}

/**
 * Where this process may write as oneadmin, once it has become oneadmin. oneadmin could not write a log of
 * root's, and root would follow a link of oneadmin's. --purge leaves no log.
 */
function ownLogFolder({ layout, options, oneadmin }: Operator): string | undefined {
  const isOwn = process.getuid?.() === oneadmin?.uid || (isRoot() && layout.root === "");
  if (oneadmin === undefined || !isOwn || options.has("purge")) return undefined;
  const role: Role = options.has("host") && !options.has("frontend") ? "host" : "frontend";
  const settings = settingsFile(layout, role);
  const named = existsSync(settings) ? settingIn(readFileSync(settings, "utf8"), "LOG_DIR") : undefined;
  const folder = layout.at(named || (role === "host" ? layout.hookLogFolder : layout.logFolder));
  return existsSync(folder) ? folder : undefined;
}
