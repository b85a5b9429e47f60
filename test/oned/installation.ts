// A self-contained OpenNebula (ONE_LOCATION) of the machine, and copies of it: programs are linked, what changes is copied.
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Simulator } from "../fakes/flexible-ip-server.ts";
import { PROJECT, REPOSITORY } from "../rig.ts";
import type { Oned } from "./oned.ts";

/** The folder of a run, with `bin` for the stand-ins and `hosts`. */
export const RIG = "/run/rig";
/** ONE_LOCATION of the copies. */
export const LOCATION = join(RIG, "one");
export const TOKEN_FILE = join(RIG, "token");

const STAND_INS = join(import.meta.dirname, "stand-ins");

export type Fields = Readonly<Record<string, string>>;

/** Where the machine has an OpenNebula: ONE_LOCATION, or /opt/opennebula; undefined where there is none. */
export function findInstallation(environment: NodeJS.ProcessEnv): string | undefined {
  const folder = environment.ONE_LOCATION || "/opt/opennebula";
  return existsSync(join(folder, "bin/oned")) ? folder : undefined;
}

/** The version that the installation calls itself. */
export function versionOf(installation: string): string {
  return readFileSync(join(installation, "var/remotes/VERSION"), "utf8").trim();
}

/** A copy that shares nothing that it writes; guests are files, everything else is OpenNebula's own. */
export function copyInstallation(installation: string, target: string): void {
  mkdirSync(join(target, "var/.one"), { recursive: true });
  for (const folder of ["bin", "lib", "share"]) symlinkSync(join(installation, folder), join(target, folder));
  for (const folder of ["etc", "var/remotes"]) {
    cpSync(join(installation, folder), join(target, folder), { recursive: true, verbatimSymlinks: true });
  }
  // Of other hypervisors, which no scene uses, the drivers would only make the start slower.
  const others = /^(VM|IM)_MAD = \[[^\]]*NAME\s*=\s*"(qemu|lxc)"[^\]]*\]/gm;
  for (const file of ["oned.conf", "monitord.conf"]) edit(join(target, "etc", file), others, "");
  // OpenNebula gives its drivers the lowest priority: beside other work they would hardly run.
  edit(join(target, "etc/defaultrc"), /^PRIORITY=.*$/m, "PRIORITY=0");
  for (const folder of ["lock", "run", "vms", "datastores"]) mkdirSync(join(target, "var", folder));
  writeFileSync(join(target, "var/.one/one_auth"), "oneadmin:oneadmin\n", { mode: 0o600 });
  const actions = join(target, "var/remotes/vmm/kvm");
  for (const entry of readdirSync(actions, { withFileTypes: true })) {
    const isAction = entry.isFile() && !entry.name.endsWith(".rb");
    if (isAction) copyFileSync(join(STAND_INS, "hypervisor"), join(actions, entry.name));
  }
}

/** Installs the product as docs/install.md says, and edits the settings as an operator does. */
export async function installFrontEnd(oned: Oned, { token, url, zone }: Simulator, settings: Fields): Promise<void> {
  writeFileSync(TOKEN_FILE, `${token}\n`, { mode: 0o600 });
  // The package's own command, where there is a package: it was installed when the namespaces were entered.
  const hasPackage = (process.env.PACKAGE ?? "") !== "";
  const program = hasPackage ? "/usr/bin/scw-flexip" : join(REPOSITORY, "remotes/ipam/scw-flexip/scw-flexip");
  const words = ["install", "--frontend", "--one-location", LOCATION, "--token-file", TOKEN_FILE];
  const { code, stderr } = await oned.try(program, ...words);
  // Exit code 3: there is no user oneadmin here.
  if (code !== 0 && code !== 3) throw new Error(`scw-flexip install --frontend ended with ${code}: ${stderr}`);
  const all = { ZONE: zone, PROJECT_ID: PROJECT, API_URL: url, LOG_LEVEL: "debug", DNS: "192.0.2.53", ...settings };
  const conf = join(oned.folder, "var/remotes/etc/ipam/scw-flexip/scw-flexip.conf");
  for (const [key, value] of Object.entries(all)) edit(conf, new RegExp(`^#?${key}=.*$`, "m"), `${key}="${value}"`);
}

/** ssh, sudo and virsh for the rig, first in the PATH of its commands. */
export function putStandIns(): void {
  cpSync(STAND_INS, join(RIG, "bin"), { recursive: true });
}

/** Changes what a file says. */
export function edit(file: string, pattern: RegExp, replacement: string): void {
  writeFileSync(
    file,
    readFileSync(file, "utf8").replace(pattern, () => replacement),
  );
}
