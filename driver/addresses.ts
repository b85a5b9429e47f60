// What kind of address a text is. Pure.
import { BlockList, isIPv4, isIPv6 } from "node:net";

// Blocks in which Scaleway never gives out a flexible IP: the IANA special-purpose registries, less the blocks for
// documentation, which examples and tests use in the place of public ones.
const NOT_PUBLIC = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["224.0.0.0", 3],
] as const) {
  NOT_PUBLIC.addSubnet(network, prefix, "ipv4");
}

/** Whether the text is an IPv4 address that could be a flexible IP. */
export function isPublicIpv4(text: string): boolean {
  return isIPv4(text) && !NOT_PUBLIC.check(text, "ipv4");
}

/** Whether the text is an IPv6 address that could lie in a flexible IP: global unicast, 2000::/3. */
export function isPublicIpv6(text: string): boolean {
  return isIPv6(text) && /^[23][0-9a-f]{3}:/i.test(text);
}

/** Whether two texts are the same address, or the same /64 where the flexible IP is an IPv6 network. */
export function isAddressOf(address: string, network: string): boolean {
  if (!network.includes(":")) return address === network;
  if (!isIPv6(address) || !isIPv6(network)) return false;
  const block = new BlockList();
  block.addSubnet(network, 64, "ipv6");
  return block.check(address, "ipv6");
}

/** The first host of an IPv6 /64 as the API writes it: `2001:db8:1:2::` → `2001:db8:1:2::1`. */
export function firstHost(network: string): string {
  return network.endsWith("::") ? `${network}1` : network;
}

export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text);
}
