import assert from "node:assert/strict";
import { test } from "node:test";
import { borrowerTags, ownershipTags } from "../../driver/flexible-ip/ownership.ts";
import { type Expected, type Standing, standingOf } from "../../driver/flexible-ip/standing.ts";
import type { FlexibleIp } from "../../driver/scaleway/flexible-ip.ts";

const PROJECT = "0a11ce00-0000-4000-8000-0000000000b0";
const INTENT = "0a11ce00-0000-4000-8000-0000000000c0";
const OTHER_INTENT = "0a11ce00-0000-4000-8000-0000000000c1";
const MAC = "52:54:00:aa:00:01";
const OTHER_MAC = "52:54:00:aa:00:02";

const OURS: FlexibleIp = {
  id: "0a11ce00-0000-4000-8000-000000000001",
  address: "203.0.113.7",
  isIpv6: false,
  mac: MAC,
  serverId: undefined,
  status: "ready",
  projectId: PROJECT,
  description: "",
  tags: ownershipTags("one", "created", INTENT),
  updatedAt: "2026-03-04T05:06:07Z",
};
const BARE: FlexibleIp = { ...OURS, mac: undefined };

const NO_INTENT = { tags: ownershipTags("one", "adopted", undefined) };
const OF_TWO = { tags: ownershipTags("two", "created", INTENT) };
const BY_HAND = { intent: undefined, isHandWritten: true };

type Row = readonly [
  title: string,
  flexibleIp: Partial<FlexibleIp>,
  expected: Partial<Expected>,
  is: Standing["is"],
  words: RegExp,
];

const ROWS: readonly Row[] = [
  ["what the range was registered with is ours", {}, {}, "ours", /is as expected/],
  ["a range of 0.1.0 has no intent", {}, { intent: undefined }, "ours", /./],
  ["a flexible IP without an intent belongs to any range", NO_INTENT, {}, "ours", /./],
  ["no MAC is expected of an IPv6 prefix", { mac: undefined }, { mac: undefined }, "ours", /./],
  ["what settles is ours", { status: "updating" }, {}, "ours", /./],
  ["of another project", { projectId: OTHER_INTENT }, {}, "other-project", /belongs to project/],
  ["of another cloud", OF_TWO, {}, "other-cloud", /cloud two, not to one/],
  ["registered again", {}, { intent: OTHER_INTENT }, "recycled", /another address range/],
  ["typed into a range that is not the driver's", {}, BY_HAND, "recycled", /another address range/],
  ["nobody's, in a range that is not the driver's", { tags: [] }, BY_HAND, "untagged", /./],
  ["in error", { status: "error" }, {}, "bad-status", /has status error/],
  ["locked", { status: "locked" }, {}, "bad-status", /has status locked/],
  ["with another MAC", { mac: OTHER_MAC }, {}, "wrong-mac", /aa:00:02, but its guest has 52:54:00:aa:00:01/],
  ["without a MAC", { mac: undefined }, {}, "no-mac", /has no virtual MAC/],
  ["that gave its MAC up", { mac: undefined, tags: borrowerTags(BARE) }, {}, "no-mac", /to serve as a NIC alias/],
  ["without tags", { tags: ["web"] }, {}, "untagged", /does not have the tags/],
  // The gravest difference comes first.
  ["without tags and with another MAC", { tags: [], mac: OTHER_MAC }, {}, "wrong-mac", /./],
  ["of another cloud, and locked", { ...OF_TWO, status: "locked" }, {}, "other-cloud", /./],
  ["registered again, and without a MAC", { mac: undefined }, { intent: OTHER_INTENT }, "recycled", /./],
];

for (const [title, change, expected, is, words] of ROWS) {
  test(`a flexible IP's standing: ${title}`, () => {
    const judged = standingOf(
      { ...OURS, ...change },
      { cloud: "one", projectId: PROJECT, mac: MAC, intent: INTENT, ...expected },
    );
    assert.equal(judged.is, is);
    assert.match(judged.words, words);
    assert.ok(judged.words.startsWith("flexible IP 203.0.113.7 (0a11ce00-0000-4000-8000-000000000001) "), judged.words);
    assert.equal(judged.move === undefined, is === "ours", "whatever is not ours comes with a next move");
  });
}
