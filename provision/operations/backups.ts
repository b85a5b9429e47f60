// make backups: the stack's outputs on standard input → one line for each backup in the bucket.
import { runOperation } from "./operation.ts";
import { operatorBucket, readBackup } from "./read-backup.ts";

await runOperation(async () => {
  const { url, region, projectId } = (await readBackup()).backup;
  for (const { name, size } of await operatorBucket(url, region, projectId).list(""))
    process.stdout.write(`${name} ${size}\n`);
});
