import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { InputError } from "../../driver/errors.ts";
import { checkLease, newRange, registeredRange } from "../../driver/ipam/address-range.ts";

const ID = "f1e81b1e-0000-4000-8000-000000000007";
const ID6 = "f1e81b1e-0000-4000-8000-00000000000a";

type Fields = Readonly<Record<string, string>>;

suite("newRange", () => {
  const bare = { isDualStack: false, flexibleIpId: undefined, flexibleIp6Id: undefined, ip: undefined, ip6: undefined };
  const accepted: readonly { typed: Fields; range: Partial<ReturnType<typeof newRange>> }[] = [
    { typed: { SIZE: "1" }, range: bare },
    { typed: { SIZE: "1", TYPE: "IP4" }, range: bare },
    { typed: { SIZE: "1", TYPE: "IP4_6_STATIC" }, range: { ...bare, isDualStack: true } },
    { typed: { SIZE: "1", IP: "203.0.113.7" }, range: { ...bare, ip: "203.0.113.7" } },
    // Placeholders that no flexible IP can have.
    { typed: { SIZE: "1", IP: "10.0.0.1" }, range: bare },
    { typed: { SIZE: "1", IP: "0.0.0.0" }, range: bare },
    { typed: { SIZE: "1", IP: "any" }, range: bare },
    { typed: { SIZE: "1", IP6: "2001:DB8:7::1" }, range: { ...bare, ip6: "2001:db8:7::1" } },
    { typed: { SIZE: "1", IP6: "fd00::1" }, range: bare },
    { typed: { SIZE: "1", SCW_FLEXIBLE_IP_ID: ID.toUpperCase() }, range: { ...bare, flexibleIpId: ID } },
    { typed: { SIZE: "1", SCW_FLEXIBLE_IP6_ID: ID6.toUpperCase() }, range: { ...bare, flexibleIp6Id: ID6 } },
  ];
  for (const { typed, range } of accepted) {
    test(`takes ${JSON.stringify(typed)}`, () => {
      assert.deepEqual(newRange(attributes(typed)), { attributes: attributes(typed), ...range });
    });
  }

  const refused: readonly { typed: Fields; reason: RegExp }[] = [
    { typed: {}, reason: /^address range has SIZE missing, .*; add one range for each address$/ },
    { typed: { SIZE: "0" }, reason: /^address range has SIZE 0, / },
    { typed: { SIZE: "2" }, reason: /^address range has SIZE 2, / },
    { typed: { SIZE: "01" }, reason: /^address range has SIZE 01, / },
    { typed: { SIZE: "1.0" }, reason: /^address range has SIZE 1\.0, / },
    { typed: { SIZE: "9".repeat(60) }, reason: /^address range has SIZE 9{40}…, / },
    { typed: { SIZE: "1", TYPE: "IP6" }, reason: /^address range has TYPE IP6, .*; change TYPE$/ },
    { typed: { SIZE: "1", TYPE: "IP4_6" }, reason: /^address range has TYPE IP4_6, / },
    { typed: { SIZE: "1", TYPE: "ETHER" }, reason: /^address range has TYPE ETHER, / },
    { typed: { SIZE: "1", TYPE: "a\nb" }, reason: /^address range has TYPE a b, / },
    { typed: { SIZE: "1", SCW_FLEXIBLE_IP_ID: "7" }, reason: /^SCW_FLEXIBLE_IP_ID is no UUID; / },
    { typed: { SIZE: "1", SCW_FLEXIBLE_IP6_ID: `${ID}/` }, reason: /^SCW_FLEXIBLE_IP6_ID is no UUID; / },
  ];
  for (const { typed, reason } of refused) {
    test(`refuses ${JSON.stringify(typed)}`, () => assertRefused(() => newRange(attributes(typed)), reason));
  }

  test("takes SIZE 1 and no other number", () => {
    fc.assert(
      fc.property(fc.bigInt(), (size) => {
        const register = (): unknown => newRange(attributes({ SIZE: String(size) }));
        if (size === 1n) assert.doesNotThrow(register);
        else assert.throws(register, InputError);
      }),
    );
  });

  test("never takes an address for public that a guest network may have", () => {
    const byte = fc.integer({ min: 0, max: 255 });
    const head = fc.oneof(
      fc.constantFrom("10", "127", "0").chain((first) => byte.map((second) => `${first}.${second}`)),
      fc.integer({ min: 16, max: 31 }).map((second) => `172.${second}`),
      fc.integer({ min: 64, max: 127 }).map((second) => `100.${second}`),
      fc.constantFrom("192.168", "169.254"),
    );
    fc.assert(
      fc.property(head, byte, byte, (first, third, fourth) => {
        const range = newRange(attributes({ SIZE: "1", IP: `${first}.${third}.${fourth}` }));
        assert.equal(range.ip, undefined);
      }),
    );
  });
});

suite("registeredRange", () => {
  const none = {
    mac: undefined,
    ip6: undefined,
    flexibleIpId: undefined,
    flexibleIp6Id: undefined,
    intent: undefined,
    servesAliases: false,
  };
  const accepted: readonly { sent: Fields; range: ReturnType<typeof registeredRange> }[] = [
    { sent: { IP: "203.0.113.7" }, range: { ip: "203.0.113.7", ...none } },
    // What register never answered may still be in a range that somebody wrote.
    { sent: { IP: "10.0.0.1" }, range: { ip: "10.0.0.1", ...none } },
    {
      sent: { TYPE: "IP4_6_STATIC", IP: "203.0.113.7", MAC: "52:54:00:AB:CD:EF", IP6: "2001:DB8:7::1" },
      range: { ...none, ip: "203.0.113.7", mac: "52:54:00:ab:cd:ef", ip6: "2001:db8:7::1" },
    },
    { sent: { IP: "203.0.113.7", SCW_FLEXIP_INTENT: ID6 }, range: { ip: "203.0.113.7", ...none, intent: ID6 } },
    {
      sent: { TYPE: "IP4_6_STATIC", IP: "203.0.113.7", SCW_FLEXIBLE_IP_ID: ID.toUpperCase(), SCW_FLEXIBLE_IP6_ID: ID6 },
      range: { ...none, ip: "203.0.113.7", flexibleIpId: ID, flexibleIp6Id: ID6 },
    },
    // An id that a manager of the network broke is as good as none.
    { sent: { IP: "203.0.113.7", SCW_FLEXIBLE_IP_ID: "../x" }, range: { ip: "203.0.113.7", ...none } },
  ];
  for (const { sent, range } of accepted) {
    test(`takes ${JSON.stringify(sent)}`, () => assert.deepEqual(registeredRange(request(sent)), range));
  }

  for (const sent of [{}, { IP: "203.0.113" }, { IP: "2001:db8::1" }]) {
    test(`refuses ${JSON.stringify(sent)}`, () => {
      assertRefused(() => registeredRange(request(sent)), /^address range has no IP, .*; remove it and add it again$/);
    });
  }
});

suite("checkLease", () => {
  const range = { IP: "203.0.113.7", SIZE: "1" };
  const accepted: readonly { sent: Fields; asked: Fields }[] = [
    { sent: range, asked: {} },
    { sent: range, asked: { SIZE: "1" } },
    { sent: range, asked: { SIZE: "1", IP: "203.0.113.7", MAC: "52:54:00:00:00:07" } },
    { sent: { IP: "203.0.113.7" }, asked: { SIZE: "1" } },
  ];
  for (const { sent, asked } of accepted) {
    test(`takes ${JSON.stringify(asked)} of ${JSON.stringify(sent)}`, () => check(sent, asked));
  }

  const refused: readonly { sent: Fields; asked: Fields; reason: RegExp }[] = [
    { sent: range, asked: { SIZE: "2" }, reason: /^address range 203\.0\.113\.7 has SIZE 1 and 2 were asked for, / },
    { sent: range, asked: { SIZE: "0" }, reason: /^address range 203\.0\.113\.7 has SIZE 1 and 0 were asked for, / },
    {
      sent: { ...range, SIZE: "4" },
      asked: { SIZE: "1" },
      reason: /has SIZE 4 and 1 were asked for, .*; set SIZE to 1$/,
    },
    {
      sent: range,
      asked: { SIZE: "1", IP: "203.0.113.8" },
      reason: /^address 203\.0\.113\.8 is not in the address range, /,
    },
    { sent: range, asked: { SIZE: "1", IP: "a\nb" }, reason: /^address a b is not in the address range, / },
  ];
  for (const { sent, asked, reason } of refused) {
    test(`refuses ${JSON.stringify(asked)} of ${JSON.stringify(sent)}`, () => {
      assertRefused(() => check(sent, asked), reason);
    });
  }

  test("takes the range's own address and no other", () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), (own, asked) => {
        const lease = (): void => check({ IP: own, SIZE: "1" }, { IP: asked, SIZE: "1" });
        if (own === asked) assert.doesNotThrow(lease);
        else assert.throws(lease, InputError);
        assert.doesNotThrow(() => check({ IP: own, SIZE: "1" }, { IP: own, SIZE: "1" }));
      }),
    );
  });

  function check(sent: Fields, asked: Fields): void {
    const sentRequest = request(sent, asked);
    checkLease(sentRequest, registeredRange(sentRequest));
  }
});

function attributes(fields: Fields): Map<string, string> {
  return new Map(Object.entries(fields));
}

function request(range: Fields, address: Fields = {}) {
  return { addressRange: attributes(range), address: attributes(address) };
}

function assertRefused(act: () => unknown, reason: RegExp): void {
  assert.throws(act, (error) => {
    assert.ok(error instanceof InputError);
    assert.match(error.message, reason);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
}
