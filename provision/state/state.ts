// A project for the cloud, and another project with the bucket for the cloud's state: a cloud never owns its state.
import * as scw from "@pulumiverse/scaleway";
import { declareBackupBucket } from "../backup/bucket.ts";

export type StateArgs = { readonly namePrefix: string; readonly organizationId: string; readonly region: string };

// Long enough to come back from a mistake that somebody notices late. The newest version stays for ever.
const KEPT_DAYS = 90;

/** Declares both projects and the versioned bucket, protected. */
export function declareState({ namePrefix, organizationId, region }: StateArgs) {
  const project = (name: string, description: string) =>
    new scw.account.Project(name, { name, description, organizationId }, { protect: true });
  const cloud = project(namePrefix, "the hosted cloud");
  const state = project(`${namePrefix}-state`, "state of the hosted cloud");
  const bucket = new scw.object.Bucket(
    `${namePrefix}-state`,
    {
      // All of Scaleway's customers share one set of bucket names.
      name: `${namePrefix}-state-${organizationId.slice(0, 8)}`,
      projectId: state.id,
      region,
      versioning: { enabled: true },
      lifecycleRules: [{ enabled: true, noncurrentVersionExpiration: { noncurrentDays: KEPT_DAYS } }],
      forceDestroy: false,
      tags: { "managed-by": "pulumi" },
    },
    { protect: true },
  );
  return {
    projectId: cloud.id,
    stateProjectId: state.id,
    ...declareBackupBucket({ namePrefix, organizationId, region }),
    backend: bucket.name.apply((name) => backendUrl(name, region)),
  };
}

/** The address of the bucket as `pulumi login` takes it. */
function backendUrl(bucket: string, region: string): string {
  return `s3://${bucket}/pulumi?region=${region}&endpoint=https://s3.${region}.scw.cloud&s3ForcePathStyle=true`;
}
