// What OpenNebula knows of one cloud, as far as addresses go: ranges with their leases, VMs with their NICs.
export type Range = {
  readonly arId: string;
  /** As oned stores it: what register answered. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly ip: string;
  readonly mac: string;
  /** Of its flexible IPs: the IPv4's first. */
  readonly ids: readonly string[];
  /** Who has the lease. */
  holder: { readonly vm: string } | { readonly hold: true } | undefined;
  /** free_address failed: oned keeps a lease that nobody has. */
  isStuck: boolean;
  /** It served as an alias: its own virtual MAC is gone for good. */
  hasLentOut: boolean;
  /** unregister failed: its owner must remove it again. */
  isLeaving: boolean;
  /** It was leased again after an unregister that failed, which may have deleted its flexible IP all the same. */
  mayBeGone: boolean;
  isRemoved: boolean;
};

export type Nic = {
  readonly nicId: string;
  readonly parent: Nic | undefined;
  readonly range: Range;
  /** The guest uses it: attached to its host, with the right virtual MAC. */
  isServing: boolean;
  /** Detached from the guest, but clean failed: oned still lists it. */
  isLimp: boolean;
};

export type Vm = {
  readonly id: string;
  /** `busy`: on its way between two states. */
  state: "running" | "off" | "failed" | "lost" | "busy";
  host: string;
  /** oned has a domain's name from the first boot on. */
  hasRun: boolean;
  nics: Nic[];
};

/** OpenNebula's database. Two front-ends share one. */
export class Pool {
  readonly ranges: Range[] = [];
  readonly vms: Vm[] = [];
  /** Addresses of ranges that were removed under a NIC, or half removed: from then on like hand-written ones. */
  readonly abandoned: string[] = [];
  #nextRange = 0;
  #nextVm = 0;

  /** A range with the attributes that register answered, or that somebody typed; then they do not say its flexible IPs. */
  addRange(attributes: Readonly<Record<string, string>>, ids?: readonly string[]): Range {
    const arId = String(this.#nextRange++);
    const range: Range = {
      arId,
      attributes: { ...attributes, AR_ID: arId },
      ip: attributes.IP ?? "",
      mac: attributes.MAC ?? "",
      ids: ids ?? ["SCW_FLEXIBLE_IP_ID", "SCW_FLEXIBLE_IP6_ID"].flatMap((name) => attributes[name] ?? []),
      ...{ holder: undefined, isStuck: false, hasLentOut: false, isLeaving: false, mayBeGone: false, isRemoved: false },
    };
    this.ranges.push(range);
    return range;
  }

  abandon({ ip, attributes }: Range): void {
    this.abandoned.push(ip, (attributes.IP6 ?? "").replace(/::1$/, "::"));
  }

  removeRange(range: Range): void {
    range.isRemoved = true;
    this.ranges.splice(this.ranges.indexOf(range), 1);
  }

  addVm(vm: Partial<Vm> = {}): Vm {
    const added: Vm = { id: String(this.#nextVm++), state: "busy", host: "", hasRun: false, nics: [], ...vm };
    this.vms.push(added);
    return added;
  }

  removeVm(vm: Vm): void {
    this.vms.splice(this.vms.indexOf(vm), 1);
  }
}

/** The VM's next NIC, on that range; an alias where it has a parent. */
export function addNic(vm: Vm, range: Range, parent?: Nic): Nic {
  const next = Math.max(-1, ...vm.nics.map(({ nicId }) => Number(nicId))) + 1;
  const nic: Nic = { nicId: String(next), parent, range, isServing: false, isLimp: false };
  vm.nics.push(nic);
  return nic;
}

/** The guest runs there, and uses all of its NICs that a range still backs. */
export function settleGuest(vm: Vm, host: string): void {
  vm.state = "running";
  vm.host = host;
  vm.hasRun = true;
  serve(vm.nics);
}

export function serve(nics: readonly Nic[]): void {
  for (const nic of nics) nic.isServing = isBacked(nic) && !nic.isLimp;
}

/** Neither its range nor its parent's was removed by force. */
export function isBacked({ range, parent }: Nic): boolean {
  return !(range.isRemoved || parent?.range.isRemoved === true);
}

/** Somebody typed its address: no driver is asked about it. */
export function isHandWritten({ attributes }: Range): boolean {
  return attributes.IPAM_MAD === undefined;
}

/** Its owner lets its address serve as a NIC alias, which costs it its virtual MAC for good. */
export function servesAliases({ attributes }: Range): boolean {
  return attributes.SCW_FLEXIP_ALIAS === "YES";
}
