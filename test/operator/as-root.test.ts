// What root's commands hand down to oneadmin: run as root in a mount namespace of its own, which has a user oneadmin and an
// OpenNebula below /var/lib. Skipped where this user may not make one.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startSimulator } from "../fakes/flexible-ip-server.ts";
import { PROJECT, REPOSITORY } from "../rig.ts";

const canIsolate = spawnSync("unshare", ["-m", "mount", "-t", "tmpfs", "tmpfs", "/var/log"]).status === 0;
const isPossible = process.getuid?.() === 0 && canIsolate && existsSync("/etc/logrotate.d");
const LOCATION = "/var/lib/self-contained";

const SERVER = "33333333-3333-4333-8333-00000000000a";

const TOOL = `#!/bin/sh
echo "\${0##*/} $* as $(id -u) $(id -g), home $HOME" >> "$CALLS"
case "\${0##*/} $1" in
  "onevnet list") echo "<VNET_POOL/>" ;;
  "onevm list") echo "<VM_POOL/>" ;;
  "onezone show") echo "<ZONE><SERVER_POOL/></ZONE>" ;;
  "onehost list") echo "<HOST_POOL/>" ;;
  "systemctl restart") oned ;;
esac
`;

// A program of oned's name, and its child of one_ipam's, which never read anything.
const ONED = `#!/bin/bash
exec -a ${LOCATION}/bin/oned bash -c '(exec -a one_ipam bash -c "sleep 600; :" x -i dummy,scw-flexip) & wait' </dev/null >/dev/null 2>&1 &
`;

const SCRIPT = `set -e
mount -t tmpfs tmpfs /var/lib
mount -t tmpfs tmpfs /var/log
mount --bind "$FOLDER/passwd" /etc/passwd
mount --bind "$FOLDER/group" /etc/group
mount --bind "$FOLDER/logrotate.d" /etc/logrotate.d
mkdir -p ${LOCATION}/etc ${LOCATION}/var
cp "$FOLDER/oned.conf" ${LOCATION}/etc/oned.conf
chown -R oneadmin:oneadmin ${LOCATION}/var
exec 3>&1 >&2
run() { code=0; "$EXECUTABLE" "$@" --one-location ${LOCATION} || code=$?; echo "$1 $code" >&3; }
run install --frontend --host --server-id "$ZONE/${SERVER}" --token-stdin --restart --sync < "$FOLDER/key"
sed -i "s#^ZONE=.*#ZONE=\\"$ZONE\\"#; s#^PROJECT_ID=.*#PROJECT_ID=\\"$PROJECT\\"#; s#^.API_URL=.*#API_URL=\\"$URL\\"#" ${LOCATION}/var/remotes/etc/ipam/scw-flexip/scw-flexip.conf
run doctor --frontend
run install --frontend --restart
touch -d "+1 minute" ${LOCATION}/etc/oned.conf
run doctor --frontend
run install --frontend --restart
chown root ${LOCATION}/var/remotes/etc/ipam/scw-flexip/scw-flexip.conf
chmod 600 ${LOCATION}/var/remotes/etc/ipam/scw-flexip/scw-flexip.conf
run doctor --frontend
chown oneadmin ${LOCATION}/var/remotes/etc/ipam/scw-flexip/scw-flexip.conf
chmod 700 ${LOCATION}/etc
for command in install "uninstall --force"; do
  run=0; setpriv --reuid 65534 --clear-groups "$EXECUTABLE" $command --frontend --one-location ${LOCATION} || run=$?; echo "\${command%% *} $run" >&3
done
chmod 755 ${LOCATION}/etc
chown root:root /var/log/vnm
run install --host
mkdir -p /var/lib/host/var/log /var/lib/host/etc/logrotate.d /var/lib/host/var/lib/one
cp /etc/passwd /var/lib/host/etc/passwd
chown -R oneadmin:oneadmin /var/lib/host/var/lib/one
run=0; setpriv --reuid 9869 --regid 9869 --clear-groups "$EXECUTABLE" install --host --root /var/lib/host --server-id "$ZONE/${SERVER}" || run=$?; echo "install $run" >&3
run reconcile --apply
find ${LOCATION}/var /var/log ! -user oneadmin ! -path /var/log >&3
chown root ${LOCATION}/var/.scw-flexip.token
run list
chown oneadmin ${LOCATION}/var/.scw-flexip.token
run=0; setpriv --reuid 65534 --clear-groups "$EXECUTABLE" logs --one-location ${LOCATION} || run=$?; echo "logs $run" >&3
run uninstall --frontend --host --purge --restart
find ${LOCATION}/var -type f >&3
`;

test("root's commands read and write as oneadmin", {
  skip: isPossible ? false : "needs root and a mount namespace",
}, async (context) => {
  const addresses = ["127.0.0.1"];
  const simulator = await startSimulator({ servers: [{ id: SERVER, name: "a", projectId: PROJECT, addresses }] });
  const folder = mkdtempSync(join(tmpdir(), "scw-flexip-root-"));
  context.after(async () => {
    await simulator.close();
    rmSync(folder, { recursive: true });
  });
  chmodSync(folder, 0o755);
  for (const name of ["bin", "logrotate.d"]) mkdirSync(join(folder, name));
  for (const name of ["onevnet", "onevm", "onehost", "onezone", "systemctl"]) {
    writeFileSync(join(folder, "bin", name), TOOL, { mode: 0o755 });
  }
  writeFileSync(
    join(folder, "passwd"),
    `${readFileSync("/etc/passwd", "utf8")}oneadmin:x:9869:9869::/var/lib/one:/bin/sh\n`,
  );
  writeFileSync(join(folder, "group"), `${readFileSync("/etc/group", "utf8")}oneadmin:x:9869:\n`);
  writeFileSync(join(folder, "bin", "oned"), ONED, { mode: 0o755 });
  writeFileSync(join(folder, "key"), simulator.token, { mode: 0o600 });
  writeFileSync(join(folder, "calls"), "");
  chmodSync(join(folder, "calls"), 0o666);
  copyFileSync(join(REPOSITORY, "fixtures/oned-conf/small.conf"), join(folder, "oned.conf"));

  const child = spawn("unshare", ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", SCRIPT], {
    env: {
      PATH: `${join(folder, "bin")}:/usr/sbin:/usr/bin:/sbin:/bin`,
      FOLDER: folder,
      CALLS: join(folder, "calls"),
      EXECUTABLE: join(REPOSITORY, "remotes/ipam/scw-flexip/scw-flexip"),
      ZONE: simulator.zone,
      PROJECT,
      URL: simulator.url,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  await once(child, "close");
  const said = Buffer.concat(err).toString("utf8");

  assert.deepEqual(
    Buffer.concat(out).toString("utf8").trimEnd().split("\n"),
    [
      "install 0",
      "doctor 0",
      "install 0",
      "doctor 1",
      "install 0",
      "doctor 1",
      "install 1",
      "uninstall 1",
      "install 0",
      "install 3",
      "reconcile 0",
      "list 1",
      "logs 1",
      "uninstall 0",
    ],
    `exit codes; no file that is not oneadmin's; nothing left\n${said}`,
  );
  assert.match(
    said,
    /scw-flexip list: token file .* cannot be read \(EACCES/,
    "root does not lend oneadmin its rights",
  );
  assert.match(
    said,
    /^settings, front-end:\n {2}chown oneadmin:oneadmin \S*scw-flexip\.conf$/m,
    "no exception, and the right cure",
  );
  assert.match(said, /^scw-flexip install: .*oned\.conf.*; run this as root/m);
  assert.match(said, /^scw-flexip uninstall: .*; run this as root/m);
  assert.doesNotMatch(said, /internal error/);
  assert.match(said, /^give to oneadmin \/var\/log\/vnm$/m);
  assert.match(said, /^root is needed for the rest: install -d .* \/var\/lib\/host\/var\/log\/vnm$/m);
  assert.match(said, /^scw-flexip logs: settings, key and logs belong to oneadmin; run this as root or as oneadmin$/m);
  const calls = readFileSync(join(folder, "calls"), "utf8").trimEnd().split(/ *\n/);
  assert.deepEqual([...new Set(calls)].sort(), [
    "onehost list -x as 9869 9869, home /var/lib/one",
    "onehost sync -f as 9869 9869, home /var/lib/one",
    "onevm list -x as 9869 9869, home /var/lib/one",
    "onevnet list -x as 9869 9869, home /var/lib/one",
    "onezone show 0 -x as 9869 9869, home /var/lib/one",
    "systemctl restart opennebula as 0 0, home",
  ]);
});
