// make restore: the stack's outputs on standard input → the front-end is as in its newest backup, or in that of [AT].
import { decrypt } from "../backup/age.ts";
import { installProgram, restoreArchive } from "../backup/install.ts";
import { findBackup } from "../backup/kept.ts";
import { operatorSsh, runOperation, say } from "./operation.ts";
import { identityFile, operatorBucket, readBackup } from "./read-backup.ts";

await runOperation(async () => {
  const began = Date.now();
  const identity = identityFile();
  const { frontend, backup } = await readBackup();
  const bucket = operatorBucket(backup.url, backup.region, backup.projectId);
  const name = await findBackup(bucket, "front-end", process.argv[2]);
  say(`fetching ${name}`);
  const archive = decrypt(await bucket.get(name), identity);
  const ssh = operatorSsh();
  await installProgram(ssh, frontend, say);
  for (const line of await restoreArchive(ssh, frontend, archive, process.env.FORCE === "1"))
    say(`${frontend.name}: ${line}`);
  say(
    `done in ${Math.ceil((Date.now() - began) / 1_000)} s; now run: make deployment specifics, then docs/runbooks/lost-front-end.md`,
  );
});
