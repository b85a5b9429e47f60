// Networks, their address ranges and the VMs, as OpenNebula's command line lists them.
import { RefusedError, UsageError } from "../../errors.ts";
import { child, children, type Element, parseXml, textOf } from "../../opennebula/xml.ts";
import { NAME } from "../layout.ts";
import type { Operator } from "../operator.ts";
import { type CloudRange, type CloudVm, parseRanges, parseVms } from "./listings.ts";
import { oneListing } from "./one-command.ts";

const LIST = ["list", "-x"];

export type Network = {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  readonly bridge: string;
  /** Of any driver. */
  readonly ranges: readonly Element[];
  /** An attribute of its template; undefined where it is not set. */
  attribute(name: string): string | undefined;
};

/** The driver's ranges, and who has each. */
export function listRanges(operator: Operator): Promise<CloudRange[]> {
  return oneListing(operator, "onevnet", LIST, (text) => parseRanges(text, NAME));
}

export function listVms(operator: Operator): Promise<CloudVm[]> {
  return oneListing(operator, "onevm", LIST, parseVms);
}

export function listNetworks(operator: Operator): Promise<Network[]> {
  return oneListing(operator, "onevnet", LIST, (text) =>
    children(parseXml(text, "VNET_POOL", ["VNET", "AR"]), "VNET").map((network) => ({
      id: textOf(network, "ID"),
      name: textOf(network, "NAME"),
      driver: textOf(network, "VN_MAD"),
      bridge: textOf(network, "BRIDGE"),
      ranges: children(child(network, "AR_POOL"), "AR"),
      attribute: (name) => textOf(child(network, "TEMPLATE"), name) || undefined,
    })),
  );
}

/** The network with that id or name. Throws RefusedError, and UsageError when several have it. */
export async function networkNamed(operator: Operator, name: string): Promise<Network> {
  const networks = await listNetworks(operator);
  const [network, second] = networks.filter((candidate) => candidate.id === name || candidate.name === name);
  if (network === undefined) throw new RefusedError(`no network ${name}; see onevnet list`);
  if (second !== undefined) throw new UsageError(`--network ${name}: several networks have it, give the id`);
  return network;
}
