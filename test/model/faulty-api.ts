// The simulated account as one action after another meets it: each request gets the fault that is meant for it. Neither
// sockets nor time: both ways of running send their requests here, and meet the same.
import { isTransient } from "../fakes/flexible-ip-record.ts";
import { type Answer, answerCall, type Route, recognise } from "../fakes/flexible-ip-routes.ts";
import { FlexibleIps } from "../fakes/flexible-ips.ts";
import { answer, FAULTS, isKill, type Reply } from "./request-faults.ts";
import type { Fault } from "./steps.ts";
import type { Tally } from "./tally.ts";
import { type Actor, Watch } from "./watch.ts";

export type Call = { readonly method: string; readonly target: string; readonly token: string; readonly body: string };

export class FaultyApi {
  readonly account = new FlexibleIps({ settle: "manual", maxPageSize: 10 });
  readonly watch = new Watch(this.account);
  /** Addresses whose creation got no answer, and that no listing showed either. */
  readonly lostFromSight = new Set<string>();
  /** Whether the action met a fault. */
  isHit = false;
  readonly #tally: Tally;
  #faults: readonly Fault[] = [];
  #requests = 0;
  #pace = 0;
  #stalePages = 0;
  readonly #looks = new Map<string, number>();

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  /** The next action starts: its requests are counted from 0. `pace`: looks after which what is under way has settled. */
  begin(actor: Actor, faults: readonly Fault[], pace: number): void {
    this.watch.expect(actor);
    this.#faults = faults;
    this.#requests = 0;
    this.#pace = pace;
    this.isHit = false;
  }

  /** From now on so many pages of listings show the account as it is at this moment. */
  lag(pages: number): void {
    this.#stalePages = pages;
    this.account.behave({ listing: "current" });
    if (pages > 0) this.account.behave({ listing: "frozen" });
  }

  receive(call: Call): Reply {
    const number = this.#requests++;
    this.#tally.count("requests");
    const url = new URL(`http://api${call.target}`);
    const route = recognise(call.method, url.pathname);
    if (route.call === "list") this.#turnPage();
    this.#look(route, call.body);
    const act = (): Reply => toReply(this.#act(route, url, call));
    const fault = this.#faults.find(({ request, times }) => number >= request && number < request + times);
    const reply = fault === undefined ? act() : this.#misbehave(fault.kind, act);
    this.watch.check();
    return reply;
  }

  #misbehave(kind: string, act: () => Reply): Reply {
    this.#hit(isKill(kind) ? "kills" : "faults", kind);
    const known = this.#addresses();
    const reply = FAULTS.get(kind)?.(act) ?? act();
    const unseen = this.#stalePages > 0 ? this.#addresses().filter((address) => !known.includes(address)) : [];
    for (const address of unseen) this.lostFromSight.add(address);
    return reply;
  }

  #turnPage(): void {
    if (this.#stalePages > 0) this.#hit("faults", "stale page of a listing");
    if (this.#stalePages-- === 0) this.account.behave({ listing: "current" });
  }

  #hit(group: string, kind: string): void {
    this.isHit = true;
    this.#tally.count(group, kind);
  }

  #addresses(): string[] {
    return this.account.table.oldestFirst().map(({ ipAddress }) => ipAddress.replace("/64", ""));
  }

  #act(route: Route, url: URL, call: Call): Answer {
    const isRead = call.method === "GET";
    const refused = this.account.admit(call.token, isRead ? "read" : "write");
    if (refused !== undefined) return refused;
    const act = (): Answer => answerCall(this.account, route, url.searchParams, call.body);
    return isRead ? act() : this.watch.during(route.call, act);
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
