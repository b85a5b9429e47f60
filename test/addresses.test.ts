// Which kind of address a text is, at the borders of each block.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { firstHost, isAddressOf, isPublicIpv4, isPublicIpv6, isUuid } from "../driver/addresses.ts";

const words = (text: string): string[] => text.trim().split(/\s+/);

suite("isPublicIpv4", () => {
  test("takes what lies around the private blocks, and documentation's addresses", () => {
    const addresses = words(`
      192.0.2.1 198.51.100.255 203.0.113.7 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0
      172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 223.255.255.255
    `);
    for (const address of addresses) assert.ok(isPublicIpv4(address), address);
  });

  test("refuses private, shared, loopback, link-local, multicast and reserved addresses", () => {
    const addresses = words(`
      0.0.0.0 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.1 169.254.169.254
      172.16.0.0 172.31.255.255 192.168.0.1 224.0.0.1 255.255.255.255
    `);
    for (const address of addresses) assert.ok(!isPublicIpv4(address), address);
  });

  test("refuses what is no IPv4 address", () => {
    const texts = words("203.0.113.07 203.0.113.256 203.0.113 203.0.113.7/32 2001:db8::1 ::ffff:203.0.113.7");
    for (const text of ["", " 203.0.113.7", ...texts]) assert.ok(!isPublicIpv4(text), text);
  });
});

suite("isPublicIpv6", () => {
  test("takes global unicast", () => {
    for (const address of words("2001:db8::1 2001:DB8::1 3fff:ffff:: 2000::"))
      assert.ok(isPublicIpv6(address), address);
  });

  test("refuses other blocks, and what is no IPv6 address", () => {
    const texts = words(`
      fe80::1 fd00::1 ff02::1 4000::1 200::1 ::1 :: ::ffff:203.0.113.7 2001:db8::/64 2001:db8 203.0.113.7
    `);
    for (const text of ["", ...texts]) assert.ok(!isPublicIpv6(text), text);
  });
});

suite("isAddressOf", () => {
  test("takes the same IPv4 address, and any address of an IPv6 network however it is written", () => {
    assert.ok(isAddressOf("203.0.113.7", "203.0.113.7"));
    const addresses = words("2001:db8:0:1::1 2001:DB8:0:1::1 2001:db8:0:1:ffff:ffff:ffff:ffff 2001:db8::1:0:0:0:1");
    for (const address of addresses) assert.ok(isAddressOf(address, "2001:db8:0:1::"), address);
    assert.ok(isAddressOf("2001:db8:0:1::1", "2001:0db8:0000:0001:0000:0000:0000:0000"));
  });

  test("refuses another address, another network, another family, and what is no address", () => {
    for (const [address, network] of [
      ["203.0.113.7", "203.0.113.70"],
      ["203.0.113.7", "2001:db8::"],
      ["2001:db8::1", "203.0.113.7"],
      ["2001:db8:0:2::1", "2001:db8:0:1::"],
      ["2001:db8::zz", "2001:db8::"],
      ["", "2001:db8::"],
      ["2001:db8::1", ":"],
    ] as const) {
      assert.ok(!isAddressOf(address, network), `${address} of ${network}`);
    }
  });
});

test("firstHost is the first address of an IPv6 network, and an IPv4 address itself", () => {
  assert.equal(firstHost("2001:db8:1:2::"), "2001:db8:1:2::1");
  assert.equal(firstHost("203.0.113.7"), "203.0.113.7");
});

test("isUuid takes UUIDs of any version in any case, and nothing around them", () => {
  const uuid = "f1e81b1e-0000-4000-8000-00000000000a";
  for (const text of [uuid, uuid.toUpperCase(), "00000000-0000-0000-0000-000000000000"]) assert.ok(isUuid(text), text);
  const others = [uuid.replaceAll("-", ""), uuid.slice(1), `${uuid}1`, `g${uuid.slice(1)}`, `${uuid}\n`, `../${uuid}`];
  for (const text of ["", ...others]) assert.ok(!isUuid(text), JSON.stringify(text));
});
