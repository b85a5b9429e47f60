// What has to happen after files changed: oned reads its configuration anew, hosts get the tree.
import { DriverError } from "../../errors.ts";
import { isRoot } from "../oneadmin.ts";
import type { Operator } from "../operator.ts";
import { runProgram } from "../run-program.ts";

const RESTART_MS = 180_000;
const SYNC_MS = 600_000;

/** Restarts oned if --restart asks for it, and otherwise says how. */
export async function restartOned(operator: Operator, isNoop: boolean): Promise<void> {
  const { terminal, layout, options, environment } = operator;
  const words = ["restart", "opennebula"];
  if (!options.has("restart") || layout.root !== "" || isNoop) {
    terminal.note(`oned reads oned.conf anew after: systemctl ${words.join(" ")}`);
    return;
  }
  terminal.progress("restarting opennebula");
  const result = await runProgram("systemctl", words, { environment, timeoutMs: RESTART_MS });
  if (result.code !== 0) {
    throw new DriverError(`systemctl ${words.join(" ")}: ${result.complaint}; look at journalctl -u opennebula`);
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
    throw new DriverError(`onehost sync -f: ${result.complaint}; see "Sync failed" in docs/troubleshoot.md`);
  }
  terminal.note("the hosts have the tree");
}
