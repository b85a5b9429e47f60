// The system's own log, which oneadmin cannot edit. Loaded only by a run that changed something.
import { spawn } from "node:child_process";

/** Hands the lines to `logger`, which is started and not waited for: whatever becomes of it, the run goes on. */
export function tellSyslog(lines: readonly string[]): void {
  const words = ["-t", "scw-flexip", "-p", "authpriv.notice"];
  const logger = spawn("logger", words, { stdio: ["pipe", "ignore", "ignore"], detached: true });
  logger.on("error", () => {});
  logger.stdin.on("error", () => {});
  logger.stdin.end(lines.map((line) => `${line}\n`).join(""));
  logger.unref();
}
