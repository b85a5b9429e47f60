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

const PROGRAMS = ["bin", "lib", "share"];
const STAND_INS = join(import.meta.dirname, "stand-ins");

/** Where the machine has an OpenNebula: ONE_LOCATION, or /opt/opennebula; undefined where there is none. */
export function findInstallation(environment: NodeJS.ProcessEnv): string | undefined {
  const named = environment.ONE_LOCATION;
  const folder = named === undefined || named === "" ? "/opt/opennebula" : named;
  return existsSync(join(folder, "bin/oned")) ? folder : undefined;
}

/** The version that the installation calls itself. */
export function versionOf(installation: string): string {
  return readFileSync(join(installation, "var/remotes/VERSION"), "utf8").trim();
}

/** A copy that shares nothing that it writes; guests are files, everything else is OpenNebula's own. */
export function copyInstallation(installation: string, target: string): void {
  mkdirSync(join(target, "var/.one"), { recursive: true });
  for (const folder of PROGRAMS) symlinkSync(join(installation, folder), join(target, folder));
  cpSync(join(installation, "etc"), join(target, "etc"), { recursive: true });
  cpSync(join(installation, "var/remotes"), join(target, "var/remotes"), { recursive: true, verbatimSymlinks: true });
  // Of other hypervisors, which no scene uses, the drivers would only make the start slower.
  const others = /^(VM|IM)_MAD = \[[^\]]*NAME\s*=\s*"(qemu|lxc)"[^\]]*\]/gm;
  for (const file of ["oned.conf", "monitord.conf"]) edit(join(target, "etc", file), others, "");
  // OpenNebula gives its drivers the lowest priority: beside other work they would hardly run.
  edit(join(target, "etc/defaultrc"), /^PRIORITY=.*$/m, "PRIORITY=0");
  for (const folder of ["lock", "run", "vms", "datastores"]) mkdirSync(join(target, "var", folder));
  writeFileSync(join(target, "var/.one/one_auth"), "oneadmin:oneadmin\n", { mode: 0o600 });
  const actions = join(target, "var/remotes/vmm/kvm");
  for (const entry of readdirSync(actions, { withFileTypes: true })) {
    if (entry.isFile() && !entry.name.endsWith(".rb"))
      copyFileSync(join(STAND_INS, "hypervisor"), join(actions, entry.name));
  }
}

/** ssh, sudo and virsh for the rig, to be first in PATH. */
export function putStandIns(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of ["ssh", "enter-host", "enter-front-end", "sudo", "virsh"]) {
    copyFileSync(join(STAND_INS, name), join(folder, name));
  }
}

function edit(file: string, pattern: RegExp, replacement: string): void {
  writeFileSync(file, readFileSync(file, "utf8").replace(pattern, replacement));
}
