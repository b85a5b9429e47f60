// What must hold whatever happened. Each function answers with what does not.
import type { FlexibleIpRecord } from "../fakes/flexible-ip-record.ts";
import type { FlexibleIps } from "../fakes/flexible-ips.ts";
import { serverIdOf } from "../rig.ts";
import { isBacked, isHandWritten, type Nic, type Pool, type Range } from "./pool.ts";

/** An address that a running guest uses right now. */
export type Serving = {
  readonly guest: string;
  readonly id: string;
  readonly serverId: string;
  readonly mac: string;
};

const CLOUD = "scw-flexip:cloud=";

/** What the guests of a cloud use right now. */
export function servingIn(pool: Pool, cloud: string): Serving[] {
  return usedBy(pool, cloud, ({ isServing }) => isServing);
}

/** Guests that were cut off. */
export function cutOff(account: FlexibleIps, serving: readonly Serving[]): string[] {
  return serving.filter((one) => !isServed(account, one)).map((one) => `cut off ${placeText(account, one)}`);
}

/** Once all is at rest, every running guest has the addresses of all its NICs, but for ranges removed by force. */
export function unservedGuests(account: FlexibleIps, pool: Pool, cloud: string): string[] {
  const isAttached = ({ id }: Serving): boolean => account.table.find(id)?.status === "attached";
  return usedBy(pool, cloud, isBacked)
    .filter((one) => !(isAttached(one) && isServed(account, one)))
    .map((one) => `not served is ${placeText(account, one)}`);
}

/** Flexible IPs with the cloud's tag that are not in exactly one range. */
export function notInOneRange(account: FlexibleIps, { ranges }: Pool, cloud: string): string[] {
  return account.table
    .oldestFirst()
    .filter((one) => cloudOf(one) === cloud)
    .map(({ id, ipAddress }) => ({ ipAddress, users: ranges.filter(({ ids }) => ids.includes(id)).length }))
    .filter(({ users }) => users !== 1)
    .map(({ ipAddress, users }) => `${ipAddress} of cloud ${cloud} is in ${users} ranges`);
}

/** Ranges without their flexible IPs, or whose flexible IPs have not the cloud's tag or the range's MAC. */
export function brokenRanges(account: FlexibleIps, { ranges }: Pool, cloud: string): string[] {
  const own = ranges.filter((range) => !isHandWritten(range));
  return own.flatMap((range) =>
    range.ids.flatMap((id, index) => {
      const now = account.table.find(id);
      const address = index === 0 ? range.ip : (range.attributes.IP6 ?? "").replace(/::1$/, "::/64");
      if (now?.ipAddress !== address) return [`range ${range.ip} has lost ${address}`];
      if (cloudOf(now) !== cloud) return [`${address} has lost the tags of cloud ${cloud}`];
      if (index === 0 && !range.hasLentOut && now.mac?.address !== range.mac) {
        return [`${address} has MAC ${now.mac?.address}, its range ${range.mac}`];
      }
      return [];
    }),
  );
}

export function stuckLeases({ ranges }: Pool): string[] {
  return ranges.filter(({ isStuck }) => isStuck).map(({ ip }: Range) => `lease of ${ip} is stuck`);
}

/** Flexible IPs that somebody bought himself, and that were deleted or lost his tags. */
export function lostToTheirOwner(account: FlexibleIps, tags: ReadonlyMap<string, readonly string[]>): string[] {
  return [...tags].flatMap(([id, own]) => {
    const now = account.table.find(id);
    if (now === undefined) return [`the adopted flexible IP ${id} was deleted`];
    return own.every((tag) => now.tags.includes(tag)) ? [] : [`${now.ipAddress} has lost its owner's tags`];
  });
}

/** The names of the secrets that the text holds. */
export function secretsIn(text: string, secrets: Readonly<Record<string, string>>): string[] {
  return Object.entries(secrets)
    .filter(([, secret]) => text.includes(secret))
    .map(([name]) => `${name} is in the output`);
}

export function cloudOf({ tags }: Pick<FlexibleIpRecord, "tags">): string | undefined {
  return tags.find((tag) => tag.startsWith(CLOUD))?.slice(CLOUD.length);
}

/** What of a flexible IP must stay when nobody may change it. */
export function digest({ status, serverId, tags, mac, projectId }: FlexibleIpRecord): string {
  return JSON.stringify([status, serverId, tags, mac?.address, projectId]);
}

function usedBy({ vms }: Pool, cloud: string, isUsed: (nic: Nic) => boolean): Serving[] {
  return vms
    .filter(({ state }) => state === "running")
    .flatMap(({ id: vm, host, nics }) =>
      nics.filter(isUsed).flatMap(({ nicId, parent, range }) => {
        const guest = `VM ${vm} NIC ${nicId} of cloud ${cloud}`;
        return range.ids.map((id) => ({ guest, id, serverId: serverIdOf(host), mac: (parent?.range ?? range).mac }));
      }),
    );
}

function isServed(account: FlexibleIps, { id, serverId, mac }: Serving): boolean {
  const now = account.table.find(id);
  return now?.serverId === serverId && now.status !== "detaching" && now.mac?.address === mac;
}

function placeText(account: FlexibleIps, { guest, id, serverId, mac }: Serving): string {
  const now = account.table.find(id);
  const place = now === undefined ? "gone" : `${now.status} ${now.serverId} ${now.mac?.address}`;
  return `${guest}: ${now?.ipAddress ?? id} is ${place}, not on ${serverId} with ${mac}`;
}
