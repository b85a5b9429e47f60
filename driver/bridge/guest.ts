// Where the guest is, as far as this host knows for certain.
import type { Machine } from "../machine.ts";
import type { Vm } from "../opennebula/vm.ts";

const VIRSH_TIMEOUT_MS = 5_000;
const RESOLVER_TIMEOUT_MS = 2_000;
const DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin";
const RUNNING: readonly string[] = ["running", "idle", "paused", "in shutdown", "pmsuspended"];
const GONE: readonly string[] = ["shut off", "crashed"];
const NO_SUCH_DOMAIN = /failed to get domain|domain not found|no domain with/i;

/** Whether libvirt has the guest on this host. `unknown`: it did not say. A host without virsh has no guest. */
export function guestHere(vm: Vm, path = DEFAULT_PATH): Promise<"running" | "gone" | "unknown"> {
  // A VM that failed in its first deploy has no name yet; oned gives every domain the same one.
  const domain = vm.deployId ?? `one-${vm.id}`;
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(domain)) return Promise.resolve("unknown");
  const { execFile } = process.getBuiltinModule("node:child_process");
  return new Promise((resolve) => {
    execFile(
      "virsh",
      ["--connect", "qemu:///system", "--readonly", "domstate", domain],
      { timeout: VIRSH_TIMEOUT_MS, killSignal: "SIGKILL", env: { PATH: path, LC_ALL: "C" } },
      (error, stdout, stderr) => {
        if (error === null) resolve(meaningOf(stdout.trim()));
        else resolve(error.code === "ENOENT" || NO_SUCH_DOMAIN.test(stderr) ? "gone" : "unknown");
      },
    );
  });
}

/**
 * Whether the host that the document names is certainly another one: an address that no interface here has, or a name
 * that resolves to such addresses. In `clean` that means a migration, whose destination the document names.
 */
export async function isAnotherHost(name: string | undefined): Promise<boolean> {
  const { hostname, networkInterfaces } = process.getBuiltinModule("node:os");
  if (name === undefined || isSameName(name, hostname())) return false;
  const own = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
  const addresses = await addressesOf(name);
  return addresses.length > 0 && !addresses.some((address) => own.includes(address) || isLoopback(address));
}

/**
 * The tap device of another guest here that has this MAC: the address was leased again before this VM's `clean` came to it.
 * libvirt gives a tap device its guest's MAC with the first byte fe, and oned names it after the VM.
 */
export function otherGuestWith(mac: string, vm: Vm, interfaces: ReturnType<Machine["interfaces"]>): string | undefined {
  const tap = `fe${mac.slice(2)}`;
  const own = `one-${vm.id}-`;
  return interfaces.find(({ name, mac: its }) => its === tap && !name.startsWith(own))?.name;
}

function meaningOf(state: string): "running" | "gone" | "unknown" {
  if (RUNNING.includes(state)) return "running";
  return GONE.includes(state) ? "gone" : "unknown";
}

/** Whether they are the same, or one is the short form of the other. */
function isSameName(one: string, other: string): boolean {
  const [a, b] = [one.toLowerCase(), other.toLowerCase()];
  if (isIP(a) !== 0) return false;
  return a === b || (!(a.includes(".") && b.includes(".")) && a.split(".")[0] === b.split(".")[0]);
}

async function addressesOf(name: string): Promise<string[]> {
  if (isIP(name) !== 0) return [name.toLowerCase()];
  const { lookup } = process.getBuiltinModule("node:dns/promises");
  const { setTimeout: sleep } = process.getBuiltinModule("node:timers/promises");
  const late = sleep(RESOLVER_TIMEOUT_MS, [], { ref: false });
  // A name that does not resolve proves nothing.
  const found = lookup(name, { all: true }).catch(() => []);
  return (await Promise.race([found, late])).map(({ address }) => address);
}

function isIP(text: string): number {
  return process.getBuiltinModule("node:net").isIP(text);
}

function isLoopback(address: string): boolean {
  return address === "::1" || /^127\./.test(address);
}
