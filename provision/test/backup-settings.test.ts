// Backups in the graph: who may do what, and settings that are given by halves.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkSettings, type WrittenSettings } from "../settings.ts";
import { buildGraph, EXPIRY, NEEDED, NOW, PROJECT, read } from "./graph.ts";

const BACKUP_PROJECT = "44444444-4444-4444-8444-444444444444";
const BACKUP: WrittenSettings = {
  backupBucket: "opennebula-backup-11111111",
  backupProjectId: BACKUP_PROJECT,
  backupRecipient: `age1${"q".repeat(58)}`,
};

describe("a stack with a bucket for backups", () => {
  test("has a key that may write objects in the project of the backups, and nothing else anywhere", async () => {
    const { registrations, outputs } = await buildGraph({ written: BACKUP });
    const policy = registrations.find(({ type, name }) => type === "scaleway:iam/policy:Policy" && name === "backup");
    assert.deepEqual(policy?.inputs.rules, [
      { permissionSetNames: ["ObjectStorageObjectsWrite"], projectIds: [BACKUP_PROJECT] },
    ]);
    const drivers = registrations.filter(({ type, name }) => type.includes("iam/policy") && name.startsWith("driver-"));
    for (const { inputs } of drivers)
      assert.deepEqual(inputs.rules, [{ permissionSetNames: ["ElasticMetalFullAccess"], projectIds: [PROJECT] }]);
    assert.equal(drivers.length, 2);
    assert.ok(outputs.backup !== null);
    assert.equal(outputs.backup.url, "https://s3.fr-par.scw.cloud/opennebula-backup-11111111");
    const { value, secret } = await read(outputs.backup.secretKey);
    assert.equal(value, `secret-key-of-backup-${EXPIRY}`);
    assert.ok(secret);
  });

  test("without one has no such key", async () => {
    const { registrations, outputs } = await buildGraph();
    assert.equal(outputs.backup, null);
    assert.ok(!registrations.some(({ name }) => name.startsWith("backup")));
  });
});

test("settings of the backup come together, in the form that the tools print", () => {
  const checked = (written: WrittenSettings) => () => checkSettings({ ...NEEDED, ...written }, NOW);
  assert.doesNotThrow(checked(BACKUP));
  assert.throws(
    checked({ ...BACKUP, backupRecipient: undefined }),
    /backupRecipient is missing, and backups need all three/,
  );
  assert.throws(checked({ ...BACKUP, backupRecipient: "AGE-SECRET-KEY-1" }), /backupRecipient must be the public key/);
  assert.throws(checked({ ...BACKUP, backupBucket: "Not A Bucket" }), /backupBucket must be the name of a bucket/);
});
