// The tree of files that the packages put on a machine.
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  globSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { scripts } from "../../driver/operator/install/tree.ts";
import { EXECUTABLE, SETTINGS } from "../../driver/operator/layout.ts";
import { manPage } from "./man-page.ts";

export type Release = {
  readonly version: string;
  /** `Name <address>`: whom the packages name as their maintainer. */
  readonly maintainer: string;
  /** Seconds since 1970: the time of every file. */
  readonly epoch: number;
  readonly licences: string;
  readonly sbom: string;
  /** Of gzip: 0 packs nothing, 9 packs most. */
  readonly level: number;
};

export const DOCUMENTS = "usr/share/doc/scw-flexip";
const REMOTES = "usr/share/scw-flexip/remotes";
const ARCHIVED = ["CHANGELOG.md", "LICENSE"];
const DOCUMENT_FILES = ["README.md", "SECURITY.md", "DECISIONS.md"];

/** What .deb and .rpm have in common, below `root`. */
export function stagePackage(root: string, release: Release): void {
  stageRemotes(join(root, REMOTES));
  put(root, "usr/bin/scw-flexip", readFileSync("packaging/share/bin/scw-flexip"), 0o755);
  stageUnits(root, "usr/lib/systemd/system");
  put(root, "usr/share/man/man1/scw-flexip.1.gz", zipped(page(release)));
  put(root, "usr/share/bash-completion/completions/scw-flexip", completion("bash"));
  stageMonitoring(join(root, "usr/share/scw-flexip"));
  stageDocuments(join(root, DOCUMENTS), []);
  put(root, `${DOCUMENTS}/CHANGELOG.md.gz`, zipped(readFileSync("CHANGELOG.md")));
  put(root, `${DOCUMENTS}/bundled-licences.txt.gz`, zipped(release.licences));
  put(root, `${DOCUMENTS}/sbom.cdx.json`, release.sbom);
}

/** The archive's tree, for those who use neither kind of package. */
export function stageArchive(root: string, release: Release): void {
  stageRemotes(join(root, "remotes"));
  stageUnits(root, "share/systemd");
  put(root, "share/bin/scw-flexip", readFileSync("packaging/share/bin/scw-flexip"), 0o755);
  put(root, "share/man/man1/scw-flexip.1", page(release));
  for (const shell of ["bash", "zsh"]) put(root, `share/completions/scw-flexip.${shell}`, completion(shell));
  stageMonitoring(join(root, "share"));
  stageDocuments(root, ARCHIVED);
  for (const file of ARCHIVED) put(root, file, readFileSync(file));
  put(root, "bundled-licences.txt", release.licences);
  put(root, "sbom.cdx.json", release.sbom);
}

function stageRemotes(tree: string): void {
  for (const { path } of scripts(["bridge"])) put(tree, path, readFileSync(join("remotes", path)), 0o755);
  put(tree, SETTINGS, readFileSync(join("remotes", SETTINGS)));
  copyFileSync(join("remotes", EXECUTABLE), join(tree, EXECUTABLE));
  chmodSync(join(tree, EXECUTABLE), 0o755);
}

function stageUnits(root: string, folder: string): void {
  for (const file of globSync("packaging/share/systemd/*").sort()) {
    put(root, join(folder, file.slice("packaging/share/systemd/".length)), readFileSync(file));
  }
}

function stageMonitoring(folder: string): void {
  for (const file of globSync("packaging/{prometheus,grafana}/*").sort()) {
    put(folder, file.slice("packaging/".length), readFileSync(file));
  }
}

/** The documents, in the repository's folders. A link to a file that is neither theirs nor one of `more` becomes text. */
export function stageDocuments(folder: string, more: readonly string[]): void {
  const files = [...DOCUMENT_FILES, ...globSync("docs/**/*.{md,json,svg}").sort()];
  const isThere = (path: string): boolean => [...files, ...more].some((file) => `${file}/`.startsWith(`${path}/`));
  for (const file of files) {
    const content = readFileSync(file);
    put(folder, file, file.endsWith(".md") ? withoutDangling(file, content.toString(), isThere) : content);
  }
}

function withoutDangling(file: string, text: string, isThere: (path: string) => boolean): string {
  return text.replaceAll(/\[([^\]]*)\]\(([^)\s#:]+)(?:#[^)\s]*)?\)/g, (link, words: string, target: string) =>
    isThere(join(dirname(file), target).replace(/\/$/, "")) ? link : words,
  );
}

/** Writes a file below `root`, with all its folders. */
export function put(root: string, path: string, content: string | Buffer, mode = 0o644): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  chmodSync(file, mode);
}

/** Gives every file and folder one time, and folders the mode that they have on a machine. */
export function settle(root: string, epoch: number): void {
  for (const file of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(file.parentPath, file.name);
    if (file.isDirectory()) chmodSync(path, 0o755);
    lutimesSync(path, epoch, epoch);
  }
  chmodSync(root, 0o755);
  lutimesSync(root, epoch, epoch);
}

export function zipped(content: string | Buffer): Buffer {
  return gzipSync(content, { level: 9 });
}

function page({ version, epoch }: Release): string {
  return manPage(version, new Date(epoch * 1000).toISOString().slice(0, 10));
}

export function completion(shell: string): string {
  return execFileSync(join("remotes", EXECUTABLE), ["completion", shell], { encoding: "utf8" });
}
