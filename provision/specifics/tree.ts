// The driver's tree: sends to a machine the files that differ there.
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Ssh, type SshTarget, shellQuoted } from "../remote/ssh.ts";

export const EXECUTABLE = "ipam/scw-flexip/scw-flexip";
export const SETTINGS = "etc/ipam/scw-flexip/scw-flexip.conf";
/** Where the tree is put on a machine; `scw-flexip install` copies it from there. */
export const STAGED_TREE = "/usr/local/share/scw-flexip/remotes";

const SEND_MS = 1_800_000;

/** Path below the tree → SHA-256. */
export type Checksums = ReadonlyMap<string, string>;

/** Checksums of every file in the tree that was built here. */
export async function checksumsOf(folder: string): Promise<Checksums> {
  if (!existsSync(join(folder, EXECUTABLE))) {
    throw new Error(`${join(folder, EXECUTABLE)} is not built; run: make remotes`);
  }
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((file) => join(file.parentPath, file.name)).sort();
  const sums = new Map<string, string>();
  for (const path of paths) {
    const hash = createHash("sha256");
    await pipeline(createReadStream(path), hash);
    sums.set(path.slice(folder.length + 1), hash.digest("hex"));
  }
  return sums;
}

/** Checksums of these files on the machine, without files that are not there. */
export async function checksumsOn(
  ssh: Ssh,
  target: SshTarget,
  folder: string,
  paths: Iterable<string>,
): Promise<Checksums> {
  const names = [...paths].map(shellQuoted).join(" ");
  const command = `cd ${shellQuoted(folder)} 2>/dev/null && sha256sum -- ${names} 2>/dev/null; true`;
  const lines = await ssh(target, `sudo sh -c ${shellQuoted(command)}`);
  const pairs = [...lines.matchAll(/^([0-9a-f]{64}) {2}(.+)$/gm)];
  return new Map(pairs.map(([, sum = "", path = ""]) => [path, sum]));
}

/** Sends what differs to the staged tree. Returns the paths that were sent. */
export async function sendTree(
  ssh: Ssh,
  target: SshTarget,
  folder: string,
  say: (line: string) => void,
): Promise<string[]> {
  const wanted = await checksumsOf(folder);
  const present = await checksumsOn(ssh, target, STAGED_TREE, wanted.keys());
  const differing = [...wanted].filter(([path, sum]) => present.get(path) !== sum).map(([path]) => path);
  for (const path of differing) {
    say(`sending ${path}`);
    const file = `${STAGED_TREE}/${path}`;
    const mode = path === SETTINGS ? "0644" : "0755";
    // Written beside and renamed: a transfer that is cut off must not leave half a file that looks whole.
    const command = `install -D -m ${mode} /dev/stdin ${shellQuoted(`${file}.new`)} && mv ${shellQuoted(`${file}.new`)} ${shellQuoted(file)}`;
    await ssh(target, `sudo sh -c ${shellQuoted(command)}`, { file: join(folder, path), timeoutMs: SEND_MS });
  }
  return differing;
}
