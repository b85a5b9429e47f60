// The calls that oned makes of the driver, with the documents that it sends, and what it makes of the answers.
import { type Fields, ipamDocument, type NicFields, rangeOf, readTemplate, vmDocument } from "../documents.ts";
import type { Hook, IpamAction } from "../rig.ts";
import type { Nic, Pool, Range, Vm } from "./pool.ts";

/** What oned or the network driver saw of one action. */
export type Ran = {
  /** Null: killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

/** Runs one action. */
export interface Driver<R extends Ran = Ran> {
  ipam(action: IpamAction, document: string): Promise<R>;
  hook(host: string, hook: Hook, document: string): Promise<R>;
}

export type OnedOptions = {
  /** Whether oned.conf has NICs inherit the range's SCW_ attributes, as `install` writes it. */
  readonly inherits?: boolean;
  /** How a document names the host that the VM is on or goes to, for a hook that runs `on` a host; undefined: not at all. */
  readonly hostName?: (vm: Vm, on: string, host: string) => string | undefined;
};

type HookOptions = {
  /** The NICs that come or go. */
  readonly marked?: readonly Nic[];
  /** The host that the VM goes to; else it is on its own. */
  readonly to?: string;
};

/** The calls of one front-end, one at a time. Each answers with what the driver did. */
export class DriverCalls<R extends Ran = Ran> {
  readonly pool: Pool;
  readonly #driver: Driver<R>;
  readonly #inherits: boolean;
  readonly #hostName: NonNullable<OnedOptions["hostName"]>;

  constructor(pool: Pool, driver: Driver<R>, { inherits = true, hostName = () => undefined }: OnedOptions = {}) {
    this.pool = pool;
    this.#driver = driver;
    this.#inherits = inherits;
    this.#hostName = hostName;
  }

  /** A range is kept only when register answered it and exited with 0. */
  async register(typed: Fields): Promise<R> {
    const ran = await this.#driver.ipam("register_address_range", ipamDocument({ IPAM_MAD: "scw-flexip", ...typed }));
    if (ran.code === 0 && ran.stdout !== "") this.pool.addRange(rangeOf(readTemplate(ran.stdout, "AR")));
    return ran;
  }

  async unregister(range: Range): Promise<R> {
    const ran = await this.#driver.ipam("unregister_address_range", ipamDocument(range.attributes));
    range.isLeaving = ran.code !== 0;
    if (range.isLeaving) this.pool.abandon(range);
    else this.pool.removeRange(range);
    return ran;
  }

  /** A VM gets any address of the range, or the address that its NIC names. Throws where oned would refuse the answer. */
  async lease(range: Range, vm: Vm, isNamed = false): Promise<R> {
    const ran = isNamed
      ? await this.#driver.ipam("allocate_address", ipamDocument(range.attributes, addressOf(range)))
      : await this.#driver.ipam("get_address", ipamDocument(range.attributes, { SIZE: "1" }));
    if (ran.code !== 0) return ran;
    if (!isNamed && readTemplate(ran.stdout, "ADDRESS").get("IP") !== range.ip) {
      throw new Error(`address returned by IPAM is not valid: ${ran.stdout}`);
    }
    range.holder = { vm: vm.id };
    range.mayBeGone ||= range.isLeaving;
    range.isLeaving = false;
    return ran;
  }

  async hold(range: Range): Promise<R> {
    const ran = await this.#driver.ipam("allocate_address", ipamDocument(range.attributes, addressOf(range)));
    if (ran.code === 0) range.holder = { hold: true };
    return ran;
  }

  /** A failed free leaves a lease that nobody has. */
  async free(range: Range): Promise<R> {
    const ran = await this.releaseInUse(range);
    range.isStuck = ran.code !== 0;
    if (ran.code === 0) range.holder = undefined;
    return ran;
  }

  /** `onevnet release` of an address in use: oned asks the driver before it looks who holds it, and the VM keeps it. */
  releaseInUse(range: Range): Promise<R> {
    const inUse = { ...range.attributes, USED_LEASES: "1" };
    return this.#driver.ipam("free_address", ipamDocument(inUse, addressOf(range)));
  }

  /** One hook of the network driver. */
  hook(vm: Vm, on: string, hook: Hook, { marked = [], to = vm.host }: HookOptions = {}): Promise<R> {
    const host = this.#hostName(vm, on, to);
    const nics = vm.nics.map((nic) => nicFields(nic, this.#inherits, marked.includes(nic)));
    const deployId = vm.hasRun ? `one-${vm.id}` : "";
    const document = vmDocument(nics, { id: vm.id, deployId, ...(host === undefined ? {} : { host }) });
    return this.#driver.hook(on, hook, document);
  }
}

/** A NIC as oned writes it into the documents of hooks. `isMarked`: it is the NIC that comes or goes. */
export function nicFields({ nicId, parent, range }: Nic, inherits = true, isMarked = false): NicFields {
  const { attributes, ip, mac, arId } = range;
  const inherited = Object.entries(attributes).filter(
    ([name]) => name === "EXTERNAL_IP" || name === "IP6" || (inherits && name.startsWith("SCW_")),
  );
  return {
    ...{ AR_ID: arId, BRIDGE: "br0", VN_MAD: "bridge", IP: ip, MAC: mac, NIC_ID: nicId },
    ...Object.fromEntries(inherited),
    ...(isMarked ? { ATTACH: "YES" } : {}),
    ...(parent === undefined ? {} : { PARENT_ID: parent.nicId, alias: "YES" as const }),
  };
}

function addressOf({ attributes, ip, mac }: Range): Fields {
  // oned does not fill in the IPv6 address of a named lease: it writes a zero.
  return { IP: ip, MAC: mac, SIZE: "1", ...(attributes.IP6 === undefined ? {} : { IP6: "0" }) };
}
