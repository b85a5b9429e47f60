// Adding one address range to a network: bought, or an address of the project that is adopted.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf, RefusedError } from "../errors.ts";
import { cloudOf } from "../flexible-ip/ownership.ts";
import { templateOf } from "../opennebula/template.ts";
import type { FlexibleIp } from "../scaleway/flexible-ip.ts";
import { NAME } from "./layout.ts";
import type { Network } from "./one/networks.ts";
import { oneChange } from "./one/one-command.ts";
import { configOf, type Operator } from "./operator.ts";
import { readFlexibleIps } from "./survey.ts";

export type Wanted = {
  readonly isDualStack: boolean;
  /** The id of the flexible IP to adopt; undefined: buy one. */
  readonly adopted: string | undefined;
};

/** Why the range was not added; undefined when it was. */
export async function addRange(operator: Operator, network: Network, wanted: Wanted): Promise<string | undefined> {
  const range = templateOf("AR", [
    ["TYPE", wanted.isDualStack ? "IP4_6_STATIC" : "IP4"],
    ["SIZE", "1"],
    ["IPAM_MAD", NAME],
    ...(wanted.adopted === undefined ? [] : ([["SCW_FLEXIBLE_IP_ID", wanted.adopted]] as const)),
  ]);
  let folder: string | undefined;
  try {
    folder = mkdtempSync(join(tmpdir(), `${NAME}-`));
    const file = join(folder, "range");
    writeFileSync(file, range);
    await oneChange(operator, ["addar", network.id, file]);
    return undefined;
  } catch (error) {
    return messageOf(error);
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** The project's flexible IP with that address or id, which no cloud holds. Throws RefusedError. */
export async function adoptable(operator: Operator, wanted: string): Promise<FlexibleIp> {
  const config = configOf(operator);
  const all = await readFlexibleIps(operator, config);
  const found = all.find(({ id, address }) => id === wanted.toLowerCase() || address === wanted);
  if (found === undefined) {
    throw new RefusedError(
      `project ${config.projectId} has no flexible IP ${wanted} in ${config.zone}; look in the console`,
    );
  }
  if (found.isIpv6) throw new RefusedError(`${wanted} is an IPv6 network; adopt an IPv4 address`);
  const cloud = cloudOf(found);
  if (cloud === undefined) return found;
  const whose = cloud === config.cloud ? "this cloud" : `cloud ${cloud}`;
  throw new RefusedError(`${wanted} carries the tags of ${whose}; see scw-flexip list, or remove its tags first`);
}
