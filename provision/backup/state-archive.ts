// What is lost with the operator's machine: the stack's state and settings, host keys, the state of make state.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const OF_CLOUD = ["known_hosts", "state"];

/** One gzipped tar of `stack.json` (as `pulumi stack export` printed it), `Pulumi.*.yaml` and parts of `.cloud`. */
export function packState(provision: string, exported: string): Uint8Array<ArrayBuffer> {
  const folder = mkdtempSync(join(tmpdir(), "hosted-cloud-state-"));
  try {
    writeFileSync(join(folder, "stack.json"), exported, { mode: 0o600 });
    for (const name of readdirSync(provision).filter((file) => /^Pulumi\..+\.yaml$/.test(file)))
      cpSync(join(provision, name), join(folder, name));
    for (const name of OF_CLOUD.filter((entry) => existsSync(join(provision, ".cloud", entry))))
      cpSync(join(provision, ".cloud", name), join(folder, "cloud", name), { recursive: true });
    return tar(["--create", "--gzip", "--directory", folder, "."]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Unpacks into a new folder that only its owner can read. */
export function unpackState(archive: Uint8Array, folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  tar(["--extract", "--gzip", "--directory", folder], archive);
}

function tar(args: readonly string[], input?: Uint8Array): Uint8Array<ArrayBuffer> {
  const { status, stdout, stderr } = spawnSync("tar", args, { input, maxBuffer: 2 ** 30 });
  if (status === 0) return new Uint8Array(stdout);
  throw new Error(`tar: ${stderr.toString().trim()}`);
}
