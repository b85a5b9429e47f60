import type { Clock } from "../../driver/machine.ts";
import type { FlexibleIpRecord } from "./flexible-ip-record.ts";

type State = { readonly at: number; readonly records: readonly FlexibleIpRecord[] };

/** What a listing that lags shows: the account as it was some time ago. */
export class ListingLag {
  readonly #records: () => readonly FlexibleIpRecord[];
  readonly #time: Pick<Clock, "elapsed">;
  #lagMs = 0;
  /** Oldest first. The first is shown now, or next. */
  #states: State[] = [];

  constructor(records: () => readonly FlexibleIpRecord[], time: Pick<Clock, "elapsed">) {
    this.#records = records;
    this.#time = time;
  }

  /** From now on the listing is that far behind. Nothing from before this moment is shown. */
  set(lagMs: number): void {
    this.#lagMs = lagMs;
    this.#states = [];
    this.note();
  }

  /** The account has changed. */
  note(): void {
    if (this.#lagMs === 0) return;
    const records = this.#records().map((record) => ({ ...record, mac: record.mac && { ...record.mac } }));
    this.#states.push({ at: this.#time.elapsed(), records });
  }

  /** What the listing shows now; undefined where it does not lag. */
  shown(): readonly FlexibleIpRecord[] | undefined {
    const until = this.#time.elapsed() - this.#lagMs;
    const index = this.#states.findLastIndex(({ at }) => at <= until);
    if (index > 0) this.#states.splice(0, index);
    return this.#states[0]?.records;
  }
}
