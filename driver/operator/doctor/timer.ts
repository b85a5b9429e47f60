// The systemd timer that runs reconcile.
import { existsSync, lstatSync } from "node:fs";
import type { Operator } from "../operator.ts";
import { type Finding, ok, warning } from "./finding.ts";

const TIMER = "scw-flexip-reconcile.timer";

/** Nothing where no package brought the timer. */
export function checkTimer({ layout }: Operator): Finding[] {
  const isThere = ["/usr/lib", "/lib", "/etc"].some((folder) =>
    existsSync(layout.at(`${folder}/systemd/system/${TIMER}`)),
  );
  if (!isThere) return [];
  const link = layout.at(`/etc/systemd/system/timers.target.wants/${TIMER}`);
  if (lstatSync(link, { throwIfNoEntry: false }) !== undefined) return [ok("timer", `${TIMER} is enabled`, "on")];
  return [warning("timer", "reconcile does not run by itself", `systemctl enable --now ${TIMER}`, "off")];
}
