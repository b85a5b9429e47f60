// The change of a host's network for real: sshd, sudo, netplan's own checks, and a network namespace that can be cut off.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import {
  changeHostNetwork,
  type HostNetworkPorts,
  type HostNetworkRequest,
  lookAtHostNetwork,
} from "../host-network/change.ts";
import type { HostLayout } from "../host-network/netplan.ts";
import type { Ssh } from "../remote/ssh.ts";
import { networkOf, startHost, type TestHost, withoutHosts } from "./rig/host.ts";
import { openWorkplace, type Run } from "./rig/workplace.ts";
import { without } from "./tools.ts";

const SCRIPT_FILE = fileURLToPath(new URL("../host-network/host-network.sh", import.meta.url));
const SCRIPT = readFileSync(SCRIPT_FILE, "utf8");
const PROGRAM = "sudo /usr/local/sbin/hosted-cloud-network";
const LAYOUT: HostLayout = {
  hosttohost: { vlan: 1234, address: "10.16.0.3/20" },
  vmtovm: { vlan: 2345, address: "172.16.24.3/22" },
};

const OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

function gatewayOf(host: TestHost): string {
  return host.target.host.replace(/\d+$/, (last) => String(Number(last) - 1));
}

test("the scripts are clean for shellcheck", { skip: without("shellcheck") }, () => {
  const folder = fileURLToPath(new URL("rig", import.meta.url));
  const files = [
    SCRIPT_FILE,
    join(folder, "host.sh"),
    ...["stand-ins", "recorders"].flatMap((name) =>
      readdirSync(join(folder, name)).map((file) => join(folder, name, file)),
    ),
  ];
  const { stdout, status } = spawnSync("shellcheck", files, { encoding: "utf8" });
  assert.equal(stdout, "");
  assert.equal(status, 0);
});

describe("the network of a host", { skip: withoutHosts }, () => {
  let host: TestHost;
  let delivered: string;
  const said: string[] = [];

  before(async () => {
    host = await startHost("host01");
    delivered = networkOf(host);
  });
  after(async () => host?.stop());

  const request = (): HostNetworkRequest => ({ ...host.target, zone: "fr-par-2", layout: LAYOUT });
  const ports = (differing: Partial<HostNetworkPorts> = {}): HostNetworkPorts => ({
    ssh: host.ssh,
    script: SCRIPT,
    say: (line) => said.push(line),
    reachableWithinMs: 10_000,
    deniedForMs: 1_000,
    restoreAfterMs: 20_000,
    ...differing,
  });
  const etcNetplan = () =>
    Object.fromEntries(readdirSync(join(host.root, "etc/netplan")).map((file) => [file, read(`etc/netplan/${file}`)]));
  const read = (path: string) => readFileSync(join(host.root, path), "utf8");
  const nextAddress = (address: string) => address.replace(/\d+$/, (last) => String(Number(last) + 1));
  const untilBack = async () => {
    for (let attempt = 0; attempt < 200 && networkOf(host) !== delivered; attempt += 1) await sleep(100);
    assert.equal(networkOf(host), delivered);
  };

  const BAD: readonly (readonly [string, string, RegExp])[] = [
    [
      "a VLAN id out of range",
      "network: {version: 2, vlans: {hosttohost: {id: 5000, link: enp5s0}}, ethernets: {enp5s0: {}}}",
      /invalid id/i,
    ],
    ["an empty address", 'network: {version: 2, ethernets: {enp5s0: {addresses: [""]}}}', /address/i],
    ["no YAML", "network: [", /YAML|flow|block/i],
    [
      "two default routes, of which netplan only warns",
      "network: {version: 2, ethernets: {enp5s0: {addresses: [192.0.2.2/24], routes: [{to: default, via: 192.0.2.1}]}, enp6s0: {addresses: [198.51.100.2/24], routes: [{to: default, via: 198.51.100.1}]}}}",
      /Conflicting default route/,
    ],
  ];
  for (const [what, text, reason] of BAD) {
    test(`refuses ${what} before anything is touched`, async () => {
      const files = etcNetplan();
      await host.ssh(host.target, "sudo install -m 0755 /dev/stdin /usr/local/sbin/hosted-cloud-network", {
        stdin: SCRIPT,
      });
      await assert.rejects(host.ssh(host.target, `${PROGRAM} stage`, { stdin: text }), (error: Error) => {
        assert.match(error.message, /^host01 \(.*\): netplan refuses the new layout, nothing was changed: /);
        assert.match(error.message, reason);
        return true;
      });
      assert.deepEqual(etcNetplan(), files);
      assert.equal(existsSync(join(host.root, "run/netplan")), false);
      assert.equal(networkOf(host), delivered);
      await assert.rejects(host.ssh(host.target, `${PROGRAM} apply 5`), /nothing is staged/);
    });
  }

  test("is looked at without leaving anything on the host", async () => {
    const run = join(host.root, "run");
    const tree = () =>
      spawnSync("find", [host.root, "-xdev", "-path", run, "-prune", "-o", "-printf", "%p %T@\n"], { encoding: "utf8" })
        .stdout.split("\n")
        .sort();
    const before = tree();
    assert.ok(before.length > 50);
    assert.deepEqual(await lookAtHostNetwork(request(), ports()), [
      "/etc/netplan holds 50-cloud-init.yaml",
      `${host.target.host}/29 is not on br0`,
      `the default route is not via ${gatewayOf(host)} on br0`,
      "10.16.0.3/20 is not on hosttohost",
      "172.16.24.3/22 is not on vmtovm",
    ]);
    assert.deepEqual(tree(), before);
    assert.equal(existsSync(join(host.root, "usr/local/sbin/hosted-cloud-network")), false);
    assert.match(read("run/cloud-init.log"), /^status --wait$/m, "cloud-init may still be writing its network");
  });

  test("is left alone where the host's key is another than before", async () => {
    const known = readFileSync(host.knownHosts, "utf8");
    writeFileSync(host.knownHosts, known.replace(/ssh-ed25519 \S+/, OTHER_KEY));
    try {
      // Waiting would not help: it is refused at once, however long a new server may take.
      const patient = ports({ reachableWithinMs: 86_400_000 });
      await assert.rejects(changeHostNetwork(request(), patient), /HOST IDENTIFICATION HAS CHANGED/);
    } finally {
      writeFileSync(host.knownHosts, known);
    }
  });

  test("is not waited for where the host answers and takes no key", async () => {
    const stranger = { ...request(), user: "nobody" };
    await assert.rejects(changeHostNetwork(stranger, ports({ reachableWithinMs: 86_400_000 })), (error: Error) => {
      assert.match(
        error.message,
        /Permission denied.*; add the key of sshPublicKey to the agent \(ssh-add\), or correct/,
      );
      return true;
    });
  });

  test("is waited for while a new server does not answer yet", async () => {
    let attempts = 0;
    const late: Ssh = (target, command, options) => {
      attempts += 1;
      // Nothing listens there.
      return attempts > 2
        ? host.ssh(target, command, options)
        : host.ssh({ ...target, host: "127.0.0.1" }, command, options);
    };
    const withoutChange: Ssh = (target, command, options) =>
      command.startsWith("sudo install") ? Promise.reject(new Error("reached")) : late(target, command, options);
    await assert.rejects(changeHostNetwork(request(), ports({ ssh: withoutChange })), { message: "reached" });
    assert.ok(attempts > 2);
  });

  test("comes back by the timer when the new layout cuts the connection off", async () => {
    const files = etcNetplan();
    // A layout that netplan takes, with an address that is not the host's.
    const wrong: Ssh = (target, command, options) => {
      const stdin =
        typeof options?.stdin === "string" && command.endsWith("network stage")
          ? options.stdin.replace(target.host, nextAddress(target.host))
          : options?.stdin;
      return host.ssh(target, command, stdin === undefined ? options : { ...options, stdin });
    };
    const began = Date.now();
    await assert.rejects(changeHostNetwork(request(), ports({ ssh: wrong, restoreAfterMs: 6_000 })), /host01/);
    await untilBack();
    assert.ok(Date.now() - began >= 6_000);
    assert.deepEqual(etcNetplan(), files);
    assert.equal(await host.ssh(host.target, "echo here"), "here\n");
    assert.match(read("var/lib/hosted-cloud-network/restored"), /nobody confirmed the new layout within 6 seconds/);
    assert.deepEqual(readdirSync(join(host.root, "run/netplan")), []);
  });

  test("comes back at once when netplan cannot apply it", async () => {
    await host.ssh(host.target, "sudo touch /etc/netplan-apply-fails");
    await assert.rejects(
      changeHostNetwork(request(), ports()),
      /nothing to confirm: the old layout is back, because netplan apply failed: apply failed, as the test wants/,
    );
    await untilBack();
  });

  test("is changed, confirmed over a new connection, and kept", async () => {
    await changeHostNetwork(request(), ports());
    assert.equal(said.at(-1), "the new layout works and stays");
    assert.deepEqual(Object.keys(etcNetplan()), ["60-hosted-cloud.yaml"]);
    assert.equal(read("etc/cloud/cloud.cfg.d/99-hosted-cloud-network.cfg"), "network: {config: disabled}\n");
    const now = networkOf(host);
    assert.match(now, new RegExp(`br0 +inet ${host.target.host}/29 `));
    assert.match(now, /default via 203\.0\.113\.\d+ dev br0/);
    assert.match(now, /hosttohost +inet 10\.16\.0\.3\/20 /);
    assert.match(now, /vmtovm +inet 172\.16\.24\.3\/22 /);
    assert.doesNotMatch(now, /enp5s0 +inet/);
    const mac = (device: string) => host.inNetwork("cat", `/sys/class/net/${device}/address`);
    assert.equal(mac("br0"), mac("enp5s0"));
    assert.deepEqual(readdirSync(join(host.root, "run/units")), ["asked", "log"], "no timer is left");
    assert.deepEqual(readdirSync(join(host.root, "run/netplan")), []);
    const [kept] = readdirSync(join(host.root, "var/lib/hosted-cloud-network")).filter((name) =>
      name.startsWith("before-"),
    );
    assert.match(read(`var/lib/hosted-cloud-network/${kept}/50-cloud-init.yaml`), /dhcp4: true/);
  });

  test("keeps no working folder of its checks", () => {
    assert.deepEqual(readdirSync(join(host.root, "tmp")), []);
  });

  test("is left alone by a second run", async () => {
    const [files, network, systemctl] = [etcNetplan(), networkOf(host), read("run/systemctl.log")];
    await changeHostNetwork(request(), ports());
    assert.equal(said.at(-1), "the layout is in place already");
    assert.deepEqual(etcNetplan(), files);
    assert.equal(networkOf(host), network);
    assert.equal(read("run/systemctl.log"), systemctl);
  });

  describe("by make network", { skip: without("make") }, () => {
    const hostOutput = (name: string, publicIp: string) => ({
      name,
      publicIp,
      privateIp: "10.16.0.3",
      serverId: "fr-par-2/a",
      layout: LAYOUT,
    });
    const make = async (...words: readonly string[]): Promise<Run> => {
      const place = openWorkplace("pulumi");
      // The same machine twice, because only the order counts.
      const hosts = [hostOutput("fe", host.target.host), hostOutput("host01", host.target.host)];
      place.answer("pulumi stack output --json", JSON.stringify({ sshUser: "ubuntu", zone: "fr-par-2", hosts }));
      try {
        return await place.make(["network", ...words], { environment: { SSH_CONFIG: host.sshConfig } });
      } finally {
        place.remove();
      }
    };

    test("is done one host after the other, the front-end last", async () => {
      const { status, stderr } = await make();
      assert.equal(status, 0, stderr);
      const steps = ["waiting for SSH", "reading the present network", "the layout is in place already"];
      assert.deepEqual(
        stderr.trim().split("\n"),
        ["host01", "fe"].flatMap((name) => steps.map((step) => `${name}: ${step}`)),
      );
    });

    test("is seen to be in order", async () => {
      const { status, stderr } = await make("LOOK=1", "HOST=host01");
      assert.equal(stderr, "host01: as it should be\n");
      assert.equal(status, 0);
    });

    test("is brought back after somebody changed it by hand, with three minutes to come back by itself", async () => {
      host.inNetwork("ip", "address", "delete", "172.16.24.3/22", "dev", "vmtovm");
      const look = await make("LOOK=1");
      assert.equal(look.status, 2);
      assert.match(
        look.stderr,
        /^host01: 172\.16\.24\.3\/22 is not on vmtovm\nfe: .*\nthe network of host01, fe is not as/,
      );
      assert.doesNotMatch(networkOf(host), /172\.16\.24\.3/);
      const { status, stderr } = await make("HOST=host01");
      assert.equal(status, 0, stderr);
      assert.match(stderr, /host01: applying it; the old layout comes back in 180 s unless confirmed\n/);
      assert.match(
        read("run/units/asked"),
        /--on-active=180 .*restore nobody confirmed the new layout within 180 seconds/,
      );
      assert.match(networkOf(host), /vmtovm +inet 172\.16\.24\.3\/22 /);
    });
  });

  test("Ansible connects in the same way, and refuses a changed host key whatever its playbook says", {
    skip: without("ansible"),
  }, async () => {
    const place = openWorkplace("pulumi");
    const inventory = `---\nall: {hosts: {host01: {ansible_ssh_host: ${host.target.host}, ansible_user: ubuntu}}}\n`;
    place.answer("pulumi stack output --json --show-secrets", JSON.stringify({ inventory, validation: "---\n{}\n" }));
    await place.make(["inventory"], { environment: { SSH_CONFIG: host.sshConfig } });
    const known = join(place.provision, ".cloud/known_hosts");
    const ping = () =>
      spawnSync("ansible", ["-i", ".cloud/inventory/hosts.yml", "all", "-m", "raw", "-a", "echo reached"], {
        cwd: place.provision,
        encoding: "utf8",
        // As both playbooks have it in their ansible.cfg.
        env: { ...process.env, ANSIBLE_HOST_KEY_CHECKING: "False", ANSIBLE_SSH_ARGS: "-o ControlMaster=no" },
      });
    const first = ping();
    assert.match(first.stdout, /reached/, first.stdout + first.stderr);
    writeFileSync(known, readFileSync(known, "utf8").replace(/ssh-ed25519 \S+/, OTHER_KEY));
    const second = ping();
    place.remove();
    assert.match(second.stdout, /HOST IDENTIFICATION HAS CHANGED/);
    assert.doesNotMatch(second.stdout, /^reached/m);
  });

  test("is not restored when no change waits for a confirmation", async () => {
    const before = networkOf(host);
    await host.ssh(host.target, `${PROGRAM} restore 'for no reason'`);
    assert.equal(networkOf(host), before);
    assert.deepEqual(Object.keys(etcNetplan()), ["60-hosted-cloud.yaml"]);
  });

  test("with a guest's port in br0 is still read right", async () => {
    host.inNetwork(
      "ip",
      "link",
      "add",
      // Before the NIC in the alphabet.
      "a-guest",
      "address",
      "02:00:c0:a8:00:07",
      "type",
      "veth",
      "peer",
      "name",
      "guest",
    );
    host.inNetwork("ip", "link", "set", "a-guest", "master", "br0");
    assert.match(await host.ssh(host.target, `${PROGRAM} facts`), /^nic=enp5s0\n/);
    host.inNetwork("ip", "link", "delete", "a-guest");
  });

  test("with a second way out is read by the first", async () => {
    host.inNetwork("ip", "route", "add", "default", "via", "172.16.24.1", "dev", "vmtovm", "metric", "500");
    assert.match(await host.ssh(host.target, `${PROGRAM} facts`), new RegExp(`^gateway=${gatewayOf(host)}$`, "m"));
    host.inNetwork("ip", "route", "delete", "default", "via", "172.16.24.1");
  });

  test("changed once more and cut off, comes back to the layout before, not to the first one", async () => {
    const before = networkOf(host);
    const layout = { ...LAYOUT, vmtovm: { vlan: 2346, address: "172.16.24.4/22" } };
    const lost: Ssh = (target, command, options) =>
      command.includes(" confirm ")
        ? host.ssh({ ...target, host: "192.0.2.254" }, command, { timeoutMs: 500 })
        : host.ssh(target, command, options);
    await assert.rejects(
      changeHostNetwork({ ...request(), layout }, ports({ ssh: lost, restoreAfterMs: 4_000 })),
      /did not answer under the new layout/,
    );
    for (let attempt = 0; attempt < 100 && networkOf(host) !== before; attempt += 1) await sleep(100);
    assert.equal(networkOf(host), before);
    await changeHostNetwork({ ...request(), layout }, ports());
    assert.match(networkOf(host), /vmtovm +inet 172\.16\.24\.4\/22 /);
  });

  test("asked to confirm what is not complete, says what is missing", async () => {
    await host.ssh(host.target, `${PROGRAM} apply 60`);
    const confirm = `${PROGRAM} confirm '192.0.2.77/24' '192.0.2.1' '10.16.0.3/20' '172.16.24.9/22'`;
    await assert.rejects(
      host.ssh(host.target, confirm),
      /the new layout is not complete, the old one comes back by itself: 192\.0\.2\.77\/24 is not on br0\nthe default route is not via 192\.0\.2\.1 on br0\n172\.16\.24\.9\/22 is not on vmtovm$/,
    );
    await assert.rejects(
      host.ssh(host.target, `${PROGRAM} stage`, { stdin: "network: {version: 2}" }),
      /a change waits for its confirmation/,
    );
  });
});
