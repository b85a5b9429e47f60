// Our networks and ranges as OpenNebula has them, and their flexible IPs as Scaleway has them.
import type { Config } from "../../config.ts";
import { reasonOf } from "../../errors.ts";
import { cloudOf } from "../../flexible-ip/ownership.ts";
import { textOf } from "../../opennebula/xml.ts";
import type { FlexibleIp } from "../../scaleway/flexible-ip.ts";
import { NAME } from "../layout.ts";
import { listNetworks, type Network } from "../one/networks.ts";
import type { Operator } from "../operator.ts";
import { withPorts } from "../survey.ts";
import { type Finding, failure, ok, warning } from "./finding.ts";
import { editing } from "./settings.ts";
import { hookDrivers } from "./tree.ts";

const LIMIT_MS = 30_000;
// What a range names its flexible IPs by; a hand-written one has its address alone.
const NAMES = ["SCW_FLEXIBLE_IP_ID", "SCW_FLEXIBLE_IP6_ID", "IP"];
const SERVER_LIMIT = 64;
const SERVER_NEARLY_FULL = 60;

/** The networks that have ranges of ours. */
export type OurNetworks = { readonly networks: readonly Network[]; readonly findings: readonly Finding[] };

export async function checkNetworks(operator: Operator): Promise<OurNetworks> {
  let all: Network[];
  try {
    all = await listNetworks(operator);
  } catch (error) {
    return { networks: [], findings: [failure("opennebula", reasonOf(error), "sudo -u oneadmin onevnet list")] };
  }
  const networks = all.filter((network) => rangesOf(network).length > 0);
  const drivers = hookDrivers(operator.layout.remotes);
  const odd = networks.filter(({ driver }) => !drivers.includes(driver));
  const count = networks.reduce((sum, network) => sum + rangesOf(network).length, 0);
  return {
    networks,
    findings: [
      ok("opennebula", `answers; ranges of ${NAME}: ${count}, in networks: ${networks.length}`),
      ...(odd.length === 0
        ? [ok("networks", `our networks run the hooks for ${drivers.join(", ")}`)]
        : odd.map(oddNetwork)),
    ],
  };
}

function rangesOf({ ranges }: Network) {
  return ranges.filter((range) => textOf(range, "IPAM_MAD") === NAME);
}

function oddNetwork({ id, name, driver }: Network): Finding {
  const why = `${name} has VN_MAD ${driver}, which runs none of our hooks`;
  if (driver === "fw") return warning("networks", why, "scw-flexip install --frontend --fw --sync", name);
  const update = `echo 'VN_MAD="bridge"' | onevnet update ${id} -a /dev/stdin`;
  return warning("networks", why, `sudo -u oneadmin sh -c "${update.replaceAll('"', '\\"')}"`, name);
}

/** What the project's flexible IPs say of our ranges: zone and project, whose they are, how full the servers are. */
export async function checkAddresses(
  operator: Operator,
  config: Config,
  networks: readonly Network[],
): Promise<Finding[]> {
  const flexibleIps = await withPorts(operator, config, LIMIT_MS, ({ api }) =>
    api.list({ projectId: config.projectId }),
  );
  const ranges = networks.flatMap(rangesOf);
  const named = new Set(
    ranges.flatMap((range) => NAMES.map((name) => textOf(range, name).toLowerCase()).filter((text) => text !== "")),
  );
  const here = flexibleIps.filter(({ id, address }) => named.has(id) || named.has(address));
  const strays = flexibleIps.filter((one) => cloudOf(one) === config.cloud && !here.includes(one));
  const cure = editing(`${operator.layout.remotes}/etc/ipam/scw-flexip/scw-flexip.conf`, "frontend");
  return [
    ranges.length > 0 && here.length === 0
      ? failure("addresses", `no address of our ranges is in ${config.zone} and project ${config.projectId}`, cure)
      : ok("addresses", `flexible IPs in ${config.zone}: ${flexibleIps.length}, of our ranges: ${here.length}`),
    cloud(config, here, strays.length, cure),
    ...quota(flexibleIps),
  ];
}

function cloud({ cloud: name }: Config, here: readonly FlexibleIp[], strays: number, cure: string): Finding {
  const others = here.filter((flexibleIp) => (cloudOf(flexibleIp) ?? name) !== name);
  const [first] = others;
  if (first !== undefined) {
    const why = `CLOUD is ${name}, but of our ranges' addresses ${others.length} are tagged with ${cloudOf(first)}`;
    return failure("cloud", `${why}; set CLOUD to what it was`, cure, name);
  }
  if (strays === 0) return ok("cloud", `CLOUD is ${name}`, name);
  const why = `flexible IPs tagged with cloud ${name} that no range here has: ${strays}`;
  return warning(
    "cloud",
    `${why}; orphans, or another OpenNebula of the project has the same CLOUD`,
    "scw-flexip reconcile",
    name,
  );
}

function quota(flexibleIps: readonly FlexibleIp[]): Finding[] {
  const attached = Map.groupBy(flexibleIps, ({ serverId }) => serverId);
  attached.delete(undefined);
  const full = [...attached].filter(([, some]) => some.length >= SERVER_NEARLY_FULL);
  if (full.length === 0) return [ok("quota", `no server has ${SERVER_NEARLY_FULL} flexible IPs or more`)];
  return full.map(([server, { length }]) =>
    warning(
      "quota",
      `server ${server} has ${length} of at most ${SERVER_LIMIT} flexible IPs: move VMs`,
      "scw-flexip list",
      String(length),
    ),
  );
}
