// The systemd timers that run reconcile, pools and metrics.
import { existsSync, lstatSync } from "node:fs";
import type { Operator } from "../operator.ts";
import { TIMERS } from "../timers.ts";
import { type Finding, ok, warning } from "./finding.ts";

/** Nothing where no package brought the timers. */
export function checkTimer({ layout }: Operator): Finding[] {
  const present = TIMERS.filter((timer) =>
    ["/usr/lib", "/lib", "/etc"].some((folder) => existsSync(layout.at(`${folder}/systemd/system/${timer}`))),
  );
  if (present.length === 0) return [];
  const off = present.filter((timer) => {
    const link = layout.at(`/etc/systemd/system/timers.target.wants/${timer}`);
    return lstatSync(link, { throwIfNoEntry: false }) === undefined;
  });
  if (off.length === 0) return [ok("timer", `${present.join(" and ")} are enabled`, "on")];
  return [warning("timer", `${off.join(" and ")} does not run`, "scw-flexip install --timer", "off")];
}
