// oned.conf, the oned that read it, and the timers beside it.
import { existsSync, lstatSync, readFileSync } from "node:fs";
import { InputError, messageOf, reasonOf } from "../../errors.ts";
import { inspectOnedConf, type OnedConf } from "../install/oned-conf.ts";
import { NAME } from "../layout.ts";
import { onedStanding } from "../one/oned-process.ts";
import type { Operator } from "../operator.ts";
import { TIMERS } from "../timers.ts";
import { type Finding, failure, ok, warning } from "./finding.ts";

const INSTALL = "scw-flexip install --frontend --restart";
const RESTART = "systemctl restart opennebula";

export function checkOnedConf({ layout }: Operator): Finding[] {
  const { onedConf: file } = layout;
  const edit = `sudoedit ${file}`;
  let found: OnedConf;
  try {
    found = inspectOnedConf(readFileSync(file, "latin1"));
  } catch (error) {
    if (error instanceof InputError) return [failure("oned-conf", reasonOf(error), edit)];
    return [failure("oned-conf", messageOf(error), `chgrp oneadmin ${file}; chmod 0640 ${file}`)];
  }
  const further = found.furtherIpamMads.join(", ");
  const inherit = found.missing.filter(([name]) => name === "INHERIT_VNET_ATTR").map(([, value]) => value);
  const settable = found.missing.filter(([name]) => name !== "INHERIT_VNET_ATTR").map(([, value]) => value);
  const notInherited = `not in oned.conf: ${inherit.join(", ")}; the hooks cannot tell addresses apart by them`;
  const globalMacs = 'MAC_GLOBAL_SPACE = "YES": oned refuses addresses that are bought already; set it to "NO"';
  return [
    entry(found),
    ...(further === ""
      ? []
      : [warning("oned-conf", `oned reads the first IPAM_MAD alone: remove the one in line ${further}`, edit)]),
    inherit.length === 0
      ? ok("inherited", "VMs get the attributes of their addresses")
      : warning("inherited", notInherited, INSTALL),
    settable.length === 0
      ? ok("restricted", "users cannot set these attributes")
      : warning("restricted", `users may set: ${settable.join(", ")}`, INSTALL),
    found.hasGlobalMacs
      ? failure("mac-space", globalMacs, edit)
      : ok("mac-space", "oned accepts the MACs that the driver answers"),
  ];
}

function entry({ ipam }: OnedConf): Finding {
  if (ipam === "no IPAM_MAD") {
    return failure("oned-conf", "there is no IPAM_MAD; put OpenNebula's own back", "see docs/install.md");
  }
  if (ipam === "not listed") return failure("oned-conf", `${NAME} is not in the -i list of IPAM_MAD`, INSTALL);
  return ok("oned-conf", ipam === "open" ? "IPAM_MAD runs every driver" : `IPAM_MAD lists ${NAME}`);
}

/** Says nothing where OpenNebula lies below another root: it does not run from there. */
export function checkOned({ layout }: Operator): Finding[] {
  if (layout.root !== "") return [];
  switch (onedStanding(layout)) {
    case "not running":
      return [failure("oned", "oned does not run", "systemctl start opennebula")];
    case "no IPAM":
      return [failure("oned", "oned runs without one_ipam, its driver for addresses: see oned.log", RESTART)];
    case "stale":
      return [failure("oned", "runs with an oned.conf from before the last change", RESTART)];
    case "current":
      return [ok("oned", "runs with the present oned.conf")];
  }
}

/** Says nothing where no package brought the timers. */
export function checkTimer({ layout }: Operator): Finding[] {
  const isInstalled = (timer: string): boolean =>
    ["/usr/lib", "/lib", "/etc"].some((folder) => existsSync(layout.at(`${folder}/systemd/system/${timer}`)));
  const isOff = (timer: string): boolean => {
    const link = layout.at(`/etc/systemd/system/timers.target.wants/${timer}`);
    return lstatSync(link, { throwIfNoEntry: false }) === undefined;
  };
  const present = TIMERS.filter(isInstalled);
  const off = present.filter(isOff);
  if (present.length === 0) return [];
  if (off.length === 0) return [ok("timer", `${present.join(" and ")} run`, "on")];
  const verb = off.length === 1 ? "does" : "do";
  return [warning("timer", `${off.join(" and ")} ${verb} not run`, "scw-flexip install --timer", "off")];
}
