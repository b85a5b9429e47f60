// OpenNebula's side on the front-end: its configuration, its networks, its hosts.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../config.ts";
import { messageOf, reasonOf } from "../../errors.ts";
import { textOf } from "../../opennebula/xml.ts";
import { inspectOnedConf, type OnedConf } from "../install/oned-conf.ts";
import { EXECUTABLE, NAME } from "../layout.ts";
import { listHosts, onHost, serversOf } from "../one/hosts.ts";
import { inTurn } from "../one/in-turn.ts";
import { listNetworks } from "../one/networks.ts";
import { type Operator, settingsOf } from "../operator.ts";
import { type Finding, failure, ok, warning } from "./finding.ts";
import { hookDrivers } from "./tree.ts";

const INSTALL = "scw-flexip install --frontend --restart";
const AT_ONCE = 8;

export function checkOnedConf({ layout }: Operator): Finding[] {
  let found: OnedConf;
  try {
    found = inspectOnedConf(readFileSync(layout.onedConf, "latin1"));
  } catch (error) {
    return [failure("oned.conf", messageOf(error), INSTALL)];
  }
  const { ipam, missing } = found;
  const entry =
    ipam === "not listed" || ipam === "no IPAM_MAD"
      ? failure("oned.conf", `${NAME} is not in the -i list of IPAM_MAD`, INSTALL)
      : ok("oned.conf", ipam === "open" ? "IPAM_MAD runs every driver" : `IPAM_MAD lists ${NAME}`);
  const inherit = missing.filter(([name]) => name === "INHERIT_VNET_ATTR").map(([, value]) => value);
  const restricted = missing.filter(([name]) => name !== "INHERIT_VNET_ATTR").map(([, value]) => value);
  return [
    entry,
    ...(layout.root === "" ? running() : []),
    inherit.length === 0
      ? ok("inherited", "VMs get the ids of their flexible IPs")
      : warning("inherited", `not in oned.conf: ${inherit.join(", ")}; every hook lists the project for them`, INSTALL),
    restricted.length === 0
      ? ok("restricted", "users cannot set these ids")
      : warning("restricted", `users may set: ${restricted.join(", ")}; the driver checks them all the same`, INSTALL),
  ];
}

/** The list that the running one_ipam was started with: oned.conf may have been changed since. */
function running(): Finding[] {
  const lines = globSync("/proc/[0-9]*/cmdline").flatMap((file) => {
    try {
      return [readFileSync(file, "utf8").replaceAll("\0", " ")];
    } catch {
      return [];
    }
  });
  const driver = lines.find((line) => /one_ipam(\.rb)? /.test(line) && / -i ?\S/.test(line));
  if (driver === undefined || new RegExp(`[ ,]${NAME}[ ,]`).test(`${driver} `)) return [];
  return [failure("oned", "runs with an oned.conf from before the change", "systemctl restart opennebula")];
}

/** Our ranges; `flexibleIps` is how many the project has in the zone, if that is known. */
export async function checkNetworks(operator: Operator, flexibleIps: number | undefined): Promise<Finding[]> {
  try {
    const networks = await listNetworks(operator);
    const ours = networks.filter(({ ranges }) => ranges.some((range) => textOf(range, "IPAM_MAD") === NAME));
    const drivers = hookDrivers(operator.layout.remotes);
    const odd = ours.filter(({ driver }) => !drivers.includes(driver));
    const count = ours.reduce(
      (sum, { ranges }) => sum + ranges.filter((range) => textOf(range, "IPAM_MAD") === NAME).length,
      0,
    );
    return [
      ok("OpenNebula", `answers; ${count} ranges of ${NAME} in ${ours.length} networks`),
      ...(count > 0 && flexibleIps === 0
        ? [
            failure(
              "zone",
              "no address of these ranges is in this zone and project",
              `sudoedit ${settingsOf(operator)}`,
            ),
          ]
        : []),
      ...odd.map(({ name, driver }) =>
        warning(
          "networks",
          `${name} has VN_MAD ${driver}, which runs none of our hooks`,
          driver === "fw" ? "scw-flexip install --frontend --fw --sync" : `onevnet update ${name}`,
        ),
      ),
    ];
  } catch (error) {
    return [failure("OpenNebula", reasonOf(error), "sudo -u oneadmin onevnet list")];
  }
}

/** Every host that is not switched off: which server it is, and the version of its driver. */
export async function checkHosts(operator: Operator, config: Config | undefined): Promise<Finding[]> {
  const hosts = await listHosts(operator).catch(() => []);
  const present = hosts.filter(({ isOffline }) => !isOffline);
  const file = (config?.serverIdFile ?? "/var/lib/one/scw-server-id").slice(config ? operator.layout.root.length : 0);
  const servers = config === undefined ? new Map() : await serversOf(operator, present, config.zone, file);
  const findings = await inTurn(present, AT_ONCE, async ({ name }): Promise<Finding[]> => {
    const id: string | undefined = servers.get(name);
    const twin = present.find((other) => other.name !== name && id !== undefined && servers.get(other.name) === id);
    const known =
      id === undefined
        ? warning(`host ${name}`, "its server is not known", `onehost update ${name} (SCW_SERVER_ID="ZONE/UUID")`)
        : twin === undefined
          ? ok(`host ${name}`, `is server ${id}`)
          : failure(`host ${name}`, `is server ${id}, and so is ${twin.name}`, `onehost update ${name}`);
    return [...(config === undefined ? [] : [known]), await versionOn(operator, name)];
  });
  return findings.flat();
}

async function versionOn(operator: Operator, host: string): Promise<Finding> {
  const file = join("/var/tmp/one", EXECUTABLE);
  const { code, stdout, complaint } = await onHost(operator, host, [file, "--version"]);
  const own = `${NAME} ${operator.caller.version}`;
  const sync = "sudo -u oneadmin onehost sync -f";
  if (code === 0 && stdout.trim() === own) return ok(`host ${host}`, `has ${own}`);
  if (code === 0) return warning(`host ${host}`, `has ${stdout.trim()}, this is ${own}`, sync);
  if (code === 126 || code === 127) return failure(`host ${host}`, `has no ${file}`, sync);
  return warning(`host ${host}`, `cannot be asked: ${complaint}`, `sudo -u oneadmin ssh ${host}`);
}
