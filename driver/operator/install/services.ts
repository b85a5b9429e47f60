// What must happen after files changed: oned reads its configuration again, hosts get the tree, timers run.
import { existsSync, lstatSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { DriverError } from "../../errors.ts";
import { onedStanding } from "../one/oned-process.ts";
import { type Account, isRoot } from "../oneadmin.ts";
import type { Operator } from "../operator.ts";
import { runProgram } from "../run-program.ts";
import { METRICS_FILE, TIMERS } from "../timers.ts";
import { isDryRun } from "./changes.ts";

const LIMIT_MS = 600_000;

/** Restarts oned if --restart asks for it and oned runs with another oned.conf, which a package may have changed. */
export async function restartOned(operator: Operator, isChanged: boolean): Promise<void> {
  const { terminal, layout, options } = operator;
  const words = ["systemctl", "restart", "opennebula"];
  const mayRestart = options.has("restart") && layout.root === "";
  if (!(isChanged || (mayRestart && onedStanding(layout) !== "current"))) return;
  if (!mayRestart) terminal.note(`restart oned to load its new configuration: ${words.join(" ")}`);
  else if (await run(operator, words, "look at journalctl -u opennebula")) terminal.note("opennebula is restarted");
}

/** Copies the tree to the hosts. OpenNebula refuses root. */
export async function syncHosts(operator: Operator): Promise<void> {
  const as = isRoot() ? operator.oneadmin : undefined;
  const isDone = await run(operator, ["onehost", "sync", "-f"], "scw-flexip doctor names what cannot be copied", as);
  if (isDone) operator.terminal.note("the hosts have the tree");
}

/** Turns the timers on, and links the metrics to where node_exporter's textfile collector reads them. */
export async function enableTimers(operator: Operator): Promise<void> {
  const { terminal, layout } = operator;
  const collector = layout.at("/var/lib/prometheus/node-exporter");
  const link = join(collector, "scw-flexip.prom");
  const isMissing = existsSync(collector) && lstatSync(link, { throwIfNoEntry: false }) === undefined;
  const words = ["systemctl", "enable", "--now", ...TIMERS];
  if (!(await run(operator, words, "install the package, which brings them"))) {
    if (isMissing) terminal.print(`would link ${link} to ${METRICS_FILE}\n`);
    return;
  }
  if (isMissing) symlinkSync(METRICS_FILE, link);
  terminal.note(`${TIMERS.join(" and ")} are on; metrics are in ${METRICS_FILE}${isMissing ? ` and ${link}` : ""}`);
}

/** Runs the command, or with --noop says so and returns false. Throws DriverError. */
async function run(operator: Operator, words: readonly string[], next: string, as?: Account): Promise<boolean> {
  const { terminal, environment, options } = operator;
  const [name = "", ...rest] = words;
  if (isDryRun(options)) {
    terminal.print(`would run ${words.join(" ")}\n`);
    return false;
  }
  terminal.progress(`running ${words.join(" ")}`);
  const result = await runProgram(name, rest, { environment, timeoutMs: LIMIT_MS, as });
  if (result.code !== 0) throw new DriverError(`${words.join(" ")}: ${result.complaint}`, next);
  terminal.progress("");
  return true;
}
