// Each operation on our model of oned, with the built executable on a rig, and then on a real oned.
import assert from "node:assert/strict";
import { hostname } from "node:os";
import { isDeepStrictEqual } from "node:util";
import { brokenRanges, unservedGuests } from "../cloud/invariants.ts";
import { type Driver, Oned, type Ran } from "../cloud/oned.ts";
import { placeOf } from "../cloud/place.ts";
import { type Vm as ModelVm, Pool, type Range } from "../cloud/pool.ts";
import { Rig } from "../rig.ts";
import { type Call, lineOf, Recorder } from "./calls.ts";
import type { Cloud, Network } from "./cloud.ts";
import type { Fields } from "./installation.ts";
import { until } from "./until.ts";
import type { Vm } from "./vm.ts";

// An address that no interface of this machine has.
const ELSEWHERE = "192.0.2.99";
/** The default of the settings. */
const CLOUD = "one";
const LIMIT_MS = 20_000;

type Guest = Pick<Vm, "deploy" | "detach" | "migrate" | "migrateInVain" | "powerOff" | "resume" | "terminate">;
/** By network: who has its address, and where its flexible IPs are. */
type Addresses = Record<string, (string | undefined)[]>;

export class Both {
  readonly #cloud: Cloud;
  readonly #rig: Rig;
  readonly #model: Oned;
  readonly #modelCalls: Call[] = [];
  readonly #failures: string[] = [];
  readonly #recorder: Recorder;
  readonly #modelIntents: string[] = [];
  readonly #intents: string[] = [];
  readonly #ranges = new Map<string, { range: Range; network: Network }>();
  readonly #vms = new Map<string, { model: ModelVm; vm: Vm }>();

  private constructor(cloud: Cloud, rig: Rig) {
    this.#cloud = cloud;
    this.#rig = rig;
    this.#recorder = new Recorder(cloud);
    const driver: Driver = {
      ipam: (action, document) => this.#ran({ action, on: "front-end", document }, rig.ipam(action, document)),
      hook: (host, hook, document) => this.#ran({ action: hook, on: host, document }, rig.hook(host, hook, document)),
    };
    // All machines of the rig are this one.
    const hostName = (_: ModelVm, on: string, host: string) => (host === on ? hostname() : ELSEWHERE);
    this.#model = new Oned(new Pool(), driver, { hostName });
  }

  static async start(cloud: Cloud): Promise<Both> {
    const rig = await Rig.start();
    for (const host of cloud.hosts.keys()) rig.host(host);
    return new Both(cloud, rig);
  }

  stop(): Promise<void> {
    return this.#rig.stop();
  }

  /**
   * The operations since the last time brought the same calls of the driver to both. Now the same VMs hold the addresses,
   * each address is where its guest runs, and no other one is attached anywhere.
   */
  async areAlike(): Promise<void> {
    assert.deepEqual(this.#failures.splice(0), []);
    const expected = this.#modelCalls.splice(0).map((call) => lineOf(call, this.#modelIntents));
    const calls = (await this.#recorder.fresh(expected.length)).map((call) => lineOf(call, this.#intents));
    assert.deepEqual(calls, expected);
    const { account } = this.#rig.simulator;
    await account.settled();
    assert.deepEqual(unservedGuests(account, this.#model.pool, CLOUD), []);
    assert.deepEqual(brokenRanges(account, this.#model.pool, CLOUD), []);
    const { wanted, model } = this.#modelAddresses();
    assert.deepEqual(model, wanted);
    // The last hook may still be at work.
    const areThere = async () => isDeepStrictEqual(await this.#addresses(), wanted);
    await until("the addresses are there", areThere, LIMIT_MS).catch(() => {});
    assert.deepEqual(await this.#addresses(), wanted);
  }

  async addRange(name: string, typed: Fields = {}): Promise<void> {
    await this.#model.register({ TYPE: "IP4", SIZE: "1", ...typed });
    const range = this.#model.pool.ranges.at(-1);
    const { network } = await this.#cloud.publicNetwork(name, typed);
    if (range !== undefined) this.#ranges.set(name, { range, network });
  }

  async removeRange(name: string): Promise<void> {
    await this.#model.removeRange(this.#range(name).range);
    await this.#cloud.oned.run("onevnet", "rmar", name, "0");
  }

  /** A VM with an address of the network; `isNamed`: its NIC names the address that it wants. */
  async create(name: string, networkName: string, isNamed = false): Promise<void> {
    const { range, network } = this.#range(networkName);
    const model = await this.#model.create([range], isNamed);
    const vm = await this.#cloud.createVm([isNamed ? { NETWORK: networkName, IP: range.ip } : network]);
    if (model !== undefined) this.#vms.set(name, { model, vm });
  }

  /** Something with a VM, alike on both. */
  async guest(name: string, act: (guest: Guest) => Promise<void>): Promise<void> {
    const { model, vm } = this.#vm(name);
    await act(guestOf(this.#model, model));
    await act(vm);
  }

  /** The network's flexible IP is locked meanwhile, and pre refuses. */
  async deployInVain(name: string, host: string, networkName: string): Promise<void> {
    const { model, vm } = this.#vm(name);
    const [id = ""] = this.#range(networkName).range.ids;
    const lock = (status: "locked" | "ready"): void => {
      for (const { simulator } of [this.#rig, this.#cloud]) simulator.account.set(id, { status });
    };
    lock("locked");
    await this.#refused(this.#model.boot(model, host));
    await vm.deployInVain(host);
    lock("ready");
  }

  /** A NIC, or an alias of the NIC of that number. */
  async attach(name: string, networkName: string, parent?: string): Promise<void> {
    const { model, vm } = this.#vm(name);
    const { range, network } = this.#range(networkName);
    await this.#model.attachNic(model, range, parent === undefined ? undefined : nicOf(model, parent));
    await vm.attach(network, ...(parent === undefined ? [] : ["--alias", `NIC${parent}`]));
  }

  /** The network does not allow it, and pre refuses. */
  async attachAliasInVain(name: string, networkName: string, nicId: string): Promise<void> {
    const { model, vm } = this.#vm(name);
    await this.#refused(this.#model.attachNic(model, this.#range(networkName).range, nicOf(model, nicId)));
    await vm.do("nic-attach", "--network", networkName, "--alias", `NIC${nicId}`);
    await until("the alias is refused", () => /NIC alias would lose/.test(vm.log()), LIMIT_MS);
    await vm.until("running");
  }

  async hold(name: string): Promise<void> {
    const { range } = this.#range(name);
    await this.#model.hold(range);
    await this.#cloud.oned.run("onevnet", "hold", name, range.ip);
  }

  /** Of the network's address, whoever has it. */
  async release(name: string): Promise<void> {
    const { range } = this.#range(name);
    const isVms = range.holder !== undefined && "vm" in range.holder;
    await (isVms ? this.#model.releaseInUse(range) : this.#model.free(range));
    await this.#cloud.oned.try("onevnet", "release", name, range.ip);
  }

  /** The VM's host is lost, and the VM is recreated and deployed on the other one. */
  async loseHost(name: string, other: string): Promise<void> {
    const { model, vm } = this.#vm(name);
    this.#model.loseHost(model.host);
    await this.#model.boot(model, other);
    this.#cloud.host(await vm.host()).lose();
    await vm.recreate();
    await vm.deploy(other);
  }

  async #ran({ action, on, document }: Call, running: Promise<Ran>): Promise<Ran> {
    this.#modelCalls.push({ action, on, document: document.replace(`>${hostname()}</HOSTNAME>`, `>${on}</HOSTNAME>`) });
    const ran = await running;
    if (ran.code !== 0) this.#failures.push(`${action}: ${ran.stderr}`);
    return ran;
  }

  async #refused(operation: Promise<void>): Promise<void> {
    await operation;
    if (this.#failures.splice(0).length !== 1) throw new Error("one action was to be refused");
  }

  /** Who has the address of each range on the model, with where its flexible IPs are, and where they should be. */
  #modelAddresses() {
    const [wanted, model]: [Addresses, Addresses] = [{}, {}];
    for (const [name, { range }] of this.#ranges) {
      const { holder, ids, isRemoved } = range;
      const vm = this.#model.pool.vms.find(({ id }) => holder !== undefined && "vm" in holder && holder.vm === id);
      const lease = vm === undefined ? holder && "hold" : `vm ${vm.id}`;
      const place = vm?.state === "running" ? vm.host : "free";
      wanted[name] = [lease, ...ids.map(() => (isRemoved ? "gone" : place))];
      model[name] = [lease, ...ids.map((id) => placeOf(this.#rig.simulator.account.get(id), this.#rig.hosts))];
    }
    return { wanted, model };
  }

  async #addresses(): Promise<Addresses> {
    const { simulator, hosts } = this.#cloud;
    await simulator.account.settled();
    const addresses: Addresses = {};
    for (const [name, { range, network }] of this.#ranges) {
      const lease = (await this.#cloud.leases(network))[range.ip];
      addresses[name] = [lease, ...range.ids.map((id) => placeOf(simulator.account.get(id), hosts.values()))];
    }
    return addresses;
  }

  #range(name: string) {
    const range = this.#ranges.get(name);
    if (range === undefined) throw new Error(`no range ${name}`);
    return range;
  }

  #vm(name: string) {
    const vm = this.#vms.get(name);
    if (vm === undefined) throw new Error(`no VM ${name}`);
    return vm;
  }
}

function guestOf(oned: Oned, vm: ModelVm): Guest {
  return {
    deploy: (host) => oned.boot(vm, host),
    detach: (nicId) => oned.detachNic(vm, nicOf(vm, nicId)),
    migrate: (host) => oned.migrate(vm, host),
    migrateInVain: (host) => oned.migrate(vm, host, false),
    powerOff: async () => void (await oned.powerOff(vm)),
    resume: () => oned.boot(vm, vm.host),
    terminate: () => oned.terminate(vm),
  };
}

function nicOf(vm: ModelVm, nicId: string): ModelVm["nics"][number] {
  const nic = vm.nics.find((candidate) => candidate.nicId === nicId);
  if (nic === undefined) throw new Error(`VM ${vm.id} has no NIC ${nicId}`);
  return nic;
}
