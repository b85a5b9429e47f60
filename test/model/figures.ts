// What many histories amount to.
import { FAULT_KINDS, isKill } from "./request-faults.ts";

/** Of one history. */
export type Figures = {
  /** Steps that asked something of the driver, by operation; the others found nothing to be about. */
  readonly played: ReadonlyMap<string, number>;
  readonly actions: number;
  readonly requests: number;
  /** Faults and kills that took effect, by kind. */
  readonly hits: ReadonlyMap<string, number>;
  readonly failures: number;
  /** Steps of the reconciles by kind. */
  readonly repaired: ReadonlyMap<string, number>;
  /** Leases that a killed free_address left, which only an operator can end. */
  readonly stuckByKill: number;
  /** Failures of actions that met no fault of their own, by what was said. */
  readonly refusals: ReadonlyMap<string, number>;
};

export class Totals {
  histories = 0;
  actions = 0;
  requests = 0;
  failures = 0;
  stuckByKill = 0;
  readonly played = new Map<string, number>();
  readonly hits = new Map<string, number>();
  readonly repaired = new Map<string, number>();
  readonly refusals = new Map<string, number>();

  add(figures: Figures): void {
    this.histories += 1;
    this.actions += figures.actions;
    this.requests += figures.requests;
    this.failures += figures.failures;
    this.stuckByKill += figures.stuckByKill;
    for (const name of ["played", "hits", "repaired", "refusals"] as const) {
      for (const [kind, times] of figures[name]) count(this[name], kind, times);
    }
  }

  /** One line for people. */
  toString(): string {
    const kills = FAULT_KINDS.filter(isKill).reduce((sum, kind) => sum + (this.hits.get(kind) ?? 0), 0);
    return [
      `${this.histories} histories`,
      `${total(this.played)} operations`,
      `${this.actions} actions`,
      `${this.requests} requests`,
      `${total(this.hits) - kills} faults`,
      `${kills} kills`,
      `${this.failures} failures told`,
      `${this.stuckByKill} leases left by a killed free_address`,
      `${total(this.repaired)} findings of reconcile`,
    ].join(", ");
  }

  /** What happened, most often first. */
  details(): string[] {
    const lines = (title: string, figures: ReadonlyMap<string, number>): string[] => [
      title,
      ...[...figures]
        .sort((one, other) => other[1] - one[1])
        .map(([name, times]) => `${String(times).padStart(8)} ${name}`),
    ];
    return [
      ...lines("operations", this.played),
      ...lines("faults that took effect", this.hits),
      ...lines("findings of reconcile", this.repaired),
      ...lines("refusals without a fault in the action", this.refusals),
    ];
  }
}

export function count(figures: Map<string, number>, name: string, more = 1): void {
  figures.set(name, (figures.get(name) ?? 0) + more);
}

export function total(figures: ReadonlyMap<string, number>): number {
  return [...figures.values()].reduce((sum, one) => sum + one, 0);
}
