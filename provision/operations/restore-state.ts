// make restore-state: fetches state, settings and host keys from the bucket into a folder of their own. [AT]
import { decrypt } from "../backup/age.ts";
import { findBackup, stampOf } from "../backup/kept.ts";
import { bucketUrl } from "../backup/objects.ts";
import { unpackState } from "../backup/state-archive.ts";
import { cloudFolder, runOperation, say } from "./operation.ts";
import { identityFile, operatorBucket } from "./read-backup.ts";

await runOperation(async () => {
  const { BUCKET: bucketName, PROJECT: project, REGION: region = "", AWS_ENDPOINT_URL_S3: endpoint } = process.env;
  if (!bucketName || !project)
    throw new Error("BUCKET and PROJECT are missing; make backup printed both, and the console shows them");
  const identity = identityFile();
  const url = endpoint ? `${endpoint}/${bucketName}` : bucketUrl(bucketName, region);
  const bucket = operatorBucket(url, region, project);
  const name = await findBackup(bucket, "state", process.argv[2]);
  const folder = `${cloudFolder()}/restored-${stampOf(name)}`;
  unpackState(decrypt(await bucket.get(name), identity), folder);
  say(
    `${name} is in .cloud/restored-${stampOf(name)}; nothing else was changed. Next (docs/runbooks/restore-state.md):`,
  );
  say(`  cp .cloud/restored-${stampOf(name)}/Pulumi.*.yaml .`);
  say(`  pulumi stack import --file .cloud/restored-${stampOf(name)}/stack.json`);
});
