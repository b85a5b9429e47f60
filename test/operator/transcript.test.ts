// The life of an installation as an operator sees it: from the .deb on an empty OpenNebula, by an upgrade, to an empty
// OpenNebula again. dpkg works in a root of its own; OpenNebula's commands are faked, Scaleway is simulated.
import assert from "node:assert/strict";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { after, before, suite, test } from "node:test";
import { buildDeb } from "../../build/release/deb.ts";
import { hasTool } from "../../build/release/release.ts";
import { TIMERS } from "../../driver/operator/timers.ts";
import { CloudRig, type Outcome } from "./cloud-rig.ts";

const { version, author } = JSON.parse(readFileSync("package.json", "utf8"));
const OLDER = "0.0.1";
const SETTINGS = "/var/lib/one/remotes/etc/ipam/scw-flexip/scw-flexip.conf";
const TOKEN = "/var/lib/one/.scw-flexip.token";
const ROTATION = "/etc/logrotate.d/scw-flexip";
const INSTALLED = "/var/lib/one/remotes/ipam/scw-flexip/scw-flexip";
const PACKAGED = `/usr/share/scw-flexip/remotes/ipam/scw-flexip/scw-flexip`;

let rig: CloudRig;
let fresh: string[];
let stock: string;

suite("from the .deb to its purge", { skip: hasTool("dpkg") ? false : "dpkg is not installed" }, () => {
  before(async () => {
    rig = await CloudRig.start();
    for (const each of ["info", "updates", "triggers"]) mkdirSync(rig.at(`var/lib/dpkg/${each}`), { recursive: true });
    writeFileSync(rig.at("var/lib/dpkg/status"), "");
    fresh = ours();
    stock = readFileSync(rig.at("etc/one/oned.conf"), "utf8");
  });
  after(() => rig.stop());

  /** The command that the package brought, in this root. */
  function run(words: readonly string[], input?: string): Promise<Outcome> {
    const all = [...words, "--root", rig.root];
    return rig.runProgram(rig.at(PACKAGED), all, input === undefined ? {} : { input });
  }

  // --force-depends: the root holds no C library that dpkg would know.
  function dpkg(...words: string[]): Promise<Outcome> {
    const force = ["not-root", "script-chrootless", "depends", "confold"].map((each) => `--force-${each}`);
    const PATH = `${rig.environment().PATH}:/usr/sbin:/sbin`;
    return rig.runProgram("dpkg", [`--root=${rig.root}`, "--log=/dev/null", ...force, ...words], { env: { PATH } });
  }

  function deb(release: string): string {
    const folder = dirname(rig.root);
    const what = { version: release, maintainer: author, epoch: 1_700_000_000, level: 0, licences: "", sbom: "" };
    return join(folder, buildDeb(folder, join(folder, `stage-${release}`), what));
  }

  function ours(): string[] {
    return rig.tree().filter((path) => !path.startsWith("/var/lib/dpkg"));
  }

  function status(): string {
    return /^Status: (.*)$/m.exec(readFileSync(rig.at("var/lib/dpkg/status"), "utf8"))?.[1] ?? "none";
  }

  test("the package installs the driver into OpenNebula, restarts nothing, and says what is left to do", async () => {
    const outcome = await dpkg("--install", deb(OLDER));
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.match(outcome.stdout, /oned was not restarted; scw-flexip doctor shows/);
    assert.match(readFileSync(rig.at("etc/one/oned.conf"), "utf8"), /-i [^"]*,scw-flexip"/);
    assert.equal(statSync(rig.at("var/lib/one/scw-flexip")).mode & 0o777, 0o700);
    assert.equal(statSync(rig.at(SETTINGS)).mode & 0o777, 0o640);
    assert.deepEqual(rig.cloud.calls, []);
    const again = await run(["install", "--frontend"]);
    assert.deepEqual([again.code, again.stdout], [0, ""], "the command finds nothing to add to that");
  });

  test("doctor names what is missing, and its cures are enough", async () => {
    const outcome = await run(["doctor", "--no-hosts", "-j"]);
    assert.equal(outcome.code, 1);
    assert.deepEqual(problems(outcome), [
      `settings → sudoedit ${rig.at(SETTINGS)}`,
      "token → scw-flexip install --frontend --token-stdin",
      "timer → scw-flexip install --timer",
    ]);
    // What systemctl enable does.
    mkdirSync(rig.at("etc/systemd/system/timers.target.wants"), { recursive: true });
    for (const timer of TIMERS) {
      symlinkSync(`/usr/lib/systemd/system/${timer}`, rig.at(`etc/systemd/system/timers.target.wants/${timer}`));
    }
    rig.configure({ LOG_LEVEL: "debug" });
    const wrong = await run(["install", "--frontend", "--token-stdin"], "of-another-account\n");
    assert.equal(wrong.code, 0, wrong.stderr);
    assert.deepEqual(problems(await run(["doctor", "--no-hosts", "-j"])), [
      "token → scw-flexip install --frontend --token-stdin",
    ]);
    const key = join(dirname(rig.root), "key");
    writeFileSync(key, `${rig.simulator.token}\n`);
    const right = await run(["install", "--frontend", "--token-file", key]);
    assert.equal(right.stdout, `change ${rig.at(TOKEN)}\n`);
    assert.equal(statSync(rig.at(TOKEN)).mode & 0o777, 0o600);
    const hosts = await run(["install", "--frontend", "--sync", "--hosts"]);
    assert.equal(hosts.code, 0, hosts.stdout + hosts.stderr);
    const content = await run(["doctor"]);
    assert.equal(content.code, 0, content.stdout);
    assert.match(content.stderr, / 0 warnings, 0 failures$/m);
  });

  test("range add buys three addresses, and list shows them", async () => {
    const added = await run(["range", "add", "--network", "public", "--count", "3"]);
    assert.equal(added.code, 0, added.stderr);
    assert.match(added.stderr, /^3 of 3 added to public; each is paid for from now on$/m);
    const bought = rig.simulator.account.all().map(addressOf);
    assert.equal(bought.length, 3);
    const listed = table(await run(["list"]));
    assert.deepEqual([...listed.keys()].sort(), bought.sort());
    for (const [state, host, holder] of listed.values()) assert.deepEqual([state, host, holder], ["ready", "-", "-"]);
  });

  test("an upgrade keeps changed settings and a changed rotation of logs, and every address", async () => {
    appendFileSync(rig.at(ROTATION), "# of the administrator\n");
    const kept = ["etc/one/oned.conf", SETTINGS, ROTATION, TOKEN].map((file) => readFileSync(rig.at(file), "utf8"));
    writeFileSync(rig.at(INSTALLED), "of the older version");
    const outcome = await dpkg("--install", deb(version));
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.match(outcome.stderr, /^left as it is: .*logrotate\.d\/scw-flexip, which differs/m);
    const now = ["etc/one/oned.conf", SETTINGS, ROTATION, TOKEN].map((file) => readFileSync(rig.at(file), "utf8"));
    assert.deepEqual(now, kept);
    assert.ok(readFileSync(rig.at(INSTALLED)).equals(readFileSync(rig.at(PACKAGED))));
    assert.equal(status(), "install ok installed");
    assert.equal(table(await run(["list"])).size, 3);
  });

  test("removing is refused while ranges use the driver, and changes nothing", async () => {
    const before = ours();
    const refused = await run(["uninstall", "--frontend"]);
    assert.equal(refused.code, 4);
    assert.match(refused.stderr, /3 address ranges still use the driver: .* in public; .*range remove --all$/m);
    const kept = await dpkg("--remove", "scw-flexip");
    assert.notEqual(kept.code, 0);
    assert.match(kept.stderr, /3 address ranges still use the driver: .*\n.*the package stays; .*--force/);
    assert.deepEqual(ours(), before);
    assert.equal(table(await run(["list"])).size, 3);
  });

  test("range remove --all refuses a range in use, asks, and gives back all that was bought", async () => {
    const useFirst = (vm: object): void =>
      rig.change(({ networks }) => void Object.assign(networks[0]?.ranges[0] ?? {}, vm));
    useFirst({ vm: "42" });
    const inUse = await run(["range", "remove", "--all", "--yes"]);
    assert.equal(inUse.code, 4);
    assert.match(inUse.stderr, /in use: \S+ by VM 42;/);
    useFirst({ vm: undefined });
    const asked = await run(["range", "remove", "--all"]);
    assert.equal(asked.code, 2);
    assert.match(asked.stderr, /add --yes$/m);
    const removed = await run(["range", "remove", "--all", "--yes"]);
    assert.equal(removed.code, 0, removed.stderr);
    assert.match(removed.stderr, /^3 of 3 removed$/m);
    await rig.simulator.account.settled();
    assert.deepEqual(rig.simulator.account.all(), []);
  });

  test("removing leaves nothing of ours but what it says; oned.conf is as it was", async () => {
    rmSync(rig.at("etc/systemd"), { recursive: true });
    const outcome = await dpkg("--remove", "scw-flexip");
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.equal(status(), "deinstall ok config-files");
    const said = [...outcome.stdout.matchAll(/^left (\S+) \(/gm)].map(([, path = ""]) => path.slice(rig.root.length));
    assert.deepEqual(said.filter((path) => !/oned\.conf\./.test(path)).sort(), [
      ROTATION,
      TOKEN,
      SETTINGS,
      "/var/lib/one/scw-flexip",
      "/var/lib/one/scw-flexip/state.json",
      "/var/log/one/scw-flexip.log",
    ]);
    const folders = said.flatMap((path) => path.split("/").map((_, at, all) => `${all.slice(0, at).join("/")}/`));
    const known = new Set([...fresh, ...folders]);
    assert.deepEqual(
      ours().filter((path) => !(known.has(path) || said.includes(path.replace(/\/$/, "")))),
      [],
    );
    assert.equal(readFileSync(rig.at("etc/one/oned.conf"), "utf8"), stock);
  });

  test("purging deletes that too; only earlier versions of oned.conf are left, and named", async () => {
    const outcome = await dpkg("--purge", "scw-flexip");
    assert.equal(outcome.code, 0, outcome.stderr);
    const left = ours().filter((path) => !fresh.includes(path));
    assert.ok(left.length > 0);
    for (const path of left) assert.match(path, /^\/etc\/one\/oned\.conf\.scw-flexip-\d{8}T\d{6}Z$/);
    for (const path of left) assert.ok(outcome.stdout.includes(`left ${rig.root}${path} (earlier oned.conf)`), path);
    assert.equal(status(), "none");
  });

  test("where there is no OpenNebula it installs its own files only, and goes without a trace", async () => {
    rmSync(rig.at("etc/one/oned.conf"));
    const bare = ours();
    const installed = await dpkg("--install", deb(version));
    assert.equal(installed.code, 0, installed.stderr);
    assert.match(installed.stdout, /scw-flexip install --hosts/);
    assert.ok(!existsSync(rig.at(INSTALLED)));
    const removed = await dpkg("--purge", "scw-flexip");
    assert.equal(removed.code, 0, removed.stderr);
    assert.deepEqual(ours(), bare);
  });
});

function addressOf({ ip_address }: { ip_address: string }): string {
  return ip_address.replace(/\/.*/, "");
}

/** The lines of a table by their first column, each with its other columns. */
function table(outcome: Outcome): Map<string, string[]> {
  const lines = outcome.stdout.trimEnd().split("\n").slice(1);
  return new Map(lines.map((line) => line.split(/ {2,}/)).map(([first = "", ...rest]) => [first, rest]));
}

function problems(outcome: Outcome): string[] {
  const findings: { level: string; id: string; cure: string | null }[] = JSON.parse(outcome.stdout);
  return findings.filter(({ level }) => level !== "ok").map(({ id, cure }) => `${id} → ${cure}`);
}
