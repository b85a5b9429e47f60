// The VM that a hook is about.
import { isHandWritten, type Range, serve, type Vm } from "../cloud/pool.ts";
import { succeed } from "./path.ts";
import type { HostName, TestCloud } from "./test-cloud.ts";

export class Guest {
  readonly vm: Vm;
  readonly #cloud: TestCloud;

  constructor(cloud: TestCloud, vm: Vm) {
    this.#cloud = cloud;
    this.vm = vm;
  }

  get ranges(): readonly Range[] {
    return this.vm.nics.map(({ range }) => range);
  }

  /** Puts its first `count` addresses on a host, as `pre` does. */
  place(host: HostName, count = this.ranges.length): Guest {
    const serverId = this.#cloud.server(host);
    for (const { ids, mac } of this.ranges.slice(0, count)) {
      for (const id of ids) this.#cloud.account.set(id, { status: "attached", serverId, mac });
    }
    for (const { parent, range } of this.vm.nics.slice(0, count)) {
      if (parent !== undefined) this.#cloud.lend(parent.range, range);
    }
    return this;
  }

  /** It runs there: its first `count` addresses must stay with it. */
  serves(host: HostName, count: number): void {
    this.vm.state = "running";
    this.vm.host = host;
    const nics = this.vm.nics.slice(0, count);
    serve(nics);
    for (const id of nics.flatMap(({ range }) => range.ids)) this.#cloud.serving.add(id);
  }

  isOn(place: HostName | "free", from = 0): boolean {
    return this.ranges.slice(from).every((range) => this.#cloud.placeOf(range) === place);
  }

  /** Ends its leases, from the NIC of that number on. */
  async free(from = 0): Promise<void> {
    const leased = this.ranges.slice(from).filter((range) => !isHandWritten(range));
    for (const range of leased) await succeed((how) => this.#cloud.oned(how).free(range));
    this.vm.nics = this.vm.nics.slice(0, from);
  }
}
