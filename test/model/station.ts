// The simulated account as one action after another meets it: each request gets what the weather has for it. Neither
// sockets nor time: both ways of running send their requests here, so that both meet the same.
import { type Answer, answerCall, type Route, recognise } from "../fakes/flexible-ip-routes.ts";
import type { FlexibleIps } from "../fakes/flexible-ips.ts";
import type { Guard } from "./guard.ts";
import { answer, type Fault, type Reply, replyOf } from "./weather.ts";

export type Call = { readonly method: string; readonly target: string; readonly token: string; readonly body: string };

export class Station {
  readonly account: FlexibleIps;
  readonly guard: Guard;
  /** Faults that took effect, by kind. */
  readonly hits = new Map<string, number>();
  requests = 0;
  #faults: readonly Fault[] = [];
  #count = 0;
  #pace = 0;
  readonly #looks = new Map<string, number>();

  constructor(account: FlexibleIps, guard: Guard) {
    this.account = account;
    this.guard = guard;
  }

  /** The next action starts: its requests are counted from 0. `pace`: looks after which what is under way has settled. */
  begin(faults: readonly Fault[], pace: number): void {
    this.#faults = faults;
    this.#count = 0;
    this.#pace = pace;
  }

  receive(call: Call): Reply {
    const number = this.#count++;
    this.requests += 1;
    const url = new URL(`http://station${call.target}`);
    const route = recognise(call.method, url.pathname);
    this.#look(route, call.body);
    const act = (): Reply => toReply(this.#act(route, url, call));
    const fault = this.#faults.find(({ request, times }) => number >= request && number < request + times);
    const reply = fault === undefined ? act() : replyOf(fault.kind, act);
    if (fault !== undefined) this.hits.set(fault.kind, (this.hits.get(fault.kind) ?? 0) + 1);
    this.guard.check();
    return reply;
  }

  #act(route: Route, url: URL, call: Call): Answer {
    const refused = this.account.admit(call.token, call.method === "GET" ? "read" : "write");
    if (refused !== undefined) return refused;
    const act = (): Answer => answerCall(this.account, route, url.searchParams, call.body);
    return call.method === "GET" ? act() : this.guard.watch(route.call, act);
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
