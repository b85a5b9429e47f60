// oned.conf, and the oned that read it.
import { readFileSync } from "node:fs";
import { InputError, messageOf, reasonOf } from "../../errors.ts";
import { inspectOnedConf, type OnedConf } from "../install/oned-conf.ts";
import { NAME } from "../layout.ts";
import { onedStanding } from "../one/oned-process.ts";
import type { Operator } from "../operator.ts";
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
    const cure = error instanceof InputError ? edit : `chgrp oneadmin ${file}; chmod 0640 ${file}`;
    return [failure("oned-conf", error instanceof InputError ? reasonOf(error) : messageOf(error), cure)];
  }
  const { furtherIpamMads, hasGlobalMacs } = found;
  return [
    entry(found),
    ...(furtherIpamMads.length === 0
      ? []
      : [
          warning(
            "oned-conf",
            `oned reads the first IPAM_MAD alone: remove the one in line ${furtherIpamMads.join(", ")}`,
            edit,
          ),
        ]),
    ...attributes(found),
    hasGlobalMacs
      ? failure(
          "mac-space",
          'MAC_GLOBAL_SPACE = "YES": oned refuses addresses that are bought already; set it to "NO"',
          edit,
        )
      : ok("mac-space", "oned takes the MACs that the driver answers"),
  ];
}

function entry({ ipam }: OnedConf): Finding {
  if (ipam === "no IPAM_MAD")
    return failure("oned-conf", "there is no IPAM_MAD; put OpenNebula's own back", "see docs/install.md");
  if (ipam === "not listed") return failure("oned-conf", `${NAME} is not in the -i list of IPAM_MAD`, INSTALL);
  return ok("oned-conf", ipam === "open" ? "IPAM_MAD runs every driver" : `IPAM_MAD lists ${NAME}`);
}

function attributes({ missing }: OnedConf): Finding[] {
  const inherit = missing.filter(([name]) => name === "INHERIT_VNET_ATTR").map(([, value]) => value);
  const restricted = missing.filter(([name]) => name !== "INHERIT_VNET_ATTR").map(([, value]) => value);
  return [
    inherit.length === 0
      ? ok("inherited", "VMs get the attributes of their addresses")
      : warning(
          "inherited",
          `not in oned.conf: ${inherit.join(", ")}; the hooks cannot tell addresses apart by them`,
          INSTALL,
        ),
    restricted.length === 0
      ? ok("restricted", "users cannot set these attributes")
      : warning("restricted", `users may set: ${restricted.join(", ")}`, INSTALL),
  ];
}

/** Nothing where OpenNebula lies below another root: it does not run from there. */
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
      return [ok("oned", "runs, with the oned.conf of now")];
  }
}
