// What make specifics reads: the stack's outputs, and OpenNebula's networks.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parsePlan } from "../specifics/plan.ts";
import { countDriverRanges } from "../specifics/public-network.ts";

describe("the plan", () => {
  test("from a stack that is not up names what lacks, and the next move", () => {
    assert.throws(() => parsePlan(""), { message: "the stack's outputs lack everything; run: make up" });
    assert.throws(() => parsePlan('{"sshUser": "ubuntu"}'), {
      message: "the stack's outputs lack hosts, driver; run: make up",
    });
  });

  test("that is wrong is never repeated", () => {
    const broken = JSON.stringify({ sshUser: "ubuntu", hosts: [], driver: { frontendToken: "planted", config: 1 } });
    assert.throws(
      () => parsePlan(broken),
      (error: Error) => !error.message.includes("planted"),
    );
  });
});

test("ranges of the driver are counted in each form that OpenNebula writes", () => {
  const count = (pool: unknown) => countDriverRanges(JSON.stringify({ VNET: { AR_POOL: pool } }));
  assert.equal(count({}), 0);
  assert.equal(count(""), 0);
  assert.equal(count({ AR: { IPAM_MAD: "scw-flexip" } }), 1);
  assert.equal(count({ AR: [{ IPAM_MAD: "scw-flexip" }, { IP: "192.0.2.1" }, { IPAM_MAD: "other" }] }), 1);
});
