// Which NICs a hook is about. Pure.
import { isPublicIpv4, isPublicIpv6 } from "../addresses.ts";
import type { Nic, Vm } from "../opennebula/vm.ts";

/** A public address of a NIC, from oned, and what the NIC says of its flexible IP, which is only a hint. */
export type NicAddress = {
  readonly address: string;
  /** Undefined: the NIC names none, or no UUID. */
  readonly hint: string | undefined;
  /** The intent of the address's range; undefined where an older lease or a hand-written range has none. */
  readonly intent: string | undefined;
  /** Nothing in the NIC says that this driver made the range: somebody typed its address and MAC. */
  readonly isHandWritten: boolean;
  /** The address range says that this is a flexible IP of ours, so it must be one. */
  readonly isClaimed: boolean;
  /** The MAC of the address's range, as oned has it. An alias has one too, though its guest sends from the NIC's. */
  readonly mac: string;
  /** Its range serves aliases, and nothing else. */
  readonly isForAliases: boolean;
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

// Hand-made documents name no driver; in those of oned every NIC does.
const DRIVERS: readonly (string | undefined)[] = ["bridge", "fw", undefined];
// Scaleway's virtual MACs for KVM, Xen and VMware start with these. OpenNebula's own start with 02:00.
const VIRTUAL_MAC = /^(52:54:00|00:16:3e|00:50:56):/;

/** The NICs with a public address that the hook is about: the marked ones with their aliases, or else all. */
export function nicGroups(vm: Vm): NicGroup[] {
  const nics = vm.nics.filter((nic) => DRIVERS.includes(nic.driver));
  return nics
    .filter((nic) => !nic.isAlias)
    .map((nic): NicGroup => {
      const isWhole = !vm.isHotPlug || nic.isMarked;
      const own = addresses(nic);
      const aliases = nics
        .filter((alias) => alias.isAlias && alias.parentId === nic.nicId && (isWhole || alias.isMarked))
        .flatMap(addresses)
        // A NIC that lends no virtual MAC is not our business unless somebody asks for it.
        .filter((alias) => own.length > 0 || alias.isForAliases);
      return { nic, own, aliases, isAliasOnly: !isWhole };
    })
    .filter((group) => group.aliases.length > 0 || (!group.isAliasOnly && group.own.length > 0));
}

/** Whether any of them must be a flexible IP: then a host where nothing is set up cannot serve the VM. */
export function isAnyClaimed(groups: readonly NicGroup[]): boolean {
  return groups.some(({ own, aliases }) => [...own, ...aliases].some(({ isClaimed }) => isClaimed));
}

/** Flexible IPs that the hooks do not serve: those of PCI NICs, and the floating ones of virtual routers. */
export function unserved(vm: Vm): string[] {
  const isMeant = (nic: Nic): boolean => !vm.isHotPlug || nic.isMarked;
  const isOurs = (nic: Nic): boolean => isMeant(nic) && (nic.flexibleIpId ?? nic.intent) !== undefined;
  const floating = vm.nics.filter(isOurs).map(({ floatingIp }) => floatingIp);
  const passedThrough = vm.pciNics.filter(isOurs).map(({ ip }) => ip);
  return [...floating, ...passedThrough].filter((address) => address !== undefined).filter(isPublicIpv4);
}

function addresses(nic: Nic): NicAddress[] {
  const { ip, ip6, intent, flexibleIpId: hint, flexibleIp6Id: hint6 } = nic;
  const isSaid = ip !== undefined && nic.externalIp === ip;
  // Ranges of 0.1.0 give their NICs EXTERNAL_IP, and the ids where oned.conf has them inherited.
  const isHandWritten = intent === undefined && hint === undefined && hint6 === undefined && !isSaid;
  const range = { intent, isHandWritten, mac: nic.mac, isForAliases: nic.isForAliases };
  const found: NicAddress[] = [];
  if (ip !== undefined && isPublicIpv4(ip)) {
    found.push({ ...range, address: ip, hint, isClaimed: hint !== undefined || intent !== undefined || isSaid });
  }
  if (ip6 !== undefined && isPublicIpv6(ip6)) {
    found.push({ ...range, address: ip6, hint: hint6, isClaimed: hint6 !== undefined || intent !== undefined });
  }
  // A guest with any other MAC gets nothing that is sent to a flexible IP.
  return found.filter(({ isClaimed }) => isClaimed || VIRTUAL_MAC.test(nic.mac));
}
