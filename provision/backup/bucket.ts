// The project and the bucket of the backups. The cloud does not own them, so nothing in the cloud can delete them.
import * as scw from "@pulumiverse/scaleway";

export type BackupBucketArgs = {
  readonly namePrefix: string;
  readonly organizationId: string;
  readonly region: string;
};

/** How long a backup is kept. The bucket deletes it afterwards; the front-end's key may not. */
export const KEPT_DAYS = 30;

/** Declares the project and its bucket, protected. A version that was overwritten is kept for as long. */
export function declareBackupBucket({ namePrefix, organizationId, region }: BackupBucketArgs) {
  const name = `${namePrefix}-backup`;
  const project = new scw.account.Project(
    name,
    { name, description: "backups of the hosted cloud", organizationId },
    { protect: true },
  );
  const bucket = new scw.object.Bucket(
    name,
    {
      // All of Scaleway's customers share one set of bucket names.
      name: `${name}-${organizationId.slice(0, 8)}`,
      projectId: project.id,
      region,
      versioning: { enabled: true },
      lifecycleRules: [
        {
          enabled: true,
          expiration: { days: KEPT_DAYS },
          noncurrentVersionExpiration: { noncurrentDays: KEPT_DAYS },
        },
      ],
      forceDestroy: false,
      tags: { "managed-by": "pulumi" },
    },
    { protect: true },
  );
  return { backupProjectId: project.id, backupBucket: bucket.name };
}
