// Settings of the backup. All three must be set, or none for no backup.
import { matching } from "../settings-rules.ts";

/** For the schema of settings. */
export const backupSettings = {
  backupBucket: matching(/^([a-z0-9][a-z0-9.-]{2,62})?$/, "must be the name of a bucket")
    .default("")
    .describe("bucket for backups, as make state printed it; empty: no backups"),
  backupProjectId: matching(/^([0-9a-f-]{36})?$/i, "must be a UUID")
    .default("")
    .describe("project of that bucket, as make state printed it"),
  backupRecipient: matching(/^(age1[02-9ac-hj-np-z]{58})?$/, "must be the public key that age-keygen prints")
    .default("")
    .describe("public key of age that encrypts backups; its identity file stays with you"),
};

export type BackupSettings = {
  readonly backupBucket: string;
  readonly backupProjectId: string;
  readonly backupRecipient: string;
};

/** What is missing when only some of the three are set. */
export function backupComplaints({ backupBucket, backupProjectId, backupRecipient }: BackupSettings): string[] {
  const given = { backupBucket, backupProjectId, backupRecipient };
  const missing = Object.entries(given).filter(([, value]) => value === "");
  if (missing.length === 0 || missing.length === Object.keys(given).length) return [];
  return missing.map(([key]) => `${key} is missing, and backups need all three; see docs/backup.md`);
}
