// A whole cloud for one file of scenes: simulated API, oned, hosts, and the product installed by its own commands.
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { placeOf } from "../cloud/place.ts";
import type { WireFlexibleIp } from "../fakes/flexible-ip-record.ts";
import { type Simulator, type SimulatorOptions, startSimulator } from "../fakes/flexible-ip-server.ts";
import { serverIdOf } from "../rig.ts";
import { Host } from "./host.ts";
import { copyInstallation, type Fields, installFrontEnd, putStandIns, RIG, TOKEN_FILE } from "./installation.ts";
import { idsIn, Oned } from "./oned.ts";
import { type Element, look } from "./rpc.ts";
import { until } from "./until.ts";
import { Vm } from "./vm.ts";

export type Network = { readonly name: string; readonly id: number };
export type CloudOptions = SimulatorOptions & {
  /** The front-end, where it is not alone in a cloud. */
  readonly oned?: Oned;
  /** Called once the simulated API answers. */
  readonly started?: (simulator: Simulator) => void;
  /** Lines of the settings, by key. */
  readonly settings?: Fields;
};

export class Cloud {
  readonly simulator: Simulator;
  /** The leader, where there are several. */
  oned: Oned;
  readonly hosts = new Map<string, Host>();
  #inner: Promise<Network> | undefined;

  constructor(simulator: Simulator, oned: Oned) {
    this.simulator = simulator;
    this.oned = oned;
  }

  /** A running cloud with two hosts, h1 and h2. */
  static async start(wish: CloudOptions = {}): Promise<Cloud> {
    const { settings = {}, oned = new Oned(), started, ...options } = wish;
    if (!existsSync("/run/own")) throw new Error("scenes play in namespaces of their own; run make test-oned");
    putStandIns();
    copyInstallation(process.env.ONE_LOCATION ?? "", oned.folder);
    const simulator = await startSimulator(options);
    started?.(simulator);
    const cloud = new Cloud(simulator, oned);
    await installFrontEnd(oned, simulator, settings);
    await oned.start();
    const dummy = cloud.file('TM_MAD="dummy"\nDS_MAD="dummy"');
    for (const datastore of ["0", "1"]) await oned.run("onedatastore", "update", datastore, dummy, "--append");
    await Promise.all(["h1", "h2"].map((name) => cloud.addHost(name)));
    return cloud;
  }

  async stop(): Promise<void> {
    // With calls under way it would wait for them.
    await this.oned.stop("SIGKILL");
    await this.simulator.close();
  }

  /** The host of that name, added at the first call. Without a server, scw-flexip was never installed on it. */
  async addHost(name: string, { hasServer = true } = {}): Promise<Host> {
    const known = this.hosts.get(name);
    if (known !== undefined) return known;
    const options = `--token-file ${TOKEN_FILE} --server-id ${this.simulator.zone}/${serverIdOf(name)}`;
    const host = await Host.add(this.oned, name, hasServer ? options : undefined);
    this.hosts.set(name, host);
    return host;
  }

  host(name: string): Host {
    const host = this.hosts.get(name);
    if (host === undefined) throw new Error(`no host ${name}`);
    return host;
  }

  /** A network with these lines in its template. */
  async addNetwork(name: string, lines = "", driver = "bridge"): Promise<Network> {
    const file = this.file(`NAME="${name}"\nVN_MAD="${driver}"\nBRIDGE="br0"\n${lines}`);
    const [id = -1] = idsIn(await this.oned.run("onevnet", "create", file));
    // From 7.2 on its driver is asked first.
    const isReady = async () => (await look(this.oned.url, "one.vn.info", id)).text("STATE") === "1";
    await until(`network ${name} is ready`, isReady);
    return { name, id };
  }

  /** A network of private addresses, of which no driver is asked. */
  inner(): Promise<Network> {
    this.#inner ??= this.addNetwork("inner", 'AR=[TYPE="IP4", IP="10.0.0.10", SIZE="50"]');
    return this.#inner;
  }

  /** Adds an address range of this driver, of one address, and says what oned made of it. */
  async addRange({ name, id }: Network, typed: Fields = {}): Promise<Element> {
    await this.oned.run("onevnet", "addar", name, this.file(rangeText(typed)));
    const range = (await this.ranges({ name, id })).at(-1);
    if (range === undefined) throw new Error(`network ${name} has no range`);
    return range;
  }

  /** A network with one address range of this driver. */
  async publicNetwork(name: string, typed: Fields = {}) {
    const network = await this.addNetwork(name);
    const range = await this.addRange(network, typed);
    return { network, range, address: range.text("IP") };
  }

  /** A guest that runs on h1, with the one address of its network. */
  async publicGuest(name: string) {
    const made = await this.publicNetwork(name);
    const vm = await this.createVm([made.network]);
    await vm.deploy("h1");
    return { ...made, vm };
  }

  /** The ranges of a network, in order. */
  async ranges({ id }: Network): Promise<Element[]> {
    return (await look(this.oned.url, "one.vn.info", id)).all("AR_POOL/AR");
  }

  /** The holders of a network's addresses by address: `vm 3` or `hold`. */
  async leases(network: Network): Promise<Record<string, string>> {
    const leases = (await this.ranges(network)).flatMap((range) => range.all("LEASES/LEASE"));
    const holder = (vm: string) => (vm === "-1" ? "hold" : `vm ${vm}`);
    return Object.fromEntries(leases.map((lease) => [lease.text("IP"), holder(lease.text("VM"))]));
  }

  /** A VM on hold. Each NIC names a network, or is a whole NIC. */
  async createVm(nics: readonly (Network | Fields)[], lines = ""): Promise<Vm> {
    const [id = -1] = idsIn(await this.oned.run("onevm", "create", "--hold", this.vmFile(nics, lines)));
    return new Vm(this, id);
  }

  /** That many VMs on hold with an address of the network. */
  async createVms(count: number, network: Network): Promise<Vm[]> {
    const words = ["--hold", "--multiple", String(count), this.vmFile([network])];
    return idsIn(await this.oned.run("onevm", "create", ...words)).map((id) => new Vm(this, id));
  }

  vmFile(nics: readonly (Network | Fields)[], lines = ""): string {
    const wanted = nics.map((nic) => listText("NIC", "id" in nic ? { NETWORK: String(nic.name) } : nic));
    return this.file(`CPU="0.1"\nMEMORY="16"\nCONTEXT=[NETWORK="YES"]\n${wanted.join("")}${lines}`);
  }

  /** A template in a file of its own. */
  file(template: string): string {
    const file = join(mkdtempSync(join(RIG, "template-")), "text");
    writeFileSync(file, template);
    return file;
  }

  /** The flexible IP of that address. */
  flexibleIp(address: string): WireFlexibleIp {
    const found = this.simulator.account.byAddress(address);
    if (found === undefined) throw new Error(`the project has no flexible IP ${address}`);
    return found;
  }

  /** Where the address of a flexible IP is. */
  whereIs(address: string): string {
    return placeOf(this.flexibleIp(address), this.hosts.values());
  }

  async untilFree(address: string): Promise<void> {
    await until(`${address} is free`, () => this.whereIs(address) === "free");
  }

  /** How many flexible IPs the project pays for. */
  paid(): number {
    return this.simulator.account.all().length;
  }

  /** Takes back whatever a scene did to the API and the hosts. */
  calm(): void {
    this.simulator.clearFaults();
    this.simulator.account.allow();
    this.simulator.account.behave({ api: "up", latencyMs: 0, directAttach: "refused" });
    for (const host of this.hosts.values()) host.calm();
  }

  /** The last lines of all logs. */
  story(): string {
    const own = join(this.oned.folder, "var/scw-flexip.log");
    const driver = existsSync(own) ? readFileSync(own, "utf8") : "";
    const texts = [this.oned.log(), driver, ...[...this.hosts.values()].map((host) => host.log())];
    return texts.map((text) => text.trimEnd().split("\n").slice(-12).join("\n")).join("\n");
  }
}

/** The line of an address range of this driver, of one address unless `typed` says otherwise. */
export function rangeText(typed: Fields = {}): string {
  return listText("AR", { TYPE: "IP4", IPAM_MAD: "scw-flexip", SIZE: "1", ...typed });
}

/** The line `NAME=[A="b", C="d"]` of a template. */
function listText(name: string, fields: Fields): string {
  const entries = Object.entries(fields).map(([key, value]) => `${key}="${value}"`);
  return `${name}=[${entries.join(", ")}]\n`;
}
