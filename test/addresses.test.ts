import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { firstHost, isAddressOf, isPublicIpv4, isPublicIpv6, isUuid } from "../driver/addresses.ts";

suite("isPublicIpv4", () => {
  const addresses = {
    "192.0.2.1": true,
    "198.51.100.255": true,
    "203.0.113.7": true,
    "9.255.255.255": true,
    "11.0.0.0": true,
    "100.63.255.255": true,
    "100.128.0.0": true,
    "172.15.255.255": true,
    "172.32.0.0": true,
    "192.167.255.255": true,
    "192.169.0.0": true,
    "223.255.255.255": true,
    "0.0.0.0": false,
    "10.0.0.0": false,
    "10.255.255.255": false,
    "100.64.0.0": false,
    "100.127.255.255": false,
    "127.0.0.1": false,
    "169.254.169.254": false,
    "172.16.0.0": false,
    "172.31.255.255": false,
    "192.168.0.1": false,
    "224.0.0.1": false,
    "255.255.255.255": false,
    "203.0.113.07": false,
    "203.0.113.256": false,
    "203.0.113": false,
    "203.0.113.7/32": false,
    " 203.0.113.7": false,
    "2001:db8::1": false,
    "::ffff:203.0.113.7": false,
    "": false,
  };
  for (const [address, isPublic] of Object.entries(addresses)) {
    test(`${address} is ${isPublic ? "" : "not "}public`, () => assert.equal(isPublicIpv4(address), isPublic));
  }
});

suite("isPublicIpv6", () => {
  const addresses = {
    "2001:db8::1": true,
    "2001:DB8::1": true,
    "3fff:ffff::": true,
    "2000::": true,
    "fe80::1": false,
    "fd00::1": false,
    "ff02::1": false,
    "4000::1": false,
    "200::1": false,
    "::1": false,
    "::": false,
    "::ffff:203.0.113.7": false,
    "2001:db8::/64": false,
    "2001:db8": false,
    "203.0.113.7": false,
    "": false,
  };
  for (const [address, isPublic] of Object.entries(addresses)) {
    test(`${address} is ${isPublic ? "" : "not "}public`, () => assert.equal(isPublicIpv6(address), isPublic));
  }
});

suite("isAddressOf", () => {
  const pairs = [
    { address: "203.0.113.7", network: "203.0.113.7", is: true },
    { address: "203.0.113.7", network: "203.0.113.70", is: false },
    { address: "203.0.113.7", network: "2001:db8::", is: false },
    { address: "2001:db8::1", network: "203.0.113.7", is: false },
    { address: "2001:db8:0:1::1", network: "2001:db8:0:1::", is: true },
    { address: "2001:db8:0:1:ffff:ffff:ffff:ffff", network: "2001:db8:0:1::", is: true },
    { address: "2001:DB8:0:1::1", network: "2001:db8:0:1::", is: true },
    { address: "2001:db8:0:1::1", network: "2001:0db8:0000:0001:0000:0000:0000:0000", is: true },
    { address: "2001:db8:0:2::1", network: "2001:db8:0:1::", is: false },
    { address: "2001:db8::1:0:0:0:1", network: "2001:db8:0:1::", is: true },
    { address: "2001:db8::zz", network: "2001:db8::", is: false },
    { address: "", network: "2001:db8::", is: false },
    { address: "2001:db8::1", network: ":", is: false },
  ];
  for (const { address, network, is } of pairs) {
    test(`${address} is ${is ? "" : "not "}of ${network}`, () => assert.equal(isAddressOf(address, network), is));
  }
});

suite("firstHost", () => {
  const networks = { "2001:db8:1:2::": "2001:db8:1:2::1", "2001:db8::": "2001:db8::1", "::": "::1" };
  for (const [network, host] of Object.entries(networks)) {
    test(`of ${network}`, () => assert.equal(firstHost(network), host));
  }
});

suite("isUuid", () => {
  const texts = {
    "f1e81b1e-0000-4000-8000-000000000001": true,
    "F1E81B1E-0000-4000-8000-00000000000A": true,
    "00000000-0000-0000-0000-000000000000": true,
    f1e81b1e00004000800000000000000a: false,
    "f1e81b1e-0000-4000-8000-00000000000": false,
    "f1e81b1e-0000-4000-8000-0000000000011": false,
    "g1e81b1e-0000-4000-8000-000000000001": false,
    "f1e81b1e-0000-4000-8000-000000000001\n": false,
    "../f1e81b1e-0000-4000-8000-000000000001": false,
    "": false,
  };
  for (const [text, is] of Object.entries(texts)) {
    test(`${JSON.stringify(text)} is ${is ? "one" : "none"}`, () => assert.equal(isUuid(text), is));
  }
});
