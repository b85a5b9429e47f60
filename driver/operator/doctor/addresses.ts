// The project's flexible IPs: where those of our ranges are, whose the others are, and how full the servers are.
import type { Config } from "../../config.ts";
import { cloudOf } from "../../flexible-ip/ownership.ts";
import { textOf } from "../../opennebula/xml.ts";
import type { FlexibleIp } from "../../scaleway/flexible-ip.ts";
import { type Host, serverId } from "../one/hosts.ts";
import type { Network } from "../one/networks.ts";
import type { Operator } from "../operator.ts";
import { withPorts } from "../survey.ts";
import { type Finding, failure, ok, warning } from "./finding.ts";
import { ourRanges } from "./networks.ts";
import { editing } from "./settings.ts";

const LIMIT_MS = 30_000;
// A range names its flexible IPs by these; a hand-written range has its address alone.
const NAMES = ["SCW_FLEXIBLE_IP_ID", "SCW_FLEXIBLE_IP6_ID", "IP"];
const SERVER_LIMIT = 64;
const SERVER_NEARLY_FULL = 60;

export async function checkAddresses(
  operator: Operator,
  config: Config,
  networks: readonly Network[],
  hosts: readonly Host[],
): Promise<Finding[]> {
  const all = await withPorts(operator, config, LIMIT_MS, ({ api }) => api.list({ projectId: config.projectId }));
  const ranges = networks.flatMap(ourRanges);
  const names = new Set(ranges.flatMap((range) => NAMES.map((name) => textOf(range, name).toLowerCase())));
  const ours = all.filter(({ id, address }) => names.has(id) || names.has(address));
  const inNoRange = all.filter((one) => cloudOf(one) === config.cloud && !ours.includes(one));
  const edit = editing(operator, "frontend");
  const nowhere = `no address of our ranges is in ${config.zone} and project ${config.projectId}`;
  return [
    ranges.length > 0 && ours.length === 0
      ? failure("addresses", nowhere, edit)
      : ok("addresses", `flexible IPs in ${config.zone}: ${all.length}, of our ranges: ${ours.length}`),
    renamedCloud(config, ours, edit) ?? sharedCloud(config, inNoRange, hosts),
    ...quota(all),
  ];
}

function renamedCloud({ cloud }: Config, ours: readonly FlexibleIp[], cure: string): Finding | undefined {
  const others = ours.map((flexibleIp) => cloudOf(flexibleIp) ?? cloud).filter((name) => name !== cloud);
  if (others.length === 0) return undefined;
  const why = `CLOUD is ${cloud}, but of our ranges' addresses ${others.length} are tagged with ${others[0]}`;
  return failure("cloud", `${why}; set CLOUD to what it was`, cure, cloud);
}

/** Only what is attached to a server of nobody here points at another OpenNebula, and only once every host's server is known. */
function sharedCloud({ cloud, zone }: Config, inNoRange: readonly FlexibleIp[], hosts: readonly Host[]): Finding {
  if (inNoRange.length === 0) return ok("cloud", `CLOUD is ${cloud}`, cloud);
  const servers = new Map(hosts.map(({ name, attribute }) => [name, serverId(attribute, zone)]));
  const unknown = [...servers].filter(([, id]) => id === undefined).map(([name]) => name);
  const known = new Set(servers.values());
  const away = inNoRange.filter((one) => one.serverId !== undefined && !known.has(one.serverId)).length;
  const why = `flexible IPs tagged with cloud ${cloud} that no range here has: ${inNoRange.length}`;
  const say = (more: string, cure: string): Finding => warning("cloud", `${why}${more}`, cure, cloud);
  if (away === 0) return say("", "scw-flexip reconcile");
  if (unknown.length > 0) {
    const hint = `; attached elsewhere: ${away}, perhaps to ${unknown.join(" or ")}, whose server is not known`;
    return say(hint, `scw-flexip install --hosts ${unknown.join(" ")}`);
  }
  return say(`; attached elsewhere: ${away}, perhaps by another OpenNebula with this CLOUD`, "scw-flexip reconcile");
}

function quota(all: readonly FlexibleIp[]): Finding[] {
  const attached = Map.groupBy(all, ({ serverId: id }) => id);
  const full = [...attached].filter(([server, { length }]) => server !== undefined && length >= SERVER_NEARLY_FULL);
  if (full.length === 0) return [ok("quota", `no server has ${SERVER_NEARLY_FULL} flexible IPs or more`)];
  return full.map(([server, { length }]) => {
    const why = `server ${server} has ${length} of at most ${SERVER_LIMIT} flexible IPs: move VMs`;
    return warning("quota", why, "scw-flexip list", String(length));
  });
}
