// How many free ranges a network wants: by the command line, or by the network's own attributes.
import { UsageError } from "../../errors.ts";
import type { Network } from "../one/networks.ts";
import { type Options, spanMs } from "../options.ts";
import type { Target } from "./plan.ts";

/** Attributes of the network; `install` restricts them to administrators. */
export const SPARE = "SCW_FLEXIP_SPARE";
export const MAX = "SCW_FLEXIP_MAX";
export const SHRINK_AFTER = "SCW_FLEXIP_SHRINK_AFTER";

const MOST = 1_000;
const DAY = "24h";

/** The target of the network; undefined when neither says one. Options win. Throws UsageError. */
export function targetOf(options: Options, network: Network): Target | undefined {
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
