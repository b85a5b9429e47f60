// make backup: the stack's outputs on standard input → the front-end makes a backup every hour; the state is kept now.
import { fileURLToPath } from "node:url";
import { encrypt } from "../backup/age.ts";
import { installBackup, runBackup } from "../backup/install.ts";
import { nameOf } from "../backup/kept.ts";
import { openBucket } from "../backup/objects.ts";
import { packState } from "../backup/state-archive.ts";
import { operatorSsh, runOperation, say } from "./operation.ts";
import { readBackup } from "./read-backup.ts";
import { pulumi } from "./stack.ts";

await runOperation(async () => {
  const { frontend, backup } = await readBackup();
  const ssh = operatorSsh();
  say(`${frontend.name}: looking at the front-end`);
  await installBackup(ssh, frontend, backup, say);
  say(`${frontend.name}: making a backup`);
  say(`${frontend.name}: ${await runBackup(ssh, frontend)}`);
  const archive = packState(fileURLToPath(new URL("..", import.meta.url)), pulumi("stack", "export"));
  const name = nameOf("state", new Date());
  await openBucket(backup).put(name, encrypt(archive, backup.recipient));
  say(`kept ${name}, without passphrase and identity file: keep those elsewhere, with this line:`);
  const bucket = backup.url.split("/").at(-1);
  say(
    `  make restore-state BUCKET=${bucket} PROJECT=${backup.projectId} REGION=${backup.region} BACKUP_IDENTITY=<file>`,
  );
});
