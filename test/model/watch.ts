// Watches the account during an action: guests must go on being served, and each cloud may change its own alone.
import { cloudOf, cutOff, digest, type Serving } from "../cloud/invariants.ts";
import type { Answer, CallName } from "../fakes/flexible-ip-routes.ts";
import type { FlexibleIps } from "../fakes/flexible-ips.ts";

export class Watch {
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

  /** Complains once of every guest that is cut off. */
  check(): void {
    this.#serving = this.#serving.filter((one) => {
      const complaints = cutOff(this.#account, [one]);
      for (const text of complaints) this.#complain(text);
      return complaints.length === 0;
    });
  }

  /** Lets a call act, and complains when it changed what the actor may not change. */
  during(call: CallName, act: () => Answer): Answer {
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
