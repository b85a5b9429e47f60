// How many free ranges a network wants: by the command line, or by the network's own attributes.
import { UsageError } from "../../errors.ts";
import type { Network } from "../one/networks.ts";
import { type Options, spanMs } from "../options.ts";
import type { Wish } from "./plan.ts";

/** Of the network, restricted to administrators by `install`. */
export const SPARE = "SCW_FLEXIP_SPARE";
export const MAX = "SCW_FLEXIP_MAX";
export const SHRINK_AFTER = "SCW_FLEXIP_SHRINK_AFTER";

const MOST = 1_000;
const DAY = "24h";

/** What is wanted; undefined when neither side says it. Options win. Throws UsageError. */
export function wishOf(options: Options, network: Network): Wish | undefined {
  const spare = options.text("spare") ?? network.attribute(SPARE);
  const max = options.text("max") ?? network.attribute(MAX);
  if (spare === undefined || max === undefined) return undefined;
  return {
    spare: count("spare", spare, network),
    max: count("max", max, network),
    shrinkAfterMs: span(options.text("shrinkAfter") ?? network.attribute(SHRINK_AFTER) ?? DAY, network),
  };
}

function count(what: string, text: string, { name }: Network): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= MOST) return number;
  throw new UsageError(`network ${name}: ${what} ${text} is no whole number up to ${MOST}; correct it`);
}

function span(text: string, { name }: Network): number {
  const ms = spanMs(text);
  if (ms !== undefined) return ms;
  throw new UsageError(`network ${name}: shrink-after ${text} is no span such as 30m, 24h or 7d; correct it`);
}
