// Which kind of address a text is, at the borders of each block.
import assert from "node:assert/strict";
import { test } from "node:test";
import { firstHost, isAddressOf, isPublicIpv4, isPublicIpv6, isUuid } from "../driver/addresses.ts";

const NETWORK = "2001:db8:0:1::";
const UUID = "f1e81b1e-0000-4000-8000-00000000000a";

const inNetwork = (address: string): boolean => isAddressOf(address, NETWORK);

takes(isPublicIpv4, "what lies around the private blocks, and documentation's addresses", [
  ...["192.0.2.1", "198.51.100.255", "203.0.113.7", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0"],
  ...["172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "223.255.255.255"],
]);
refuses(isPublicIpv4, "private, shared, loopback, link-local, multicast and reserved addresses", [
  ...["0.0.0.0", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1", "169.254.169.254"],
  ...["172.16.0.0", "172.31.255.255", "192.168.0.1", "224.0.0.1", "255.255.255.255"],
]);
refuses(isPublicIpv4, "what is no IPv4 address", [
  ...["", " 203.0.113.7", "203.0.113.07", "203.0.113.256", "203.0.113", "203.0.113.7/32", "::ffff:203.0.113.7"],
]);
takes(isPublicIpv6, "global unicast", ["2001:db8::1", "2001:DB8::1", "3fff:ffff::", "2000::"]);
refuses(isPublicIpv6, "other blocks, and what is no IPv6 address", [
  ...["fe80::1", "fd00::1", "ff02::1", "4000::1", "200::1", "::1", "::", "::ffff:203.0.113.7"],
  ...["", "2001:db8::/64", "2001:db8", "203.0.113.7"],
]);
takes(inNetwork, "any address of the network however it is written", [
  ...["2001:db8:0:1::1", "2001:DB8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8::1:0:0:0:1"],
]);
refuses(inNetwork, "an address of another network or family, and what is no address", [
  ...["2001:db8::1", "203.0.113.7", "2001:db8:0:1::zz", ""],
]);
takes(isUuid, "UUIDs of any version in any case", [UUID, UUID.toUpperCase(), "00000000-0000-0000-0000-000000000000"]);
refuses(isUuid, "what is more or less than a UUID", [
  ...["", UUID.replaceAll("-", ""), UUID.slice(1), `${UUID}1`, `g${UUID.slice(1)}`, `${UUID}\n`, `../${UUID}`],
]);

test("isAddressOf compares IPv4 addresses as they are, and reads a network that is written in full", () => {
  assert.ok(isAddressOf("203.0.113.7", "203.0.113.7"));
  assert.ok(!isAddressOf("203.0.113.7", "203.0.113.70"));
  assert.ok(!isAddressOf("2001:db8::1", "203.0.113.7"));
  assert.ok(!isAddressOf("2001:db8::1", ":"));
  assert.ok(isAddressOf("2001:db8:0:1::1", "2001:0db8:0000:0001:0000:0000:0000:0000"));
});

test("firstHost is the first address of an IPv6 network, and an IPv4 address itself", () => {
  assert.equal(firstHost("2001:db8:1:2::"), "2001:db8:1:2::1");
  assert.equal(firstHost("203.0.113.7"), "203.0.113.7");
});

function takes(is: (text: string) => boolean, what: string, texts: readonly string[]): void {
  test(`${is.name} takes ${what}`, () => {
    for (const text of texts) assert.ok(is(text), text);
  });
}

function refuses(is: (text: string) => boolean, what: string, texts: readonly string[]): void {
  test(`${is.name} refuses ${what}`, () => {
    for (const text of texts) assert.ok(!is(text), JSON.stringify(text));
  });
}
