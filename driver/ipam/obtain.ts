// Getting a flexible IP for a range: an existing one is adopted, or a new one is created, never twice for one intent.
import { isAddressOf } from "../addresses.ts";
import { ApiError, RefusedError } from "../errors.ts";
import { ensure } from "../flexible-ip/attachment.ts";
import { cloudOf, foreignTags, hasIntent, intentTag, originOf, ownershipTags } from "../flexible-ip/ownership.ts";
import { deleteUntilGone, find } from "../flexible-ip/presence.ts";
import { type FlexibleIp, nameOf } from "../scaleway/flexible-ip.ts";
import { pauseAfter } from "../scaleway/pause.ts";
import type { Intent } from "../state/journal.ts";
import { isRunning } from "../state/process-identity.ts";
import type { Ports } from "./ports.ts";

/** What the user asked for: a flexible IP by id or address, or, where neither names one, any. */
export type Wanted = {
  readonly isIpv6: boolean;
  readonly id: string | undefined;
  readonly address: string | undefined;
};

/** The existing flexible IP that the user names; undefined when one is to be created. Throws RefusedError. */
export async function findAdoptee(ports: Ports, wanted: Wanted): Promise<FlexibleIp | undefined> {
  const { api, config } = ports;
  if (wanted.id !== undefined) {
    const flexibleIp = await find(api, wanted.id, config.projectId);
    if (flexibleIp === undefined) {
      throw new RefusedError(
        `no flexible IP ${wanted.id} in ${config.zone}; correct or remove its id in the address range`,
      );
    }
    return adoptable(ports, flexibleIp, wanted);
  }
  if (wanted.address === undefined) return undefined;
  const address = wanted.address;
  // Not only the project's: one of another project must be refused, not taken for a placeholder.
  const flexibleIp = (await api.list({})).find((candidate) => isAddressOf(address, candidate.address));
  return flexibleIp === undefined ? undefined : adoptable(ports, flexibleIp, wanted);
}

function adoptable(ports: Ports, flexibleIp: FlexibleIp, wanted: Wanted): FlexibleIp {
  const { config } = ports;
  const cloud = cloudOf(flexibleIp);
  const refusal = ((): string | undefined => {
    if (flexibleIp.projectId !== config.projectId) {
      return `belongs to project ${flexibleIp.projectId}, not to ${config.projectId}; use one of this project or correct PROJECT_ID`;
    }
    if (flexibleIp.isIpv6 !== wanted.isIpv6)
      return `is no ${wanted.isIpv6 ? "IPv6" : "IPv4"} address; name another one`;
    if (flexibleIp.status === "error" || flexibleIp.status === "locked") {
      return `has status ${flexibleIp.status}; look it up in the Scaleway console`;
    }
    if (cloud !== undefined) {
      return `is held by an address range of cloud ${cloud}; name another one, or remove its tags that start with scw-flexip if that range is gone`;
    }
    return undefined;
  })();
  if (refusal !== undefined) throw new RefusedError(`${nameOf(flexibleIp)} ${refusal}`);
  return flexibleIp;
}

/** Throws RefusedError when another run is about to adopt the flexible IP. Asked while the journal is locked. */
export function refuseRival(adoptee: FlexibleIp, intents: readonly Intent[]): void {
  if (!intents.some(({ flexibleIpIds, process }) => flexibleIpIds.includes(adoptee.id) && isRunning(process))) return;
  throw new RefusedError(`${nameOf(adoptee)} is being registered by another run; name another one`);
}

/** Tags the flexible IP as ours, keeping the tags of others. `unanswered` holds the calls of which nobody knows. */
export async function adopt(
  ports: Ports,
  adoptee: FlexibleIp,
  wanted: Wanted,
  intent: string,
  unanswered: Set<string>,
): Promise<FlexibleIp> {
  // Another run may have adopted it, and be done, between the first look and the note in the journal.
  const flexibleIp = adoptable(ports, await ports.api.get(adoptee.id), wanted);
  const tags = [...foreignTags(flexibleIp), ...ownershipTags(ports.config.cloud, "adopted", intent)];
  const adopted = await answered(unanswered, flexibleIp.id, ports.api.update(flexibleIp.id, { tags }));
  if (flexibleIp.serverId !== null) {
    ports.log.warn(`adopting ${nameOf(flexibleIp)} although it is attached to server ${flexibleIp.serverId}`);
  }
  ports.log.info(`adopted ${nameOf(adopted)}`, { address: adopted.address, flexible_ip_id: adopted.id });
  return adopted;
}

/**
 * Creates one flexible IP. After an answer that got lost, the intent's tag tells whether the call was acted on: a
 * creation repeated blindly would be paid for twice. `unanswered` holds the calls of which nobody knows.
 */
export async function create(
  ports: Ports,
  isIpv6: boolean,
  intent: string,
  unanswered: Set<string>,
): Promise<{ flexibleIp: FlexibleIp; isFirstTry: boolean }> {
  const { api, config, deadline, log } = ports;
  for (let attempt = 1; ; attempt += 1) {
    const call = `${isIpv6 ? "IPv6" : "IPv4"} ${attempt}`;
    try {
      const creation = api.create({
        projectId: config.projectId,
        description: `OpenNebula cloud ${config.cloud}`,
        tags: ownershipTags(config.cloud, "created", intent),
        isIpv6,
      });
      const created = await answered(unanswered, call, creation);
      log.info(`created ${nameOf(created)}`, { address: created.address, flexible_ip_id: created.id });
      return { flexibleIp: created, isFirstTry: attempt === 1 };
    } catch (error) {
      if (!(error instanceof ApiError && error.isRetryable)) throw error;
      await pauseAfter(error, attempt, deadline, log);
      const found = (await obtained(ports, intent)).find((flexibleIp) => flexibleIp.isIpv6 === isIpv6);
      if (found === undefined) continue;
      unanswered.delete(call);
      return { flexibleIp: found, isFirstTry: false };
    }
  }
}

/** The call's answer. It stays in `unanswered` when it fails in a way that leaves open whether it was acted on. */
async function answered<T>(unanswered: Set<string>, name: string, call: Promise<T>): Promise<T> {
  unanswered.add(name);
  try {
    const answer = await call;
    unanswered.delete(name);
    return answer;
  } catch (error) {
    if (error instanceof ApiError && !error.isAmbiguous) unanswered.delete(name);
    throw error;
  }
}

/** Makes sure that the flexible IP has a virtual MAC, and that it is still ours: two runs may have adopted it at once. */
export async function ensureMac(ports: Ports, flexibleIp: FlexibleIp, intent: string): Promise<FlexibleIp> {
  const result = await ensure(
    ports,
    flexibleIp,
    ({ mac }) => mac !== null,
    () => ports.api.generateMac(flexibleIp.id),
  );
  if (!hasIntent(result, intent)) {
    throw new RefusedError(`${nameOf(result)} was taken by another range meanwhile; name another one`);
  }
  return result;
}

/** Deletes what was created under the intent beside `held`: a call that seemed lost may have been acted on late. */
export async function dropSurplus(ports: Ports, held: readonly string[], intent: string): Promise<void> {
  const surplus = (await obtained(ports, intent)).filter(({ id }) => !held.includes(id));
  for (const flexibleIp of surplus.filter((extra) => originOf(extra) === "created")) {
    await deleteUntilGone(ports.api, flexibleIp, ports.deadline);
    ports.log.warn(`deleted ${nameOf(flexibleIp)}, created a second time for one range`);
  }
}

/** All flexible IPs obtained under the intent. */
async function obtained(ports: Ports, intent: string): Promise<FlexibleIp[]> {
  const listed = await ports.api.list({ projectId: ports.config.projectId, tag: intentTag(intent) });
  return listed.filter((flexibleIp) => hasIntent(flexibleIp, intent));
}
