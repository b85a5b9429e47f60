// What the targets about backups share: front-end and bucket from the stack's outputs, and the operator's own way in.
import { type Bucket, openBucket } from "../backup/objects.ts";
import { backupOutputs, readOutputs } from "./outputs.ts";

/** The front-end, and where its backups go. */
export async function readBackup() {
  const { sshUser: user, hosts, backup } = await readOutputs(backupOutputs);
  const [frontend] = hosts;
  if (frontend === undefined) throw new Error("the stack has no front-end; run: make up");
  if (!backup) throw new Error("no bucket for backups is set; docs/backup.md says how: make state prints the settings");
  return { frontend: { name: frontend.name, host: frontend.publicIp, user }, backup };
}

/** The bucket with the operator's key, which may read. Object storage acts in the project that the access key names. */
export function operatorBucket(url: string, region: string, projectId: string): Bucket {
  const { SCW_ACCESS_KEY: key, SCW_SECRET_KEY: secretKey } = process.env;
  if (!key || !secretKey)
    throw new Error("SCW_ACCESS_KEY and SCW_SECRET_KEY are needed to read the bucket; export both");
  return openBucket({ url, region, accessKey: `${key}@${projectId}`, secretKey });
}

/** The file of age-keygen. */
export function identityFile(): string {
  const { BACKUP_IDENTITY: file } = process.env;
  if (!file) throw new Error("BACKUP_IDENTITY is needed: the file that age-keygen wrote; add BACKUP_IDENTITY=<file>");
  return file;
}
