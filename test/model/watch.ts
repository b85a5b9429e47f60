// Watches the account during an action: guests must go on being served, and each cloud may change its own alone.
import { cloudOf, cutOff, digest, type Serving } from "../cloud/invariants.ts";
import type { Answer, CallName } from "../fakes/flexible-ip-routes.ts";
import type { FlexibleIps } from "../fakes/flexible-ips.ts";

/** Who acts, and what for. */
export type Actor = {
  readonly cloud: string;
  readonly what: string;
  /** What guests use meanwhile. */
  readonly serving: readonly Serving[];
  /** The addresses without any cloud's tag that it may change. */
  readonly untagged: readonly string[];
};

export class Watch {
  readonly complaints: string[] = [];
  readonly #account: FlexibleIps;
  #actor: Actor = { cloud: "", what: "", serving: [], untagged: [] };

  constructor(account: FlexibleIps) {
    this.#account = account;
  }

  expect(actor: Actor): void {
    this.#actor = actor;
  }

  /** Complains once of every guest that is cut off. */
  check(): void {
    const serving = this.#actor.serving.filter((one) => {
      const complaints = cutOff(this.#account, [one]);
      for (const text of complaints) this.complain(text);
      return complaints.length === 0;
    });
    this.#actor = { ...this.#actor, serving };
  }

  /** Lets a call act, and complains when it changed what the actor may not change. */
  during(call: CallName, act: () => Answer): Answer {
    const { table } = this.#account;
    const { cloud, untagged } = this.#actor;
    const before = table.oldestFirst().map((one) => ({ one, was: digest(one), owner: cloudOf(one) }));
    const answer = act();
    if (answer.status >= 300) return answer;
    for (const { one, was, owner } of before) {
      const isSame = table.find(one.id) === one && digest(one) === was;
      const mayChange = owner === undefined ? untagged.includes(one.ipAddress.replace("/64", "")) : owner === cloud;
      if (!(isSame || mayChange)) this.complain(`${call} changed ${one.ipAddress}, before: ${was}`);
    }
    for (const one of table.oldestFirst()) {
      if (cloudOf(one) === cloud || before.some((known) => known.one === one)) continue;
      this.complain(`created ${one.ipAddress} without the cloud's tag`);
    }
    return answer;
  }

  complain(text: string): void {
    this.complaints.push(`${this.#actor.what}: ${text}`);
  }
}
