// What people do with OpenNebula, step by step: played on our model of oned and on a real one, which must do the same.
import type { Fields } from "../documents.ts";

export type Host = "h1" | "h2";
/** A network with one address range. */
export type NetworkName = "first" | "second" | "third" | "dual" | "aliases";
export type VmName = "web" | "mail" | "late";

/** One cloud. Each promise ends when the operation has. */
export interface Player {
  addRange(network: NetworkName, typed: Fields): Promise<void>;
  removeRange(network: NetworkName): Promise<void>;
  create(vm: VmName, networks: readonly NetworkName[]): Promise<void>;
  /** The NIC names the address that it wants. */
  createNamed(vm: VmName, network: NetworkName): Promise<void>;
  deploy(vm: VmName, host: Host): Promise<void>;
  /** The network's flexible IP is locked meanwhile, and pre refuses. */
  deployInVain(vm: VmName, host: Host, network: NetworkName): Promise<void>;
  attach(vm: VmName, network: NetworkName): Promise<void>;
  /** As an alias of the NIC of that number. */
  attachAlias(vm: VmName, network: NetworkName, nicId: string): Promise<void>;
  /** The network does not allow it, and pre refuses. */
  attachAliasInVain(vm: VmName, network: NetworkName, nicId: string): Promise<void>;
  detach(vm: VmName, nicId: string): Promise<void>;
  migrate(vm: VmName, host: Host): Promise<void>;
  /** Its copy fails. */
  migrateInVain(vm: VmName, host: Host): Promise<void>;
  powerOff(vm: VmName): Promise<void>;
  resume(vm: VmName): Promise<void>;
  terminate(vm: VmName): Promise<void>;
  hold(network: NetworkName): Promise<void>;
  /** Of the network's address, whoever has it. */
  release(network: NetworkName): Promise<void>;
  /** The VM's host is lost, and it is recreated and deployed on the other one. */
  loseHost(vm: VmName, other: Host): Promise<void>;
}

export type ScriptStep = readonly [title: string, play: (cloud: Player) => Promise<void>];

export const SCRIPT: readonly ScriptStep[] = [
  ["a range is added", (cloud) => cloud.addRange("first", {})],
  ["a range with a placeholder", (cloud) => cloud.addRange("second", { IP: "192.0.2.99", MAC: "02:00:c0:00:02:63" })],
  ["a third range", (cloud) => cloud.addRange("third", {})],
  ["a dual-stack range", (cloud) => cloud.addRange("dual", { TYPE: "IP4_6_STATIC" })],
  ["a range for aliases", (cloud) => cloud.addRange("aliases", { SCW_FLEXIP_ALIAS: "YES" })],
  ["an address is held", (cloud) => cloud.hold("second")],
  ["the hold is released", (cloud) => cloud.release("second")],
  ["a dual-stack address is held", (cloud) => cloud.hold("dual")],
  ["that hold is released", (cloud) => cloud.release("dual")],
  ["a VM is created", (cloud) => cloud.create("web", ["first"])],
  ["it is deployed", (cloud) => cloud.deploy("web", "h1")],
  ["its address is released while it uses it", (cloud) => cloud.release("first")],
  ["a NIC is attached", (cloud) => cloud.attach("web", "second")],
  ["an alias is attached", (cloud) => cloud.attachAlias("web", "aliases", "0")],
  ["it is migrated live", (cloud) => cloud.migrate("web", "h2")],
  ["a live migration fails", (cloud) => cloud.migrateInVain("web", "h1")],
  ["the alias is detached", (cloud) => cloud.detach("web", "2")],
  ["the alias is attached again", (cloud) => cloud.attachAlias("web", "aliases", "0")],
  ["an alias is refused", (cloud) => cloud.attachAliasInVain("web", "third", "0")],
  ["it is powered off", (cloud) => cloud.powerOff("web")],
  ["it is resumed", (cloud) => cloud.resume("web")],
  ["the second NIC is detached", (cloud) => cloud.detach("web", "1")],
  ["a NIC is attached again", (cloud) => cloud.attach("web", "third")],
  ["a VM asks for an address", (cloud) => cloud.createNamed("mail", "second")],
  ["it is deployed", (cloud) => cloud.deploy("mail", "h1")],
  ["a dual-stack NIC is attached", (cloud) => cloud.attach("mail", "dual")],
  ["its host is lost, and it starts on another one", (cloud) => cloud.loseHost("mail", "h2")],
  ["a VM with an alias is terminated", (cloud) => cloud.terminate("web")],
  ["an alias is attached to the other VM", (cloud) => cloud.attachAlias("mail", "aliases", "0")],
  ["the NIC is detached that has the alias", (cloud) => cloud.detach("mail", "0")],
  ["the other VM is terminated", (cloud) => cloud.terminate("mail")],
  ["a third VM is created", (cloud) => cloud.create("late", ["third"])],
  ["its deployment is refused", (cloud) => cloud.deployInVain("late", "h1", "third")],
  ["it is terminated", (cloud) => cloud.terminate("late")],
  ["a range is removed", (cloud) => cloud.removeRange("first")],
  ["the dual-stack range is removed", (cloud) => cloud.removeRange("dual")],
];
