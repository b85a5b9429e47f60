// Whether something still needs the driver that is to be removed.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Config, readServerId, readToken } from "../../config.ts";
import { messageOf } from "../../errors.ts";
import { cloudOf } from "../../flexible-ip/ownership.ts";
import type { FlexibleIp } from "../../scaleway/flexible-ip.ts";
import { openSession } from "../../session.ts";
import { silentLog } from "../audit.ts";
import { EXECUTABLE } from "../layout.ts";
import { listRanges } from "../one/networks.ts";
import { configOf, type Operator } from "../operator.ts";

const SHOWN = 5;
const LIMIT_MS = 30_000;

/** Why the driver must stay; undefined when nothing needs it. Where nobody answers, it must stay too. */
export async function whyInUse(operator: Operator): Promise<string | undefined> {
  const { options } = operator;
  const ranges = options.has("frontend") ? await rangesLeft(operator) : undefined;
  return ranges ?? (options.has("host") ? await addressesHere(operator) : undefined);
}

async function rangesLeft(operator: Operator): Promise<string | undefined> {
  try {
    const ranges = await listRanges(operator);
    if (ranges.length === 0) return undefined;
    const some = few(ranges.map(({ ip, network }) => `${ip} in ${network}`));
    const they = ranges.length === 1 ? "1 address range still uses" : `${ranges.length} address ranges still use`;
    return `${they} the driver: ${some}; give them back by: scw-flexip range remove --all`;
  } catch (error) {
    return `OpenNebula does not say whether address ranges still use the driver (${messageOf(error)}); --force removes it anyway`;
  }
}

/** A host without the driver or a server id serves nobody. */
async function addressesHere(operator: Operator): Promise<string | undefined> {
  try {
    if (!existsSync(join(operator.layout.hostRemotes, EXECUTABLE))) return undefined;
    const config = configOf(operator, "host");
    if (!existsSync(config.serverIdFile)) return undefined;
    const id = readServerId(config);
    readToken(config);
    const here = (await flexibleIpsOf(operator, config)).filter(
      (one) => one.serverId === id && cloudOf(one) !== undefined,
    );
    if (here.length === 0) return undefined;
    const some = few(here.map(({ address }) => address));
    return `flexible IPs attached to this host: ${here.length}: ${some}; their VMs need the hooks: migrate them away first`;
  } catch (error) {
    return `Scaleway does not say whether flexible IPs are attached to this host (${messageOf(error)}); --force removes it anyway`;
  }
}

/** Without a log: this is root's run, and the log is in oneadmin's folder. */
async function flexibleIpsOf({ caller }: Operator, config: Config): Promise<FlexibleIp[]> {
  const session = openSession(caller, config, silentLog(), { limitMs: LIMIT_MS });
  try {
    return await session.api.list({ projectId: config.projectId });
  } finally {
    session.close();
  }
}

function few(names: readonly string[]): string {
  const more = names.length > SHOWN ? `, and ${names.length - SHOWN} more` : "";
  return names.slice(0, SHOWN).join(", ") + more;
}
