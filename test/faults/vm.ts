// A VM on the stage, with one range a NIC.
import { succeed } from "./path.ts";
import { idOf, idsOf, type nic, type Range } from "./ranges.ts";
import type { Guest, HostName, World } from "./world.ts";

export class Vm {
  readonly guest: Guest;
  readonly ranges: readonly Range[];
  readonly #world: World;

  constructor(world: World, nics: ReturnType<typeof nic>[]) {
    this.#world = world;
    this.guest = world.guest("42", nics);
    this.ranges = nics.flatMap(({ IP = "" }) => world.ranges.get(IP) ?? []);
  }

  /** Puts its first `count` addresses on a host, as `pre` does. */
  place(host: HostName, count = this.ranges.length): Vm {
    const serverId = this.#world.server(host);
    const placed = this.ranges.slice(0, count);
    for (const range of placed) {
      for (const id of idsOf(range)) this.#world.account.set(id, { status: "attached", serverId, mac: range.MAC });
    }
    const [owner, borrower] = placed;
    const hasAlias = this.guest.nics[1]?.alias === "YES";
    if (owner !== undefined && borrower !== undefined && hasAlias) this.#world.lend(owner, borrower);
    return this;
  }

  /** The guest runs there: its first `count` addresses have to stay with it. */
  serves(host: HostName, count: number): void {
    this.guest.host = host;
    for (const range of this.ranges.slice(0, count)) this.#world.serving.add(idOf(range));
  }

  isOn(place: HostName | "free", from = 0): boolean {
    return this.ranges.slice(from).every((range) => this.#world.placeOf(range) === place);
  }

  async free(from = 0): Promise<void> {
    for (const range of this.ranges.slice(from)) {
      await succeed((how) => this.#world.ipam("free_address", range, how));
    }
  }
}
