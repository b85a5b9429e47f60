// Who may do what: the driver's applications, keys and conditions, and the operator's key.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { buildGraph, EXPIRY, PROJECT, read, SSH_KEY } from "./graph.ts";
import { list, names, one } from "./registrations.ts";
import { idOf } from "./world.ts";

describe("access for the driver", () => {
  test("two applications, each with a group, a policy on one project, and a key that ends", async () => {
    const graph = await buildGraph();
    for (const name of ["driver-frontend", "driver-hosts"]) {
      assert.deepEqual(one(graph, "scaleway:iam/group:Group", name).inputs.applicationIds, [
        idOf("scaleway:iam/application:Application", name),
      ]);
      const policy = one(graph, "scaleway:iam/policy:Policy", name);
      assert.deepEqual(policy.inputs.rules, [
        { permissionSetNames: ["ElasticMetalFullAccess"], projectIds: [PROJECT] },
      ]);
      assert.equal(policy.inputs.groupId, idOf("scaleway:iam/group:Group", name));
      const key = one(graph, "scaleway:iam/apiKey:ApiKey", `${name}-${EXPIRY}`);
      assert.equal(key.inputs.expiresAt, EXPIRY);
      assert.equal(key.inputs.defaultProjectId, PROJECT);
      assert.ok(key.dependsOn.includes(`scaleway:iam/policy:Policy::${name}`));
    }
  });

  test("can be held to the servers' own addresses, front-end and hosts apart", async () => {
    const graph = await buildGraph({ written: { workers: '["host01", "host02"]', driverKeyOnlyFromHosts: "true" } });
    const condition = (name: string) => {
      const [rule] = list(one(graph, "scaleway:iam/policy:Policy", name).inputs.rules);
      return Reflect.get(Object(rule), "condition");
    };
    assert.equal(condition("driver-frontend"), 'inIpRange(request.ip, "192.0.2.10/32")');
    assert.equal(
      condition("driver-hosts"),
      'inIpRange(request.ip, "192.0.2.11/32") || inIpRange(request.ip, "192.0.2.12/32")',
    );
  });

  test("a later date adds a key that is in use, and leaves the earlier one valid", async () => {
    const later = "2028-11-30T00:00:00Z";
    const graph = await buildGraph({ written: { driverKeyExpiries: JSON.stringify([EXPIRY, later]) } });
    assert.deepEqual(names(graph, "scaleway:iam/apiKey:ApiKey"), [
      `driver-frontend-${EXPIRY}`,
      `driver-frontend-${later}`,
      `driver-hosts-${EXPIRY}`,
      `driver-hosts-${later}`,
    ]);
    assert.equal((await read(graph.outputs.driver.hostsToken)).value, `secret-key-of-driver-hosts-${later}`);
  });
});

test("the key that opens the servers is the operator's", async () => {
  assert.equal(one(await buildGraph(), "scaleway:iam/sshKey:SshKey", "operator").inputs.publicKey, SSH_KEY);
});
