// Ctrl-C and SIGTERM end the command at once, or after the current step while something is being changed.
import { EXIT } from "./exit.ts";

export class Interrupt {
  #isAsked = false;
  #isBusy = false;

  constructor() {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => this.#stop());
  }

  get isAsked(): boolean {
    return this.#isAsked;
  }

  /** Runs work that must not be cut off. A caller with several steps checks `isAsked` between them. */
  async shield<T>(work: () => Promise<T>): Promise<T> {
    this.#isBusy = true;
    try {
      return await work();
    } finally {
      this.#isBusy = false;
    }
  }

  #stop(): void {
    if (!this.#isBusy) process.exit(EXIT.interrupted);
    this.#isAsked = true;
  }
}
