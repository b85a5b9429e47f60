import type { Clock } from "../../driver/machine.ts";
import { type Behaviour, delaysOf, endOfAttach, type SettleDelays } from "./behaviour.ts";

type Job = { end: () => void; forget: (() => void) | undefined };

/** Attaches that wait together for one server: the calls since it was last idle, in order. */
type Queue = { startedAt: number; calls: Map<string, Job>[] };

/** What is under way in the account and when it ends: by timers, or by hand only. */
export class Settling {
  readonly #jobs = new Map<string, Job>();
  readonly #queues = new Map<string, Queue>();
  readonly #onChange: () => void;
  readonly #time: Clock;
  #delays: SettleDelays | undefined;
  #change = Promise.withResolvers<void>();

  constructor(settle: Behaviour["settle"], onChange: () => void, time: Clock) {
    this.#delays = delaysOf(settle);
    this.#onChange = onChange;
    this.#time = time;
  }

  /** What starts from now on takes these delays. */
  take(settle: Behaviour["settle"]): void {
    this.#delays = delaysOf(settle);
  }

  /** One call is one place in its server's queue. The calls before it that still wait then end later. */
  attach(ids: readonly string[], serverId: string, end: (id: string) => void): void {
    const jobs = ids.map((id) => [id, this.#start(id, undefined, () => end(id))] as const);
    if (this.#delays === undefined) return;
    const waiting = this.#queues.get(serverId);
    const isBusy = waiting?.calls.some((call) => this.#waits(call));
    const queue = waiting && isBusy ? waiting : { startedAt: this.#time.elapsed(), calls: [] };
    queue.calls.push(new Map(jobs));
    this.#queues.set(serverId, queue);
    for (const [index, call] of queue.calls.entries()) {
      if (this.#waits(call)) this.#endAt(call, queue.startedAt + endOfAttach(this.#delays, index, queue.calls.length));
    }
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
    this.#jobs.get(id)?.forget?.();
    this.#jobs.delete(id);
  }

  /** Drops all of it. */
  stop(): void {
    for (const id of [...this.#jobs.keys()]) this.cancel(id);
  }

  /** Wakes those that wait for a change. */
  changed(): void {
    this.#onChange();
    this.#change.resolve();
    this.#change = Promise.withResolvers<void>();
  }

  nextChange(): Promise<void> {
    return this.#change.promise;
  }

  #start(id: string, delayMs: number | undefined, end: () => void): Job {
    const forget = delayMs === undefined ? undefined : this.#time.after(delayMs, () => this.finish(id));
    const job = { end, forget };
    this.#jobs.set(id, job);
    return job;
  }

  #waits(call: ReadonlyMap<string, Job>): boolean {
    return [...call].some(([id, job]) => this.#jobs.get(id) === job);
  }

  #endAt(call: ReadonlyMap<string, Job>, at: number): void {
    for (const [id, job] of call) {
      job.forget?.();
      if (this.#jobs.get(id) !== job) continue;
      job.forget = this.#time.after(Math.max(0, at - this.#time.elapsed()), () => this.finish(id));
    }
  }
}
