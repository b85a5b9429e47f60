// How many free ranges a network has, and what brings it to the number that is wanted. Pure.
import type { FlexibleIp } from "../../scaleway/flexible-ip.ts";
import type { CloudRange } from "../one/listings.ts";

export type Target = {
  /** Free ranges to keep ready. */
  readonly spare: number;
  /** All ranges of the network that this driver holds, at most. */
  readonly max: number;
  /** How long a range must have been free before it is given back. */
  readonly shrinkAfterMs: number;
};

export type PoolRange = {
  readonly range: CloudRange;
  /** Undefined: the flexible IP is gone, or is not this range's. */
  readonly flexibleIp: FlexibleIp | undefined;
  readonly isBought: boolean;
  /** Undefined: it is not free. */
  readonly freeSince: Date | undefined;
};

export type PoolStep =
  | { readonly do: "adopt"; readonly flexibleIp: FlexibleIp }
  | { readonly do: "buy" }
  | { readonly do: "remove"; readonly range: CloudRange };

export type PoolPlan = {
  readonly total: number;
  readonly free: number;
  readonly steps: readonly PoolStep[];
  /** How many free ranges are wanted beyond the maximum. */
  readonly short: number;
};

/** What to do in one network. `idle`: flexible IPs of this cloud that no range has, taken before any is bought. */
export function planPool(
  target: Target,
  ranges: readonly PoolRange[],
  idle: readonly FlexibleIp[],
  now: Date,
): PoolPlan {
  const free = ranges.filter(isReady);
  const missing = Math.max(0, target.spare - free.length);
  const room = Math.max(0, target.max - ranges.length);
  const growth = Math.min(missing, room);
  const adopted = idle.slice(0, growth).map((flexibleIp): PoolStep => ({ do: "adopt", flexibleIp }));
  const bought = Array.from({ length: growth - adopted.length }, (): PoolStep => ({ do: "buy" }));
  const removed = longestFree(free, target, now).slice(0, Math.max(0, free.length - target.spare));
  return {
    total: ranges.length,
    free: free.length,
    steps: [...adopted, ...bought, ...removed.map((range): PoolStep => ({ do: "remove", range }))],
    short: missing - growth,
  };
}

/** A VM can take it now: no lease, and its flexible IP can serve. */
function isReady({ range, flexibleIp }: PoolRange): boolean {
  return range.holder === undefined && flexibleIp !== undefined && !["error", "locked"].includes(flexibleIp.status);
}

/** Bought ranges that nothing uses, free for long enough, the longest first. */
function longestFree(free: readonly PoolRange[], { shrinkAfterMs }: Target, now: Date): CloudRange[] {
  return free
    .flatMap(({ range, flexibleIp, isBought, freeSince }) =>
      isBought && flexibleIp?.status === "ready" && freeSince !== undefined
        ? [{ range, since: freeSince.getTime() }]
        : [],
    )
    .filter(({ since }) => now.getTime() - since >= shrinkAfterMs)
    .sort((one, other) => one.since - other.since)
    .map(({ range }) => range);
}
