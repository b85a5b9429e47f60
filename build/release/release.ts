// One release: packages, archive, and the lists that go with them.
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXECUTABLE } from "../../driver/operator/layout.ts";
import { bundled } from "./bundled.ts";
import { buildDeb } from "./deb.ts";
import { licences, sbom } from "./inventory.ts";
import { buildRpm } from "./rpm.ts";
import { type Release, settle, stageArchive } from "./stage.ts";

const METAFILE = "dist/bundle.json";
// Domains that nobody's mail arrives at (RFC 2606).
const RESERVED = /[@.](example(\.\w+)?|invalid|test|localhost)>$/;

export type ReleaseOptions = {
  readonly out: string;
  /** Of gzip, 1 to 9. */
  readonly level: number;
  readonly tell: (line: string) => void;
};

/** Writes all files of a release into `out`, a folder that is emptied first, and returns their names. */
export function release({ out, level, tell }: ReleaseOptions): string[] {
  if (!existsSync(METAFILE)) throw new Error(`${METAFILE} is missing; run make -B remotes`);
  const { version, author: maintainer }: { version: string; author: string } = JSON.parse(
    readFileSync("package.json", "utf8"),
  );
  if (RESERVED.test(maintainer))
    tell(`the packages name ${maintainer}: set "author" in package.json before publishing`);
  const epoch = sourceDate();
  const contents = bundled(METAFILE);
  const product = { version, epoch, sha256: sha256(join("remotes", EXECUTABLE)) };
  const lists = { licences: licences(version, contents), sbom: sbom(product, contents) };
  const what: Release = { version, maintainer, epoch, level, ...lists };
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });

  const work = mkdtempSync(join(tmpdir(), "scw-flexip-release-"));
  const names = [`scw-flexip_${version}.cdx.json`, `scw-flexip_${version}_licences.txt`];
  try {
    writeFileSync(join(out, `scw-flexip_${version}.cdx.json`), what.sbom);
    writeFileSync(join(out, `scw-flexip_${version}_licences.txt`), what.licences);
    names.push(buildArchive(out, work, what));
    if (hasTool("dpkg-deb")) names.push(buildDeb(out, join(work, "deb"), what));
    else tell("no .deb: dpkg-deb is not installed");
    if (hasTool("rpmbuild")) names.push(buildRpm(out, join(work, "rpm"), what));
    else tell("no .rpm: rpmbuild is not installed");
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  const sums = names.sort().map((name) => `${sha256(join(out, name))}  ${name}\n`);
  writeFileSync(join(out, "SHA256SUMS"), sums.join(""));
  return [...names, "SHA256SUMS"];
}

function buildArchive(out: string, work: string, what: Release): string {
  const folder = `scw-flexip-${what.version}`;
  const stage = join(work, "archive", folder);
  stageArchive(stage, what);
  settle(stage, what.epoch);
  const name = `scw-flexip_${what.version}_linux-x64.tar.gz`;
  const fixed = [
    "--sort=name",
    `--mtime=@${what.epoch}`,
    "--owner=0",
    "--group=0",
    "--numeric-owner",
    "--format=ustar",
  ];
  const zip = ["--use-compress-program", `gzip -n -${what.level}`];
  execFileSync("tar", [...fixed, ...zip, "-cf", join(out, name), "-C", join(work, "archive"), folder]);
  return name;
}

/** The time of the last commit, unless SOURCE_DATE_EPOCH says otherwise: https://reproducible-builds.org/specs/source-date-epoch */
function sourceDate(): number {
  const text =
    process.env.SOURCE_DATE_EPOCH ?? execFileSync("git", ["log", "-1", "--format=%ct"], { encoding: "utf8" });
  if (!/^\d+\s*$/.test(text)) throw new Error("SOURCE_DATE_EPOCH is no number of seconds");
  return Number(text);
}

export function sha256(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

export function hasTool(name: string): boolean {
  return spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0;
}
