// NIC addresses → flexible IPs. The address comes from oned and is trusted; an id in a NIC can be forged by a tenant and
// is believed only when the flexible IP read by it has that address and our project.
import { isAddressOf } from "../addresses.ts";
import { ApiError } from "../errors.ts";
import { cloudOf } from "../flexible-ip/ownership.ts";
import type { Nic } from "../opennebula/vm.ts";
import type { FlexibleIp } from "../scaleway/flexible-ip.ts";
import type { Session } from "../session.ts";
import type { NicAddress, NicGroup } from "./flexible-ip-nics.ts";

/** The flexible IPs behind a NIC and its aliases. */
export type MacGroup = {
  readonly nic: Nic;
  /** Of the NIC itself: the first one's virtual MAC is the guest's, an IPv6 one beside it shares it. */
  readonly own: readonly FlexibleIp[];
  readonly aliases: readonly FlexibleIp[];
  readonly isAliasOnly: boolean;
  /** Addresses whose range claims a flexible IP that the project does not have. */
  readonly missing: readonly string[];
  /** Flexible IPs that another cloud's range holds. */
  readonly foreign: readonly FlexibleIp[];
  /** Of aliases, with a virtual MAC of another range: the address came back from the pool and went to that one. */
  readonly strayed: readonly FlexibleIp[];
};

/**
 * Finds the flexible IPs of all groups: one read for each address whose hint is right, and one listing of the project
 * for all others. A public address that is no flexible IP of the project is not ours and is left out.
 */
export async function lookUp(session: Session, groups: readonly NicGroup[]): Promise<MacGroup[]> {
  const finder = new Finder(session);
  return Promise.all(
    groups.map(async (group) => {
      const [own, aliases] = await Promise.all([finder.findAll(group.own), finder.findAll(group.aliases)]);
      const found = [...own, ...aliases].flatMap(({ flexibleIp }) => flexibleIp ?? []);
      const strayed = aliases.filter((alias) => isStrayed(group.nic, alias));
      return {
        nic: group.nic,
        own: ours(session, own),
        aliases: ours(
          session,
          aliases.filter((alias) => !strayed.includes(alias)),
        ),
        strayed: ours(session, strayed),
        isAliasOnly: group.isAliasOnly,
        missing: [...own, ...aliases].filter(isMissing).map(({ address }) => address.address),
        foreign: found.filter((flexibleIp) => isForeign(session, flexibleIp)),
      };
    }),
  );
}

type Finding = { readonly address: NicAddress; readonly flexibleIp: FlexibleIp | undefined };

class Finder {
  readonly #session: Session;
  #listing: Promise<FlexibleIp[]> | undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  findAll(addresses: readonly NicAddress[]): Promise<Finding[]> {
    return Promise.all(
      addresses.map(async (address) => ({
        address,
        flexibleIp: (await this.#byHint(address)) ?? (await this.#byAddress(address.address)),
      })),
    );
  }

  async #byHint({ address, hint }: NicAddress): Promise<FlexibleIp | undefined> {
    const { api, config, log } = this.#session;
    if (hint === undefined) return undefined;
    try {
      const flexibleIp = await api.get(hint);
      if (isAddressOf(address, flexibleIp.address) && flexibleIp.projectId === config.projectId) return flexibleIp;
      log.warn(`believing the address ${address}, not the id ${hint} in the NIC: that flexible IP is another one`);
    } catch (error) {
      // Gone, or never ours to see: the listing tells, and proves that the token works.
      if (!(error instanceof ApiError && error.mayBeGone)) throw error;
    }
    return undefined;
  }

  async #byAddress(address: string): Promise<FlexibleIp | undefined> {
    this.#listing ??= this.#session.api.list({ projectId: this.#session.config.projectId });
    return (await this.#listing).find((flexibleIp) => isAddressOf(address, flexibleIp.address));
  }
}

function ours(session: Session, findings: readonly Finding[]): FlexibleIp[] {
  return findings.flatMap(({ flexibleIp }) => flexibleIp ?? []).filter((flexibleIp) => !isForeign(session, flexibleIp));
}

function isForeign(session: Session, flexibleIp: FlexibleIp): boolean {
  const cloud = cloudOf(flexibleIp);
  return cloud !== undefined && cloud !== session.config.cloud;
}

function isStrayed(nic: Nic, { address, flexibleIp }: Finding): boolean {
  if (flexibleIp === undefined || flexibleIp.mac === null) return false;
  return flexibleIp.mac !== nic.mac && flexibleIp.mac !== address.mac;
}

function isMissing({ address, flexibleIp }: Finding): boolean {
  return flexibleIp === undefined && address.isClaimed;
}
