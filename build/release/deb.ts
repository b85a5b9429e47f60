// The Debian package, by dpkg-deb.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { completion, DOCUMENTS, put, type Release, settle, stagePackage, zipped } from "./stage.ts";

const SCRIPTS = ["postinst", "prerm", "postrm"];

/** Builds the package in `out` by way of `stage`, an absent folder, and returns its file name. */
export function buildDeb(out: string, stage: string, release: Release): string {
  stagePackage(stage, release);
  put(stage, "usr/share/zsh/vendor-completions/_scw-flexip", completion("zsh"));
  put(stage, `${DOCUMENTS}/copyright`, readFileSync("packaging/copyright"));
  put(stage, `${DOCUMENTS}/changelog.gz`, zipped(changelog(release)));
  put(stage, "usr/share/lintian/overrides/scw-flexip", readFileSync("packaging/deb/lintian-overrides"));
  const files = filesOf(stage);
  put(stage, "DEBIAN/md5sums", files.map((file) => `${md5(join(stage, file))}  ${file}\n`).join(""));
  for (const script of SCRIPTS) put(stage, `DEBIAN/${script}`, readFileSync(`packaging/deb/${script}`), 0o755);
  put(stage, "DEBIAN/control", control(release, stage, files));
  settle(stage, release.epoch);

  const name = `scw-flexip_${packageVersion(release.version)}_amd64.deb`;
  const compression = ["-Zgzip", `-z${release.level}`];
  execFileSync("dpkg-deb", ["--root-owner-group", ...compression, "--build", stage, join(out, name)], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(release.epoch) },
    stdio: ["ignore", "ignore", "inherit"],
  });
  return name;
}

/** 1.0.0-rc.1 comes before 1.0.0, which package managers only see by the tilde. */
export function packageVersion(version: string): string {
  return version.replaceAll("-", "~");
}

/** Files below `root`, sorted, as paths from it. */
export function filesOf(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

function control({ version, maintainer }: Release, stage: string, files: readonly string[]): string {
  const kilobytes = files.reduce((sum, file) => sum + Math.ceil(statSync(join(stage, file)).size / 1024), 0);
  return readFileSync("packaging/deb/control", "utf8")
    .replace("@VERSION@", packageVersion(version))
    .replace("@MAINTAINER@", maintainer)
    .replace("@SIZE@", String(kilobytes));
}

function changelog({ version, epoch, maintainer }: Release): string {
  const date = new Date(epoch * 1000).toUTCString().replace("GMT", "+0000");
  return `scw-flexip (${packageVersion(version)}) unstable; urgency=medium

  * New version. CHANGELOG.md.gz in this folder says what changed for
    operators, and what an upgrade asks of them.

 -- ${maintainer}  ${date}
`;
}

function md5(file: string): string {
  return createHash("md5").update(readFileSync(file)).digest("hex");
}
