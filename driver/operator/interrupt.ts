// Ctrl-C and SIGTERM: at once while nothing is being changed, otherwise after the step that was begun.
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

  /** Runs work that is not to be cut off. Whoever does several looks at `isAsked` between them. */
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
