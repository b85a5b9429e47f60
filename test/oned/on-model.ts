// The script on our model of oned, with the built executable on a front-end and hosts of the rig.
import { hostname } from "node:os";
import { type Driver, Oned, type Ran } from "../cloud/oned.ts";
import { placeOf } from "../cloud/place.ts";
import { Pool, type Range, type Vm } from "../cloud/pool.ts";
import type { Fields } from "../documents.ts";
import { Rig } from "../rig.ts";
import { type Call, CallReader } from "./calls.ts";
import type { Host, NetworkName, Player, VmName } from "./script.ts";

// An address that no interface of this machine has.
const ELSEWHERE = "192.0.2.99";

export class OnModel implements Player {
  readonly #rig: Rig;
  readonly #pool = new Pool();
  readonly #oned: Oned;
  readonly #ranges = new Map<NetworkName, Range>();
  readonly #vms = new Map<VmName, Vm>();
  readonly #reader = new CallReader((host) => host === hostname());
  #calls: Call[] = [];
  readonly #failures: string[] = [];

  private constructor(rig: Rig) {
    this.#rig = rig;
    const driver: Driver = {
      ipam: (action, document) => this.#ran({ action, on: "front-end", document }, rig.ipam(action, document)),
      hook: (host, hook, document) => this.#ran({ action: hook, on: host, document }, rig.hook(host, hook, document)),
      complain: (text) => {
        throw new Error(text);
      },
    };
    // All machines of the rig are this one: its name, or that of no machine.
    this.#oned = new Oned(this.#pool, driver, { hostName: (_, on, host) => (host === on ? hostname() : ELSEWHERE) });
  }

  static async start(): Promise<OnModel> {
    const rig = await Rig.start();
    for (const host of ["h1", "h2"]) rig.host(host);
    return new OnModel(rig);
  }

  stop(): Promise<void> {
    return this.#rig.stop();
  }

  /** The calls since it was asked last. */
  calls(): string[] {
    if (this.#failures.length > 0) throw new Error(this.#failures.splice(0).join("\n"));
    const lines = this.#calls.map((call) => this.#reader.line(call));
    this.#calls = [];
    return lines;
  }

  /** Who has the address of each range, and where it is. */
  async addresses(): Promise<Record<string, string>> {
    const { account } = this.#rig.simulator;
    await account.settled();
    const entries = [...this.#ranges].map(([name, { holder, ids, isRemoved }]) => {
      const lease = holder === undefined ? "nobody" : "vm" in holder ? `vm ${holder.vm}` : "hold";
      const places = ids.map((id) => placeOf(account.get(id), this.#rig.hosts));
      return [name, isRemoved ? "removed" : `${lease}: ${places.join(", ")}`];
    });
    return Object.fromEntries(entries);
  }

  async addRange(network: NetworkName, typed: Fields): Promise<void> {
    await this.#oned.register({ TYPE: "IP4", SIZE: "1", ...typed });
    const range = this.#pool.ranges.at(-1);
    if (range !== undefined) this.#ranges.set(network, range);
  }

  async removeRange(network: NetworkName): Promise<void> {
    await this.#oned.removeRange(this.#range(network));
  }

  async create(vm: VmName, networks: readonly NetworkName[]): Promise<void> {
    this.#known(vm, await this.#oned.create(networks.map((name) => this.#range(name))));
  }

  async createNamed(vm: VmName, network: NetworkName): Promise<void> {
    this.#known(vm, await this.#oned.create([this.#range(network)], true));
  }

  deploy(vm: VmName, host: Host): Promise<void> {
    return this.#oned.boot(this.#vm(vm), host);
  }

  async deployInVain(vm: VmName, host: Host, network: NetworkName): Promise<void> {
    const { account } = this.#rig.simulator;
    const [id = ""] = this.#range(network).ids;
    account.set(id, { status: "locked" });
    await this.#inVain(this.#oned.boot(this.#vm(vm), host));
    account.set(id, { status: "ready" });
  }

  attach(vm: VmName, network: NetworkName): Promise<void> {
    return this.#oned.attachNic(this.#vm(vm), this.#range(network));
  }

  attachAlias(vm: VmName, network: NetworkName, nicId: string): Promise<void> {
    return this.#oned.attachNic(this.#vm(vm), this.#range(network), nicOf(this.#vm(vm), nicId));
  }

  attachAliasInVain(vm: VmName, network: NetworkName, nicId: string): Promise<void> {
    return this.#inVain(this.attachAlias(vm, network, nicId));
  }

  detach(vm: VmName, nicId: string): Promise<void> {
    return this.#oned.detachNic(this.#vm(vm), nicOf(this.#vm(vm), nicId));
  }

  migrate(vm: VmName, host: Host): Promise<void> {
    return this.#oned.migrate(this.#vm(vm), host);
  }

  migrateInVain(vm: VmName, host: Host): Promise<void> {
    return this.#oned.migrate(this.#vm(vm), host, false);
  }

  async powerOff(vm: VmName): Promise<void> {
    await this.#oned.powerOff(this.#vm(vm));
  }

  resume(vm: VmName): Promise<void> {
    return this.#oned.boot(this.#vm(vm), this.#vm(vm).host);
  }

  terminate(vm: VmName): Promise<void> {
    return this.#oned.terminate(this.#vm(vm));
  }

  async hold(network: NetworkName): Promise<void> {
    await this.#oned.hold(this.#range(network));
  }

  async release(network: NetworkName): Promise<void> {
    const range = this.#range(network);
    const isVms = range.holder !== undefined && "vm" in range.holder;
    await (isVms ? this.#oned.releaseInUse(range) : this.#oned.free(range));
  }

  loseHost(vm: VmName, other: Host): Promise<void> {
    this.#oned.loseHost(this.#vm(vm).host);
    return this.#oned.boot(this.#vm(vm), other);
  }

  async #ran(call: Call, running: Promise<Ran>): Promise<Ran> {
    this.#calls.push(call);
    const ran = await running;
    if (ran.code !== 0) this.#failures.push(`${call.action}: ${ran.stderr}`);
    return ran;
  }

  async #inVain(operation: Promise<void>): Promise<void> {
    await operation;
    if (this.#failures.splice(0).length !== 1) throw new Error("one action was to be refused");
  }

  #known(name: VmName, vm: Vm | undefined): void {
    if (vm === undefined) throw new Error(`VM ${name} was not created`);
    this.#vms.set(name, vm);
  }

  #range(network: NetworkName): Range {
    const range = this.#ranges.get(network);
    if (range === undefined) throw new Error(`no range ${network}`);
    return range;
  }

  #vm(name: VmName): Vm {
    const vm = this.#vms.get(name);
    if (vm === undefined) throw new Error(`no VM ${name}`);
    return vm;
  }
}

function nicOf(vm: Vm, nicId: string): Vm["nics"][number] {
  const nic = vm.nics.find((candidate) => candidate.nicId === nicId);
  if (nic === undefined) throw new Error(`VM ${vm.id} has no NIC ${nicId}`);
  return nic;
}
