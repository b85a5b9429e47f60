// A whole cloud for one file of scenes: simulated API, oned, hosts, and the product installed by its own commands.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { placeOf } from "../cloud/place.ts";
import type { WireFlexibleIp } from "../fakes/flexible-ip-record.ts";
import { type Simulator, type SimulatorOptions, startSimulator } from "../fakes/flexible-ip-server.ts";
import { PROJECT, serverIdOf } from "../rig.ts";
import type { Element } from "./document.ts";
import { Host } from "./host.ts";
import { installFrontEnd, writeSettings } from "./install.ts";
import { copyInstallation, putStandIns } from "./installation.ts";
import { idIn, Oned } from "./oned.ts";
import { look } from "./rpc.ts";
import { type Template, templateText } from "./template.ts";
import { until } from "./until.ts";
import { Vm } from "./vm.ts";

export const RIG = "/run/rig";
export const LOCATION = join(RIG, "one");

export type Network = { readonly name: string; readonly id: number };
/** Makes ready, on a simulated API that runs, what the cloud's oned is started from. */
export type FrontEnd = (simulator: Simulator) => Promise<Oned>;
export type CloudOptions = SimulatorOptions & {
  readonly frontEnd?: FrontEnd;
  /** Lines of the settings, by key. */
  readonly settings?: Readonly<Record<string, string>>;
};

export class Cloud {
  readonly simulator: Simulator;
  /** The leader, where there are several. */
  oned: Oned;
  readonly hosts = new Map<string, Host>();
  readonly #tokenFile: string;
  #files = 0;

  constructor(simulator: Simulator, oned: Oned, tokenFile: string) {
    this.simulator = simulator;
    this.oned = oned;
    this.#tokenFile = tokenFile;
  }

  /** A running cloud with two hosts, h1 and h2. */
  static async start({ settings = {}, frontEnd = aFrontEnd, ...options }: CloudOptions = {}): Promise<Cloud> {
    if (!existsSync("/run/own")) throw new Error("scenes play in namespaces of their own; run make test-oned");
    putStandIns(join(RIG, "bin"));
    const simulator = await startSimulator(options);
    const tokenFile = join(RIG, "token");
    writeFileSync(tokenFile, `${simulator.token}\n`, { mode: 0o600 });
    const cloud = new Cloud(simulator, await frontEnd(simulator), tokenFile);
    await installFrontEnd(cloud.oned, tokenFile, {
      ZONE: simulator.zone,
      PROJECT_ID: PROJECT,
      API_URL: simulator.url,
      LOG_LEVEL: "debug",
      DNS: "192.0.2.53",
      ...settings,
    });
    await cloud.oned.start();
    await cloud.#useDummyDatastores();
    await Promise.all(["h1", "h2"].map((name) => cloud.addHost(name)));
    return cloud;
  }

  async stop(): Promise<void> {
    // With calls under way it would wait for them.
    await this.oned.stop("SIGKILL");
    await this.simulator.close();
  }

  /** One more host. Without a server, scw-flexip was never installed on it. */
  async addHost(name: string, { hasServer = true } = {}): Promise<Host> {
    const serverId = serverIdOf(name);
    const { oned } = this;
    const server = hasServer ? `${this.simulator.zone}/${serverId}` : undefined;
    const host = await Host.add({ oned, rig: RIG, name, serverId, server, tokenFile: this.#tokenFile });
    this.hosts.set(name, host);
    return host;
  }

  host(name: string): Host {
    const host = this.hosts.get(name);
    if (host === undefined) throw new Error(`no host ${name}`);
    return host;
  }

  /** A bridge network, unless the attributes say otherwise. */
  async addNetwork(name: string, attributes: Template = []): Promise<Network> {
    const text: Template = [["NAME", name], ["VN_MAD", "bridge"], ["BRIDGE", "br0"], ...attributes];
    const last = new Map(text.filter(([key]) => key !== "AR").map((entry) => [entry[0], entry]));
    const file = this.file([...last.values(), ...text.filter(([key]) => key === "AR")]);
    const said = await this.oned.run("onevnet", "create", file);
    const network = { name, id: idIn(said) };
    // From 7.2 on its driver is asked first.
    const isReady = async () => (await look(this.oned.url, "one.vn.info", network.id)).text("STATE") === "1";
    await until(`network ${name} is ready`, async () => (await isReady()) || undefined, {
      story: () => this.oned.log().slice(-3_000),
    });
    return network;
  }

  /** Adds an address range of this driver, of size 1, and says what oned made of it. */
  async addRange(network: Network, attributes: Readonly<Record<string, string>> = {}): Promise<Element> {
    await this.oned.run("onevnet", "addar", network.name, this.rangeFile(attributes));
    const range = (await this.ranges(network)).at(-1);
    if (range === undefined) throw new Error(`network ${network.name} has no range`);
    return range;
  }

  rangeFile(attributes: Readonly<Record<string, string>> = {}): string {
    return this.file([["AR", { TYPE: "IP4", IPAM_MAD: "scw-flexip", SIZE: "1", ...attributes }]]);
  }

  /** The ranges of a network, in order. */
  async ranges(network: Network): Promise<Element[]> {
    return (await look(this.oned.url, "one.vn.info", network.id)).all("AR_POOL/AR");
  }

  /** The holders of a network's addresses by address: `vm 3`, `hold`, or what else oned has. */
  async leases(network: Network): Promise<Record<string, string>> {
    const leases = (await this.ranges(network)).flatMap((range) => range.all("LEASES/LEASE"));
    const holder = (lease: Element): string => {
      const vm = lease.text("VM");
      if (vm === "-1") return "hold";
      return vm === "" ? `network ${lease.text("VNET")}` : `vm ${vm}`;
    };
    return Object.fromEntries(leases.map((lease) => [lease.text("IP"), holder(lease)]));
  }

  /** Whether nobody holds any address of the network. */
  async isFree(network: Network): Promise<boolean> {
    return Object.keys(await this.leases(network)).length === 0;
  }

  /** A VM on hold. Each NIC names a network, or is a whole NIC. */
  async createVm(nics: readonly (Network | Readonly<Record<string, string>>)[], more: Template = []): Promise<Vm> {
    const said = await this.oned.run("onevm", "create", "--hold", this.vmFile(nics, more));
    return new Vm(this, idIn(said));
  }

  vmFile(nics: readonly (Network | Readonly<Record<string, string>>)[], more: Template = []): string {
    const wanted = nics.map((nic) => ["NIC", "id" in nic ? { NETWORK: String(nic.name) } : nic] as const);
    return this.file([["CPU", "0.1"], ["MEMORY", "16"], ["CONTEXT", { NETWORK: "YES" }], ...wanted, ...more]);
  }

  /** A template in a file of its own. */
  file(template: Template): string {
    const folder = join(RIG, "templates");
    mkdirSync(folder, { recursive: true });
    this.#files += 1;
    const file = join(folder, `${this.#files}.tmpl`);
    writeFileSync(file, templateText(template));
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

  /** Where the flexible IP of that id is. */
  placeOf(id: string): string {
    return placeOf(this.simulator.account.get(id), this.hosts.values());
  }

  async untilAt(address: string, where: string): Promise<void> {
    await until(`${address} is at ${where}`, () => this.whereIs(address) === where || undefined, {
      story: () => `it is at ${this.whereIs(address)}\n${this.story()}`,
    });
  }

  /** How many flexible IPs the project pays for. */
  paid(): number {
    return this.simulator.account.all().length;
  }

  /** Takes back whatever a scene did to the API and the hosts. */
  calm(): void {
    this.simulator.clearFaults();
    this.simulator.account.behave({ api: "up", latencyMs: 0, directAttach: "refused" });
    for (const host of this.hosts.values()) host.calm();
  }

  /** Changes the settings of the front-end and, as after a sync, of the hosts. */
  set(settings: Readonly<Record<string, string>>): void {
    writeSettings(this.oned.folder, settings);
  }

  /** Logs of the driver, for a scene that fails. */
  story(): string {
    const own = join(this.oned.folder, "var/scw-flexip.log");
    const texts = [
      existsSync(own) ? readFileSync(own, "utf8") : "",
      ...[...this.hosts.values()].map((host) => host.log()),
    ];
    return texts.map((text) => text.trimEnd().split("\n").slice(-12).join("\n")).join("\n");
  }

  async #useDummyDatastores(): Promise<void> {
    await this.oned.run("onedatastore", "update", "0", this.file([["TM_MAD", "dummy"]]), "--append");
    await this.oned.run(
      "onedatastore",
      "update",
      "1",
      this.file([
        ["TM_MAD", "dummy"],
        ["DS_MAD", "dummy"],
      ]),
      "--append",
    );
  }
}

async function aFrontEnd(): Promise<Oned> {
  copyInstallation(process.env.ONE_LOCATION ?? "", LOCATION);
  return new Oned({ location: LOCATION, rig: RIG });
}
