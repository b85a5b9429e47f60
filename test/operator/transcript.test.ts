// The life of an installation as an operator sees it: from the .deb on an empty OpenNebula, by an upgrade, to an empty
// OpenNebula again. dpkg works in a root of its own; OpenNebula's commands are faked, Scaleway is simulated.
import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { buildDeb } from "../../build/release/deb.ts";
import { hasTool } from "../../build/release/release.ts";
import { TIMERS } from "../../driver/operator/timers.ts";
import { CONF, DRIVER, emptyRig, LOG, ONED_CONF, type Outcome, ROTATION, STATE, TOKEN } from "./cloud-rig.ts";

const { version, author } = JSON.parse(readFileSync("package.json", "utf8"));
const OLDER = "0.0.1";
const PACKAGED = `usr/share/scw-flexip/${DRIVER.slice("var/lib/one/".length)}`;

const rig = await emptyRig({ after });
// The command that the package brings.
rig.executable = rig.at(PACKAGED);
for (const each of ["info", "updates", "triggers"]) mkdirSync(rig.at(`var/lib/dpkg/${each}`), { recursive: true });
rig.write("var/lib/dpkg/status", "");
const fresh = tree();
const stock = rig.read(ONED_CONF);

suite("from the .deb to its purge", { skip: hasTool("dpkg") ? false : "dpkg is not installed" }, () => {
  test("the package installs the driver into OpenNebula, restarts nothing, and says what is left to do", async () => {
    const { stdout } = await dpkg("--install", deb(OLDER));
    assert.match(stdout, /oned was not restarted; scw-flexip doctor shows/);
    assert.match(rig.read(ONED_CONF), /-i [^"]*,scw-flexip"/);
    assert.equal(rig.modeOf("var/lib/one/scw-flexip"), "700");
    assert.equal(rig.modeOf(CONF), "640");
    assert.deepEqual(rig.cloud.calls, []);
    assert.equal((await rig.exits(0, "install --frontend")).stdout, "", "the command finds nothing to add to that");
  });

  test("doctor names what is missing, and its cures are enough", async () => {
    const tokenCure = "token → scw-flexip install --frontend --token-stdin";
    assert.deepEqual(problems(await rig.json("doctor --no-hosts", 1)), [
      `settings → sudoedit ${rig.at(CONF)}`,
      tokenCure,
      "timer → scw-flexip install --timer",
    ]);
    // What systemctl enable does.
    const wanted = "etc/systemd/system/timers.target.wants";
    mkdirSync(rig.at(wanted), { recursive: true });
    for (const timer of TIMERS) symlinkSync(`/usr/lib/systemd/system/${timer}`, rig.at(join(wanted, timer)));
    rig.configure({ LOG_LEVEL: "debug" });
    await rig.exits(0, "install --frontend --token-stdin", { input: "of-another-account\n" });
    assert.deepEqual(problems(await rig.json("doctor --no-hosts", 1)), [tokenCure]);
    const key = join(rig.folder, "key");
    writeFileSync(key, `${rig.simulator.token}\n`);
    const { stdout } = await rig.exits(0, `install --frontend --token-file ${key}`);
    assert.equal(stdout, `change ${rig.at(TOKEN)}\n`);
    assert.equal(rig.modeOf(TOKEN), "600");
    await rig.exits(0, "install --frontend --sync --hosts");
    assert.match((await rig.exits(0, "doctor")).stderr, / 0 warnings, 0 failures$/m);
  });

  test("range add buys three addresses, and list shows them", async () => {
    const { stderr } = await rig.exits(0, "range add --network public --count 3");
    assert.match(stderr, /^3 of 3 added to public; each is paid for from now on$/m);
    const records: Record<string, unknown>[] = await rig.json("list");
    const bought = rig.simulator.account.all().map(({ ip_address }) => ip_address.replace("/32", ""));
    assert.equal(bought.length, 3);
    assert.deepEqual(records.map(({ address }) => address).sort(), bought.sort());
    for (const record of records) assert.partialDeepStrictEqual(record, { status: "ready", host: null, holder: null });
  });

  test("an upgrade keeps changed settings and a changed rotation of logs, and every address", async () => {
    appendFileSync(rig.at(ROTATION), "# of the administrator\n");
    const kept = [ONED_CONF, CONF, ROTATION, TOKEN];
    const texts = () => kept.map((path) => rig.read(path));
    const before = texts();
    rig.write(DRIVER, "of the older version", 0o755);
    const { stderr } = await dpkg("--install", deb(version));
    assert.match(stderr, /^left as it is: .*logrotate\.d\/scw-flexip, which differs/m);
    assert.deepEqual(texts(), before);
    assert.ok(readFileSync(rig.at(DRIVER)).equals(readFileSync(rig.at(PACKAGED))));
    assert.equal(status(), "install ok installed");
    assert.equal((await rig.json("list")).length, 3);
  });

  test("removing is refused while ranges use the driver, and changes nothing", async () => {
    const before = tree();
    const { stderr } = await dpkg("--remove", "scw-flexip", 1);
    assert.match(stderr, /3 address ranges still use the driver: .* in public; .*range remove --all$/m);
    assert.match(stderr, /the package stays; .*--force/);
    assert.deepEqual(tree(), before);
    assert.equal((await rig.json("list")).length, 3);
  });

  test("range remove --all asks, and gives back all that was bought", async () => {
    assert.match((await rig.exits(2, "range remove --all")).stderr, /add --yes$/m);
    assert.match((await rig.exits(0, "range remove --all --yes")).stderr, /^3 of 3 removed$/m);
    await rig.simulator.account.settled();
    assert.deepEqual(rig.simulator.account.all(), []);
  });

  test("removing leaves nothing of ours but what it says; oned.conf is as it was", async () => {
    rmSync(rig.at("etc/systemd"), { recursive: true });
    const { stdout } = await dpkg("--remove", "scw-flexip");
    assert.equal(status(), "deinstall ok config-files");
    const left = [...stdout.matchAll(/^left (\S+) \(/gm)].map(([, path = ""]) => path.slice(`${rig.root}/`.length));
    assert.deepEqual(left.filter((path) => !path.startsWith(`${ONED_CONF}.`)).sort(), [
      ROTATION,
      TOKEN,
      CONF,
      "var/lib/one/scw-flexip",
      STATE,
      LOG,
    ]);
    const isFolderOf = (path: string): boolean => left.some((file) => file.startsWith(`${path}/`));
    const others = tree().filter((path) => !(fresh.includes(path) || left.includes(path) || isFolderOf(path)));
    assert.deepEqual(others, []);
    assert.equal(rig.read(ONED_CONF), stock);
  });

  test("purging deletes that too; only earlier versions of oned.conf are left, and named", async () => {
    const { stdout } = await dpkg("--purge", "scw-flexip");
    const left = tree().filter((path) => !fresh.includes(path));
    assert.ok(left.length > 0);
    for (const path of left) {
      assert.match(path, /^etc\/one\/oned\.conf\.scw-flexip-\d{8}T\d{6}Z$/);
      assert.ok(stdout.includes(`left ${rig.at(path)} (earlier oned.conf)`), path);
    }
    assert.equal(status(), "none");
  });

  test("where there is no OpenNebula it installs its own files only, and goes without a trace", async () => {
    rmSync(rig.at(ONED_CONF));
    const bare = tree();
    const { stdout } = await dpkg("--install", deb(version));
    assert.match(stdout, /scw-flexip install --hosts/);
    assert.ok(!tree().includes(DRIVER));
    await dpkg("--purge", "scw-flexip");
    assert.deepEqual(tree(), bare);
  });
});

// --force-depends: the root holds no C library that dpkg would know.
async function dpkg(action: string, what: string, code = 0): Promise<Outcome> {
  const force = ["not-root", "script-chrootless", "depends", "confold"].map((each) => `--force-${each}`);
  const env = { PATH: `${rig.environment().PATH}:/usr/sbin:/sbin` };
  const words = [`--root=${rig.root}`, "--log=/dev/null", ...force, action, what];
  const outcome = await rig.runProgram("dpkg", words, { env });
  assert.equal(outcome.code, code, outcome.stderr);
  return outcome;
}

function deb(release: string): string {
  const what = { version: release, maintainer: author, epoch: 1_700_000_000, level: 0, licences: "", sbom: "" };
  return join(rig.folder, buildDeb(rig.folder, join(rig.folder, `stage-${release}`), what));
}

/** Every path but dpkg's own. */
function tree(): string[] {
  return rig.tree().filter((path) => !path.startsWith("var/lib/dpkg/"));
}

/** What dpkg knows of the package. */
function status(): string {
  return /^Status: (.*)$/m.exec(rig.read("var/lib/dpkg/status"))?.[1] ?? "none";
}

function problems(findings: { level: string; id: string; cure: string | null }[]): string[] {
  return findings.filter(({ level }) => level !== "ok").map(({ id, cure }) => `${id} → ${cure}`);
}
