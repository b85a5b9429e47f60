// Who a flexible IP belongs to, written in its tags. Two clouds may share a project, and people tag by hand: only tags
// that start with our name are ours, and nothing is deleted without them.
import type { FlexibleIp } from "../scaleway/flexible-ip.ts";

const NAME = "scw-flexip";
const CLOUD = `${NAME}:cloud=`;
const INTENT = `${NAME}:intent=`;
const CREATED = `${NAME}:created`;
const ADOPTED = `${NAME}:adopted`;
const LENDER = `${NAME}:mac-lender`;
const BORROWER = `${NAME}:mac-borrower`;

const FOR_ALIASES = `${NAME}:for-aliases`;
const IDLE = `${NAME}:idle`;

export type Origin = "created" | "adopted";

/** The tags of a flexible IP that a range of `cloud` holds. */
export function ownershipTags(cloud: string, origin: Origin, intent: string | undefined): string[] {
  return [
    NAME,
    cloudTag(cloud),
    origin === "created" ? CREATED : ADOPTED,
    ...(intent === undefined ? [] : [intentTag(intent)]),
  ];
}

export function cloudTag(cloud: string): string {
  return CLOUD + cloud;
}

export function intentTag(intent: string): string {
  return INTENT + intent;
}

/** The cloud whose range holds the flexible IP; undefined when none of ours does. */
export function cloudOf(flexibleIp: FlexibleIp): string | undefined {
  return flexibleIp.tags.find((tag) => tag.startsWith(CLOUD))?.slice(CLOUD.length);
}

export function originOf(flexibleIp: FlexibleIp): Origin | undefined {
  if (flexibleIp.tags.includes(CREATED)) return "created";
  return flexibleIp.tags.includes(ADOPTED) ? "adopted" : undefined;
}

export function isIntended(flexibleIp: FlexibleIp): boolean {
  return flexibleIp.tags.some((tag) => tag.startsWith(INTENT));
}

export function hasIntent(flexibleIp: FlexibleIp, intent: string): boolean {
  return flexibleIp.tags.includes(intentTag(intent));
}

/** Whether another registration than `intent` obtained it. False where either side does not say. */
export function isOfOtherIntent(flexibleIp: FlexibleIp, intent: string | undefined): boolean {
  return intent !== undefined && isIntended(flexibleIp) && !hasIntent(flexibleIp, intent);
}

/** The tags of others: what stays when a range gives an adopted flexible IP back. */
export function foreignTags(flexibleIp: FlexibleIp): string[] {
  return flexibleIp.tags.filter((tag) => tag !== NAME && !tag.startsWith(`${NAME}:`));
}

/** Marks a flexible IP whose virtual MAC a NIC alias uses too: detached alone while it does, it would lose its MAC. */
export function lenderTags(flexibleIp: Pick<FlexibleIp, "tags">): string[] {
  return withTag(flexibleIp, LENDER);
}

/** Marks a flexible IP that gave up its own virtual MAC, for good, to serve as a NIC alias where that is allowed. */
export function borrowerTags(flexibleIp: Pick<FlexibleIp, "tags">): string[] {
  return withTag({ ...flexibleIp, tags: withTag(flexibleIp, BORROWER) }, FOR_ALIASES);
}

export function isLender(flexibleIp: FlexibleIp): boolean {
  return flexibleIp.tags.includes(LENDER);
}

export function isBorrower(flexibleIp: FlexibleIp): boolean {
  return flexibleIp.tags.includes(BORROWER);
}

function withTag(flexibleIp: Pick<FlexibleIp, "tags">, tag: string): string[] {
  return flexibleIp.tags.includes(tag) ? [...flexibleIp.tags] : [...flexibleIp.tags, tag];
}

/** Marks a flexible IP that this cloud holds and no range has: a registration that names it may take it. */
export function idleTags(flexibleIp: FlexibleIp): string[] {
  return withTag(flexibleIp, IDLE);
}

export function isIdle(flexibleIp: FlexibleIp): boolean {
  return flexibleIp.tags.includes(IDLE);
}

/** Whether it gave up its MAC where aliases are allowed: IPAM actions see no attribute of the network that says so. */
export function isForAliases(flexibleIp: FlexibleIp): boolean {
  return flexibleIp.tags.includes(FOR_ALIASES);
}
