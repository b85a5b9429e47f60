export type SettleDelays = {
  attachMs: number;
  /** Each further attach that waits for the same server. */
  attachQueuedMs: number;
  detachMs: number;
  macMs: number;
  /** When the attaches end that wait together for one server: a row for one, a row for two, … */
  attachTogetherMs?: number[][];
};

/** How the simulator behaves where the real API was not recorded, and in trouble: chosen at the start, or later. */
export type Behaviour = {
  /** The answer to an attach of what another server has: 409; 200 and it moves; 200 and nothing moves. */
  directAttach: "refused" | "moves" | "ignored";
  /** A frozen listing shows the account as it was when it froze. A read by id is always current. */
  listing: "current" | "frozen";
  /** Every answer is that late. The call acts at once. */
  latencyMs: number;
  /** `cut`: connections end without an answer; `silent`: no answer ever comes; `unavailable`: 503. Nothing acts. */
  api: "up" | "cut" | "silent" | "unavailable";
  perServerLimit: number;
  /** When a transient status ends: by hand, after these delays, or after the recorded delays times a factor. */
  settle: "manual" | { recorded: number } | Partial<SettleDelays>;
};

export const usual: Behaviour = {
  directAttach: "refused",
  listing: "current",
  latencyMs: 0,
  api: "up",
  perServerLimit: 64,
  settle: {},
};

const quick: SettleDelays = { attachMs: 30, attachQueuedMs: 60, detachMs: 40, macMs: 10 };

/** The delays in milliseconds; undefined where all is settled by hand. */
export function delaysOf(settle: Behaviour["settle"]): SettleDelays | undefined {
  if (settle === "manual") return undefined;
  if (!("recorded" in settle)) return { ...quick, ...settle };
  // By the time stamps of the real API: one attach, two and three together on one server; a detach. More than three
  // together and MAC changes were not recorded.
  const factor = settle.recorded;
  const together = [[2_000], [12_000, 18_000], [27_000, 40_000, 43_000]];
  return {
    attachMs: 2_000 * factor,
    attachTogetherMs: together.map((row) => row.map((ms) => ms * factor)),
    attachQueuedMs: 12_000 * factor,
    detachMs: 6_000 * factor,
    macMs: 1_000 * factor,
  };
}

/** When the one at `index` ends, of `count` attaches that wait together for one server. */
export function endOfAttach(delays: SettleDelays, index: number, count: number): number {
  const rows = delays.attachTogetherMs ?? [[delays.attachMs]];
  const row = rows[Math.min(count, rows.length) - 1] ?? [];
  const last = row.at(-1) ?? 0;
  return row[index] ?? last + (index + 1 - row.length) * delays.attachQueuedMs;
}
