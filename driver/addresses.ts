// Which kind of address a text is. Pure. Loading node:net takes a tenth of a start: a hook for a VM without a public
// address does without it.

// Blocks in which Scaleway never gives out a flexible IP: the IANA special-purpose registries, less the blocks for
// documentation, which examples and tests use in the place of public ones.
const NOT_PUBLIC = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["224.0.0.0", 3],
] as const;

/** Whether the text is an IPv4 address that could be a flexible IP. */
export function isPublicIpv4(text: string): boolean {
  const address = ipv4Number(text);
  if (address === undefined) return false;
  return !NOT_PUBLIC.some(([network, prefix]) => {
    const size = 2 ** (32 - prefix);
    return Math.floor(address / size) === Math.floor((ipv4Number(network) ?? 0) / size);
  });
}

/** Whether the text is an IPv6 address that could lie in a flexible IP: global unicast, 2000::/3. */
export function isPublicIpv6(text: string): boolean {
  return /^[23][0-9a-f]{3}:/i.test(text) && net().isIPv6(text);
}

/** Whether two texts are the same address, or the same /64 where the flexible IP is an IPv6 network. */
export function isAddressOf(address: string, network: string): boolean {
  if (!network.includes(":")) return address === network;
  if (!address.includes(":")) return false;
  const { BlockList, isIPv6 } = net();
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

function ipv4Number(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255))
    return undefined;
  return parts.reduce((number, part) => number * 256 + Number(part), 0);
}

function net(): typeof import("node:net") {
  return process.getBuiltinModule("node:net");
}
