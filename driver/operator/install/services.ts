// What must happen after files changed: oned reads its configuration again, hosts get the tree.
import { existsSync, lstatSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { DriverError } from "../../errors.ts";
import { onedStanding } from "../one/oned-process.ts";
import { isRoot } from "../oneadmin.ts";
import type { Operator } from "../operator.ts";
import { runProgram } from "../run-program.ts";
import { METRICS_FILE, TIMERS } from "../timers.ts";

const RESTART_MS = 180_000;
const SYNC_MS = 600_000;

/** Whether --restart has something to do although oned.conf did not change in this run: the package may have changed it. */
export function needsRestart({ layout, options }: Operator): boolean {
  return options.has("restart") && layout.root === "" && onedStanding(layout) !== "current";
}

/** Restarts oned if --restart asks for it, and otherwise says how. */
export async function restartOned(operator: Operator, isNoop: boolean): Promise<void> {
  const { terminal, layout, options, environment } = operator;
  const words = ["restart", "opennebula"];
  if (!options.has("restart") || layout.root !== "") {
    terminal.note(`oned reads its new configuration after: systemctl ${words.join(" ")}`);
    return;
  }
  if (isNoop) {
    terminal.print(`would run systemctl ${words.join(" ")}\n`);
    return;
  }
  terminal.progress("restarting opennebula");
  const result = await runProgram("systemctl", words, { environment, timeoutMs: RESTART_MS });
  if (result.code !== 0) {
    throw new DriverError(`systemctl ${words.join(" ")}: ${result.complaint}`, "look at journalctl -u opennebula");
  }
  terminal.note("opennebula is restarted");
}

/** Has OpenNebula copy the tree to its hosts. It refuses root. */
export async function syncHosts(operator: Operator, isNoop: boolean): Promise<void> {
  const { terminal, environment, oneadmin } = operator;
  if (isNoop) {
    terminal.print("would run onehost sync -f\n");
    return;
  }
  terminal.progress("copying the tree to all hosts");
  const as = isRoot() ? oneadmin : undefined;
  const result = await runProgram("onehost", ["sync", "-f"], { environment, timeoutMs: SYNC_MS, as });
  if (result.code !== 0) {
    throw new DriverError(`onehost sync -f: ${result.complaint}`, "scw-flexip doctor names what cannot be copied");
  }
  terminal.note("the hosts have the tree");
}

/** Turns the timers on, and shows the metrics to node_exporter where its textfile collector's folder is. */
export async function enableTimers(operator: Operator, isNoop: boolean): Promise<void> {
  const { terminal, layout, environment } = operator;
  const words = ["enable", "--now", ...TIMERS];
  const collector = layout.at("/var/lib/prometheus/node-exporter");
  const link = join(collector, "scw-flexip.prom");
  const isMissing = existsSync(collector) && lstatSync(link, { throwIfNoEntry: false }) === undefined;
  if (isNoop) {
    terminal.print(`would run systemctl ${words.join(" ")}\n`);
    if (isMissing) terminal.print(`would link ${link} to ${METRICS_FILE}\n`);
    return;
  }
  const result = await runProgram("systemctl", words, { environment, timeoutMs: RESTART_MS });
  if (result.code !== 0) {
    throw new DriverError(
      `systemctl ${words.join(" ")}: ${result.complaint}`,
      "install the package, which brings them",
    );
  }
  if (isMissing) symlinkSync(METRICS_FILE, link);
  terminal.note(`${TIMERS.join(" and ")} are on; metrics are in ${METRICS_FILE}${isMissing ? ` and ${link}` : ""}`);
}
