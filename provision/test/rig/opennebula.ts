// Turns a test host into what make deployment leaves: a front-end, or a KVM host.
import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestHost } from "./host.ts";

const ONEADMIN = 9869;

// The lines of OpenNebula 7.0's file that the driver's installer looks at, and neighbours it must leave alone.
const ONED_CONF = `LOG = [ SYSTEM = "file", DEBUG_LEVEL = 3 ]

VM_MAD = [
    NAME          = "kvm",
    EXECUTABLE    = "one_vmm_exec",
    ARGUMENTS     = "-t 15 -r 0 -p kvm" ]

IPAM_MAD = [
    EXECUTABLE = "one_ipam",
    ARGUMENTS  = "-t 1 -i dummy,aws,equinix,vultr,scaleway"
]

INHERIT_VNET_ATTR = "SECURITY_GROUPS"
VM_RESTRICTED_ATTR = "CONTEXT/FILES"
VNET_RESTRICTED_ATTR = "VN_MAD"
`;

/** Folders and files that OpenNebula's packages make on a front-end. */
export function makeFrontend({ root }: TestHost): void {
  for (const folder of [
    "var/lib/one",
    "var/lib/one/remotes",
    "var/lib/one/remotes/vnm",
    "var/log/one",
    "var/tmp/one",
  ]) {
    mkdirSync(join(root, folder), { recursive: true, mode: 0o750 });
    chownSync(join(root, folder), ONEADMIN, ONEADMIN);
  }
  mkdirSync(join(root, "etc/one"));
  writeFileSync(join(root, "etc/one/oned.conf"), ONED_CONF, { mode: 0o640 });
  chownSync(join(root, "etc/one/oned.conf"), 0, ONEADMIN);
}

/** Folders that OpenNebula makes on a host; the second one is where onehost sync copies the tree to. */
export function makeKvmHost({ root }: TestHost): string {
  for (const folder of ["var/lib/one", "var/tmp/one"]) {
    mkdirSync(join(root, folder), { recursive: true, mode: 0o750 });
    chownSync(join(root, folder), ONEADMIN, ONEADMIN);
  }
  return join(root, "var/tmp/one");
}
