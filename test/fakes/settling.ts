export type SettleDelays = { attachMs: number; attachQueuedMs: number; detachMs: number; macMs: number };

const quick: SettleDelays = { attachMs: 30, attachQueuedMs: 60, detachMs: 40, macMs: 10 };

type Job = { end: () => void; timer: NodeJS.Timeout | undefined };

/** What is under way in the account and when it ends: by timers, or by hand only. */
export class Settling {
  readonly #delays: SettleDelays | undefined;
  readonly #jobs = new Map<string, Job>();
  readonly #attachBusyUntil = new Map<string, number>();
  #isStopped = false;
  #change = Promise.withResolvers<void>();

  constructor(settle: Partial<SettleDelays> | "manual" = {}) {
    this.#delays = settle === "manual" ? undefined : { ...quick, ...settle };
  }

  attach(ids: readonly string[], serverId: string, end: (id: string) => void): void {
    const delay = this.#delays && this.#attachDelay(serverId, this.#delays);
    for (const id of ids) this.#start(id, delay, () => end(id));
  }

  detach(id: string, end: () => void): void {
    this.#start(id, this.#delays?.detachMs, end);
  }

  changeMac(id: string, end: () => void): void {
    this.#start(id, this.#delays?.macMs, end);
  }

  /** Ends now what is under way for this id; false when nothing is. */
  finish(id: string): boolean {
    const job = this.#jobs.get(id);
    if (!job) return false;
    this.cancel(id);
    job.end();
    this.changed();
    return true;
  }

  /** Drops what is under way without its effect. */
  cancel(id: string): void {
    clearTimeout(this.#jobs.get(id)?.timer);
    this.#jobs.delete(id);
  }

  /** Drops all of it; what starts from now on never ends by itself. */
  stop(): void {
    this.#isStopped = true;
    for (const id of [...this.#jobs.keys()]) this.cancel(id);
  }

  /** Wakes those that wait for a change. */
  changed(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers<void>();
  }

  nextChange(): Promise<void> {
    return this.#change.promise;
  }

  #start(id: string, delayMs: number | undefined, end: () => void): void {
    const timer = delayMs === undefined || this.#isStopped ? undefined : setTimeout(() => this.finish(id), delayMs);
    this.#jobs.set(id, { end, timer });
  }

  /** Attaches on one server end one after another: the second waits for the first. */
  #attachDelay(serverId: string, delays: SettleDelays): number {
    const now = performance.now();
    const waitMs = (this.#attachBusyUntil.get(serverId) ?? now) - now;
    const delay = waitMs > 0 ? waitMs + delays.attachQueuedMs : delays.attachMs;
    this.#attachBusyUntil.set(serverId, now + delay);
    return delay;
  }
}
