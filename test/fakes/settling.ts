import type { Clock } from "../../driver/machine.ts";
import { type Behaviour, delaysOf, endOfAttach, type SettleDelays } from "./behaviour.ts";

type Job = { readonly id: string; readonly end: () => void; forget: (() => void) | undefined };

/** Attaches that wait together for one server: the calls since it was last idle, in order. */
type Queue = { readonly startedAt: number; readonly calls: Job[][] };

/** What is under way in the account and when it ends: by timers, or by hand only. */
export class Settling {
  readonly #jobs = new Map<string, Job>();
  readonly #queues = new Map<string, Queue>();
  readonly #time: Clock;
  #delays: SettleDelays | undefined;
  #change = Promise.withResolvers<void>();

  constructor(time: Clock) {
    this.#time = time;
  }

  /** What starts from now on takes these delays. */
  take(settle: Behaviour["settle"]): void {
    this.#delays = delaysOf(settle);
  }

  /** One call is one place in its server's queue. The calls before it that still wait then end later. */
  attach(ids: readonly string[], serverId: string, end: (id: string) => void): void {
    const call = ids.map((id) => this.#add(id, () => end(id)));
    const delays = this.#delays;
    if (delays === undefined) return;
    const waiting = this.#queues.get(serverId);
    const isBusy = waiting?.calls.flat().some((job) => this.#isUnderWay(job));
    const queue = waiting && isBusy ? waiting : { startedAt: this.#time.elapsed(), calls: [] };
    queue.calls.push(call);
    this.#queues.set(serverId, queue);
    for (const [index, jobs] of queue.calls.entries()) {
      const at = queue.startedAt + endOfAttach(delays, index, queue.calls.length);
      for (const job of jobs) if (this.#isUnderWay(job)) this.#endIn(job, Math.max(0, at - this.#time.elapsed()));
    }
  }

  /** Ends a detach or a change of a virtual MAC after its delay. */
  start(id: string, delay: "detachMs" | "macMs", end: () => void): void {
    const job = this.#add(id, end);
    if (this.#delays !== undefined) this.#endIn(job, this.#delays[delay]);
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
    this.#change.resolve();
    this.#change = Promise.withResolvers<void>();
  }

  nextChange(): Promise<void> {
    return this.#change.promise;
  }

  #add(id: string, end: () => void): Job {
    const job = { id, end, forget: undefined };
    this.#jobs.set(id, job);
    return job;
  }

  #isUnderWay(job: Job): boolean {
    return this.#jobs.get(job.id) === job;
  }

  #endIn(job: Job, ms: number): void {
    job.forget?.();
    job.forget = this.#time.after(ms, () => this.finish(job.id));
  }
}
