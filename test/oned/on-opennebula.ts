// The script on a real oned. A recorder in front of each action, and beside each hook, notes the documents.
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { IPAM_ACTIONS } from "../../driver/actions.ts";
import type { Fields } from "../documents.ts";
import { CallReader } from "./calls.ts";
import { type Cloud, type Network, RIG } from "./cloud.ts";
import type { Host, NetworkName, Player, VmName } from "./script.ts";
import { until } from "./until.ts";
import type { Vm } from "./vm.ts";

const CALLS = join(RIG, "calls");
const HOOKS = ["pre", "post", "clean"];
const LIMIT_MS = 20_000;

/** A network, and of its range: its number, its address, its flexible IPs. */
type KnownNetwork = {
  readonly network: Network;
  readonly id: string;
  readonly address: string;
  readonly ids: string[];
};

export class OnOpenNebula implements Player {
  readonly #cloud: Cloud;
  readonly #networks = new Map<NetworkName, KnownNetwork>();
  readonly #removed = new Set<NetworkName>();
  readonly #vms = new Map<VmName, Vm>();
  readonly #reader = new CallReader((host, on) => host === on);
  #read = 0;

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
    mkdirSync(CALLS);
    for (const action of IPAM_ACTIONS) {
      const file = join(cloud.oned.folder, "var/remotes/ipam/scw-flexip", action);
      renameSync(file, `${file}.installed`);
      writeFileSync(file, recorder(action, "front-end", `"$0.installed" "$@"`), { mode: 0o755 });
    }
    for (const host of cloud.hosts.values()) {
      for (const hook of HOOKS) {
        const file = join(RIG, "hosts", host.name, `tmp/vnm/bridge/${hook}.d/00-recorder`);
        writeFileSync(file, recorder(hook, host.name, "cat >/dev/null"), { mode: 0o755 });
      }
    }
  }

  /** The calls since it was asked last, once there are so many. */
  async calls(count: number): Promise<string[]> {
    const names = (): string[] =>
      readdirSync(CALLS)
        .filter((name) => !name.endsWith(".new"))
        .sort();
    const isThere = () => names().length >= this.#read + count || undefined;
    await until("the calls came", isThere, { limitMs: LIMIT_MS }).catch(() => {});
    const fresh = names().slice(this.#read);
    this.#read += fresh.length;
    return fresh.map((name) => {
      const [, action = "", on = ""] = name.split(",");
      const document = Buffer.from(readFileSync(join(CALLS, name), "utf8"), "base64").toString("utf8");
      return this.#reader.line({ action, on, document });
    });
  }

  /** Who has the address of each range, and where it is, once that is as expected: the last hook may still be at work. */
  async addresses(expected: Readonly<Record<string, string>>): Promise<Record<string, string>> {
    const areThere = async () => isDeepStrictEqual(await this.#addresses(), expected) || undefined;
    await until("the addresses are there", areThere, { limitMs: LIMIT_MS }).catch(() => {});
    return this.#addresses();
  }

  async #addresses(): Promise<Record<string, string>> {
    await this.#cloud.simulator.account.settled();
    const all: Record<string, string> = {};
    for (const [name, { network, address, ids }] of this.#networks) {
      const lease = (await this.#cloud.leases(network))[address] ?? "nobody";
      const places = ids.map((id) => this.#cloud.placeOf(id));
      all[name] = this.#removed.has(name) ? "removed" : `${lease}: ${places.join(", ")}`;
    }
    return all;
  }

  async addRange(name: NetworkName, typed: Fields): Promise<void> {
    const network = await this.#cloud.addNetwork(name);
    const given = Object.entries(typed).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const range = await this.#cloud.addRange(network, Object.fromEntries(given));
    const ids = ["SCW_FLEXIBLE_IP_ID", "SCW_FLEXIBLE_IP6_ID"].map((key) => range.text(key)).filter((id) => id !== "");
    this.#networks.set(name, { network, id: range.text("AR_ID"), address: range.text("IP"), ids });
  }

  async removeRange(name: NetworkName): Promise<void> {
    await this.#cloud.oned.run("onevnet", "rmar", name, this.#network(name).id);
    this.#removed.add(name);
  }

  async create(name: VmName, networks: readonly NetworkName[]): Promise<void> {
    this.#vms.set(name, await this.#cloud.createVm(networks.map((one) => this.#network(one).network)));
  }

  async createNamed(name: VmName, network: NetworkName): Promise<void> {
    const { address } = this.#network(network);
    this.#vms.set(name, await this.#cloud.createVm([{ NETWORK: network, IP: address }]));
  }

  deploy(vm: VmName, host: Host): Promise<void> {
    return this.#vm(vm).deploy(host);
  }

  async deployInVain(vm: VmName, host: Host, network: NetworkName): Promise<void> {
    const { account } = this.#cloud.simulator;
    const [id = ""] = this.#network(network).ids;
    account.set(id, { status: "locked" });
    await this.#vm(vm).do("deploy", host);
    await this.#vm(vm).until("boot failure");
    account.set(id, { status: "ready" });
  }

  async attach(vm: VmName, network: NetworkName): Promise<void> {
    await this.#vm(vm).attach(this.#network(network).network);
  }

  async attachAlias(vm: VmName, network: NetworkName, nicId: string): Promise<void> {
    await this.#vm(vm).attach(this.#network(network).network, "--alias", `NIC${nicId}`);
  }

  async attachAliasInVain(vm: VmName, network: NetworkName, nicId: string): Promise<void> {
    await this.#vm(vm).do("nic-attach", "--network", network, "--alias", `NIC${nicId}`);
    const isRefused = () => /NIC alias would lose/.test(this.#vm(vm).log()) || undefined;
    await until("the alias is refused", isRefused, { limitMs: LIMIT_MS, story: () => this.#vm(vm).log() });
    await this.#vm(vm).until("running");
  }

  detach(vm: VmName, nicId: string): Promise<void> {
    return this.#vm(vm).detach(nicId);
  }

  async migrate(vm: VmName, host: Host): Promise<void> {
    await this.#vm(vm).migrate(host);
  }

  async migrateInVain(name: VmName, host: Host): Promise<void> {
    const vm = this.#vm(name);
    const source = this.#cloud.host(await vm.host());
    source.fail("migrate");
    await vm.do("migrate", "--live", host);
    const hasFailed = () => /migrate failed on purpose/.test(vm.log()) || undefined;
    await until("the migration failed", hasFailed, { story: () => vm.log() });
    source.fail("migrate", false);
    await vm.until("running");
  }

  async powerOff(vm: VmName): Promise<void> {
    await this.#vm(vm).do("poweroff", "--hard");
    await this.#vm(vm).until("powered off");
  }

  async resume(vm: VmName): Promise<void> {
    await this.#vm(vm).do("resume");
    await this.#vm(vm).until("running");
  }

  terminate(vm: VmName): Promise<void> {
    return this.#vm(vm).terminate();
  }

  async hold(network: NetworkName): Promise<void> {
    await this.#cloud.oned.run("onevnet", "hold", network, this.#network(network).address);
  }

  async release(network: NetworkName): Promise<void> {
    await this.#cloud.oned.try(["onevnet", "release", network, this.#network(network).address]);
  }

  async loseHost(name: VmName, other: Host): Promise<void> {
    const vm = this.#vm(name);
    this.#cloud.host(await vm.host()).lose();
    await vm.recreate();
    await vm.deploy(other);
  }

  #network(name: NetworkName): KnownNetwork {
    const network = this.#networks.get(name);
    if (network === undefined) throw new Error(`no network ${name}`);
    return network;
  }

  #vm(name: VmName): Vm {
    const vm = this.#vms.get(name);
    if (vm === undefined) throw new Error(`no VM ${name}`);
    return vm;
  }
}

/** Notes its standard input under the moment of the call, and hands it on. */
function recorder(action: string, on: string, next: string): string {
  return `#!/bin/sh
input=$(cat)
file="${CALLS}/$(date +%s%N),${action},${on}"
printf %s "$input" >"$file.new"
mv "$file.new" "$file"
printf %s "$input" | ${next}
`;
}
