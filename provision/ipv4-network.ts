// IPv4 networks in CIDR notation. Pure.
import { isIPv4 } from "node:net";

/** An IPv4 network: its first address as a number, and how many leading bits its addresses share. */
export type Ipv4Network = { readonly first: number; readonly prefixLength: number };

const PRIVATE_NETWORKS = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map(readIpv4Network);

/** Reads `10.16.0.0/20`. Undefined when the text is no network, or when bits behind the prefix are set. */
export function parseIpv4Network(text: string): Ipv4Network | undefined {
  const match = /^([\d.]+)\/(\d{1,2})$/.exec(text);
  const address = match?.[1] ?? "";
  const prefixLength = Number(match?.[2]);
  if (!isIPv4(address) || prefixLength > 32) return undefined;
  const first = ipv4Number(address);
  return first % size(prefixLength) === 0 ? { first, prefixLength } : undefined;
}

/** Reads a network that was checked before. */
export function readIpv4Network(text: string): Ipv4Network {
  const network = parseIpv4Network(text);
  if (network === undefined) throw new Error(`${text} is no IPv4 network`);
  return network;
}

/** Whether every address of the network is in one of the private ranges of RFC 1918. */
export function isPrivate(network: Ipv4Network): boolean {
  return PRIVATE_NETWORKS.some((outer) => contains(outer, network));
}

/** Whether the two networks share an address. */
export function overlaps(one: Ipv4Network, other: Ipv4Network): boolean {
  return contains(one, other) || contains(other, one);
}

/** Whether `count` addresses from the IPv4 address `first` on lie inside the network, without its first and last one. */
export function holdsHosts(network: Ipv4Network, first: string, count: number): boolean {
  const start = ipv4Number(first) - network.first;
  return start >= 1 && start + count <= size(network.prefixLength) - 1;
}

/** How many hosts the network has room for. */
export function hostCount(network: Ipv4Network): number {
  return Math.max(size(network.prefixLength) - 2, 0);
}

/** 20 for `10.16.0.0/20`. */
export function prefixLengthOf(text: string): number {
  return readIpv4Network(text).prefixLength;
}

/** `255.255.240.0` for a prefix length of 20. */
export function netmask(network: Ipv4Network): string {
  return ipv4Text(2 ** 32 - size(network.prefixLength));
}

/** The first address of the network as text. */
export function networkAddress(network: Ipv4Network): string {
  return ipv4Text(network.first);
}

function contains(outer: Ipv4Network, inner: Ipv4Network): boolean {
  const end = (network: Ipv4Network) => network.first + size(network.prefixLength);
  return outer.first <= inner.first && end(inner) <= end(outer);
}

function size(prefixLength: number): number {
  return 2 ** (32 - prefixLength);
}

function ipv4Number(text: string): number {
  return text.split(".").reduce((number, byte) => number * 256 + Number(byte), 0);
}

function ipv4Text(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}
