// Which NICs a hook is about. Pure.
import { isPublicIpv4, isPublicIpv6, isUuid } from "../addresses.ts";
import type { Nic, Vm } from "../opennebula/vm.ts";

/** A public address of a NIC, from oned, and what the NIC says of its flexible IP, which is only a hint. */
export type NicAddress = {
  readonly address: string;
  /** Undefined: the NIC names none, or no UUID. */
  readonly hint: string | undefined;
  /** The address range claims to be a flexible IP of ours, so it has to be one. */
  readonly isClaimed: boolean;
  /** The MAC of the address's range, as oned has it: of an alias too, though its guest sends from the NIC's. */
  readonly mac: string;
};

/** The public addresses that share one virtual MAC: those of a NIC, then those of its aliases. */
export type NicGroup = {
  readonly nic: Nic;
  readonly own: readonly NicAddress[];
  /** Of aliases: the guest sends from the NIC's MAC, so they borrow its virtual MAC. */
  readonly aliases: readonly NicAddress[];
  /** The hook is about the aliases alone; the NIC serves on. */
  readonly isAliasOnly: boolean;
};

/** Whether the hook is about single NICs of a running guest. */
export function isHotPlug(vm: Vm): boolean {
  return vm.nics.some((nic) => nic.isMarked);
}

/** The NICs with a public address that the hook is about: the marked ones with their aliases, or else all. */
export function nicGroups(vm: Vm): NicGroup[] {
  const hotPlug = isHotPlug(vm);
  const parents = vm.nics.filter((nic) => !nic.isAlias);
  return parents
    .map((nic): NicGroup => {
      const aliases = vm.nics.filter((alias) => alias.isAlias && alias.parentId === nic.nicId);
      const isWhole = !hotPlug || nic.isMarked;
      return {
        nic,
        own: addresses(nic),
        aliases: aliases.filter((alias) => isWhole || alias.isMarked).flatMap(addresses),
        isAliasOnly: !isWhole,
      };
    })
    .filter((group) => group.aliases.length > 0 || (!group.isAliasOnly && group.own.length > 0));
}

function addresses(nic: Nic): NicAddress[] {
  const found: NicAddress[] = [];
  if (isPublicIpv4(nic.ip)) {
    const hint = isUuid(nic.flexibleIpId) ? nic.flexibleIpId : undefined;
    found.push({ address: nic.ip, hint, isClaimed: hint !== undefined || nic.externalIp === nic.ip, mac: nic.mac });
  }
  if (isPublicIpv6(nic.ip6)) {
    const hint = isUuid(nic.flexibleIp6Id) ? nic.flexibleIp6Id : undefined;
    found.push({ address: nic.ip6, hint, isClaimed: hint !== undefined, mac: nic.mac });
  }
  return found;
}
