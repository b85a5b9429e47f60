// Adding one address range to a network: bought, or an address of the project that no range has.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf, RefusedError, UsageError } from "../errors.ts";
import { changed } from "../flexible-ip/log-fields.ts";
import { cloudOf, idleTags } from "../flexible-ip/ownership.ts";
import { templateOf } from "../opennebula/template.ts";
import { type FlexibleIp, nameOf } from "../scaleway/flexible-ip.ts";
import { NAME } from "./layout.ts";
import { type Network, networkNamed } from "./one/networks.ts";
import { oneChange } from "./one/one-command.ts";
import { configOf, type Operator } from "./operator.ts";
import type { Step } from "./reconcile/step.ts";
import { readFlexibleIps, survey, withPorts } from "./survey.ts";

const MOST = 64;
const DRIVERS_WITH_HOOKS = ["bridge", "fw"];

export type Wanted = {
  readonly isDualStack: boolean;
  /** The flexible IP to adopt; undefined: buy one. */
  readonly adopted: FlexibleIp | undefined;
};

export type Addition = { readonly network: Network; readonly count: number; readonly wanted: Wanted };

/** What the options ask for. Throws UsageError, and RefusedError where it cannot work. */
export async function additionOf(operator: Operator): Promise<Addition> {
  const { options, words } = operator;
  const isDualStack = options.has("dualStack");
  const adopt = options.text("adopt");
  const count = options.number("count", "--count", 1, MOST) ?? 1;
  if (adopt !== undefined && (count > 1 || isDualStack)) {
    throw new UsageError("--adopt takes one address that exists; leave out --count and --dual-stack");
  }
  const name = options.text("network") ?? words[0];
  if (name === undefined) throw new UsageError("--network is needed; see --help");
  const network = await networkNamed(operator, name);
  configOf(operator);
  if (!(DRIVERS_WITH_HOOKS.includes(network.driver) || options.has("force"))) {
    throw new RefusedError(
      `network ${network.name} has VN_MAD ${network.driver}, which does not run the hooks that attach an address; add --force if it must be`,
    );
  }
  const adopted = adopt === undefined ? undefined : await adoptable(operator, adopt);
  return { network, count, wanted: { isDualStack, adopted } };
}

/** Why the range was not added; undefined when it was. */
export async function addRange(operator: Operator, network: Network, wanted: Wanted): Promise<string | undefined> {
  const { isDualStack, adopted } = wanted;
  const range = templateOf("AR", [
    ["TYPE", isDualStack ? "IP4_6_STATIC" : "IP4"],
    ["SIZE", "1"],
    ["IPAM_MAD", NAME],
    ...(adopted === undefined ? [] : ([["SCW_FLEXIBLE_IP_ID", adopted.id]] as const)),
  ]);
  let folder: string | undefined;
  try {
    if (adopted !== undefined && cloudOf(adopted) !== undefined) await markIdle(operator, adopted);
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

/** The project's flexible IP with that address or id, which no range has. Throws RefusedError. */
async function adoptable(operator: Operator, wanted: string): Promise<FlexibleIp> {
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
  if (cloud === config.cloud) await refuseUnlessLeft(operator, found);
  else if (cloud !== undefined) throw new RefusedError(`cloud ${cloud} holds ${wanted}; remove its tags first`);
  return found;
}

/** Of this cloud's own, only what an earlier range left may be adopted. */
async function refuseUnlessLeft(operator: Operator, { address, serverId }: FlexibleIp): Promise<void> {
  const { steps, young } = await survey(operator);
  const isLeft = (step: Step): boolean =>
    step.address === address && (step.kind === "orphan" || step.kind === "left-adopted");
  if (young.some(isLeft)) {
    throw new RefusedError(`${address} changed a moment ago, another run may be at work on it; wait, or add --grace 0`);
  }
  if (!steps.some(isLeft)) throw new RefusedError(`${address} is in a range of this cloud; see scw-flexip list`);
  if (serverId !== undefined) {
    throw new RefusedError(`${address} is attached to server ${serverId}; detach it in the Scaleway console first`);
  }
}

/** The tag lets the driver register what its own cloud holds, and keep it as bought or adopted. */
async function markIdle(operator: Operator, flexibleIp: FlexibleIp): Promise<void> {
  const config = configOf(operator);
  const tags = idleTags(flexibleIp);
  await withPorts(operator, config, config.timeoutMs, async ({ api, log }) => {
    await api.update(flexibleIp.id, { tags });
    const fields = changed(api, "mark", flexibleIp, flexibleIp.tags.join(" "), tags.join(" "));
    log.info(`marked ${nameOf(flexibleIp)}, which no range has, to be registered again`, fields);
  });
}
