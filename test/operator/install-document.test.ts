// docs/install.md, word for word: every command of its five steps, as root, on a machine of its own that has an OpenNebula of
// stand-ins, two hosts and the simulated API.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildDeb } from "../../build/release/deb.ts";
import { REPOSITORY } from "../rig.ts";
import { ONED_CONF, SERVERS } from "./cloud-rig.ts";
import { writeCloud } from "./fake-cloud.ts";
import { onRootMachine, type RootMachine } from "./root-machine.ts";

const { version, author } = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8"));
const HOSTS = ["kvm-a", "kvm-b"];

/** The blocks of shell commands of the five steps. */
function steps(): string[] {
  const text = readFileSync(join(REPOSITORY, "docs/install.md"), "utf8");
  const [, ...sections] = text.split(/^## (?=\d\. )/m);
  return sections.map((section) => {
    const own = section.split(/^## /m)[0] ?? "";
    return [...own.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block).join("");
  });
}

// Set-up of the stand-ins, then each step's words. API_URL is the one thing that no reader would set. On kvm-b oneadmin may
// write neither below /var/log nor below /etc: there it uses sudo, and after the last step it may not use sudo either.
const SCRIPT = `
chown -R oneadmin:oneadmin /var/lib/one /var/log/one /var/tmp/one /stand-ins /hosts
chown root:oneadmin /etc/one/oned.conf
rm -f /var/lib/man-db/auto-update # Nobody here reads its index, which takes seconds.
chown root:root /hosts/kvm-b/var/log /hosts/kvm-b/etc/logrotate.d
echo 'oneadmin ALL=(root) NOPASSWD: /usr/bin/install, /usr/bin/tee' > /etc/sudoers.d/oneadmin
cd /root
for step in 1 2 3 4 5; do
  code=0
  sh -e /root/step-$step < /root/key || code=$?
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

onRootMachine("docs/install.md, word for word", async (machine) => {
  prepare(machine);
  const what = { version, maintainer: author, epoch: 1_700_000_000, level: 0, licences: "", sbom: "" };
  // What the package is made from is large and stays beside the machine's files.
  buildDeb(machine.at("root"), machine.at("../stage"), what);
  const said = await machine.follow(SCRIPT);

  const codes = [...said.matchAll(/^== (step \d): exit code (\d+)$/gm)].map(([, step, code]) => `${step}: ${code}`);
  // The timer is off, which doctor says: the document names it after the five steps.
  assert.deepEqual(codes, ["step 1: 0", "step 2: 0", "step 3: 0", "step 4: 0", "step 5: 3"], said);
  assert.match(said, /^3 of 3 added to public/m);
  assert.match(said, /^timer, front-end:\n {2}scw-flexip install --timer\n\d+ ok, 1 warning, 0 failures$/m);
  assert.match(said, /^log folder of kvm-b: oneadmin 750\nrotation of kvm-b: root (\d+)\nrotation of kvm-b: root \1$/m);
  const command = "install -d -m 0750 -o oneadmin -g oneadmin /var/log/vnm; cat > /etc/logrotate.d/scw-flexip";
  const leftover = `kvm-b: its log folder needs root; run: ssh root@kvm-b '${command}' < /etc/logrotate.d/scw-flexip\n`;
  assert.ok(said.includes(leftover), said);
  assert.equal(said.includes(machine.simulator.token), false, "the key is never shown");
  assert.equal(machine.simulator.account.all().length, 3);
});

/** OpenNebula, its commands and its hosts. */
function prepare(machine: RootMachine): void {
  machine.write(ONED_CONF, readFileSync(join(REPOSITORY, "fixtures/oned-conf/small.conf")));
  for (const path of ["var/lib/one/remotes/etc", "var/log/one", "var/tmp/one"]) machine.folder(path);
  for (const hook of ["pre", "post", "clean"]) machine.folder(`var/lib/one/remotes/vnm/bridge/${hook}.d`);
  for (const [index, step] of steps().entries()) machine.write(`root/step-${index + 1}`, step);
  for (const tool of ["onevnet", "onevm", "onehost", "onezone", "ssh", "logger"]) {
    const rest = `exec "${process.execPath}" "${join(REPOSITORY, "test/operator/fake-one.ts")}" "$@"`;
    machine.tool(tool, `export FAKE_ONE=/stand-ins/one.json\nset -- ${tool} "$@"\n. "$FAKE_ONE.sh"\n${rest}`);
  }
  machine.oned("/usr/bin/oned");
  machine.tool("systemctl", '[ "$1 $2" != "restart opennebula" ] || exec start-oned');
  for (const name of HOSTS) {
    const root = `hosts/${name}`;
    for (const path of ["etc/logrotate.d", "var/lib/one", "var/log", "var/tmp"]) machine.folder(`${root}/${path}`);
    machine.write(`${root}/etc/passwd`, "oneadmin:x:9869:9869::/var/lib/one:/bin/sh\n");
    for (const path of ["bridge", "brif/eno1"]) machine.folder(`${root}/sys/class/net/br0/${path}`);
    machine.write(`${root}/sys/class/net/br0/operstate`, "up\n");
  }
  writeCloud(machine.at("stand-ins/one.json"), {
    remotes: "/var/lib/one/remotes",
    environment: {},
    networks: [],
    vms: [],
    hosts: HOSTS.map((name, index) => {
      const answers = { "hostname -I": `${SERVERS[index]?.addresses[0]} 10.0.0.1\n` };
      return { name, state: "2", answers, root: `/hosts/${name}` };
    }),
    calls: [],
  });
}
