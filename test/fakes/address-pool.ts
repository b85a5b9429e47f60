import { createHash } from "node:crypto";
import { parseTimestamp } from "./timestamps.ts";

/** Addresses to hand out. What comes back is handed out again first, as recorded: deleted and created, the same one. */
export class AddressPool {
  readonly #fresh: Iterator<string, undefined>;
  readonly #returned: string[] = [];

  constructor(addresses: Iterator<string, undefined>) {
    this.#fresh = addresses;
  }

  /** An address nobody has. */
  take(isTaken: (address: string) => boolean): string {
    for (;;) {
      const address = this.#returned.pop() ?? this.#fresh.next().value;
      if (address === undefined) throw new Error("the simulator has no address left");
      if (!isTaken(address)) return address;
    }
  }

  giveBack(address: string): void {
    this.#returned.push(address);
  }
}

/** The three documentation blocks, then the benchmarking block: 130,000 addresses nobody routes. */
export function* testAddresses(): Generator<string, undefined> {
  const benchmarking = Array.from({ length: 512 }, (_, index) => `198.${18 + (index >> 8)}.${index & 255}`);
  for (const block of ["203.0.113", "198.51.100", "192.0.2", ...benchmarking]) {
    for (let host = 1; host <= 254; host++) yield `${block}.${host}`;
  }
}

/** Prefixes of the IPv6 documentation block, one /64 each. */
export function* testPrefixes(): Generator<string, undefined> {
  for (let subnet = 1; subnet <= 0xffff; subnet++) yield `2001:db8:702:${subnet.toString(16)}::/64`;
}

/** Virtual MAC addresses in the recorded block 52:54:00, none of them twice. */
export function* testMacs(): Generator<string, undefined> {
  // An odd factor visits all 2^24 values before it repeats one.
  for (let count = 1; count < 0x1000000; count++) {
    const hex = ((count * 0x9e3779) % 0x1000000).toString(16).padStart(6, "0");
    yield `52:54:00:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4)}`;
  }
}

/** What belongs to the address and not to its holder, the same in every run. */
export function originOf(address: string): { id: string; createdAt: bigint; reverse: string } {
  const hash = createHash("sha256").update(address).digest("hex");
  const id = [hash.slice(0, 8), hash.slice(8, 12), `4${hash.slice(13, 16)}`, `a${hash.slice(17, 20)}`];
  const ageMicros = BigInt(`0x${hash.slice(32, 40)}`);
  return {
    id: `${id.join("-")}-${hash.slice(20, 32)}`,
    createdAt: parseTimestamp("2024-08-28T11:35:00Z") + ageMicros * 1_000n,
    reverse: `${address.replace(/\/\d+$/, "").replace(/[.:]/g, "-")}.rev.example.net.`,
  };
}
