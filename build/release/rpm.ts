// The RPM package, by rpmbuild.
import { execFileSync } from "node:child_process";
import { copyFileSync, globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { filesOf, packageVersion } from "./deb.ts";
import { completion, DOCUMENTS, put, type Release, settle, stagePackage } from "./stage.ts";

/** Builds the package in `out` by way of `work`, an absent folder, and returns its file name. */
export function buildRpm(out: string, work: string, release: Release): string {
  const stage = join(work, "stage");
  stagePackage(stage, release);
  put(stage, "usr/share/zsh/site-functions/_scw-flexip", completion("zsh"));
  put(stage, "usr/share/licenses/scw-flexip/LICENSE", readFileSync("LICENSE"));
  settle(stage, release.epoch);
  put(work, "scw-flexip.spec", spec(stage, release));

  execFileSync("rpmbuild", ["-bb", "--quiet", "--target", "x86_64", ...places(work), join(work, "scw-flexip.spec")], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(release.epoch) },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [built] = globSync(join(work, "rpms/**/*.rpm"));
  if (built === undefined) throw new Error("rpmbuild left no package");
  copyFileSync(built, join(out, basename(built)));
  return basename(built);
}

// Nothing is read from or written to the user's own folders of rpmbuild.
function places(work: string): string[] {
  return ["--define", `_topdir ${join(work, "top")}`, "--define", `_rpmdir ${join(work, "rpms")}`];
}

// Folders that are ours with all that is in them: erasing leaves none behind.
const WHOLE = ["usr/share/scw-flexip", DOCUMENTS, "usr/share/licenses/scw-flexip"];

function spec(stage: string, { version, level, maintainer, epoch }: Release): string {
  const others = filesOf(stage).filter((file) => !WHOLE.some((folder) => file.startsWith(`${folder}/`)));
  const files = others.map((file) => `/${file}`);
  return readFileSync("packaging/scw-flexip.spec", "utf8")
    .replaceAll("@VERSION@", packageVersion(version))
    .replaceAll("@MAINTAINER@", maintainer)
    .replace("@DATE@", dayOf(epoch))
    .replace("@LEVEL@", String(level))
    .replaceAll("@STAGE@", stage)
    .replace("@FILES@", [...WHOLE.map((folder) => `/${folder}`), ...files].join("\n"));
}

/** `Fri Nov 20 2026`, as rpm wants it in a changelog. */
function dayOf(epoch: number): string {
  const [day = "", date, month, year] = new Date(epoch * 1000).toUTCString().split(/,? /);
  return `${day} ${month} ${date} ${year}`;
}
