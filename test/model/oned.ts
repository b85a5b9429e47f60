// OpenNebula as its protocol notes describe it: what one operation asks of the driver, and what oned makes of the
// answers. One of these is one cloud.
import { type Fields, ipamDocument, type NicFields, rangeOf, readTemplate, vmDocument } from "../documents.ts";
import type { Hook, IpamAction } from "../rig.ts";
import type { Serving } from "./guard.ts";
import type { CloudName, Ran } from "./machines.ts";

// An address that no interface of this machine has.
const ELSEWHERE = "192.0.2.99";

export type Range = {
  readonly arId: string;
  /** As oned stores it: what register answered. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly ip: string;
  readonly mac: string;
  readonly ids: readonly string[];
  /** Who has the lease. */
  holder: { readonly vm: string } | { readonly hold: true } | undefined;
  /** free_address was killed, so that oned keeps a lease that nobody has. */
  isStuck: boolean;
  /** Served as an alias: its own virtual MAC is gone for good. */
  hasLentOut: boolean;
  /** unregister failed, so that its owner has to remove it again. */
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
  state: "running" | "off" | "failed" | "lost";
  host: string;
  /** oned has a domain's name from the first deploy that came to its end. */
  hasRun: boolean;
  nics: Nic[];
  nextNic: number;
};

/** Runs one action with its weather. `untagged`: addresses that it may change although no cloud's tag is on them. */
export interface Driver {
  ipam(cloud: CloudName, action: IpamAction, document: string, untagged: readonly string[]): Promise<Ran>;
  hook(cloud: CloudName, host: string, hook: Hook, document: string, untagged: readonly string[]): Promise<Ran>;
  complain(text: string): void;
  /** The address of a flexible IP as the API writes it. */
  addressOf(id: string): string | undefined;
}

export class Oned {
  readonly cloud: CloudName;
  readonly hosts: readonly string[];
  readonly ranges: Range[] = [];
  readonly vms: Vm[] = [];
  /** Addresses of ranges that were removed, or half removed, under a NIC: like those of a hand-written range from then on. */
  readonly abandoned: string[] = [];
  readonly #driver: Driver;
  readonly #inherits: boolean;
  #nextAr = 0;
  #nextVm = 0;

  constructor(cloud: CloudName, hosts: readonly string[], driver: Driver, inherits: boolean) {
    this.cloud = cloud;
    this.hosts = hosts;
    this.#driver = driver;
    this.#inherits = inherits;
  }

  /** What the guests of this cloud use right now. */
  serving(serverId: (host: string) => string): Serving[] {
    return this.vms.flatMap((vm) =>
      vm.nics
        .filter((nic) => vm.state === "running" && nic.isServing)
        .flatMap((nic) =>
          nic.range.ids.map((id) => ({
            guest: `VM ${vm.id} NIC ${nic.nicId} of cloud ${this.cloud}`,
            address: this.#driver.addressOf(id) ?? nic.range.ip,
            serverId: serverId(vm.host),
            mac: (nic.parent ?? nic).range.mac,
          })),
        ),
    );
  }

  /** A range is kept only when register answered it and exited with 0. */
  async addRange(typed: Fields, adopted: readonly string[]): Promise<void> {
    const ran = await this.#ipam("register_address_range", ipamDocument({ IPAM_MAD: "scw-flexip", ...typed }), adopted);
    if (ran.code !== 0) return;
    const arId = String(this.#nextAr++);
    const attributes: Record<string, string> = { ...rangeOf(readTemplate(ran.stdout, "AR")), AR_ID: arId };
    this.ranges.push({
      arId,
      attributes,
      ip: attributes.IP ?? "",
      mac: attributes.MAC ?? "",
      ids: ["SCW_FLEXIBLE_IP_ID", "SCW_FLEXIBLE_IP6_ID"].flatMap((name) => attributes[name] ?? []),
      holder: undefined,
      isStuck: false,
      hasLentOut: false,
      isLeaving: false,
      mayBeGone: false,
      isRemoved: false,
    });
  }

  /** With `force` also under a lease; the VM keeps its NIC. */
  async removeRange(range: Range): Promise<void> {
    const nics = this.vms.flatMap((vm) => vm.nics.filter((nic) => nic.range === range));
    const aliases = this.vms.flatMap((vm) =>
      vm.nics.filter((nic) => nic.parent !== undefined && nics.includes(nic.parent)),
    );
    for (const nic of [...nics, ...aliases]) nic.isServing = false;
    if (nics.length > 0) this.abandoned.push(range.ip, (range.attributes.IP6 ?? "").replace(/::1$/, "::"));
    const ran = await this.#ipam("unregister_address_range", ipamDocument(range.attributes), []);
    range.isLeaving = ran.code !== 0;
    if (range.isLeaving) return;
    range.isRemoved = true;
    this.ranges.splice(this.ranges.indexOf(range), 1);
  }

  /** Leases first; a VM that gets none of what it asks for is not created. */
  async instantiate(ranges: readonly Range[], host: string, isNamed: boolean): Promise<void> {
    const vm: Vm = { id: String(this.#nextVm++), state: "failed", host, hasRun: false, nics: [], nextNic: 0 };
    for (const range of ranges) {
      if (!(await this.#lease(range, vm, isNamed))) {
        for (const nic of vm.nics) await this.free(nic.range);
        return;
      }
      vm.nics.push(newNic(vm, range, undefined));
    }
    this.vms.push(vm);
    await this.boot(vm, host);
  }

  /** pre → the VM boots → post; if post fails: VM cancelled, clean. */
  async boot(vm: Vm, host: string): Promise<void> {
    vm.host = host;
    vm.state = "failed";
    for (const nic of vm.nics) nic.isServing = false;
    if ((await this.#hook(vm, host, "pre", [])).code !== 0) return;
    if ((await this.#hook(vm, host, "post", [])).code !== 0) {
      await this.#hook(vm, host, "clean", []);
      return;
    }
    vm.state = "running";
    vm.hasRun = true;
    this.#serves(vm.nics);
  }

  async attachNic(vm: Vm, range: Range, parent: Nic | undefined): Promise<void> {
    if (!(await this.#lease(range, vm, false))) return;
    const nic = newNic(vm, range, parent);
    vm.nics.push(nic);
    if (parent !== undefined && servesAliases(range)) range.hasLentOut = true;
    for (const hook of ["pre", "post"] as const) {
      if ((await this.#hook(vm, vm.host, hook, [nic])).code === 0) continue;
      vm.nics = vm.nics.filter((other) => other !== nic);
      await this.free(range);
      return;
    }
    this.#serves([nic]);
  }

  /** Detached from the guest → clean → the leases end. A NIC takes its aliases along. */
  async detachNic(vm: Vm, nic: Nic): Promise<void> {
    const gone = [nic, ...vm.nics.filter(({ parent }) => parent === nic)];
    for (const one of gone) {
      one.isServing = false;
      one.isLimp = true;
    }
    if ((await this.#hook(vm, vm.host, "clean", [nic])).code !== 0) return;
    vm.nics = vm.nics.filter((one) => !gone.includes(one));
    for (const { range } of gone) await this.free(range);
  }

  /** pre on the destination → memory copy → clean on the source → post on the destination. */
  async migrate(vm: Vm, host: string, doesCopy: boolean): Promise<void> {
    if ((await this.#hook(vm, host, "pre", [])).code !== 0 || !doesCopy) return;
    const source = vm.host;
    for (const nic of vm.nics) nic.isServing = false;
    // The document names the destination; whether the source can tell that it is another host depends on names and DNS.
    const isKnown = Number(vm.id) % 2 === 0;
    const clean = await this.#hook(vm, source, "clean", [], isKnown ? ELSEWHERE : undefined);
    // The guest runs on the destination whatever the hooks do; an operator has to tell oned so.
    vm.host = host;
    if (clean.code !== 0) return;
    if ((await this.#hook(vm, host, "post", [])).code === 0) this.#serves(vm.nics);
  }

  async powerOff(vm: Vm): Promise<void> {
    vm.state = "off";
    await this.#gone(vm);
  }

  /** The guests are gone, and no hook runs. */
  loseHost(host: string): void {
    for (const vm of this.vms.filter((one) => one.host === host && one.state === "running")) {
      vm.state = "lost";
      for (const nic of vm.nics) nic.isServing = false;
    }
  }

  async terminate(vm: Vm): Promise<void> {
    if (vm.state === "running") {
      vm.state = "off";
      if ((await this.#gone(vm)).code !== 0) return;
    }
    this.vms.splice(this.vms.indexOf(vm), 1);
    for (const { range } of vm.nics) await this.free(range);
  }

  async hold(range: Range): Promise<void> {
    const { ip, mac } = range;
    const document = ipamDocument(range.attributes, { IP: ip, MAC: mac, SIZE: "1" });
    const ran = await this.#ipam("allocate_address", document, []);
    if (ran.code === 0) range.holder = { hold: true };
  }

  /** A failed free leaves a lease that nobody has. */
  async free(range: Range): Promise<void> {
    if (range.isRemoved) return;
    const { ip, mac } = range;
    const document = ipamDocument({ ...range.attributes, USED_LEASES: "1" }, { IP: ip, MAC: mac, SIZE: "1" });
    const ran = await this.#ipam("free_address", document, []);
    range.isStuck = ran.code !== 0;
    if (ran.code === 0) range.holder = undefined;
    else if (ran.code !== null) this.#driver.complain(`lease of ${ip} is stuck`);
  }

  /** `onevnet release` of an address in use: oned asks the driver before it looks who holds it, and the VM keeps it. */
  async releaseInUse(range: Range): Promise<void> {
    const { ip, mac } = range;
    const document = ipamDocument({ ...range.attributes, USED_LEASES: "1" }, { IP: ip, MAC: mac, SIZE: "1" });
    await this.#ipam("free_address", document, []);
  }

  async #lease(range: Range, vm: Vm, isNamed: boolean): Promise<boolean> {
    const { ip, mac } = range;
    const ran = isNamed
      ? await this.#ipam("allocate_address", ipamDocument(range.attributes, { IP: ip, MAC: mac, SIZE: "1" }), [])
      : await this.#ipam("get_address", ipamDocument(range.attributes, { SIZE: "1" }), []);
    if (ran.code !== 0) return false;
    if (!isNamed && readTemplate(ran.stdout, "ADDRESS").get("IP") !== ip) {
      this.#driver.complain(`address returned by IPAM is not valid: ${ran.stdout}`);
    }
    range.holder = { vm: vm.id };
    range.mayBeGone ||= range.isLeaving;
    range.isLeaving = false;
    return true;
  }

  #gone(vm: Vm): Promise<Ran> {
    for (const nic of vm.nics) nic.isServing = false;
    return this.#hook(vm, vm.host, "clean", []);
  }

  #serves(nics: readonly Nic[]): void {
    for (const nic of nics)
      nic.isServing = !(nic.isLimp || nic.range.isRemoved || nic.parent?.range.isRemoved === true);
  }

  #ipam(action: IpamAction, document: string, untagged: readonly string[]): Promise<Ran> {
    return this.#driver.ipam(this.cloud, action, document, [...untagged, ...this.abandoned]);
  }

  #hook(vm: Vm, host: string, hook: Hook, marked: readonly Nic[], documentHost?: string): Promise<Ran> {
    const nics = vm.nics.map((nic) => this.#nicFields(nic, marked.includes(nic)));
    const document = vmDocument(nics, {
      id: vm.id,
      deployId: vm.hasRun ? `one-${vm.id}` : "",
      ...(documentHost === undefined ? {} : { host: documentHost }),
    });
    return this.#driver.hook(this.cloud, host, hook, document, this.abandoned);
  }

  #nicFields(nic: Nic, isMarked: boolean): NicFields {
    const { attributes, ip, mac, arId } = nic.range;
    const inherited = Object.entries(attributes).filter(
      ([name]) => name === "EXTERNAL_IP" || name === "IP6" || (this.#inherits && name.startsWith("SCW_")),
    );
    return {
      AR_ID: arId,
      BRIDGE: "br0",
      VN_MAD: "bridge",
      IP: ip,
      MAC: mac,
      NIC_ID: nic.nicId,
      ...Object.fromEntries(inherited),
      ...(isMarked ? { ATTACH: "YES" } : {}),
      ...(nic.parent === undefined ? {} : { PARENT_ID: nic.parent.nicId, alias: "YES" as const }),
    };
  }
}

/** Its owner lets its address serve as a NIC alias, which costs it its virtual MAC for good. */
export function servesAliases({ attributes }: Range): boolean {
  return attributes.SCW_FLEXIP_ALIAS === "YES";
}

function newNic(vm: Vm, range: Range, parent: Nic | undefined): Nic {
  return { nicId: String(vm.nextNic++), parent, range, isServing: false, isLimp: false };
}
