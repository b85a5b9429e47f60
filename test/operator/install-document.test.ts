// docs/install.md, word for word: every command of its five steps, as root, on a machine of its own that has an OpenNebula of
// stand-ins, two hosts and the simulated API. Skipped where this user may not make one.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { buildDeb } from "../../build/release/deb.ts";
import { hasTool } from "../../build/release/release.ts";
import { startSimulator } from "../fakes/flexible-ip-server.ts";
import { PROJECT, REPOSITORY } from "../rig.ts";
import { writeCloud } from "./fake-cloud.ts";

const { version, author } = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8"));
const HOSTS = [
  { name: "kvm-a", address: "198.51.100.10", server: "33333333-3333-4333-8333-00000000000a" },
  { name: "kvm-b", address: "198.51.100.11", server: "33333333-3333-4333-8333-00000000000b" },
];
const canIsolate =
  spawnSync("unshare", [
    "-m",
    "sh",
    "-c",
    "mount -t tmpfs t /mnt && mkdir /mnt/u /mnt/w /mnt/m && mount -t overlay o -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt/m",
  ]).status === 0;
const isPossible = process.getuid?.() === 0 && canIsolate && ["apt-get", "sudo"].every(hasTool);

/** The blocks of shell commands of the five steps. */
function steps(): string[] {
  const text = readFileSync(join(REPOSITORY, "docs/install.md"), "utf8");
  const [, ...sections] = text.split(/^## (?=\d\. )/m);
  return sections.map((section) => {
    const own = section.split(/^## /m)[0] ?? "";
    return [...own.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block).join("");
  });
}

// The machine is this one's files, with an overlay over them, and processes of its own.
const MACHINE = `set -e
mount -t tmpfs tmpfs "$FOLDER/overlay"
mkdir "$FOLDER/overlay/upper" "$FOLDER/overlay/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$FOLDER/overlay/upper,workdir=$FOLDER/overlay/work" "$FOLDER/machine"
cp -a "$FOLDER/files/." "$FOLDER/machine/"
mkdir -p "$FOLDER/machine$REPOSITORY" "$FOLDER/machine/run/sudo"
mount --rbind "$REPOSITORY" "$FOLDER/machine$REPOSITORY"
mount -t proc proc "$FOLDER/machine/proc"
mount --rbind /dev "$FOLDER/machine/dev"
exec chroot "$FOLDER/machine" sh /root/follow
`;

// Set-up of the stand-ins, then each step's words. API_URL is the one thing that no reader would set. On kvm-b oneadmin may
// write neither below /var/log nor below /etc: there it uses sudo, and after the last step it may not use sudo either.
const FOLLOW = `set -e
useradd --uid 9869 --user-group --home-dir /var/lib/one --shell /bin/sh oneadmin
chown -R oneadmin:oneadmin /var/lib/one /var/log/one /var/tmp/one /stand-ins /hosts
chown root:oneadmin /etc/one/oned.conf
rm -f /var/lib/man-db/auto-update # Nobody here reads its index, which takes seconds.
chown root:root /hosts/kvm-b/var/log /hosts/kvm-b/etc/logrotate.d
echo 'oneadmin ALL=(root) NOPASSWD: /usr/bin/install, /usr/bin/tee' > /etc/sudoers.d/oneadmin
cd /root
for step in 1 2 3 4 5; do
  echo "== step $step"
  set +e
  sh -e /root/step-$step < /root/key
  code=$?
  set -e
  echo "== step $step: exit code $code"
  if [ "$step" = 2 ]; then
    echo "API_URL=\\"$URL\\"" >> /var/lib/one/remotes/etc/ipam/scw-flexip/scw-flexip.conf
  fi
done
stat -c 'log folder of kvm-b: %U %a' /hosts/kvm-b/var/log/vnm
stat -c 'rotation of kvm-b: %U %s' /hosts/kvm-b/etc/logrotate.d/scw-flexip /etc/logrotate.d/scw-flexip
rm /etc/sudoers.d/oneadmin
rm -r /hosts/kvm-b/var/log/vnm
scw-flexip install --hosts kvm-b || true
`;

test("docs/install.md, word for word", {
  skip: isPossible ? false : "needs root, overlays, apt and sudo",
  timeout: 400_000,
}, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "scw-flexip-document-"));
  const servers = HOSTS.map(({ name, address, server: id }) => ({
    id,
    name,
    projectId: PROJECT,
    addresses: [address, "127.0.0.1"],
  }));
  const simulator = await startSimulator({ servers });
  context.after(async () => {
    await simulator.close();
    rmSync(folder, { recursive: true });
  });
  prepare(folder, simulator.token);
  const what = { version, maintainer: author, epoch: 1_700_000_000, level: 0, licences: "", sbom: "" };
  buildDeb(join(folder, "files/root"), join(folder, "stage"), what);

  const isolated = ["--mount", "--pid", "--fork", "--kill-child", "sh", "-c", MACHINE];
  const child = spawn("unshare", isolated, {
    env: { PATH: "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", FOLDER: folder, REPOSITORY, URL: simulator.url },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => said.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => said.push(chunk));
  await once(child, "close");
  const text = Buffer.concat(said).toString("utf8");

  const codes = [...text.matchAll(/^== step (\d): exit code (\d+)$/gm)].map(([, step, code]) => [step, code]);
  const expected = ["1", "2", "3", "4"].map((step) => [step, "0"]);
  // The timer is off, which doctor says: the document names it after the five steps.
  assert.deepEqual(codes, [...expected, ["5", "3"]], text);
  assert.match(text, /^3 of 3 added to public/m);
  assert.match(text, /^timer, front-end:\n {2}scw-flexip install --timer\n\d+ ok, 1 warning, 0 failures$/m);
  assert.match(text, /^log folder of kvm-b: oneadmin 750\nrotation of kvm-b: root (\d+)\nrotation of kvm-b: root \1$/m);
  const command = "install -d -m 0750 -o oneadmin -g oneadmin /var/log/vnm; cat > /etc/logrotate.d/scw-flexip";
  const leftover = `kvm-b: its log folder needs root; run: ssh root@kvm-b '${command}' < /etc/logrotate.d/scw-flexip\n`;
  assert.ok(text.includes(leftover), text);
  assert.equal(text.includes(simulator.token), false, "the key is never shown");
  assert.equal(simulator.account.all().length, 3);
});

/** The files of the machine that differ from this one's. */
function prepare(folder: string, token: string): void {
  for (const name of ["overlay", "machine"]) mkdirSync(join(folder, name));
  const at = (path: string): string => {
    const file = join(folder, "files", path);
    mkdirSync(dirname(file), { recursive: true });
    return file;
  };
  copyFileSync(join(REPOSITORY, "fixtures/oned-conf/small.conf"), at("etc/one/oned.conf"));
  for (const path of ["var/lib/one/remotes/etc/x", "var/log/one/x", "var/tmp/one/x"])
    mkdirSync(dirname(at(path)), { recursive: true });
  for (const action of ["pre", "post", "clean"])
    mkdirSync(at(`var/lib/one/remotes/vnm/bridge/${action}.d`), { recursive: true });
  for (const { name } of HOSTS) prepareHost(at, name);
  for (const [index, step] of steps().entries()) writeFileSync(at(`root/step-${index + 1}`), step);
  writeFileSync(at("root/follow"), FOLLOW);
  writeFileSync(at("root/key"), `${token}\n`, { mode: 0o600 });
  const fake = join(REPOSITORY, "test/operator/fake-one.ts");
  for (const tool of ["onevnet", "onevm", "onehost", "onezone", "ssh", "logger"]) {
    const lines = `export FAKE_ONE=/stand-ins/one.json\nset -- ${tool} "$@"\n. "$FAKE_ONE.sh"\nexec "${process.execPath}" "${fake}" "$@"`;
    writeFileSync(at(`usr/local/bin/${tool}`), `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
  }
  // oned of that name with its one_ipam, started by what restarts it.
  writeFileSync(
    at("usr/local/bin/systemctl"),
    `#!/bin/bash
[ "$1 $2" = "restart opennebula" ] || exit 0
exec -a /usr/bin/oned bash -c '(exec -a one_ipam bash -c "sleep 600; :" x -i dummy,scw-flexip) & wait' </dev/null >/dev/null 2>&1 &
`,
    { mode: 0o755 },
  );
  const cloud = {
    remotes: "/var/lib/one/remotes",
    environment: {},
    networks: [],
    vms: [],
    hosts: HOSTS.map(({ name, address }) => ({
      name,
      state: "2",
      answers: { "hostname -I": `${address} 10.0.0.1\n` },
      root: `/hosts/${name}`,
    })),
    calls: [],
  };
  writeCloud(at("stand-ins/one.json"), cloud);
}

function prepareHost(at: (path: string) => string, name: string): void {
  const host = (path: string): string => at(`hosts/${name}/${path}`);
  for (const path of ["etc/logrotate.d/x", "var/lib/one/x", "var/log/x", "var/tmp/x"])
    mkdirSync(dirname(host(path)), { recursive: true });
  writeFileSync(host("etc/passwd"), "oneadmin:x:9869:9869::/var/lib/one:/bin/sh\n");
  for (const path of ["br0/bridge", "br0/brif/eno1"]) mkdirSync(host(`sys/class/net/${path}`), { recursive: true });
  writeFileSync(host("sys/class/net/br0/operstate"), "up\n");
}
