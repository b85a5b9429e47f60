// The driver installed by SSH on real sshds, with the executable that make remotes built.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { cpSync, existsSync, lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { readConfig, readServerId, readToken } from "../../driver/config.ts";
import { renderDriverConfig } from "../driver-config.ts";
import { renderPublicNetwork } from "../inventory.ts";
import { findObstacles } from "../operations/obstacles.ts";
import type { SpecificsPlan } from "../operations/outputs.ts";
import { openSsh, type Ssh } from "../remote/ssh.ts";
import { checkSettings } from "../settings.ts";
import { installSpecifics } from "../specifics/install.ts";
import { NEEDED, NOW } from "./graph.ts";
import { startHost, type TestHost, withoutHosts } from "./rig/host.ts";
import { makeFrontend, makeKvmHost } from "./rig/opennebula.ts";
import { snapshot, watchProcesses, withoutTree } from "./rig/traces.ts";
import { openWorkplace } from "./rig/workplace.ts";
import { without } from "./tools.ts";

const BUILT = fileURLToPath(new URL("../../remotes", import.meta.url));
// A copy, because somebody may build the tree again meanwhile.
const TREE = join(tmpdir(), `remotes-${process.pid}`);
const SETTINGS = "var/lib/one/remotes/etc/ipam/scw-flexip/scw-flexip.conf";
const PLANTED = `planted-${randomUUID()}`;
const TOKENS = { frontend: `${PLANTED}-frontend`, hosts: `${PLANTED}-hosts`, renewed: `${PLANTED}-renewed` };
const ONEADMIN = 9869;

describe("make specifics", { skip: withoutHosts || without("jq") || withoutExecutable() }, () => {
  const settings = checkSettings(NEEDED, NOW);
  const said: string[] = [];
  const everSaid: string[] = [];
  let [frontend, first, second]: TestHost[] = [];
  let seen: Set<string>;
  let watch: NodeJS.Timeout;

  before(async () => {
    cpSync(BUILT, TREE, { recursive: true });
    first = await startHost("host01");
    second = await startHost("host02");
    frontend = await startHost("fe", [
      { source: makeKvmHost(first), target: "/mnt/hosts/host01" },
      { source: makeKvmHost(second), target: "/mnt/hosts/host02" },
    ]);
    makeFrontend(frontend);
    [seen, watch] = watchProcesses();
  });
  after(async () => {
    clearInterval(watch);
    rmSync(TREE, { recursive: true, force: true });
    await Promise.all([frontend, first, second].map((host) => host?.stop()));
  });

  const up = (host: TestHost | undefined): TestHost => {
    assert.ok(host !== undefined);
    return host;
  };
  const planFor = (
    workers: readonly (TestHost | undefined)[],
    differing: Partial<SpecificsPlan["driver"]> = {},
  ): SpecificsPlan => ({
    sshUser: "ubuntu",
    zone: "fr-par-2",
    hosts: [up(frontend), ...workers.map(up)].map(({ target }, index) => ({
      name: target.name,
      publicIp: target.host,
      privateIp: `10.16.0.${10 + index}`,
      serverId: `fr-par-2/00000000-0000-4000-8000-00000000000${index}`,
    })),
    driver: {
      config: renderDriverConfig(settings),
      frontendToken: TOKENS.frontend,
      hostsToken: TOKENS.hosts,
      publicAddressCount: 2,
      publicNetwork: renderPublicNetwork(settings),
      ...differing,
    },
  });
  const operatorSsh = () => {
    // Each test host has a key of its own: the operator's one file names them all.
    const config = [frontend, first, second]
      .map(up)
      .map((host) => `Host ${host.target.host}\n${readFileSync(host.sshConfig, "utf8").replace("Host *\n", "")}`);
    writeFileSync(up(frontend).sshConfig.replace("ssh_config", "operator_config"), config.join("\n"));
    return openSsh({
      knownHosts: up(frontend).knownHosts,
      configFile: up(frontend).sshConfig.replace("ssh_config", "operator_config"),
    });
  };
  const run = (plan: SpecificsPlan) => {
    said.length = 0;
    const ssh = operatorSsh();
    return installSpecifics(plan, {
      ssh,
      tree: TREE,
      say: (line) => [said, everSaid].map((lines) => lines.push(line)),
    });
  };

  test("without OpenNebula on the front-end, says what to run first", async () => {
    const plan = planFor([]);
    await assert.rejects(
      run({
        ...plan,
        hosts: [
          {
            ...plan.hosts[0],
            name: "host01",
            publicIp: up(first).target.host,
            privateIp: "10.16.0.9",
            serverId: "fr-par-2/x",
          },
        ],
      }),
      {
        message: "host01: OpenNebula is not installed there; run: make deployment",
      },
    );
  });

  test("installs front-end and host, and fills the public network", async () => {
    assert.ok((await run(planFor([first]))) > 10);
    const root = up(frontend).root;
    const config = readConfig({ SCW_FLEXIP_CONF: join(root, SETTINGS) }, "");
    assert.equal(config.projectId, settings.projectId);
    assert.equal(readToken(below(config, root)), TOKENS.frontend);
    assert.equal(readToken(below(config, up(first).root)), TOKENS.hosts);
    assert.equal(readServerId(below(config, root)), "00000000-0000-4000-8000-000000000000");
    assert.equal(readServerId(below(config, up(first).root)), "00000000-0000-4000-8000-000000000001");
    for (const host of [frontend, first].map(up)) {
      const { mode, uid } = lstatSync(join(host.root, "var/lib/one/.scw-flexip.token"));
      assert.deepEqual([mode & 0o777, uid], [0o600, ONEADMIN]);
      assert.equal(lstatSync(join(host.root, "var/log/vnm")).uid, ONEADMIN);
    }
    const { uid: owner, mode: access } = lstatSync(join(root, SETTINGS));
    assert.deepEqual([owner, access & 0o777], [ONEADMIN, 0o640]);
    assert.equal(
      sha(join(up(first).root, "var/tmp/one/ipam/scw-flexip/scw-flexip")),
      sha(join(TREE, "ipam/scw-flexip/scw-flexip")),
    );
    assert.match(
      readFileSync(join(root, "etc/one/oned.conf"), "utf8"),
      /"-t 1 -i dummy,aws,equinix,vultr,scaleway,scw-flexip"/,
    );
    assert.deepEqual(networks(root), [{ name: "public", ranges: 2 }]);
    assert.ok(said.some((line) => line.includes("adding address 2 of 2")));
  });

  test("a second run changes nothing", async () => {
    const [before, log] = [
      snapshot([frontend, first].map(up)),
      readFileSync(join(up(frontend).root, "run/systemctl.log"), "utf8"),
    ];
    assert.equal(await run(planFor([first])), 0);
    assert.deepEqual(snapshot([frontend, first].map(up)), before);
    assert.equal(readFileSync(join(up(frontend).root, "run/systemctl.log"), "utf8"), log);
    assert.equal(readFileSync(join(up(frontend).root, "var/lib/one/onehost.log"), "utf8"), "sync -f\n");
  });

  test("a worker added later is done alone", async () => {
    rmTree(join(up(second).root, "var/tmp/one"));
    const before = snapshot([first].map(up));
    assert.ok((await run(planFor([first, second]))) > 0);
    assert.equal(readFileSync(join(up(second).root, "var/lib/one/.scw-flexip.token"), "utf8").trim(), TOKENS.hosts);
    assert.deepEqual(withoutTree(snapshot([first].map(up))), withoutTree(before));
    assert.equal(await run(planFor([first, second])), 0);
  });

  test("one more address adds one range; fewer removes none", async () => {
    assert.equal(await run(planFor([first], { publicAddressCount: 3 })), 1);
    assert.equal(await run(planFor([first], { publicAddressCount: 1 })), 0);
    assert.deepEqual(networks(up(frontend).root), [{ name: "public", ranges: 3 }]);
  });

  test("a new key replaces the old one", async () => {
    const renewed = { frontendToken: TOKENS.renewed, hostsToken: TOKENS.renewed };
    assert.equal(await run(planFor([first], { ...renewed, publicAddressCount: 3 })), 2);
    assert.equal(readFileSync(join(up(first).root, "var/lib/one/.scw-flexip.token"), "utf8").trim(), TOKENS.renewed);
  });

  test("changed settings reach the hosts", async () => {
    const config = renderDriverConfig(checkSettings({ ...NEEDED, driverHookTimeout: "240" }, NOW));
    assert.ok(
      (await run(
        planFor([first], { config, publicAddressCount: 3, hostsToken: TOKENS.renewed, frontendToken: TOKENS.renewed }),
      )) > 0,
    );
    assert.match(
      readFileSync(join(up(first).root, "var/tmp/one/etc/ipam/scw-flexip/scw-flexip.conf"), "utf8"),
      /HOOK_TIMEOUT="240"/,
    );
  });

  const lasting = { publicAddressCount: 3, hostsToken: TOKENS.renewed, frontendToken: TOKENS.renewed };

  test("changed settings reach a front-end that is the only host", async () => {
    const config = renderDriverConfig(checkSettings({ ...NEEDED, driverHookTimeout: "250" }, NOW));
    assert.ok((await run(planFor([], { ...lasting, config }))) > 0);
    const synced = join(up(frontend).root, "var/tmp/one/etc/ipam/scw-flexip/scw-flexip.conf");
    assert.match(readFileSync(synced, "utf8"), /HOOK_TIMEOUT="250"/);
    assert.equal(await run(planFor([], { ...lasting, config })), 0);
  });

  test("a host that is dead does not keep the others from a new key, and is named at the end", async () => {
    const renewed = { ...lasting, hostsToken: `${TOKENS.renewed}-again` };
    const plan = planFor([first, second], renewed);
    // Nothing listens there.
    const hosts = plan.hosts.map((host) => (host.name === "host01" ? { ...host, publicIp: "127.0.0.1" } : host));
    await assert.rejects(
      run({ ...plan, hosts }),
      /^Error: host01 \(.*\): .*\nthe other hosts are done; then run: make specifics$/,
    );
    const token = (host: TestHost | undefined) =>
      readFileSync(join(up(host).root, "var/lib/one/.scw-flexip.token"), "utf8").trim();
    assert.equal(token(second), renewed.hostsToken);
    assert.notEqual(token(first), renewed.hostsToken);
    await run(plan);
    assert.equal(token(first), renewed.hostsToken);
  });

  test("root runs no program that oneadmin could have put there", async () => {
    const { root } = up(first);
    const ssh = operatorSsh();
    const racing: Ssh = (target, command, options) => {
      if (command.includes("mktemp")) {
        writeFileSync(join(root, "var/tmp/one/ipam/scw-flexip/scw-flexip"), "#!/bin/sh\ntouch /etc/was-run\n");
      }
      return ssh(target, command, options);
    };
    const ports = { ssh: racing, tree: TREE, say: () => {} };
    const plan = planFor([first], { ...lasting, hostsToken: `${TOKENS.renewed}-again` });
    await assert.rejects(installSpecifics(plan, ports), /is not what was built here; root does not run it/);
    assert.equal(existsSync(join(root, "etc/was-run")), false);
    assert.deepEqual(
      readdirSync(join(root, "var/lib")).filter((name) => name.startsWith("scw-flexip")),
      [],
    );
    await run(plan);
  });

  test("make specifics does the same, and nothing the second time", async () => {
    const place = openWorkplace("pulumi");
    const { driver, ...rest } = planFor([first], { ...lasting, hostsToken: `${TOKENS.renewed}-by-make` });
    place.answer(
      "pulumi stack output --json --show-secrets",
      JSON.stringify({ ...rest, driver, inventory: "", validation: "" }),
    );
    operatorSsh();
    const config = up(frontend).sshConfig.replace("ssh_config", "operator_config");
    for (const end of [/\d changes made; the next step is: make validation\n$/, /nothing to change\n$/]) {
      const { status, stderr } = await place.make(["specifics"], { environment: { SSH_CONFIG: config } });
      assert.equal(status, 0, stderr);
      assert.match(stderr, /^fe: looking at the front-end\n/);
      assert.match(stderr, end);
    }
    place.remove();
  });

  test("a token that is none is refused without being shown", async () => {
    await assert.rejects(run(planFor([first], { frontendToken: `${PLANTED} token` })), (error: Error) => {
      assert.match(error.message, /^fe .*does not hold one word/);
      assert.doesNotMatch(error.message, new RegExp(PLANTED));
      return true;
    });
  });

  test("make destroy sees ranges and virtual machines, and only these", async () => {
    const obstacles = () => findObstacles(operatorSsh(), up(frontend).target);
    const ranges = "network public has 3 flexible IPs of the driver; give them back: onevnet rmar public <range>";
    assert.deepEqual(await obstacles(), [ranges]);
    const machines = join(up(frontend).root, "var/lib/one/machines");
    writeFileSync(machines, "web\ndb\n");
    assert.deepEqual(await obstacles(), ["virtual machines exist (web, db); end them: onevm terminate --hard", ranges]);
    writeFileSync(machines, "");
    writeFileSync(
      join(up(frontend).root, "var/lib/one/networks.json"),
      '{"vxlan": {"ranges": [{"IP": "10.1.2.100"}]}}',
    );
    assert.deepEqual(await obstacles(), []);
    await assert.rejects(findObstacles(operatorSsh(), { ...up(frontend).target, host: "192.0.2.254" }));
  });

  test("the token was in no process list, no log, no progress line and no other file", () => {
    assert.ok(seen.size > 50, "the watch saw nothing");
    assert.deepEqual(
      [...seen].filter((text) => text.includes(PLANTED)),
      [],
    );
    assert.ok(![frontend, first, second].map(up).some((host) => host.sshdLog().includes(PLANTED)));
    assert.doesNotMatch(everSaid.join("\n"), new RegExp(PLANTED));
    for (const host of [frontend, first, second].map(up)) {
      const { stdout } = spawnSync(
        "grep",
        [
          "-rl",
          "--exclude-dir=proc",
          "--exclude-dir=sys",
          "--exclude-dir=dev",
          "--exclude-dir=usr",
          PLANTED,
          host.root,
        ],
        { encoding: "utf8" },
      );
      assert.equal(stdout, `${host.root}/var/lib/one/.scw-flexip.token\n`);
    }
  });
});

function withoutExecutable(): string | false {
  const executable = join(BUILT, "ipam/scw-flexip/scw-flexip");
  const answers = existsSync(executable) && spawnSync(executable, ["install", "--help"]).status === 0;
  return !answers && "the executable is not built; run: make remotes";
}

/** The settings with their files below a host's root. */
function below<Config extends { readonly tokenFile: string; readonly serverIdFile: string }>(
  config: Config,
  root: string,
): Config {
  return { ...config, tokenFile: join(root, config.tokenFile), serverIdFile: join(root, config.serverIdFile) };
}

function networks(root: string) {
  const state: Record<string, { ranges: unknown[] }> = JSON.parse(
    readFileSync(join(root, "var/lib/one/networks.json"), "utf8"),
  );
  return Object.entries(state).map(([name, { ranges }]) => ({ name, ranges: ranges.length }));
}

function rmTree(folder: string): void {
  spawnSync("find", [folder, "-mindepth", "1", "-delete"]);
}

function sha(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}
