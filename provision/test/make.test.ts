// Every line of the Makefile's cloud targets, with recorders instead of pulumi, ansible-playbook, hatch and git.
import assert from "node:assert/strict";
import { lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { parse } from "yaml";
import { ORGANIZATION, PROJECT } from "./graph.ts";
import { openWorkplace, type Workplace } from "./rig/workplace.ts";

const ONE_DEPLOY = "38f393745bbcd25588620eb60d73145c401add33";
const VALIDATION = "469ca8759ba9f2c3d1d7d85e64bc8185ed17bb2a";
const OUTPUTS = "pulumi stack output --json";
const LAYOUT = {
  hosttohost: { vlan: 1010, address: "10.16.0.10/20" },
  vmtovm: { vlan: 2010, address: "172.16.24.10/22" },
};
const HOSTS = {
  sshUser: "ubuntu",
  zone: "fr-par-2",
  hosts: [
    { name: "fe", publicIp: "192.0.2.10", privateIp: "10.16.0.10", serverId: "fr-par-2/a", layout: LAYOUT },
    { name: "host01", publicIp: "192.0.2.11", privateIp: "10.16.0.11", serverId: "fr-par-2/b", layout: LAYOUT },
  ],
};
const FILES = {
  inventory: '---\nall: {vars: {one_version: "7.0", one_pass: !unsafe "planted{{1}}"}}\n',
  validation: "---\nvalidation: {}\n",
};

// What both repositories do with the targets that make asks for.
const CLONE = `#!/bin/sh
set -eu
for folder; do :; done
mkdir -p "$folder/.git"
printf 'requirements:\\n\\t@hatch requirements\\nmain validation:\\n\\t@ansible-playbook -i $(I) $(ANSIBLE_ARGS) $@\\n' >"$folder/Makefile"
`;

describe("make", () => {
  let place: Workplace;
  before(() => {
    place = openWorkplace("pulumi", "ansible-playbook", "hatch", "git", "ssh", "sudo", "dpkg-query", "oneuser");
  });
  beforeEach(() => {
    place.calls();
    place.answer(OUTPUTS, JSON.stringify(HOSTS));
    place.answer(`${OUTPUTS} --show-secrets`, JSON.stringify(FILES));
    place.answer("pulumi stack export", '{"deployment": {}}');
  });
  after(() => place.remove());

  const inventory = () => join(place.provision, ".cloud/inventory");

  test("state makes projects and bucket with a state of its own, and prints a login that its bucket takes", async () => {
    place.answer("pulumi -C state stack output projectId", `${PROJECT}\n`);
    place.answer("pulumi -C state stack output stateProjectId", "33333333-3333-4333-8333-333333333333\n");
    place.answer("pulumi -C state stack output backupProjectId", "44444444-4444-4444-8444-444444444444\n");
    place.answer("pulumi -C state stack output backupBucket", "opennebula-backup-11111111\n");
    place.answer("pulumi -C state stack output backend", "s3://bucket/pulumi?region=fr-par\n");
    place.answer("pulumi -C state up", `#!/bin/sh\necho "backend $PULUMI_BACKEND_URL" >>"$RIG/calls"\n`);
    const { status, stdout, stderr } = await place.make(["state", `ORGANIZATION=${ORGANIZATION}`]);
    assert.equal(status, 0, stderr);
    assert.deepEqual(place.calls().slice(0, 6), [
      "pulumi -C state stack select --create state",
      `pulumi -C state config set scaleway:organizationId ${ORGANIZATION}`,
      "pulumi -C state config set namePrefix opennebula",
      "pulumi -C state config set region fr-par",
      "pulumi -C state up",
      `backend file://${place.provision}/.cloud/state`,
    ]);
    assert.equal(lstatSync(join(place.provision, ".cloud/state")).mode & 0o777, 0o700);
    assert.deepEqual(stdout.trim().split("\n"), [
      "now run, and keep .cloud/state beside the passphrase:",
      // Object storage acts in the project that the access key names, and no key that is there names the new one.
      '  export AWS_ACCESS_KEY_ID="$SCW_ACCESS_KEY@33333333-3333-4333-8333-333333333333" AWS_SECRET_ACCESS_KEY="$SCW_SECRET_KEY"',
      "  pulumi login 's3://bucket/pulumi?region=fr-par'",
      "  pulumi stack select --create <name>",
      `  pulumi config set scaleway:organizationId ${ORGANIZATION}`,
      `  pulumi config set projectId ${PROJECT}`,
      "  pulumi config set backupProjectId 44444444-4444-4444-8444-444444444444",
      "  pulumi config set backupBucket opennebula-backup-11111111",
      "  pulumi config set backupRecipient <what age-keygen -o ~/backup.identity prints>",
    ]);
  });

  test("state of a second cloud has names, a region and a stack of its own", async () => {
    await place.make(["state", `ORGANIZATION=${ORGANIZATION}`, "PREFIX=acme", "REGION=nl-ams"]);
    const calls = place.calls();
    for (const call of ["stack select --create state-acme", "config set namePrefix acme", "config set region nl-ams"])
      assert.ok(calls.includes(`pulumi -C state ${call}`), call);
  });

  test("state without an organization asks for it, and makes nothing", async () => {
    const { status, stderr } = await place.make(["state"]);
    assert.equal(status, 2);
    assert.match(stderr, /^ORGANIZATION is needed; run: make state ORGANIZATION=/);
    assert.deepEqual(place.calls(), []);
  });

  test("preview and up leave the questions to Pulumi", async () => {
    assert.equal((await place.make(["preview"])).status, 0);
    assert.equal((await place.make(["up"])).status, 0);
    assert.deepEqual(place.calls(), ["pulumi preview --refresh --diff", "pulumi stack export", "pulumi up --refresh"]);
  });

  test("up after an interrupted order says what to do, and orders nothing again", async () => {
    const urn = "urn:pulumi:prod::hosted-cloud::scaleway:elasticmetal/server:Server::host01";
    const pending = { type: "creating", resource: { urn } };
    place.answer("pulumi stack export", JSON.stringify({ deployment: { pending_operations: [pending] } }));
    const { status, stderr } = await place.make(["up"]);
    assert.equal(status, 2);
    assert.match(
      stderr,
      /^the order of host01 was interrupted: .* look in the console, and see Interrupted in docs\/deploy.md/,
    );
    assert.deepEqual(place.calls(), ["pulumi stack export"]);
  });

  test("preflight asks pulumi for version and settings, and the other tools whether they are there", async () => {
    place.answer("pulumi config --json", "{}");
    const { status, stdout } = await place.make(["preflight"]);
    assert.equal(status, 2);
    assert.match(stdout, /things are missing; nothing was ordered\n$/);
    const calls = place.calls();
    for (const call of ["pulumi version", "pulumi config --json", "hatch --version", "git --version"])
      assert.ok(calls.includes(call), call);
  });

  test("network reads the outputs without secrets, one host or all, or only looks", async () => {
    const { status, stderr } = await place.make(["network", "HOST=host09"]);
    assert.equal(status, 2);
    assert.match(stderr, /^no host host09; the hosts are fe, host01: make network HOST=<name>\n/);
    assert.deepEqual(place.calls(), [OUTPUTS]);
    const look = await place.make(["network", "LOOK=1"]);
    assert.match(look.stderr, /the network of host01, fe is not as it should be; run: make network\n/);
    assert.ok(place.calls().some((call) => call.endsWith("ubuntu -- 192.0.2.11 sudo sh -s -- facts")));
  });

  test("inventory writes files for their owner alone, once, and Ansible goes the way that ssh goes", async () => {
    const first = await place.make(["inventory"], { environment: { SSH_CONFIG: "jump_config" } });
    assert.equal(first.status, 0, first.stderr);
    for (const name of ["hosts.yml", "group_vars/all/validation.yml", "group_vars/all/ssh.yml", "report.yml"]) {
      assert.equal(lstatSync(join(inventory(), name)).mode & 0o777, 0o600, name);
    }
    assert.equal(lstatSync(join(place.provision, ".cloud")).mode & 0o777, 0o700);
    assert.equal(readFileSync(join(inventory(), "hosts.yml"), "utf8"), FILES.inventory);
    assert.deepEqual(parse(readFileSync(join(inventory(), "group_vars/all/ssh.yml"), "utf8")), {
      ansible_host_key_checking: true,
      ansible_ssh_common_args:
        `-F '${place.provision}/jump_config' -o 'UserKnownHostsFile=${place.provision}/.cloud/known_hosts' ` +
        "-o StrictHostKeyChecking=accept-new",
    });
    const second = await place.make(["inventory"]);
    assert.match(second.stderr, /^unchanged \.cloud\/inventory\/hosts\.yml$/m);
    assert.deepEqual(place.calls(), [`${OUTPUTS} --show-secrets`, `${OUTPUTS} --show-secrets`]);
  });

  test("inventory before make up says so, without repeating what it read", async () => {
    place.answer(`${OUTPUTS} --show-secrets`, '{"inventory": ["planted"]}');
    const { status, stderr } = await place.make(["inventory"]);
    assert.equal(status, 2);
    assert.match(stderr, /^the stack's outputs lack inventory, validation; run: make up\n/);
    assert.doesNotMatch(stderr, /planted/);
  });

  describe("deployment on a front-end that has OpenNebula", () => {
    // The front-end is this machine: its commands run here, with OpenNebula's own played.
    const frontend = (version: string, password: string) => {
      place.answer(`${OUTPUTS} --show-secrets`, JSON.stringify({ ...HOSTS, ...FILES }));
      place.answer("ssh", '#!/bin/sh\nfor command; do :; done\nexec sh -c "$command"\n');
      place.answer("dpkg-query", version);
      place.answer("sudo", '#!/bin/sh\nshift 3\nexec "$@"\n');
      place.answer("oneuser", `#!/bin/sh\n[ -z "\${ONE_AUTH:-}" ] || grep -qxF 'oneadmin:${password}' "$ONE_AUTH"\n`);
    };
    const isDeployed = () => place.calls().some((call) => call.startsWith("git "));

    test("of another version is refused: nothing would be upgraded", async () => {
      frontend("7.2.1-1", "planted{{1}}");
      const { status, stderr } = await place.make(["deployment"]);
      assert.equal(status, 2);
      assert.match(
        stderr,
        /OpenNebula 7\.2\.1-1 is installed, but oneVersion is 7\.0: one-deploy would upgrade nothing/,
      );
      assert.equal(isDeployed(), false);
    });

    test("that takes another password is refused: it would keep it", async () => {
      frontend("7.0.3-1", "the old one");
      const { status, stderr } = await place.make(["deployment"]);
      assert.equal(status, 2);
      assert.match(stderr, /onePassword is not oneadmin's password: .* sudo -u oneadmin oneuser passwd 0/);
      assert.doesNotMatch(stderr + place.calls().join(), /planted/);
    });

    test("of this version and password goes on; a fix release counts as the same version", async () => {
      frontend("7.0.3-1", "planted{{1}}");
      assert.equal((await place.make(["deployment"])).status, 2, "the stand-in of git brings no Makefile");
      assert.ok(isDeployed());
    });
  });

  test("deployment runs one-deploy's main at the pinned commit, with the inventory written before", async () => {
    const folder = ".cloud/one-deploy";
    place.answer(`git clone --quiet --no-checkout https://github.com/OpenNebula/one-deploy ${folder}`, CLONE);
    place.answer(`git -C ${folder} rev-parse --quiet --verify ${ONE_DEPLOY}^{commit}`, "#!/bin/sh\nexit 1\n");
    place.answer(`${OUTPUTS} --show-secrets`, JSON.stringify({ ...HOSTS, ...FILES }));
    place.answer("ssh", "");
    const keys = `-o UserKnownHostsFile=${place.provision}/.cloud/known_hosts -o StrictHostKeyChecking=accept-new`;
    const { status, stderr } = await place.make(["deployment"]);
    assert.equal(status, 0, stderr);
    assert.deepEqual(place.calls(), [
      `${OUTPUTS} --show-secrets`,
      `${OUTPUTS} --show-secrets`,
      `ssh ${keys} -o BatchMode=yes -o ConnectTimeout=15 -o ServerAliveInterval=5 -o ServerAliveCountMax=3 -o LogLevel=ERROR -o ControlPath=none -l ubuntu -- 192.0.2.10 dpkg-query -W -f '\${Version}' opennebula 2>/dev/null || true`,
      `git clone --quiet --no-checkout https://github.com/OpenNebula/one-deploy ${folder}`,
      `git -C ${folder} rev-parse --quiet --verify ${ONE_DEPLOY}^{commit}`,
      `git -C ${folder} fetch --quiet --tags origin`,
      `git -C ${folder} checkout --quiet --detach ${ONE_DEPLOY}`,
      `git -C ${folder} submodule --quiet update --init --recursive`,
      `git -C ${folder} rev-parse --short HEAD`,
      "hatch requirements",
      `ansible-playbook -i ${inventory()}/hosts.yml main`,
    ]);
  });

  test("validation answers the report's questions in advance", async () => {
    const folder = ".cloud/one-deploy-validation";
    const url = "https://github.com/OpenNebula/one-deploy-validation";
    place.answer(`git clone --quiet --no-checkout ${url} ${folder}`, CLONE);
    const { status, stderr } = await place.make(["validation"]);
    assert.equal(status, 0, stderr);
    const calls = place.calls();
    assert.ok(calls.includes(`git -C ${folder} checkout --quiet --detach ${VALIDATION}`));
    assert.deepEqual(calls.slice(-2), [
      "hatch env run -e validation-default -- ansible-galaxy collection install -r requirements.yml -p ./collections",
      `ansible-playbook -i ${inventory()}/hosts.yml -e @${inventory()}/report.yml validation`,
    ]);
    assert.match(readFileSync(join(inventory(), "report.yml"), "utf8"), /^prompt_report_customer: /);
  });

  test("specifics reads the outputs with their secrets", async () => {
    const { status, stderr } = await place.make(["specifics"]);
    assert.equal(status, 2);
    assert.match(stderr, /^the stack's outputs lack sshUser, zone, hosts, driver; run: make up\n/);
    assert.deepEqual(place.calls(), [`${OUTPUTS} --show-secrets`]);
  });

  test("ssh opens a shell on the host of that name, with the host keys of the cloud", async () => {
    await place.make(["ssh"]);
    await place.make(["ssh", "HOST=host01"]);
    const keys = `-o UserKnownHostsFile=${place.provision}/.cloud/known_hosts -o StrictHostKeyChecking=accept-new`;
    assert.deepEqual(
      place.calls().filter((call) => call.startsWith("ssh ")),
      [`ssh ${keys} ubuntu@192.0.2.10`, `ssh ${keys} ubuntu@192.0.2.11`],
    );
    const { status, stderr } = await place.make(["ssh", "HOST=host09"]);
    assert.equal(status, 2);
    assert.match(stderr, /^no host host09; the hosts are fe, host01: make ssh HOST=<name>\n/);
  });

  test("without Pulumi says in one line how to get it, whatever the target", async () => {
    for (const target of ["state", "preview", "up", "network", "inventory", "specifics", "ssh", "destroy"]) {
      const { status, stderr } = await place.make([target, "PULUMI=nowhere"]);
      assert.equal(status, 2, target);
      assert.match(
        stderr,
        /^pulumi is not installed; run: curl -fsSL https:\/\/get\.pulumi\.com \| sh -s -- --version 3\.270\.0\nmake: /,
      );
    }
  });

  test("help lists every target that an operator uses, in one line each", async () => {
    const { stdout } = await place.make(["help"]);
    const targets =
      "settings state preflight preview up network inventory deployment specifics validation ssh destroy plan drift monitoring hardening backup backups restore restore-state";
    for (const target of targets.split(" ")) assert.match(stdout, new RegExp(`^  make ${target} +\\S.*$`, "m"));
  });
});
