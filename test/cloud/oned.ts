// oned, as its protocol notes describe it: what each operation asks of the driver, in which order, and what oned makes
// of the answers. `make test-oned` compares it with the real one.
import { type Fields, ipamDocument, rangeOf, readTemplate, vmDocument } from "../documents.ts";
import type { Hook, IpamAction } from "../rig.ts";
import { nicFields } from "./nic-fields.ts";
import {
  addNic,
  isHandWritten,
  type Nic,
  type Pool,
  type Range,
  serve,
  servesAliases,
  settleGuest,
  type Vm,
} from "./pool.ts";

/** What oned or the network driver saw of one action. */
export type Ran = {
  /** Null: killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

/** Runs one action. */
export interface Driver<R extends Ran = Ran> {
  ipam(action: IpamAction, document: string): Promise<R>;
  hook(host: string, hook: Hook, document: string): Promise<R>;
  /** What oned would refuse. */
  complain(text: string): void;
}

export type OnedOptions = {
  /** Whether oned.conf has NICs inherit the range's SCW_ attributes, as `install` writes it. */
  readonly inherits?: boolean;
  /** How a document names the host that the VM is on or goes to, for a hook that runs `on` a host; undefined: not at all. */
  readonly hostName?: (vm: Vm, on: string, host: string) => string | undefined;
};

type HookOptions = {
  /** The NICs that come or go. */
  readonly marked?: readonly Nic[];
  /** The host that the VM goes to; else it is on its own. */
  readonly to?: string;
};

/** One front-end. Single calls answer with what the driver did; the operations below make them in oned's order. */
export class Oned<R extends Ran = Ran> {
  readonly pool: Pool;
  readonly #driver: Driver<R>;
  readonly #inherits: boolean;
  readonly #hostName: NonNullable<OnedOptions["hostName"]>;

  constructor(pool: Pool, driver: Driver<R>, { inherits = true, hostName = () => undefined }: OnedOptions = {}) {
    this.pool = pool;
    this.#driver = driver;
    this.#inherits = inherits;
    this.#hostName = hostName;
  }

  /** A range is kept only when register answered it and exited with 0. */
  async register(typed: Fields): Promise<R> {
    const ran = await this.#driver.ipam("register_address_range", ipamDocument({ IPAM_MAD: "scw-flexip", ...typed }));
    if (ran.code === 0 && ran.stdout !== "") this.pool.addRange(rangeOf(readTemplate(ran.stdout, "AR")));
    return ran;
  }

  async unregister(range: Range): Promise<R> {
    const ran = await this.#driver.ipam("unregister_address_range", ipamDocument(range.attributes));
    range.isLeaving = ran.code !== 0;
    if (!range.isLeaving) this.pool.removeRange(range);
    return ran;
  }

  /** A VM gets any address of the range, or the address that its NIC names. */
  async lease(range: Range, vm: Vm, isNamed = false): Promise<R> {
    const ran = isNamed
      ? await this.#driver.ipam("allocate_address", ipamDocument(range.attributes, addressOf(range)))
      : await this.#driver.ipam("get_address", ipamDocument(range.attributes, { SIZE: "1" }));
    if (ran.code !== 0) return ran;
    if (!isNamed && readTemplate(ran.stdout, "ADDRESS").get("IP") !== range.ip) {
      this.#driver.complain(`address returned by IPAM is not valid: ${ran.stdout}`);
    }
    range.holder = { vm: vm.id };
    range.mayBeGone ||= range.isLeaving;
    range.isLeaving = false;
    return ran;
  }

  async hold(range: Range): Promise<R> {
    const ran = await this.#driver.ipam("allocate_address", ipamDocument(range.attributes, addressOf(range)));
    if (ran.code === 0) range.holder = { hold: true };
    return ran;
  }

  /** A failed free leaves a lease that nobody has. */
  async free(range: Range): Promise<R> {
    const ran = await this.releaseInUse(range);
    range.isStuck = ran.code !== 0;
    if (ran.code === 0) range.holder = undefined;
    return ran;
  }

  /** `onevnet release` of an address in use: oned asks the driver before it looks who holds it, and the VM keeps it. */
  releaseInUse(range: Range): Promise<R> {
    const inUse = { ...range.attributes, USED_LEASES: "1" };
    return this.#driver.ipam("free_address", ipamDocument(inUse, addressOf(range)));
  }

  /** One hook of the network driver. */
  hook(vm: Vm, on: string, hook: Hook, options: HookOptions = {}): Promise<R> {
    return this.#driver.hook(on, hook, this.#document(vm, on, options));
  }

  #document(vm: Vm, on: string, { marked = [], to = vm.host }: HookOptions): string {
    const host = this.#hostName(vm, on, to);
    return vmDocument(
      vm.nics.map((nic) => nicFields(nic, this.#inherits, marked.includes(nic))),
      { id: vm.id, deployId: vm.hasRun ? `one-${vm.id}` : "", ...(host === undefined ? {} : { host }) },
    );
  }

  /** `onevnet rmar`, with `--force` also under a lease: the VM keeps its NIC. */
  async removeRange(range: Range): Promise<R> {
    const nics = this.pool.vms.flatMap((vm) => vm.nics);
    const own = nics.filter((nic) => nic.range === range);
    const aliases = nics.filter(({ parent }) => parent !== undefined && own.includes(parent));
    for (const nic of [...own, ...aliases]) nic.isServing = false;
    const ip6 = (range.attributes.IP6 ?? "").replace(/::1$/, "::");
    if (own.length > 0) this.pool.abandoned.push(range.ip, ip6);
    return this.unregister(range);
  }

  /** Leases first: a VM that does not get all that it asks for is not created. */
  async create(ranges: readonly Range[], isNamed = false): Promise<Vm | undefined> {
    const vm = this.pool.addVm();
    for (const range of ranges) {
      if (!(await this.#isLeased(range, vm, isNamed))) {
        this.pool.removeVm(vm);
        for (const nic of vm.nics) await this.#release(nic.range);
        return undefined;
      }
      addNic(vm, range);
    }
    return vm;
  }

  /** pre → the VM boots → post; if post fails: VM cancelled, clean. */
  async boot(vm: Vm, host: string): Promise<void> {
    vm.host = host;
    vm.state = "failed";
    for (const nic of vm.nics) nic.isServing = false;
    if ((await this.hook(vm, host, "pre")).code !== 0) return;
    if ((await this.hook(vm, host, "post")).code === 0) settleGuest(vm, host);
    else await this.hook(vm, host, "clean");
  }

  async attachNic(vm: Vm, range: Range, parent?: Nic): Promise<void> {
    if (!(await this.#isLeased(range, vm))) return;
    const nic = addNic(vm, range, parent);
    if (parent !== undefined && servesAliases(range)) range.hasLentOut = true;
    for (const hook of ["pre", "post"] as const) {
      if ((await this.hook(vm, vm.host, hook, { marked: [nic] })).code === 0) continue;
      vm.nics = vm.nics.filter((other) => other !== nic);
      await this.#release(range);
      return;
    }
    serve([nic]);
  }

  /** Detached from the guest → clean → the leases end. A NIC takes its aliases along, whose leases end first. */
  async detachNic(vm: Vm, nic: Nic): Promise<void> {
    const gone = [...vm.nics.filter(({ parent }) => parent === nic), nic];
    for (const one of gone) {
      one.isServing = false;
      one.isLimp = true;
    }
    if ((await this.hook(vm, vm.host, "clean", { marked: [nic] })).code !== 0) return;
    vm.nics = vm.nics.filter((one) => !gone.includes(one));
    for (const { range } of gone) await this.#release(range);
  }

  /** pre on the destination → memory copy → clean on the source → post on the destination. */
  async migrate(vm: Vm, host: string, doesCopy = true): Promise<void> {
    const source = vm.host;
    // All three documents name the destination.
    if ((await this.hook(vm, host, "pre", { to: host })).code !== 0 || !doesCopy) return;
    for (const nic of vm.nics) nic.isServing = false;
    vm.host = host;
    // The guest runs on the destination whatever the hooks do; an operator must tell oned so.
    if ((await this.hook(vm, source, "clean")).code !== 0) return;
    if ((await this.hook(vm, host, "post")).code === 0) serve(vm.nics);
  }

  async powerOff(vm: Vm): Promise<R> {
    vm.state = "off";
    for (const nic of vm.nics) nic.isServing = false;
    return this.hook(vm, vm.host, "clean");
  }

  /** The guests are gone, and no hook runs. */
  loseHost(host: string): void {
    for (const vm of this.pool.vms.filter((one) => one.host === host && one.state === "running")) {
      vm.state = "lost";
      for (const nic of vm.nics) nic.isServing = false;
    }
  }

  /** Its host is lost: it starts elsewhere, and no hook runs on the lost one. */
  recreate(vm: Vm, host: string): Promise<void> {
    vm.hasRun = false;
    return this.boot(vm, host);
  }

  async terminate(vm: Vm): Promise<void> {
    if (vm.state === "running" && (await this.powerOff(vm)).code !== 0) return;
    this.pool.removeVm(vm);
    for (const { range } of vm.nics) await this.#release(range);
  }

  /** Leases of hand-written ranges are oned's own affair. */
  async #isLeased(range: Range, vm: Vm, isNamed = false): Promise<boolean> {
    return isHandWritten(range) || (await this.lease(range, vm, isNamed)).code === 0;
  }

  async #release(range: Range): Promise<void> {
    if (!(range.isRemoved || isHandWritten(range))) await this.free(range);
  }
}

function addressOf({ attributes, ip, mac }: Range): Fields {
  // oned does not fill in the IPv6 address of a named lease: it writes a zero.
  return { IP: ip, MAC: mac, SIZE: "1", ...(attributes.IP6 === undefined ? {} : { IP6: "0" }) };
}
