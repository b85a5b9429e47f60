// Hardening for real: nftables in network namespaces, sshd, Caddy, and connections from a machine outside.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type HardeningPorts, hardenHost, lookAtHardening } from "../hardening/change.ts";
import { type Hardening, renderHardening } from "../hardening/host-files.ts";
import type { Ssh } from "../remote/ssh.ts";
import { checkSettings, type WrittenSettings } from "../settings.ts";
import { NEEDED, NOW } from "./graph.ts";
import { startHost, type TestHost, withoutHosts } from "./rig/host.ts";
import { without } from "./tools.ts";

const FOLDER = fileURLToPath(new URL("../hardening", import.meta.url));
const NAME = "cloud.example.org";
// SSH, FireEdge and its proxy, oned, OneFlow, OneGate, VNC of a guest, Prometheus, node exporter, Grafana.
const PORTS = [22, 80, 443, 2616, 2633, 2474, 5030, 5900, 9090, 9100, 3000];

const hardeningOf = (written: WrittenSettings, isFrontend = true): Hardening =>
  renderHardening(checkSettings({ ...NEEDED, ...written }, NOW), isFrontend);

test("the program is clean for shellcheck, the unit for systemd", {
  skip: without("shellcheck", "systemd-analyze"),
}, () => {
  assert.equal(spawnSync("shellcheck", [join(FOLDER, "firewall.sh")], { encoding: "utf8" }).stdout, "");
  const unit = join(FOLDER, "hosted-cloud-firewall.service");
  const { stderr } = spawnSync("systemd-analyze", ["verify", unit], { encoding: "utf8" });
  assert.equal(stderr.replaceAll(/^.*hosted-cloud-firewall is not executable: No such file or directory\n/gm, ""), "");
});

describe("settings of the hardening", () => {
  test("that would keep the operator out are refused", () => {
    assert.throws(() => hardeningOf({ adminNetworks: "[]" }), /adminNetworks is empty, which would keep you out too/);
    assert.throws(() => hardeningOf({ adminNetworks: '["203.0.113.7/24"]' }), /adminNetworks must hold IPv4 networks/);
  });

  test("open no port for HTTPS on workers, nor without a name", () => {
    assert.doesNotMatch(hardeningOf({ fireedgeName: NAME }, false).firewall, /443/);
    assert.doesNotMatch(hardeningOf({}).firewall, /443/);
    assert.deepEqual(hardeningOf({}).packages, ["nftables", "unattended-upgrades"]);
  });
});

describe("every firewall", { skip: withoutHosts || without("nft") }, () => {
  const cases: Record<string, WrittenSettings> = {
    "by default": {},
    "of two networks": { adminNetworks: '["203.0.113.0/24", "198.51.100.7/32"]' },
    "with a name and ACME": { fireedgeName: NAME },
    "with a certificate of one's own": { fireedgeName: NAME, fireedgeCertificate: "own" },
  };
  for (const [name, written] of Object.entries(cases))
    test(`${name} is taken by nft, on front-end and worker`, () => {
      for (const isFrontend of [true, false]) {
        const input = hardeningOf(written, isFrontend).firewall;
        const { stderr, status } = spawnSync("unshare", ["--net", "nft", "--check", "-f", "-"], {
          input,
          encoding: "utf8",
        });
        assert.equal(stderr, "");
        assert.equal(status, 0);
      }
    });
});

describe("a front-end", { skip: withoutHosts || without("nft", "caddy", "curl", "dpkg-query", "apt-config") }, () => {
  let host: TestHost;
  let admin: string;
  const said: string[] = [];
  const ports = (changed: Partial<HardeningPorts> = {}): HardeningPorts => ({
    ssh: host.ssh,
    say: (line) => said.push(line),
    restoreAfterMs: 60_000,
    ...changed,
  });
  const wanted = (written: WrittenSettings = {}): Hardening => ({
    ...hardeningOf({
      fireedgeName: NAME,
      fireedgeCertificate: "own",
      adminNetworks: JSON.stringify([`${admin}/32`]),
      ...written,
    }),
    // The host of the test has no database of packages.
    packages: [],
  });

  before(async () => {
    host = await startHost("fe");
    admin = host.target.host.replace(/\d+$/, (last) => String(Number(last) - 1));
    // A second machine outside, in the same network.
    spawnSync("ip", ["address", "add", `${strangerOf(host)}/32`, "dev", "lo"]);
    for (const folder of ["etc/ssh/sshd_config.d", "etc/hosted-cloud", "etc/caddy", "etc/apt/apt.conf.d", "etc/ssl"])
      mkdirSync(join(host.root, folder), { recursive: true });
    const certificate = [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-days",
      "2",
    ];
    const files = [
      "-keyout",
      join(host.root, "etc/hosted-cloud/fireedge.key"),
      "-out",
      join(host.root, "etc/hosted-cloud/fireedge.crt"),
    ];
    spawnSync("openssl", [...certificate, "-subj", `/CN=${NAME}`, "-addext", `subjectAltName=DNS:${NAME}`, ...files]);
    await listen(
      host,
      PORTS.filter((port) => ![22, 80, 443].includes(port)),
    );
  });
  after(async () => {
    if (host !== undefined) spawnSync("ip", ["address", "delete", `${strangerOf(host)}/32`, "dev", "lo"]);
    await host?.stop();
  });

  test("is open on every port before", async () => {
    assert.deepEqual(
      await openPorts(host, strangerOf(host)),
      PORTS.filter((port) => ![80, 443].includes(port)),
    );
  });

  test("seen by make hardening LOOK=1 lacks everything, and nothing is left there", async () => {
    assert.deepEqual(await lookAtHardening(host.target, wanted(), ports()), [
      "/etc/ssh/sshd_config.d/10-hosted-cloud.conf has another content",
      "/etc/apt/apt.conf.d/52-hosted-cloud has another content",
      "/etc/caddy/Caddyfile has another content",
      "/etc/hosted-cloud/firewall.nft has another content",
    ]);
    assert.equal(existsSync(join(host.root, "var/lib/hosted-cloud-firewall")), false);
  });

  test("gets its old firewall back when the new one locks us out", async () => {
    const lockedOut = wanted({ adminNetworks: '["198.51.100.0/24"]' });
    await assert.rejects(
      hardenHost(host.target, lockedOut, ports({ ssh: impatient(host.ssh), restoreAfterMs: 6_000 })),
      /fe lets no new connection in, the old rules come back by themselves; is your network in adminNetworks\?/,
    );
    await untilReachable(host);
    assert.match(
      readFileSync(join(host.root, "var/lib/hosted-cloud-firewall/restored"), "utf8"),
      /nobody confirmed the new rules within 6 seconds/,
    );
    assert.equal(host.inNetwork("nft", "list", "tables"), "");
  });

  test("says why at once when the old firewall is back before the first try", async () => {
    // The new one was in force for so short a time that no try met it.
    const late: Ssh = async (target, command, options) =>
      command.includes(" apply ") ? "" : host.ssh(target, command, options);
    await assert.rejects(
      hardenHost(host.target, wanted(), ports({ ssh: late })),
      /the old rules are back, because .*; fe lets no new connection in, .*is your network in adminNetworks\?/,
    );
  });

  test("is hardened, and lets in the operator alone", async () => {
    said.length = 0;
    await hardenHost(host.target, wanted(), ports());
    assert.equal(said.at(-1), "the new firewall lets us in, and stays");
    await startCaddy(host);
    assert.deepEqual(await openPorts(host, strangerOf(host)), []);
    assert.deepEqual(await openPorts(host, admin), [22, 80, 443]);
    const reloaded = readFileSync(join(host.root, "run/systemctl.log"), "utf8").split("\n");
    for (const asked of [
      "reload ssh",
      "enable --now apt-daily.timer apt-daily-upgrade.timer",
      "reload-or-restart caddy",
      "enable hosted-cloud-firewall.service",
    ])
      assert.ok(reloaded.includes(asked), asked);
  });

  test("serves FireEdge by HTTPS with its certificate, and sends HTTP there", async () => {
    const curl = (...words: readonly string[]) =>
      spawnSync(
        "curl",
        ["-sS", "--max-time", "20", "--cacert", join(host.root, "etc/hosted-cloud/fireedge.crt"), ...words],
        { encoding: "utf8" },
      );
    const secure = curl("--include", "--resolve", `${NAME}:443:${host.target.host}`, `https://${NAME}/`);
    assert.match(secure.stdout, /port 2616/, secure.stderr);
    assert.match(secure.stdout, /strict-transport-security: max-age=31536000/i);
    const plain = curl("--include", "--resolve", `${NAME}:80:${host.target.host}`, `http://${NAME}/`);
    assert.match(plain.stdout, /^HTTP\/1\.1 308 .*location: https:\/\/cloud\.example\.org\//is, plain.stderr);
  });

  test("is open between hosts and for the guests' network, by the interface and not by the address alone", async () => {
    const inside = { hosttohost: ["10.16.0.10/20", "10.16.0.11/20"], vmtovm: ["172.16.24.10/22", "172.16.24.11/22"] };
    for (const [device, [own = "", other = ""]] of Object.entries(inside)) attachMachine(host, device, own, other);
    try {
      const reached = (device: string, port: number) => {
        const address = device === "hosttohost" ? "10.16.0.10" : "172.16.24.10";
        const probe = `exec 3<>/dev/tcp/${address}/${port}`;
        const words = ["netns", "exec", `t-${device}-${process.pid}`, "timeout", "2", "bash", "-c", probe];
        return spawnSync("ip", words).status === 0;
      };
      assert.ok(reached("hosttohost", 2633), "oned");
      assert.ok(reached("hosttohost", 5030), "OneGate");
      assert.ok(reached("hosttohost", 9100), "node exporter");
      assert.ok(!reached("vmtovm", 2633), "oned from the guests' network");
    } finally {
      for (const device of Object.keys(inside)) spawnSync("ip", ["netns", "delete", `t-${device}-${process.pid}`]);
    }
  });

  test("is left alone by a second run, and LOOK=1 finds nothing", async () => {
    assert.deepEqual(await lookAtHardening(host.target, wanted(), ports()), []);
    said.length = 0;
    await hardenHost(host.target, wanted(), ports());
    assert.equal(said.at(-1), "the firewall is in force already");
    assert.ok(!said.some((line) => line.startsWith("written")));
  });

  test("has its rules again after a reboot, and rules changed by hand are seen", async () => {
    host.inNetwork("nft", "flush", "ruleset");
    assert.deepEqual(await lookAtHardening(host.target, wanted(), ports()), ["the firewall is not in force"]);
    await host.ssh(host.target, "sudo hosted-cloud-firewall start");
    assert.deepEqual(await lookAtHardening(host.target, wanted(), ports()), []);
    host.inNetwork("nft", "insert", "rule", "inet", "hosted_cloud", "input", "accept");
    const [difference] = await lookAtHardening(host.target, wanted(), ports());
    assert.equal(difference, "the rules in force are not those of /etc/hosted-cloud/firewall.nft");
    await hardenHost(host.target, wanted(), ports());
    assert.deepEqual(await openPorts(host, strangerOf(host)), []);
  });

  test("keeps tables of others, such as OpenNebula's", async () => {
    host.inNetwork("nft", "add", "table", "ip", "one_tproxy");
    await hardenHost(host.target, wanted({ fireedgeCertificate: "acme" }), ports());
    assert.match(host.inNetwork("nft", "list", "tables"), /table ip one_tproxy/);
    // Who gives out the certificate comes from anywhere.
    assert.deepEqual(await openPorts(host, strangerOf(host)), [80]);
  });

  test("takes back a file that its program refuses", async () => {
    const file = {
      path: "/etc/caddy/Caddyfile",
      content: "{{{\n",
      check: "caddy validate --adapter caddyfile --config /etc/caddy/Caddyfile",
      reload: "true",
    };
    const before = readFileSync(join(host.root, file.path), "utf8");
    await assert.rejects(
      hardenHost(host.target, { ...wanted(), files: [file] }, ports()),
      /\/etc\/caddy\/Caddyfile was not accepted, and is unchanged: /,
    );
    assert.equal(readFileSync(join(host.root, file.path), "utf8"), before);
  });

  test("takes SSH by key alone, and updates by the day, as their own programs read the files", async () => {
    writeFileSync(
      join(host.root, "etc/ssh/sshd_probe"),
      "Include /etc/ssh/sshd_config.d/*.conf\nPasswordAuthentication yes\nHostKey /etc/ssh/key\n",
    );
    const sshd = await host.ssh(host.target, "sudo sshd -T -f /etc/ssh/sshd_probe");
    for (const line of [
      "passwordauthentication no",
      "kbdinteractiveauthentication no",
      "permitrootlogin without-password",
    ])
      assert.match(sshd, new RegExp(`^${line}$`, "m"));
    const apt = await host.ssh(host.target, "apt-config dump");
    assert.match(apt, /^APT::Periodic::Unattended-Upgrade "1";$/m);
    assert.match(apt, /^Unattended-Upgrade::Allowed-Origins:: "\$\{distro_id\}:\$\{distro_codename\}-security";$/m);
  });
});

/** A connection that is cut off says so after a second, not after ConnectTimeout. */
function impatient(ssh: Ssh): Ssh {
  return (target, command, options) =>
    ssh(target, command, command.endsWith(" confirm") ? { ...options, timeoutMs: 1_500 } : options);
}

function strangerOf({ target }: TestHost): string {
  return target.host.replace(/^203\.0\.113\./, "198.18.0.");
}

async function untilReachable(host: TestHost): Promise<void> {
  for (let attempt = 0; attempt < 60; attempt += 1) {
    const reached = await host.ssh(host.target, "true", { timeoutMs: 2_000 }).then(
      () => true,
      () => false,
    );
    if (reached) return;
    await sleep(250);
  }
  throw new Error("the host is not reached again");
}

/** Programs that listen as OpenNebula's do, and answer by HTTP with their port. */
async function listen(host: TestHost, numbers: readonly number[]): Promise<void> {
  const program = `const { createServer } = require("node:http"); for (const port of ${JSON.stringify(numbers)}) createServer((_, answer) => answer.end("port " + port)).listen(port)`;
  const node = "/opt/node";
  mkdirSync(join(host.root, "opt"), { recursive: true });
  writeFileSync(join(host.root, "opt/listen.js"), program);
  spawnSync("cp", [process.execPath, join(host.root, node)]);
  await host.ssh(host.target, `sudo sh -c 'setsid ${node} /opt/listen.js </dev/null >/dev/null 2>&1 &'`);
  for (let attempt = 0; attempt < 50 && (await openPorts(host, undefined)).length < numbers.length; attempt += 1)
    await sleep(100);
}

async function startCaddy(host: TestHost): Promise<void> {
  const command =
    "HOME=/root setsid caddy run --adapter caddyfile --config /etc/caddy/Caddyfile </dev/null >/var/log/caddy.log 2>&1 &";
  await host.ssh(host.target, `sudo sh -c '${command}'`);
  for (let attempt = 0; attempt < 100 && !host.inNetwork("ss", "-ltn").includes(":443 "); attempt += 1)
    await sleep(100);
}

/** Ports that can be reached from this address of the test's machine. */
async function openPorts(host: TestHost, from: string | undefined): Promise<number[]> {
  const tried = await Promise.all(
    PORTS.map(async (port) => ((await isOpen(host.target.host, port, from)) ? [port] : [])),
  );
  return tried.flat();
}

function isOpen(address: string, port: number, from: string | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, localAddress: from, timeout: 2_000 });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket
      .on("connect", () => end(true))
      .on("error", () => end(false))
      .on("timeout", () => end(false));
  });
}

/** Another machine behind this interface of the host. */
function attachMachine(host: TestHost, device: string, own: string, other: string): void {
  const namespace = `t-${device}-${process.pid}`;
  const ip = (words: string) => {
    const { status, stderr } = spawnSync("ip", words.split(" "), { encoding: "utf8" });
    assert.equal(status, 0, `ip ${words}: ${stderr}`);
  };
  ip(`netns add ${namespace}`);
  host.inNetwork(
    "ip",
    "link",
    "add",
    device,
    "type",
    "veth",
    "peer",
    "name",
    "eth0",
    "netns",
    `/run/netns/${namespace}`,
  );
  host.inNetwork("ip", "address", "add", own, "dev", device);
  host.inNetwork("ip", "link", "set", device, "up");
  ip(`-n ${namespace} address add ${other} dev eth0`);
  ip(`-n ${namespace} link set eth0 up`);
}
