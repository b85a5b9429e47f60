// What the operations read: the stack's outputs, its state, and OpenNebula's networks.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { hostsOutputs, parseOutputs, specificsOutputs } from "../operations/outputs.ts";
import { nameOf, parseStack, serversOf } from "../operations/stack.ts";
import { countDriverRanges } from "../specifics/public-network.ts";

describe("outputs", () => {
  test("of a stack that is not up name what lacks, and the next move", () => {
    assert.throws(() => parseOutputs("", hostsOutputs), {
      message: "the stack's outputs lack everything; run: make up",
    });
    assert.throws(() => parseOutputs('{"sshUser": "ubuntu"}', specificsOutputs), {
      message: "the stack's outputs lack zone, hosts, driver; run: make up",
    });
  });

  test("that are wrong are never repeated", () => {
    const broken = JSON.stringify({ sshUser: "ubuntu", hosts: [], driver: { frontendToken: "planted", config: 1 } });
    assert.throws(
      () => parseOutputs(broken, specificsOutputs),
      (error: Error) => !error.message.includes("planted"),
    );
  });
});

describe("the state", () => {
  const at = (type: string, name: string) => `urn:pulumi:prod::hosted-cloud::hosted-cloud:index:X$${type}::${name}`;
  const SERVER = "scaleway:elasticmetal/server:Server";

  test("says what exists, which of these are servers, and what was being ordered", () => {
    const stack = parseStack(
      JSON.stringify({
        deployment: {
          resources: [
            { urn: "urn:pulumi:prod::hosted-cloud::pulumi:pulumi:Stack::hosted-cloud-prod" },
            { urn: "urn:pulumi:prod::hosted-cloud::pulumi:providers:scaleway::default", custom: true, id: "p" },
            { urn: at(SERVER, "fe"), custom: true, id: "fr-par-2/a", outputs: { ipv4s: [{ address: "192.0.2.10" }] } },
            { urn: at("scaleway:ipam/ip:Ip", "fe-vmtovm"), custom: true, id: "fr-par/b" },
            // Half an order.
            { urn: at(SERVER, "host02"), custom: true, id: "fr-par-2/c", outputs: { ipv4s: null } },
          ],
          pending_operations: [
            { type: "creating", resource: { urn: at(SERVER, "host01"), custom: true } },
            { type: "updating", resource: { urn: at(SERVER, "fe"), custom: true } },
          ],
        },
      }),
    );
    assert.deepEqual(
      stack.resources.map(({ urn }) => nameOf(urn)),
      ["fe", "fe-vmtovm", "host02"],
    );
    assert.deepEqual(
      serversOf(stack).map(({ urn }) => nameOf(urn)),
      ["fe", "host02"],
    );
    assert.deepEqual(stack.interrupted, ["host01"]);
  });

  test("of a stack that was never up holds nothing; text that is no state is refused", () => {
    assert.deepEqual(parseStack('{"version": 3, "deployment": {}}'), { resources: [], interrupted: [] });
    assert.throws(() => parseStack("nothing"), { message: /cannot be read; run: pulumi stack export/ });
  });
});

test("ranges of the driver are counted in each form that OpenNebula writes", () => {
  const count = (pool: unknown) => countDriverRanges(JSON.stringify({ VNET: { AR_POOL: pool } }));
  assert.equal(count({}), 0);
  assert.equal(count(""), 0);
  assert.equal(count({ AR: { IPAM_MAD: "scw-flexip" } }), 1);
  assert.equal(count({ AR: [{ IPAM_MAD: "scw-flexip" }, { IP: "192.0.2.1" }, { IPAM_MAD: "other" }] }), 1);
});
