// What the fields of an address range mean. Which ranges are refused in practice is in fixtures/ipam.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { InputError } from "../../driver/errors.ts";
import { newRange, registeredRange } from "../../driver/ipam/address-range.ts";

const ID = "f1e81b1e-0000-4000-8000-000000000007";
const ID6 = "f1e81b1e-0000-4000-8000-00000000000a";

type Fields = Readonly<Record<string, string>>;

suite("newRange", () => {
  const bare = { isDualStack: false, flexibleIpId: undefined, flexibleIp6Id: undefined, ip: undefined, ip6: undefined };
  for (const [typed, range] of [
    [{}, {}],
    [{ TYPE: "IP4_6_STATIC" }, { isDualStack: true }],
    [{ IP: "203.0.113.7" }, { ip: "203.0.113.7" }],
    // Placeholders that no flexible IP can have.
    [{ IP: "any" }, {}],
    [{ IP: "10.0.0.1" }, {}],
    [{ IP: "100.64.0.1" }, {}],
    [{ IP6: "fd00::1" }, {}],
    [{ IP6: "2001:DB8:7::1" }, { ip6: "2001:db8:7::1" }],
    [{ SCW_FLEXIBLE_IP_ID: ID.toUpperCase() }, { flexibleIpId: ID }],
    [{ SCW_FLEXIBLE_IP6_ID: ID6.toUpperCase() }, { flexibleIp6Id: ID6 }],
  ] satisfies [Fields, Partial<ReturnType<typeof newRange>>][]) {
    test(`takes ${JSON.stringify(typed)}`, () => {
      const sent = attributes({ SIZE: "1", ...typed });
      assert.deepEqual(newRange(sent), { attributes: sent, ...bare, ...range });
    });
  }

  for (const [typed, reason] of [
    [{ SIZE: "01" }, /^address range has SIZE 01, /],
    [{ SIZE: "9".repeat(60) }, /^address range has SIZE 9{40}…, /],
    [{ SIZE: "1", TYPE: "IP4_6" }, /^address range has TYPE IP4_6, /],
    [{ SIZE: "1", TYPE: "a\nb" }, /^address range has TYPE a b, /],
    [{ SIZE: "1", SHARED: "yes" }, /^address range has SHARED=YES, .*; remove SHARED/],
    [{ SIZE: "1", SCW_FLEXIBLE_IP6_ID: `${ID}/` }, /^SCW_FLEXIBLE_IP6_ID is no UUID; /],
  ] satisfies [Fields, RegExp][]) {
    test(`refuses ${JSON.stringify(typed)}`, () => assertRefused(() => newRange(attributes(typed)), reason));
  }
});

suite("registeredRange", () => {
  const none = {
    ip: "203.0.113.7",
    mac: undefined,
    ip6: undefined,
    flexibleIpId: undefined,
    flexibleIp6Id: undefined,
    intent: undefined,
    servesAliases: false,
  };
  const dual = { TYPE: "IP4_6_STATIC", IP6: "2001:DB8:7::1", SCW_FLEXIBLE_IP6_ID: ID6.toUpperCase() };
  for (const [sent, range] of [
    [{}, {}],
    // What register never answered may still be in a range that somebody wrote.
    [{ IP: "10.0.0.1" }, { ip: "10.0.0.1" }],
    [{ MAC: "52:54:00:AB:CD:EF" }, { mac: "52:54:00:ab:cd:ef" }],
    [dual, { ip6: "2001:db8:7::1", flexibleIp6Id: ID6 }],
    [{ ...dual, TYPE: "IP4" }, {}],
    [{ SCW_FLEXIBLE_IP_ID: ID.toUpperCase() }, { flexibleIpId: ID }],
    [{ SCW_FLEXIP_INTENT: ID6 }, { intent: ID6 }],
    [{ SCW_FLEXIP_ALIAS: "yes" }, { servesAliases: true }],
    // An id that a manager of the network broke is as good as none.
    [{ SCW_FLEXIBLE_IP_ID: "../x" }, {}],
  ] satisfies [Fields, Partial<ReturnType<typeof registeredRange>>][]) {
    test(`takes ${JSON.stringify(sent)}`, () => {
      const addressRange = attributes({ IP: "203.0.113.7", ...sent });
      assert.deepEqual(registeredRange({ addressRange, address: new Map() }), { ...none, ...range });
    });
  }

  test("refuses an IP that is no IPv4 address", () => {
    const addressRange = attributes({ IP: "2001:db8::1" });
    assertRefused(() => registeredRange({ addressRange, address: new Map() }), /^address range has no IP, /);
  });
});

function attributes(fields: Fields): Map<string, string> {
  return new Map(Object.entries(fields));
}

function assertRefused(act: () => unknown, reason: RegExp): void {
  assert.throws(act, (error) => {
    assert.ok(error instanceof InputError);
    assert.match(error.message, reason);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
}
