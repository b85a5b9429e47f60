// Getting a flexible IP for a range: an existing one is adopted, or a new one is created, never twice for one intent.
import { isAddressOf } from "../addresses.ts";
import { ApiError, RefusedError } from "../errors.ts";
import { changed } from "../flexible-ip/log-fields.ts";
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
import { makeMac } from "../flexible-ip/virtual-mac.ts";
import { type FlexibleIp, nameOf } from "../scaleway/flexible-ip.ts";
import { AGAIN, insist } from "../scaleway/retry.ts";
import type { Intent } from "../state/journal.ts";
import { giveBack } from "./give-back.ts";
import type { IpamSession } from "./ipam-session.ts";
import { mayRun } from "./recover.ts";

/** The flexible IP that the user asked for, by id or by address; a new one where neither names one. */
export type Wanted = {
  readonly isIpv6: boolean;
  readonly id: string | undefined;
  readonly address: string | undefined;
};

/** The existing flexible IP that the user names; undefined when one is to be created. Throws RefusedError. */
export async function findAdoptee(session: IpamSession, wanted: Wanted): Promise<FlexibleIp | undefined> {
  const { api, config } = session;
  if (wanted.id !== undefined) {
    const flexibleIp = await find(session, { id: wanted.id, projectId: config.projectId });
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
  // A pool found it in no range of this cloud, and marked it a moment ago.
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

/** Obtains the flexible IPs of one registration, under its intent. */
export class Obtaining {
  readonly #session: IpamSession;
  readonly #intent: string;
  #obtained = 0;
  // Calls of which nobody knows whether the API acted on them.
  #unanswered = 0;

  constructor(session: IpamSession, intent: string) {
    this.#session = session;
    this.#intent = intent;
  }

  /** Whether nothing was obtained and nothing can come: every call was refused. */
  get isEmptyHanded(): boolean {
    return this.#obtained + this.#unanswered === 0;
  }

  /** How many flexible IPs an undoing must find: with fewer, a call whose answer got lost may still be acted on. */
  get awaited(): number {
    return this.#unanswered === 0 ? 0 : this.#obtained + this.#unanswered;
  }

  /** Tags the flexible IP as ours, keeping the tags of others. */
  async adopt({ id }: FlexibleIp, wanted: Wanted): Promise<FlexibleIp> {
    const { api, config, log } = this.#session;
    // Another run may have adopted it, and be done, between the first look and the note in the journal.
    const before = adoptable(this.#session, await api.get(id), wanted);
    const origin = (isIdle(before) ? originOf(before) : undefined) ?? "adopted";
    const tags = [...foreignTags(before), ...ownershipTags(config.cloud, origin, this.#intent)];
    await this.#answered(api.update(id, { tags }));
    // The API replaces all tags at once, and another cloud may write at the same moment: the last writer has it.
    const adopted = this.#stillOurs(await api.get(id));
    if (before.serverId !== undefined) {
      log.warn(`adopting ${nameOf(before)} although it is attached to server ${before.serverId}`);
    }
    log.info(
      `adopted ${nameOf(adopted)}`,
      changed(api, "adopt", adopted, before.tags.join(" "), adopted.tags.join(" ")),
    );
    return adopted;
  }

  /**
   * Creates one flexible IP. After a lost answer, the intent's tag shows whether the API acted on the call: a creation
   * repeated blindly would be paid for twice.
   */
  async create(isIpv6: boolean): Promise<{ flexibleIp: FlexibleIp; isFirstTry: boolean }> {
    const { api, config, log } = this.#session;
    let attempt = 0;
    return insist(
      this.#session,
      async () => {
        attempt += 1;
        const creation = api.create({
          projectId: config.projectId,
          description: `OpenNebula cloud ${config.cloud}`,
          tags: ownershipTags(config.cloud, "created", this.#intent),
          isIpv6,
        });
        const created = await this.#answered(creation);
        log.info(`created ${nameOf(created)}`, changed(api, "create", created, undefined, created.address));
        return { flexibleIp: created, isFirstTry: attempt === 1 };
      },
      async () => {
        const found = (await this.#listed()).find((flexibleIp) => flexibleIp.isIpv6 === isIpv6);
        if (found === undefined) return AGAIN;
        this.#unanswered = Math.max(0, this.#unanswered - 1);
        this.#obtained += 1;
        const change = changed(api, "create", found, undefined, found.address);
        log.info(`created ${nameOf(found)}, although no answer came`, change);
        return { flexibleIp: found, isFirstTry: false };
      },
    );
  }

  /** Makes sure that it has a virtual MAC. */
  async ensureMac(flexibleIp: FlexibleIp): Promise<FlexibleIp> {
    return this.#stillOurs(await makeMac(this.#session, flexibleIp));
  }

  /** Deletes all that was created beside `held`: the API may have acted late on a call that seemed lost. */
  async dropSurplus(held: readonly string[]): Promise<void> {
    const surplus = (await this.#listed()).filter((one) => originOf(one) === "created" && !held.includes(one.id));
    for (const flexibleIp of surplus) {
      await giveBack(this.#session, flexibleIp, "it was created a second time for one range");
    }
  }

  #stillOurs(flexibleIp: FlexibleIp): FlexibleIp {
    if (hasIntent(flexibleIp, this.#intent)) return flexibleIp;
    throw new RefusedError(`${nameOf(flexibleIp)} was taken by another range meanwhile`, "name another one");
  }

  /** The call's answer. A call stays counted when its failure does not show whether the API acted on it. */
  async #answered<T>(call: Promise<T>): Promise<T> {
    this.#unanswered += 1;
    try {
      const answer = await call;
      this.#obtained += 1;
      this.#unanswered -= 1;
      return answer;
    } catch (error) {
      if (error instanceof ApiError && !error.isAmbiguous) this.#unanswered -= 1;
      throw error;
    }
  }

  /** All flexible IPs that have the intent's tag. */
  async #listed(): Promise<FlexibleIp[]> {
    const { api, config } = this.#session;
    const listed = await api.list({ projectId: config.projectId, tag: intentTag(this.#intent) });
    return listed.filter((flexibleIp) => hasIntent(flexibleIp, this.#intent));
  }
}
