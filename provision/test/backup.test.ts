// The drill: a front-end with a real MariaDB is kept, lost, and brought back on another machine, by make.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openBucket } from "../backup/objects.ts";
import { sql, startDatabase } from "./rig/database.ts";
import { startHost, type TestHost, withoutHosts } from "./rig/host.ts";
import { type ObjectStorage, startObjectStorage } from "./rig/object-storage.ts";
import { makeFrontend } from "./rig/opennebula.ts";
import { openWorkplace, type Run, type Workplace } from "./rig/workplace.ts";
import { without } from "./tools.ts";

const ONEADMIN = 9869;
const PROJECT = "44444444-4444-4444-8444-444444444444";
const WRITER = { id: "SCWWRITEREXAMPLE0000", secret: "55555555-5555-4555-8555-555555555555" };
const OPERATOR = { id: "SCWOPERATOREXAMPLE00", secret: "66666666-6666-4666-8666-666666666666" };
const KEYS = {
  [WRITER.id]: { secret: WRITER.secret, may: ["write"] },
  [`${OPERATOR.id}@${PROJECT}`]: { secret: OPERATOR.secret, may: ["read", "write"] },
} as const;
const OUTPUTS = "pulumi stack output --json --show-secrets";
const DB_SECTION = `\nDB = [ BACKEND = "mysql",\n       SERVER  = "localhost",\n       DB_NAME = "opennebula" ]\n# DB = [ BACKEND = "sqlite" ]\n`;
// DRILL_ROWS=200000 takes the figures of docs/backup.md.
const ROWS = process.env.DRILL_ROWS ?? "20000";
// What oned keeps: machines as XML, and a table of some size.
const MACHINES = `CREATE TABLE vm_pool (oid INT PRIMARY KEY, body MEDIUMTEXT, state INT) CHARACTER SET utf8mb4;
INSERT INTO vm_pool VALUES (7, '<VM><NAME>Zoë\\'s ☁ \\\\ "web"</NAME></VM>', 3), (8, '<VM/>', 6);
CREATE TABLE history (vid INT, seq INT, body MEDIUMTEXT, PRIMARY KEY (vid, seq));
INSERT INTO history SELECT seq, 0, CONCAT('<HISTORY>', REPEAT(MD5(seq), 60), '</HISTORY>') FROM seq_1_to_${ROWS};
`;
const tools = without("age", "age-keygen", "mariadbd", "mariadb-install-db", "mariadb-dump", "curl", "make");

test("program and units are clean for shellcheck and systemd", {
  skip: without("shellcheck", "systemd-analyze"),
}, () => {
  const folder = fileURLToPath(new URL("../backup", import.meta.url));
  assert.equal(spawnSync("shellcheck", [join(folder, "backup.sh")], { encoding: "utf8" }).stdout, "");
  const units = ["hosted-cloud-backup.service", "hosted-cloud-backup.timer"].map((name) => join(folder, name));
  const { stderr } = spawnSync("systemd-analyze", ["verify", ...units], { encoding: "utf8" });
  // The program is on the front-end, not here.
  assert.equal(stderr.replaceAll(/^.*hosted-cloud-backup is not executable: No such file or directory\n/gm, ""), "");
});

describe("a front-end", { skip: withoutHosts || tools }, () => {
  let [old, renewed]: TestHost[] = [];
  let storage: ObjectStorage;
  let place: Workplace;
  let folder: string;
  let recipient: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "backup-"));
    execFileSync("age-keygen", ["-o", join(folder, "identity")], { stdio: "ignore" });
    recipient = execFileSync("age-keygen", ["-y", join(folder, "identity")], { encoding: "utf8" }).trim();
    storage = await startObjectStorage("backups", KEYS);
    place = openWorkplace("pulumi");
    place.answer("pulumi stack export", '{"deployment": {"planted": "state of the stack"}}');
    writeFileSync(join(place.provision, "Pulumi.prod.yaml"), "encryptionsalt: v1:example\n");
    old = await startHost("fe");
    await makeOldFrontend(old);
  });
  after(async () => {
    await Promise.all([old?.stop(), renewed?.stop(), storage?.stop()]);
    place?.remove();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    if (old !== undefined) useFrontend(renewed ?? old);
  });

  const is = (host: TestHost | undefined): TestHost => {
    assert.ok(host !== undefined);
    return host;
  };

  function useFrontend({ target }: TestHost): void {
    const gateway = target.host.replace(/\d+$/, (last) => String(Number(last) - 1));
    const backup = {
      url: `http://${gateway}:${storage.port}/backups`,
      region: "fr-par",
      projectId: PROJECT,
      recipient,
      accessKey: WRITER.id,
      secretKey: WRITER.secret,
    };
    const hosts = [{ name: "fe", publicIp: target.host, privateIp: "10.16.0.10", serverId: "fr-par-2/a" }];
    place.answer(OUTPUTS, JSON.stringify({ sshUser: "ubuntu", zone: "fr-par-2", hosts, backup }));
  }

  const make = (host: TestHost, ...words: readonly string[]): Promise<Run> =>
    place.make(words, {
      environment: {
        SSH_CONFIG: host.sshConfig,
        SCW_ACCESS_KEY: OPERATOR.id,
        SCW_SECRET_KEY: OPERATOR.secret,
        BACKUP_IDENTITY: join(folder, "identity"),
      },
    });

  const kept = (kind: string) => [...storage.objects.keys()].filter((name) => name.startsWith(`${kind}/`));

  test("is kept by make backup, with the stack's state, and every hour from then on", async () => {
    const { status, stderr } = await make(is(old), "backup");
    assert.equal(status, 0, stderr);
    assert.match(stderr, /fe: kept front-end\/\d{8}T\d{6}Z\.tar\.gz\.age, \d+ bytes\nkept state\//);
    assert.match(
      stderr,
      new RegExp(`make restore-state BUCKET=backups PROJECT=${PROJECT} REGION=fr-par BACKUP_IDENTITY=`),
    );
    assert.equal(kept("front-end").length, 1);
    assert.equal(kept("state").length, 1);
    const root = is(old).root;
    assert.match(readFileSync(join(root, "run/systemctl.log"), "utf8"), /^enable --now hosted-cloud-backup\.timer$/m);
    assert.match(
      readFileSync(join(root, "etc/systemd/system/hosted-cloud-backup.timer"), "utf8"),
      /^OnCalendar=hourly$/m,
    );
    for (const name of ["settings", "credentials"])
      assert.equal(statSync(join(root, "etc/hosted-cloud-backup", name)).mode & 0o777, 0o600, name);
    assert.deepEqual(
      readdirSync(join(root, "var/tmp")).filter((name) => name.startsWith("hosted-cloud")),
      [],
    );
    for (const object of storage.objects.values())
      assert.match(object.subarray(0, 21).toString(), /^age-encryption\.org/);
  });

  test("changes nothing but the bucket when it is asked again", async () => {
    const { status, stderr } = await make(is(old), "backup");
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(stderr, /written/);
  });

  test("tells when it was kept last, for the alert", async () => {
    const metrics = join(is(old).root, "var/lib/prometheus/node-exporter");
    mkdirSync(metrics, { recursive: true });
    await is(old).ssh(is(old).target, "sudo hosted-cloud-backup run");
    assert.match(
      readFileSync(join(metrics, "hosted-cloud-backup.prom"), "utf8"),
      /^hosted_cloud_backup_last_success_timestamp_seconds \d{10}$/m,
    );
  });

  test("tries again when the bucket is busy", async () => {
    storage.refuseNext(1);
    assert.match(await is(old).ssh(is(old).target, "sudo hosted-cloud-backup run"), /^kept front-end/);
  });

  test("with a key of another bucket is told so, and secrets stay out of messages", async () => {
    const credentials = join(is(old).root, "etc/hosted-cloud-backup/credentials");
    const right = readFileSync(credentials, "utf8");
    writeFileSync(credentials, `user = "${WRITER.id}:wrong-secret"\n`);
    await assert.rejects(is(old).ssh(is(old).target, "sudo hosted-cloud-backup run"), (error: Error) => {
      assert.match(error.message, /403.*the signature does not match/s);
      assert.doesNotMatch(error.message, /wrong-secret/);
      return true;
    });
    writeFileSync(credentials, right);
  });

  test("that holds machines is not overwritten by a restore", async () => {
    const { status, stderr } = await make(is(old), "restore");
    assert.equal(status, 2);
    assert.match(stderr, /this front-end has 1 virtual machines, which a restore would forget; nothing was changed/);
    assert.doesNotMatch(readFileSync(join(is(old).root, "run/systemctl.log"), "utf8"), /^stop opennebula/m);
  });

  test("is lost, and comes back on another machine as it was", async (t) => {
    const lost = { database: await contentOf(is(old)), files: filesOf(is(old)) };
    const began = Date.now();
    assert.equal((await make(is(old), "backup")).status, 0);
    t.diagnostic(`make backup took ${Math.ceil((Date.now() - began) / 1_000)} s`);
    await is(old).stop();
    old = undefined;
    renewed = await startHost("fe");
    makeFrontend(renewed);
    writeFileSync(join(renewed.root, "etc/one/oned.conf"), DB_SECTION);
    await startDatabase(renewed);
    // Which one-deploy makes, with oneadmin in it.
    await sql(
      renewed,
      "CREATE TABLE vm_pool (oid INT PRIMARY KEY, body MEDIUMTEXT, state INT); CREATE TABLE newer (a INT)",
    );
    useFrontend(renewed);
    // As the runbook says: the machine is another under the old address.
    const known = join(place.provision, ".cloud/known_hosts");
    execFileSync("ssh-keygen", ["-R", renewed.target.host, "-f", known], { stdio: "ignore" });
    const { status, stderr } = await make(renewed, "restore");
    assert.equal(status, 0, stderr);
    assert.match(stderr, /fe: restoring database opennebula as of \d{8}T\d{6}Z\n/);
    t.diagnostic(`make restore: ${/done in \d+ s/.exec(stderr)?.[0]}, ${ROWS} rows`);
    assert.match(stderr, /done in \d+ s; now run: make deployment specifics/);
    assert.equal(await contentOf(renewed), lost.database);
    assert.deepEqual(filesOf(renewed), lost.files);
    const log = readFileSync(join(renewed.root, "run/systemctl.log"), "utf8").trim().split("\n");
    // The driver must not act on Scaleway by what an old database says.
    assert.ok(
      log.indexOf("disable --now scw-flexip-reconcile.timer") < log.indexOf("start opennebula"),
      log.join("\n"),
    );
    assert.ok(log.indexOf("stop opennebula") < log.indexOf("start opennebula"));
    const [before] = readdirSync(join(renewed.root, "var/lib/hosted-cloud-backup"));
    assert.match(
      readFileSync(join(renewed.root, `var/lib/hosted-cloud-backup/${before}/database.sql`), "utf8"),
      /`newer`/,
    );
  });

  test("is brought back to an earlier moment, when the way is forced", async () => {
    const [first] = kept("front-end").sort();
    const at = /\d{8}T\d{6}Z/.exec(first ?? "")?.[0];
    await sql(is(renewed), "INSERT INTO vm_pool VALUES (9, '<VM/>', 3)");
    const { status, stderr } = await make(is(renewed), "restore", `AT=${at}`, "FORCE=1");
    assert.equal(status, 0, stderr);
    assert.match(stderr, new RegExp(`restored as of ${at}`));
    assert.equal(await sql(is(renewed), "SELECT oid FROM vm_pool ORDER BY oid"), "7\n8\n");
  });

  test("refuses a moment before the first backup, and a backup of another OpenNebula", async () => {
    const early = await make(is(renewed), "restore", "AT=20200101T000000Z");
    assert.match(early.stderr, /no backup of the front-end is as old as 20200101T000000Z; the oldest is \d{8}T\d{6}Z/);
    const archive = join(folder, "archive");
    mkdirSync(archive);
    writeFileSync(join(archive, "manifest"), "format=1\nmade=20270101T000000Z\nopennebula=7.2\n");
    const packed = execFileSync("tar", ["--create", "--gzip", "--directory", archive, "."]);
    await assert.rejects(
      is(renewed).ssh(is(renewed).target, "sudo hosted-cloud-backup restore", { stdin: packed }),
      /the backup is of OpenNebula 7\.2, here is none; nothing was changed\. Set oneVersion to 7\.2, run make deployment/,
    );
  });

  test("without the identity file cannot be read, not even with every key", async () => {
    execFileSync("age-keygen", ["-o", join(folder, "another")], { stdio: "ignore" });
    const { status, stderr } = await make(is(renewed), "restore", `BACKUP_IDENTITY=${join(folder, "another")}`);
    assert.equal(status, 2);
    assert.match(stderr, /age cannot decrypt: /);
  });

  test("has a key that can only write: it neither reads nor lists what is kept", async () => {
    const [name = ""] = kept("front-end");
    const url = `http://127.0.0.1:${storage.port}/backups`;
    const bucket = openBucket({ url, region: "fr-par", accessKey: WRITER.id, secretKey: WRITER.secret });
    await assert.rejects(bucket.get(name), /403 Access Denied/);
    await assert.rejects(bucket.list(""), /403 Access Denied/);
  });

  test("is listed by make backups, all pages of it", async () => {
    const { stdout } = await make(is(renewed), "backups");
    assert.deepEqual(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.split(" ")[0]),
      [...storage.objects.keys()].sort(),
    );
  });

  test("and the stack's state is fetched beside what is there, for a machine that has nothing else", async () => {
    const environment = { AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${storage.port}`, SCW_ACCESS_KEY: OPERATOR.id };
    const words = ["restore-state", "BUCKET=backups", `PROJECT=${PROJECT}`, "REGION=fr-par"];
    const { status, stderr } = await place.make(words, {
      environment: { ...environment, SCW_SECRET_KEY: OPERATOR.secret, BACKUP_IDENTITY: join(folder, "identity") },
    });
    assert.equal(status, 0, stderr);
    const line = /pulumi stack import --file (\S+)/.exec(stderr)?.[1] ?? "";
    const file = join(place.provision, line);
    assert.match(readFileSync(file, "utf8"), /state of the stack/);
    assert.equal(statSync(join(file, "..")).mode & 0o777, 0o700);
    assert.equal(readFileSync(join(file, "../Pulumi.prod.yaml"), "utf8"), "encryptionsalt: v1:example\n");
    assert.ok(existsSync(join(file, "../cloud/known_hosts")));
  });
});

async function makeOldFrontend(host: TestHost): Promise<void> {
  makeFrontend(host);
  const files = {
    "etc/one/oned.conf": DB_SECTION,
    "etc/one/sunstone/views.yaml": "changed: by hand\n",
    "var/lib/one/.one/one_auth": "oneadmin:word\n",
    "var/lib/one/.ssh/id_rsa": "key\n",
    "var/lib/one/remotes/hooks/own.sh": "#!/bin/sh\n",
    "var/lib/one/.scw-flexip.token": "token\n",
  };
  for (const [name, content] of Object.entries(files)) {
    const file = join(host.root, name);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, content, { mode: name.endsWith(".sh") ? 0o755 : 0o600 });
    chownSync(file, ONEADMIN, ONEADMIN);
  }
  await startDatabase(host);
  await sql(host, MACHINES);
}

function contentOf({ ssh, target }: TestHost): Promise<string> {
  return ssh(target, "sudo mariadb-dump --skip-dump-date --single-transaction opennebula | sha256sum");
}

/** Path, mode, owner and content of what a restore has to bring back. */
function filesOf({ root }: TestHost): string[] {
  const folders = [
    "etc/one",
    "var/lib/one/.one",
    "var/lib/one/.ssh",
    "var/lib/one/remotes",
    "var/lib/one/.scw-flexip.token",
  ];
  const script = 'find "$@" -type f -printf "%p %m %U:%G " -exec sha256sum {} \\;';
  const printed = execFileSync("sh", ["-c", script, "sh", ...folders], { cwd: root, encoding: "utf8" });
  return printed.trim().split("\n").sort();
}
