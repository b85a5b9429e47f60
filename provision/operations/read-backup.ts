// What the backup targets share: front-end and bucket from the stack's outputs, and the operator's own key and identity.
import { type Bucket, openBucket } from "../backup/objects.ts";
import { backupOutputs, frontendOf, readOutputs } from "./outputs.ts";

/** The front-end, and where its backups go. */
export async function readBackup() {
  const { sshUser, hosts, backup } = await readOutputs(backupOutputs);
  if (!backup)
    throw new Error("no bucket for backups is set; make state prints the settings, and docs/backup.md explains them");
  return { frontend: frontendOf(sshUser, hosts), backup };
}

/** The bucket with the operator's key, which may read it. The access key must name the project of the bucket. */
export function operatorBucket(url: string, region: string, projectId: string): Bucket {
  const { SCW_ACCESS_KEY: key, SCW_SECRET_KEY: secretKey } = process.env;
  if (!key || !secretKey)
    throw new Error("SCW_ACCESS_KEY and SCW_SECRET_KEY are needed to read the bucket; export both");
  return openBucket({ url, region, accessKey: `${key}@${projectId}`, secretKey });
}

/** The identity file, which age-keygen wrote. */
export function identityFile(): string {
  const { BACKUP_IDENTITY: file } = process.env;
  if (!file) throw new Error("BACKUP_IDENTITY is missing; add BACKUP_IDENTITY=<the file that age-keygen wrote>");
  return file;
}
