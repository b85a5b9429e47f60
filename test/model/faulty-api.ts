// The simulated account as one action after another meets it: each request gets the fault that is meant for it. Neither
// sockets nor time: both ways of running send their requests here, and meet the same.
import { type Answer, answerCall, type Route, recognise } from "../fakes/flexible-ip-routes.ts";
import type { FlexibleIps } from "../fakes/flexible-ips.ts";
import { count } from "./figures.ts";
import { answer, type Fault, type Reply, replyOf } from "./request-faults.ts";
import type { Watch } from "./watch.ts";

export type Call = { readonly method: string; readonly target: string; readonly token: string; readonly body: string };

export class FaultyApi {
  readonly account: FlexibleIps;
  readonly watch: Watch;
  /** Faults that took effect, by kind. */
  readonly hits = new Map<string, number>();
  requests = 0;
  /** Addresses whose creation got no answer, and that no listing showed either. */
  readonly lostFromSight = new Set<string>();
  #faults: readonly Fault[] = [];
  #count = 0;
  #pace = 0;
  #stalePages = 0;
  readonly #looks = new Map<string, number>();

  constructor(account: FlexibleIps, watch: Watch) {
    this.account = account;
    this.watch = watch;
  }

  /** The next action starts: its requests are counted from 0. `pace`: looks after which what is under way has settled. */
  begin(faults: readonly Fault[], pace: number): void {
    this.#faults = faults;
    this.#count = 0;
    this.#pace = pace;
  }

  /** From now on so many pages of listings show the account as it is at this moment. */
  lag(pages: number): void {
    this.#stalePages = pages;
    this.account.behave({ listing: "current" });
    if (pages > 0) this.account.behave({ listing: "frozen" });
  }

  receive(call: Call): Reply {
    const number = this.#count++;
    this.requests += 1;
    const url = new URL(`http://api${call.target}`);
    const route = recognise(call.method, url.pathname);
    if (route.call === "list") this.#turnPage();
    this.#look(route, call.body);
    const act = (): Reply => toReply(this.#act(route, url, call));
    const fault = this.#faults.find(({ request, times }) => number >= request && number < request + times);
    const known = new Set(this.#addresses());
    const reply = fault === undefined ? act() : replyOf(fault.kind, act);
    if (fault !== undefined) {
      count(this.hits, fault.kind);
      const unseen = this.#stalePages > 0 ? this.#addresses().filter((address) => !known.has(address)) : [];
      for (const address of unseen) this.lostFromSight.add(address);
    }
    this.watch.check();
    return reply;
  }

  #turnPage(): void {
    if (this.#stalePages > 0) count(this.hits, "stale page of a listing");
    if (this.#stalePages-- === 0) this.account.behave({ listing: "current" });
  }

  #addresses(): string[] {
    return this.account.table.oldestFirst().map(({ ipAddress }) => ipAddress.replace("/64", ""));
  }

  #act(route: Route, url: URL, call: Call): Answer {
    const refused = this.account.admit(call.token, call.method === "GET" ? "read" : "write");
    if (refused !== undefined) return refused;
    const act = (): Answer => answerCall(this.account, route, url.searchParams, call.body);
    return call.method === "GET" ? act() : this.watch.during(route.call, act);
  }

  /** What is under way settles after a number of looks at it, whatever the time. */
  #look(route: Route, body: string): void {
    for (const flexibleIp of this.account.table.oldestFirst()) {
      if (flexibleIp.status !== "updating" && flexibleIp.status !== "detaching") {
        this.#looks.delete(flexibleIp.id);
        continue;
      }
      const isSeen = route.call === "list" || route.id === flexibleIp.id || body.includes(flexibleIp.id);
      if (!isSeen) continue;
      const left = this.#looks.get(flexibleIp.id) ?? this.#pace;
      if (left > 0) {
        this.#looks.set(flexibleIp.id, left - 1);
        continue;
      }
      this.#looks.delete(flexibleIp.id);
      this.account.settle(flexibleIp.id);
    }
  }
}

function toReply({ status, body }: Answer): Reply {
  return answer(status, body === undefined ? "" : JSON.stringify(body), { "content-type": "application/json" });
}
