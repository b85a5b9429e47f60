// oned, as its protocol notes describe it: what each operation asks of the driver, and in which order. `make test-oned`
// compares it with the real one.
import { DriverCalls, type Ran } from "./driver-calls.ts";
import { addNic, isHandWritten, type Nic, type Range, serve, servesAliases, settleGuest, type Vm } from "./pool.ts";

export type { Driver, OnedOptions, Ran } from "./driver-calls.ts";

/** The operations of one front-end, in oned's order of calls. */
export class Oned<R extends Ran = Ran> extends DriverCalls<R> {
  /** `onevnet rmar`, with `--force` also under a lease: the VM keeps its NIC. */
  async removeRange(range: Range): Promise<R> {
    const nics = this.pool.vms.flatMap((vm) => vm.nics);
    const own = nics.filter((nic) => nic.range === range);
    const aliases = nics.filter(({ parent }) => parent !== undefined && own.includes(parent));
    for (const nic of [...own, ...aliases]) nic.isServing = false;
    if (own.length > 0) this.pool.abandon(range);
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

  /** The guests are gone, and no hook runs. Each is created again where it boots next. */
  loseHost(host: string): void {
    for (const vm of this.pool.vms.filter((one) => one.host === host && one.state === "running")) {
      vm.state = "lost";
      vm.hasRun = false;
      for (const nic of vm.nics) nic.isServing = false;
    }
  }

  async terminate(vm: Vm): Promise<void> {
    if (vm.state === "running" && (await this.powerOff(vm)).code !== 0) return;
    this.pool.removeVm(vm);
    for (const { range } of vm.nics) await this.#release(range);
    // oned also cleans up after a boot that failed, and does not wait for that before it ends the leases.
    if (vm.state === "failed") await this.hook(vm, vm.host, "clean");
  }

  /** Leases of hand-written ranges are oned's own affair. */
  async #isLeased(range: Range, vm: Vm, isNamed = false): Promise<boolean> {
    return isHandWritten(range) || (await this.lease(range, vm, isNamed)).code === 0;
  }

  async #release(range: Range): Promise<void> {
    if (!(range.isRemoved || isHandWritten(range))) await this.free(range);
  }
}
