// Histories in this process, many of them on one set of virtual machines.

import { newAccount, TOKEN, ZONE } from "./account.ts";
import type { FaultyApi } from "./faulty-api.ts";
import { type HistoryResult, runHistory } from "./history.ts";
import { InProcess } from "./in-process.ts";
import type { History } from "./steps.ts";

export class InProcessRuns {
  readonly #machines: InProcess;
  #api: FaultyApi | undefined;

  constructor() {
    this.#machines = new InProcess({ token: TOKEN, zone: ZONE }, (call) => {
      if (this.#api === undefined) throw new Error("a request before any history");
      return this.#api.receive(call);
    });
  }

  get started(): number {
    return this.#machines.started;
  }

  run(history: History, seed: number): Promise<HistoryResult> {
    this.#machines.reset(seed);
    const account = newAccount();
    account.clock.next = this.#machines.processes.stamp;
    return runHistory(
      history,
      async (api) => {
        this.#api = api;
        return this.#machines;
      },
      account,
    );
  }

  close(): void {
    this.#machines.close();
  }
}
