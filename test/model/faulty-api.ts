// The simulated account as one action after another meets it: each request gets the fault that is meant for it. Neither
// sockets nor time: both ways of running send their requests here, and meet the same. Meanwhile it is watched: guests must
// go on being served, and each cloud may change its own alone.
import { cloudOf, cutOff, digest, type Serving } from "../cloud/invariants.ts";
import { isTransient } from "../fakes/flexible-ip-record.ts";
import { type Answer, answerCall, type CallName, type Route, recognise } from "../fakes/flexible-ip-routes.ts";
import { FlexibleIps } from "../fakes/flexible-ips.ts";
import { answer, FAULTS, type Reply } from "./request-faults.ts";
import type { Fault } from "./steps.ts";

export type Call = { readonly method: string; readonly target: string; readonly token: string; readonly body: string };

/** Who acts, and what for. */
type Actor = {
  readonly cloud: string;
  readonly what: string;
  /** What guests use meanwhile. */
  readonly serving: readonly Serving[];
  /** The addresses without any cloud's tag that it may change. */
  readonly untagged: readonly string[];
};

export class FaultyApi {
  readonly account = new FlexibleIps({ settle: "manual", maxPageSize: 10 });
  readonly complaints: string[] = [];
  /** Addresses whose creation got no answer, and that no listing showed either. */
  readonly lostFromSight = new Set<string>();
  #actor: Actor = { cloud: "", what: "", serving: [], untagged: [] };
  #faults: readonly Fault[] = [];
  #requests = 0;
  #pace = 0;
  #stalePages = 0;
  readonly #looks = new Map<string, number>();

  /** The next action starts: its requests are counted from 0. `pace`: looks after which what is under way has settled. */
  begin(actor: Actor, faults: readonly Fault[], pace: number): void {
    this.#actor = actor;
    this.#faults = faults;
    this.#requests = 0;
    this.#pace = pace;
  }

  /** From now on so many pages of listings show the account as it is at this moment. */
  lag(pages: number): void {
    this.#stalePages = pages;
    this.account.behave({ listing: "current" });
    if (pages > 0) this.account.behave({ listing: "frozen" });
  }

  receive(call: Call): Reply {
    const number = this.#requests++;
    const url = new URL(`http://api${call.target}`);
    const route = recognise(call.method, url.pathname);
    if (route.call === "list") this.#turnPage();
    this.#look(route, call.body);
    const act = (): Reply => toReply(this.#act(route, url, call));
    const fault = this.#faults.find(({ request, times }) => number >= request && number < request + times);
    const reply = fault === undefined ? act() : this.#misbehave(fault.kind, act);
    this.check();
    return reply;
  }

  /** Complains once of every guest that is cut off. */
  check(): void {
    const serving = this.#actor.serving.filter((one) => {
      const complaints = cutOff(this.account, [one]);
      for (const text of complaints) this.complain(text);
      return complaints.length === 0;
    });
    this.#actor = { ...this.#actor, serving };
  }

  complain(text: string): void {
    this.complaints.push(`${this.#actor.what}: ${text}`);
  }

  #misbehave(kind: string, act: () => Reply): Reply {
    const known = this.#addresses();
    const reply = FAULTS.get(kind)?.(act) ?? act();
    const unseen = this.#stalePages > 0 ? this.#addresses().filter((address) => !known.includes(address)) : [];
    for (const address of unseen) this.lostFromSight.add(address);
    return reply;
  }

  #turnPage(): void {
    if (this.#stalePages-- === 0) this.account.behave({ listing: "current" });
  }

  #addresses(): string[] {
    return this.account.table.oldestFirst().map(({ ipAddress }) => ipAddress.replace("/64", ""));
  }

  #act(route: Route, url: URL, call: Call): Answer {
    const isRead = call.method === "GET";
    const refused = this.account.admit(call.token, isRead ? "read" : "write");
    if (refused !== undefined) return refused;
    const act = (): Answer => answerCall(this.account, route, url.searchParams, call.body);
    return isRead ? act() : this.#watched(route.call, act);
  }

  /** Lets a call act, and complains when it changed what the actor may not change. */
  #watched(call: CallName, act: () => Answer): Answer {
    const { table } = this.account;
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

  /** What is under way settles after a number of looks at it, whatever the time. */
  #look(route: Route, body: string): void {
    for (const record of this.account.table.oldestFirst()) {
      const { id } = record;
      const left = this.#looks.get(id) ?? this.#pace;
      if (!isTransient(record)) this.#looks.delete(id);
      else if (route.call !== "list" && route.id !== id && !body.includes(id)) continue;
      else if (left > 0) this.#looks.set(id, left - 1);
      else {
        this.#looks.delete(id);
        this.account.settle(id);
      }
    }
  }
}

function toReply({ status, body }: Answer): Reply {
  return answer(status, body === undefined ? "" : JSON.stringify(body), { "content-type": "application/json" });
}
