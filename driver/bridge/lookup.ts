// NIC addresses → flexible IPs. The address comes from oned and is trusted; an id in a NIC can be forged by a tenant
// and is believed only when the flexible IP read by it has that address and our project.
import { isAddressOf } from "../addresses.ts";
import { ApiError } from "../errors.ts";
import { type Standing, standingOf } from "../flexible-ip/standing.ts";
import { lookAgain, settled } from "../flexible-ip/waiting.ts";
import type { Nic } from "../opennebula/vm.ts";
import type { FlexibleIp } from "../scaleway/flexible-ip.ts";
import type { Session } from "../session.ts";
import type { NicAddress, NicGroup } from "./nics.ts";

/** A flexible IP that a NIC's address names, once it has settled, and whether it is this NIC's. */
export type Found = { readonly address: NicAddress; readonly flexibleIp: FlexibleIp; readonly standing: Standing };

/** The flexible IPs behind a NIC and its aliases. */
export type FoundGroup = Pick<NicGroup, "nic" | "isAliasOnly"> & {
  /** Of the NIC itself: the first one's virtual MAC is the guest's, an IPv6 one beside it shares it. */
  readonly own: readonly Found[];
  readonly aliases: readonly Found[];
  /** Addresses whose range claims a flexible IP that the project does not have. */
  readonly missing: readonly string[];
};

/**
 * Finds the flexible IPs of all groups: one read for each address whose hint is right, and one listing of the project
 * for all others. A public address that is no flexible IP of the project is not ours and is left out.
 */
export async function lookUp(session: Session, groups: readonly NicGroup[]): Promise<FoundGroup[]> {
  const { cloud, projectId } = session.config;
  let listing: Promise<FlexibleIp[]> | undefined;
  const listed = (): Promise<FlexibleIp[]> => {
    listing ??= session.api.list({ projectId });
    return listing;
  };
  const searched = (addresses: readonly NicAddress[]): Promise<Search[]> =>
    Promise.all(addresses.map(async (address) => ({ address, flexibleIp: await search(session, address, listed) })));
  const judged = ({ address, flexibleIp }: Match, mac: string | undefined): Found => ({
    address,
    flexibleIp,
    standing: standingOf(flexibleIp, { ...address, cloud, projectId, mac }),
  });
  return Promise.all(
    groups.map(async ({ nic, isAliasOnly, ...group }) => {
      const [own, aliases] = await Promise.all([searched(group.own), searched(group.aliases)]);
      return {
        nic,
        isAliasOnly,
        own: own.filter(isFound).map((match, index) => judged(match, index === 0 ? nic.mac : sharedMac(match, nic))),
        aliases: aliases.filter(isFound).map((match) => judged(match, aliasMac(match, nic))),
        missing: [...own, ...aliases].filter(isMissing).map(({ address }) => address.address),
      };
    }),
  );
}

type Match = { readonly address: NicAddress; readonly flexibleIp: FlexibleIp };
type Search = { readonly address: NicAddress; readonly flexibleIp: FlexibleIp | undefined };

async function search(
  session: Session,
  { address, hint }: NicAddress,
  listed: () => Promise<FlexibleIp[]>,
): Promise<FlexibleIp | undefined> {
  const hinted = hint === undefined ? undefined : await readHint(session, address, hint);
  if (hinted !== undefined) return settled(session, hinted);
  const found = (await listed()).find((flexibleIp) => isAddressOf(address, flexibleIp.address));
  // A listing may be older than the last change; a read by id never is.
  return found && lookAgain(session, found);
}

async function readHint(session: Session, address: string, hint: string): Promise<FlexibleIp | undefined> {
  const { api, config, log } = session;
  try {
    const flexibleIp = await api.get(hint);
    if (isAddressOf(address, flexibleIp.address) && flexibleIp.projectId === config.projectId) return flexibleIp;
    log.warn(`believing the address ${address}, not the id ${hint} in the NIC: that flexible IP is another one`);
  } catch (error) {
    // Gone, or never ours to see: the listing shows which, and proves that the token works.
    if (!(error instanceof ApiError && error.mayBeGone)) throw error;
  }
  return undefined;
}

/** An IPv6 flexible IP has no virtual MAC before it shares that of its NIC. */
function sharedMac({ flexibleIp }: Match, { mac }: Nic): string | undefined {
  return flexibleIp.mac && mac;
}

/** Before it shares its NIC's virtual MAC, an alias has its own, or has given it up. */
function aliasMac({ address, flexibleIp }: Match, { mac }: Nic): string | undefined {
  return flexibleIp.mac === undefined || flexibleIp.mac === mac ? undefined : address.mac;
}

function isFound(search: Search): search is Match {
  return search.flexibleIp !== undefined;
}

function isMissing({ address, flexibleIp }: Search): boolean {
  return flexibleIp === undefined && address.isClaimed;
}
