// The bootstrap: projects and bucket, against strict mocks.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { declareState } from "../state/state.ts";
import { ORGANIZATION, read } from "./graph.ts";

test("a project for cloud, state and backups each, and two versioned buckets that nothing deletes", async () => {
  const made = new Map<string, Record<string, unknown>>();
  const guarded: unknown[] = [];
  await pulumi.runtime.setMocks({
    newResource: ({ type, name, inputs }) => {
      if (!["scaleway:account/project:Project", "scaleway:object/bucket:Bucket"].includes(type))
        throw new Error(`nobody expected ${type}`);
      made.set(name === "opennebula" ? name : `${type} ${name}`, inputs);
      return { id: `id-of-${name}`, state: inputs };
    },
    call: ({ token }) => {
      throw new Error(`nobody expected a call of ${token}`);
    },
  });
  const { getMonitor } = await import("@pulumi/pulumi/runtime/settings.js");
  const monitor = getMonitor();
  assert.ok(monitor !== undefined);
  const register = monitor.registerResource.bind(monitor);
  Reflect.set(monitor, "registerResource", (request: Parameters<typeof register>[0], ...rest: unknown[]) => {
    guarded.push(request.getProtect());
    return Reflect.apply(register, monitor, [request, ...rest]);
  });
  const { projectId, stateProjectId, backend } = declareState({
    namePrefix: "opennebula",
    organizationId: ORGANIZATION,
    region: "fr-par",
  });
  await pulumi.runtime.disconnect();

  assert.equal((await read(projectId)).value, "id-of-opennebula");
  assert.equal((await read(stateProjectId)).value, "id-of-opennebula-state");
  assert.deepEqual(guarded, [true, true, true, true, true]);
  assert.equal(made.get("opennebula")?.organizationId, ORGANIZATION);
  assert.deepEqual(made.get("scaleway:object/bucket:Bucket opennebula-state"), {
    name: "opennebula-state-11111111",
    projectId: "id-of-opennebula-state",
    region: "fr-par",
    versioning: { enabled: true },
    lifecycleRules: [{ enabled: true, noncurrentVersionExpiration: { noncurrentDays: 90 } }],
    forceDestroy: false,
    tags: { "managed-by": "pulumi" },
  });
  assert.deepEqual(made.get("scaleway:object/bucket:Bucket opennebula-backup"), {
    name: "opennebula-backup-11111111",
    projectId: "id-of-opennebula-backup",
    region: "fr-par",
    versioning: { enabled: true },
    // A month: the bucket deletes what is older, because the front-end's key may not.
    lifecycleRules: [{ enabled: true, expiration: { days: 30 }, noncurrentVersionExpiration: { noncurrentDays: 30 } }],
    forceDestroy: false,
    tags: { "managed-by": "pulumi" },
  });
  assert.equal(
    (await read(backend)).value,
    "s3://opennebula-state-11111111/pulumi?region=fr-par&endpoint=https://s3.fr-par.scw.cloud&s3ForcePathStyle=true",
  );
});
