import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { InputError } from "../../driver/errors.ts";
import { checkLease, newRange, registeredRange } from "../../driver/ipam/address-range.ts";

const ID = "f1e81b1e-0000-4000-8000-000000000007";
const ID6 = "f1e81b1e-0000-4000-8000-00000000000a";
const OWN = { IP: "203.0.113.7", SIZE: "1" };

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
    [{}, /^address range has SIZE missing, .*; add one range for each address$/],
    [{ SIZE: "0" }, /^address range has SIZE 0, /],
    [{ SIZE: "2" }, /^address range has SIZE 2, /],
    [{ SIZE: "01" }, /^address range has SIZE 01, /],
    [{ SIZE: "9".repeat(60) }, /^address range has SIZE 9{40}…, /],
    [{ SIZE: "1", TYPE: "IP6" }, /^address range has TYPE IP6, .*; change TYPE$/],
    [{ SIZE: "1", TYPE: "IP4_6" }, /^address range has TYPE IP4_6, /],
    [{ SIZE: "1", TYPE: "a\nb" }, /^address range has TYPE a b, /],
    [{ SIZE: "1", SHARED: "yes" }, /^address range has SHARED=YES, .*; remove SHARED/],
    [{ SIZE: "1", SCW_FLEXIBLE_IP_ID: "7" }, /^SCW_FLEXIBLE_IP_ID is no UUID; /],
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
      assert.deepEqual(registeredRange(request({ ...OWN, ...sent })), { ...none, ...range });
    });
  }

  for (const sent of [{}, { IP: "203.0.113" }, { IP: "2001:db8::1" }]) {
    test(`refuses ${JSON.stringify(sent)}`, () => {
      assertRefused(() => registeredRange(request(sent)), /^address range has no IP, .*; remove it and add it again$/);
    });
  }
});

suite("checkLease", () => {
  for (const [sent, asked] of [
    [OWN, {}],
    [OWN, { SIZE: "1", IP: "203.0.113.7", MAC: "52:54:00:00:00:07" }],
    [{ IP: "203.0.113.7" }, { SIZE: "1" }],
  ] satisfies [Fields, Fields][]) {
    test(`takes ${JSON.stringify(asked)} of ${JSON.stringify(sent)}`, () => check(sent, asked));
  }

  for (const [sent, asked, reason] of [
    [OWN, { SIZE: "2" }, /^address range 203\.0\.113\.7 has SIZE 1 and 2 were asked for, .*; set SIZE to 1$/],
    [{ ...OWN, SIZE: "4" }, { SIZE: "1" }, /has SIZE 4 and 1 were asked for, .*; set SIZE to 1$/],
    [OWN, { SIZE: "1", IP: "203.0.113.8" }, /^address 203\.0\.113\.8 is not in the address range, /],
    [OWN, { SIZE: "1", IP: "a\nb" }, /^address a b is not in the address range, .*; ask for that one$/],
  ] satisfies [Fields, Fields, RegExp][]) {
    test(`refuses ${JSON.stringify(asked)} of ${JSON.stringify(sent)}`, () => {
      assertRefused(() => check(sent, asked), reason);
    });
  }

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
