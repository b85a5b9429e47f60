// Networks and their address ranges, as OpenNebula knows them.

import { child, children, type Element, textOf } from "../../opennebula/xml.ts";
import { NAME } from "../layout.ts";
import type { Operator } from "../operator.ts";
import { type CloudRange, parseRanges } from "./listings.ts";
import { oneCommand, readXml } from "./one-command.ts";

const LISTS = ["VNET", "AR"];
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

/** Our ranges, and who has each. */
export async function listRanges(operator: Operator): Promise<CloudRange[]> {
  const text = await oneCommand(operator, "onevnet", LIST);
  readXml(text, "VNET_POOL", LISTS, "onevnet list -x");
  return parseRanges(text.trim(), NAME);
}

export async function listNetworks(operator: Operator): Promise<Network[]> {
  const text = await oneCommand(operator, "onevnet", LIST);
  return children(readXml(text, "VNET_POOL", LISTS, "onevnet list -x"), "VNET").map((network) => ({
    id: textOf(network, "ID"),
    name: textOf(network, "NAME"),
    driver: textOf(network, "VN_MAD"),
    bridge: textOf(network, "BRIDGE"),
    ranges: children(child(network, "AR_POOL"), "AR"),
    attribute: (name) => textOf(child(network, "TEMPLATE"), name) || undefined,
  }));
}
