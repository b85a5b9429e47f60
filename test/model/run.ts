// Histories in this process, many of them on one set of virtual machines.

import { newAccount, type Outcome, runHistory, TOKEN, ZONE } from "./history.ts";
import { InProcess } from "./in-process.ts";
import type { Station } from "./station.ts";
import type { History } from "./steps.ts";

export class InProcessRuns {
  readonly #machines: InProcess;
  #station: Station | undefined;

  constructor() {
    this.#machines = new InProcess({ token: TOKEN, zone: ZONE }, (call) => {
      if (this.#station === undefined) throw new Error("a request before any history");
      return this.#station.receive(call);
    });
  }

  get started(): number {
    return this.#machines.started;
  }

  run(history: History, seed: number): Promise<Outcome> {
    this.#machines.reset(seed);
    const account = newAccount();
    account.clock.next = this.#machines.processes.stamp;
    return runHistory(
      history,
      async (station) => {
        this.#station = station;
        return this.#machines;
      },
      account,
    );
  }

  close(): void {
    this.#machines.close();
  }
}
