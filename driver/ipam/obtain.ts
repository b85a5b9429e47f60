// Getting a flexible IP for a range: an existing one is adopted, or a new one is created, never twice for one intent.
import { isAddressOf } from "../addresses.ts";
import { ApiError, RefusedError } from "../errors.ts";
import { changed } from "../flexible-ip/change.ts";
import {
  cloudOf,
  foreignTags,
  hasIntent,
  intentTag,
  isIdle,
  originOf,
  ownershipTags,
} from "../flexible-ip/ownership.ts";
import { find } from "../flexible-ip/presence.ts";
import { standingOf } from "../flexible-ip/standing.ts";
import { ensure } from "../flexible-ip/usable.ts";
import { type FlexibleIp, nameOf } from "../scaleway/flexible-ip.ts";
import { AGAIN, insist } from "../scaleway/retry.ts";
import type { Intent } from "../state/journal.ts";
import { deleteUntilGone } from "./delete.ts";
import type { IpamSession } from "./ipam-session.ts";
import { mayRun } from "./recover.ts";

/** What the user asked for: a flexible IP by id or address, or, where neither names one, any. */
export type Wanted = {
  readonly isIpv6: boolean;
  readonly id: string | undefined;
  readonly address: string | undefined;
};

/** The existing flexible IP that the user names; undefined when one is to be created. Throws RefusedError. */
export async function findAdoptee(session: IpamSession, wanted: Wanted): Promise<FlexibleIp | undefined> {
  const { api, config } = session;
  if (wanted.id !== undefined) {
    const flexibleIp = await find(api, wanted.id, config.projectId);
    if (flexibleIp === undefined) {
      throw new RefusedError(
        `no flexible IP ${wanted.id} in ${config.zone}`,
        "correct or remove its id in the address range",
      );
    }
    return adoptable(session, flexibleIp, wanted);
  }
  if (wanted.address === undefined) return undefined;
  const address = wanted.address;
  // Not only the project's: one of another project must be refused, not taken for a placeholder.
  const flexibleIp = (await api.list({})).find((candidate) => isAddressOf(address, candidate.address));
  return flexibleIp === undefined ? undefined : adoptable(session, flexibleIp, wanted);
}

function adoptable({ config }: IpamSession, flexibleIp: FlexibleIp, wanted: Wanted): FlexibleIp {
  const { is, words, move } = standingOf(flexibleIp, { cloud: config.cloud, projectId: config.projectId });
  if (flexibleIp.isIpv6 !== wanted.isIpv6) {
    throw new RefusedError(
      `${nameOf(flexibleIp)} is no ${wanted.isIpv6 ? "IPv6" : "IPv4"} address`,
      "name another one",
    );
  }
  // What a pool found in no range of this cloud, and marked right before.
  if (is === "ours" && isIdle(flexibleIp) && wanted.id !== undefined && flexibleIp.serverId === undefined)
    return flexibleIp;
  if (is === "ours" || is === "other-cloud") {
    throw new RefusedError(
      `${nameOf(flexibleIp)} is held by an address range of cloud ${cloudOf(flexibleIp)}`,
      "name another one, or remove its tags that start with scw-flexip if that range is gone",
    );
  }
  if (is === "other-project") throw new RefusedError(words, "name one of this project, or correct PROJECT_ID");
  if (is !== "untagged") throw new RefusedError(words, move);
  return flexibleIp;
}

/** Throws RefusedError when another run is about to adopt the flexible IP. Asked while the journal is locked. */
export function refuseRival(session: IpamSession, adoptee: FlexibleIp, intents: readonly Intent[]): void {
  if (!intents.some((intent) => intent.flexibleIpIds.includes(adoptee.id) && mayRun(session, intent))) return;
  throw new RefusedError(`${nameOf(adoptee)} is being registered by another run`, "name another one");
}

/** What one registration obtains, under its intent. */
export class Obtaining {
  readonly #session: IpamSession;
  readonly #intent: string;
  // Calls of which nobody knows whether they were acted on.
  readonly #unanswered = new Set<string>();
  #hasObtained = false;

  constructor(session: IpamSession, intent: string) {
    this.#session = session;
    this.#intent = intent;
  }

  /** Whether nothing was obtained and nothing can come: every call was refused. */
  get isEmptyHanded(): boolean {
    return !this.#hasObtained && this.#unanswered.size === 0;
  }

  /** How many flexible IPs may still come of calls whose answer got lost. */
  get mayCome(): number {
    return this.#unanswered.size;
  }

  /** Tags the flexible IP as ours, keeping the tags of others. */
  async adopt(adoptee: FlexibleIp, wanted: Wanted): Promise<FlexibleIp> {
    const { api, config, log } = this.#session;
    // Another run may have adopted it, and be done, between the first look and the note in the journal.
    const flexibleIp = adoptable(this.#session, await api.get(adoptee.id), wanted);
    const origin = (isIdle(flexibleIp) ? originOf(flexibleIp) : undefined) ?? "adopted";
    const tags = [...foreignTags(flexibleIp), ...ownershipTags(config.cloud, origin, this.#intent)];
    const adopted = await this.#answered(flexibleIp.id, api.update(flexibleIp.id, { tags }));
    if (flexibleIp.serverId !== undefined) {
      log.warn(`adopting ${nameOf(flexibleIp)} although it is attached to server ${flexibleIp.serverId}`);
    }
    log.info(
      `adopted ${nameOf(adopted)}`,
      changed(api, "adopt", adopted, flexibleIp.tags.join(" "), adopted.tags.join(" ")),
    );
    return adopted;
  }

  /**
   * Creates one flexible IP. After an answer that got lost, the intent's tag tells whether the call was acted on: a
   * creation repeated blindly would be paid for twice.
   */
  async create(isIpv6: boolean): Promise<{ flexibleIp: FlexibleIp; isFirstTry: boolean }> {
    const { api, config, log } = this.#session;
    let call = "";
    let attempt = 0;
    return insist(
      this.#session,
      async () => {
        attempt += 1;
        call = `${isIpv6 ? "IPv6" : "IPv4"} ${attempt}`;
        const creation = api.create({
          projectId: config.projectId,
          description: `OpenNebula cloud ${config.cloud}`,
          tags: ownershipTags(config.cloud, "created", this.#intent),
          isIpv6,
        });
        const created = await this.#answered(call, creation);
        log.info(`created ${nameOf(created)}`, changed(api, "create", created, undefined, created.address));
        return { flexibleIp: created, isFirstTry: attempt === 1 };
      },
      async () => {
        const found = (await this.#obtained()).find((flexibleIp) => flexibleIp.isIpv6 === isIpv6);
        if (found === undefined) return AGAIN;
        this.#unanswered.delete(call);
        this.#hasObtained = true;
        log.info(
          `created ${nameOf(found)}, although no answer came`,
          changed(api, "create", found, undefined, found.address),
        );
        return { flexibleIp: found, isFirstTry: false };
      },
    );
  }

  /** Makes sure that it has a virtual MAC, and that it is still ours: two runs may have adopted it at once. */
  async ensureMac(flexibleIp: FlexibleIp): Promise<FlexibleIp> {
    const result = await ensure(
      this.#session,
      flexibleIp,
      ({ mac }) => mac !== undefined,
      () => this.#session.api.generateMac(flexibleIp.id),
    );
    if (flexibleIp.mac === undefined) {
      const fields = changed(this.#session.api, "make MAC", result, undefined, result.mac);
      this.#session.log.info(`made virtual MAC ${result.mac} of ${nameOf(result)}`, fields);
    }
    if (hasIntent(result, this.#intent)) return result;
    throw new RefusedError(`${nameOf(result)} was taken by another range meanwhile`, "name another one");
  }

  /** Deletes what was created beside `held`: a call that seemed lost may have been acted on late. */
  async dropSurplus(held: readonly string[]): Promise<void> {
    const { api, deadline, log } = this.#session;
    const surplus = (await this.#obtained()).filter(({ id }) => !held.includes(id));
    for (const flexibleIp of surplus.filter((extra) => originOf(extra) === "created")) {
      await deleteUntilGone(api, flexibleIp, deadline);
      log.warn(
        `deleted ${nameOf(flexibleIp)}, created a second time for one range`,
        changed(api, "delete", flexibleIp, flexibleIp.address, undefined),
      );
    }
  }

  /** The call's answer. The call stays noted when it fails in a way that leaves open whether it was acted on. */
  async #answered<T>(name: string, call: Promise<T>): Promise<T> {
    this.#unanswered.add(name);
    try {
      const answer = await call;
      this.#unanswered.delete(name);
      this.#hasObtained = true;
      return answer;
    } catch (error) {
      if (error instanceof ApiError && !error.isAmbiguous) this.#unanswered.delete(name);
      throw error;
    }
  }

  /** All flexible IPs obtained under the intent. */
  async #obtained(): Promise<FlexibleIp[]> {
    const { api, config } = this.#session;
    const listed = await api.list({ projectId: config.projectId, tag: intentTag(this.#intent) });
    return listed.filter((flexibleIp) => hasIntent(flexibleIp, this.#intent));
  }
}
