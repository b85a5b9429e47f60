// The system's own log, which oneadmin cannot edit. An action loads this only when it changed something.
import { spawn, spawnSync } from "node:child_process";

const WORDS = ["-t", "scw-flexip", "-p", "authpriv.notice"];
const LIMIT_MS = 5_000;

/** Hands the lines to `logger`, which is started and not waited for. Never throws: the change is made, whatever follows. */
export function tellSyslog(lines: readonly string[]): void {
  try {
    const logger = spawn("logger", WORDS, { stdio: ["pipe", "ignore", "ignore"], detached: true });
    logger.on("error", () => {});
    logger.stdin.on("error", () => {});
    logger.stdin.end(lines.map((line) => `${line}\n`).join(""));
    logger.unref();
  } catch {}
}

/** The same for commands, which wait: a service that ends takes its children with it. */
export function tellSyslogNow(line: string): void {
  spawnSync("logger", [...WORDS, "--", line], { stdio: "ignore", timeout: LIMIT_MS });
}
