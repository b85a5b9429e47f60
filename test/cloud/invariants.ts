// What must hold whatever happened. Each function answers with what does not.
import type { FlexibleIpRecord } from "../fakes/flexible-ip-record.ts";
import type { FlexibleIps } from "../fakes/flexible-ips.ts";
import { isHandWritten, type Nic, type Pool, type Range } from "./pool.ts";

/** An address that a running guest uses right now. */
export type Serving = {
  readonly guest: string;
  readonly id: string;
  readonly serverId: string;
  readonly mac: string;
};

type ServerOf = (host: string) => string;

const CLOUD = "scw-flexip:cloud=";

/** What the guests of a cloud use right now. */
export function servingIn({ vms }: Pool, cloud: string, serverOf: ServerOf): Serving[] {
  return vms
    .filter(({ state }) => state === "running")
    .flatMap((vm) =>
      vm.nics
        .filter(({ isServing }) => isServing)
        .flatMap((nic) => {
          const guest = `VM ${vm.id} NIC ${nic.nicId} of cloud ${cloud}`;
          return nic.range.ids.map((id) => ({ guest, id, serverId: serverOf(vm.host), mac: macOf(nic) }));
        }),
    );
}

/** Guests that were cut off. */
export function cutOff(account: FlexibleIps, serving: readonly Serving[]): string[] {
  return serving
    .filter((one) => !isServed(account, one))
    .map(({ guest, id, serverId, mac }) => {
      const now = account.table.find(id);
      return `cut off ${guest}: ${now?.ipAddress ?? id} is ${placeText(now)}, not on ${serverId} with ${mac}`;
    });
}

export function isServed(account: FlexibleIps, { id, serverId, mac }: Serving): boolean {
  const now = account.table.find(id);
  return now?.serverId === serverId && now.status !== "detaching" && now.mac?.address === mac;
}

/** Once all is at rest, every running guest has the addresses of all its NICs, but for ranges removed by force. */
export function unservedGuests(account: FlexibleIps, { vms }: Pool, serverOf: ServerOf): string[] {
  return vms
    .filter(({ state }) => state === "running")
    .flatMap((vm) =>
      vm.nics
        .filter((nic) => !(nic.range.isRemoved || nic.parent?.range.isRemoved === true))
        .flatMap((nic) =>
          nic.range.ids
            .map((id) => account.table.find(id))
            .filter((now) => {
              const isThere = now?.status === "attached" && now.serverId === serverOf(vm.host);
              return !(isThere && now.mac?.address === macOf(nic));
            })
            .map((now) => `VM ${vm.id} NIC ${nic.nicId} runs on ${vm.host}, but ${nic.range.ip} is ${placeText(now)}`),
        ),
    );
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

function macOf(nic: Nic): string {
  return (nic.parent ?? nic).range.mac;
}

function placeText(now: FlexibleIpRecord | undefined): string {
  return now === undefined ? "gone" : `${now.status} ${now.serverId} ${now.mac?.address}`;
}
