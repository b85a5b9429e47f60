// The kinds of value that a setting can have. Every setting arrives as text; lists and numbers are JSON text.
import { isIPv4 } from "node:net";
import * as z from "zod";
import { type Ipv4Network, isPrivate, parseIpv4Network } from "./ipv4-network.ts";
import { parseJson } from "./json.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Text that passes the test; `rule` ends the sentence "<key> …". */
export function text(test: (value: string) => boolean, rule: string) {
  return z.string({ error: "is missing" }).refine(test, { error: rule });
}

/** Text of this form. */
export function matching(form: RegExp, rule: string) {
  return text((value) => form.test(value), rule);
}

export const uuid = matching(UUID, "must be a UUID").transform((value) => value.toLowerCase());
export const ipv4 = text((value) => isIPv4(value), "must be an IPv4 address");
/** Empty: the default comes from another setting. */
export const ipv4OrEmpty = text((value) => value === "" || isIPv4(value), "must be an IPv4 address");

/** One of these words. */
export function oneOf<const Word extends string>(...words: readonly [Word, ...Word[]]) {
  return z.enum(words, { error: `must be ${words.join(" or ")}` });
}

/** A whole number between two others. */
export function integer(min: number, max: number) {
  const rule = `must be a whole number from ${min} to ${max}`;
  return text((value) => /^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max, rule).transform(
    Number,
  );
}

export const flag = oneOf("true", "false").transform((value) => value === "true");

/** A JSON list whose items pass the rule, such as `["192.0.2.1"]`. */
export function list<Item extends z.ZodType>(item: Item, what: string) {
  const rule = `must be a JSON list of ${what}`;
  return text((value) => parseJson(value) !== undefined, rule)
    .transform(parseJson)
    .pipe(z.array(item, { error: rule }).readonly());
}

/** A private IPv4 network with a prefix length between two others. */
export function network(shortest: number, longest: number) {
  const fits = (found: Ipv4Network | undefined) =>
    found !== undefined && isPrivate(found) && found.prefixLength >= shortest && found.prefixLength <= longest;
  return text(
    (value) => fits(parseIpv4Network(value)),
    `must be a private IPv4 network such as 10.16.0.0/20, /${shortest} to /${longest}, with no bits set behind the prefix`,
  );
}

/** A date and time with a zone, as the Scaleway API takes it. */
export const timestamp = z.iso.datetime({ offset: true, error: "must hold dates such as 2027-01-31T00:00:00Z" });
