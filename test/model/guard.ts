// Watches the account during an action: what must go on being served, and whose flexible IPs may be changed at all.
import type { FlexibleIpRecord } from "../fakes/flexible-ip-record.ts";
import type { Answer, CallName } from "../fakes/flexible-ip-routes.ts";
import type { FlexibleIps } from "../fakes/flexible-ips.ts";

/** An address that a running guest uses right now. */
export type Serving = {
  readonly guest: string;
  readonly address: string;
  readonly serverId: string;
  readonly mac: string;
};

const CLOUD = "scw-flexip:cloud=";

export class Guard {
  readonly complaints: string[] = [];
  readonly #account: FlexibleIps;
  #actor = { cloud: "", what: "" };
  #serving: readonly Serving[] = [];
  #untaggedAllowed: ReadonlySet<string> = new Set();

  constructor(account: FlexibleIps) {
    this.#account = account;
  }

  /** From now on `cloud` acts; `allowed` are the addresses without any cloud's tag that it may change. */
  expect(cloud: string, what: string, serving: readonly Serving[], allowed: Iterable<string>): void {
    this.#actor = { cloud, what };
    this.#serving = serving;
    this.#untaggedAllowed = new Set(allowed);
  }

  /** Complains of every guest that is cut off. */
  check(): void {
    for (const { guest, address, serverId, mac } of this.#serving) {
      const now = this.#account.table.findByAddress(address);
      const isServed = now?.serverId === serverId && now.status !== "detaching" && now.mac?.address === mac;
      if (isServed) continue;
      const place = now === undefined ? "gone" : `${now.status} ${now.serverId} ${now.mac?.address}`;
      this.#complain(`cut off ${guest}: ${address} is ${place}, not on ${serverId} with ${mac}`);
      this.#serving = this.#serving.filter((one) => one.address !== address);
    }
  }

  /** Lets a call act, and complains when it changed what the actor may not change. */
  watch(call: CallName, act: () => Answer): Answer {
    const before = this.#account.table.oldestFirst().map((one) => ({ one, digest: digest(one), cloud: cloudOf(one) }));
    const answer = act();
    if (answer.status >= 300) return answer;
    for (const { one, digest: known, cloud } of before) {
      const isSame = this.#account.table.find(one.id) === one && digest(one) === known;
      if (isSame || this.#mayChange(cloud, one.ipAddress)) continue;
      this.#complain(`${call} changed ${one.ipAddress}, before: ${known}`);
    }
    for (const one of this.#account.table.oldestFirst()) {
      if (cloudOf(one) === this.#actor.cloud || before.some((known) => known.one === one)) continue;
      this.#complain(`created ${one.ipAddress} without the cloud's tag`);
    }
    return answer;
  }

  #mayChange(cloud: string | undefined, address: string): boolean {
    if (cloud !== undefined) return cloud === this.#actor.cloud;
    return this.#untaggedAllowed.has(address.replace(/\/\d+$/, ""));
  }

  #complain(text: string): void {
    this.complaints.push(`${this.#actor.what}: ${text}`);
  }
}

export function cloudOf({ tags }: FlexibleIpRecord): string | undefined {
  return tags.find((tag) => tag.startsWith(CLOUD))?.slice(CLOUD.length);
}

/** What of a flexible IP must stay when nobody may change it. */
export function digest({ status, serverId, tags, mac, projectId }: FlexibleIpRecord): string {
  return JSON.stringify([status, serverId, tags, mac?.address, projectId]);
}
