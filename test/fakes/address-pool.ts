import { createHash } from "node:crypto";
import { parseTimestamp } from "./timestamps.ts";

/** Addresses to hand out. What comes back is handed out again first, as recorded: deleted and created, the same one. */
export class AddressPool {
  readonly #fresh: Iterator<string>;
  readonly #returned: string[] = [];

  constructor(addresses: Iterable<string>) {
    this.#fresh = addresses[Symbol.iterator]();
  }

  /** An address nobody has, or undefined when the pool is empty. */
  take(isTaken: (address: string) => boolean): string | undefined {
    for (let address = this.#next(); address !== undefined; address = this.#next()) {
      if (!isTaken(address)) return address;
    }
    return undefined;
  }

  giveBack(address: string): void {
    this.#returned.push(address);
  }

  #next(): string | undefined {
    const returned = this.#returned.pop();
    if (returned !== undefined) return returned;
    const { value, done } = this.#fresh.next();
    return done ? undefined : value;
  }
}

/** The three documentation blocks, then the benchmarking block: 130,000 addresses nobody routes. */
export function* testAddresses(): Generator<string> {
  for (const block of ["203.0.113", "198.51.100", "192.0.2"]) {
    for (let host = 1; host <= 254; host++) yield `${block}.${host}`;
  }
  for (const second of [18, 19]) {
    for (let third = 0; third <= 255; third++) {
      for (let host = 1; host <= 254; host++) yield `198.${second}.${third}.${host}`;
    }
  }
}

/** Prefixes of the IPv6 documentation block, one /64 each. */
export function* testPrefixes(): Generator<string> {
  for (let subnet = 1; subnet <= 0xffff; subnet++) yield `2001:db8:702:${subnet.toString(16)}::/64`;
}

/** What belongs to the address and not to its holder: the id and the age return with it from the pool. */
export type Origin = { id: string; createdAt: bigint; reverse: string };

/** The origin an address has before anybody held it here: the same in every run. */
export function originOf(address: string): Origin {
  const hash = createHash("sha256").update(address).digest("hex");
  const id = [hash.slice(0, 8), hash.slice(8, 12), `4${hash.slice(13, 16)}`, `a${hash.slice(17, 20)}`];
  const ageMicros = BigInt(`0x${hash.slice(32, 40)}`);
  return {
    id: `${id.join("-")}-${hash.slice(20, 32)}`,
    createdAt: parseTimestamp("2024-08-28T11:35:00Z") + ageMicros * 1_000n,
    reverse: `${address.replace(/\/\d+$/, "").replace(/[.:]/g, "-")}.rev.example.net.`,
  };
}

/** Virtual MAC addresses in the recorded block 52:54:00, none of them twice. */
export class MacPool {
  readonly #used = new Set<string>();
  #count = 0;

  next(): string {
    let address: string;
    do {
      this.#count++;
      // An odd factor visits all 2^24 values before it repeats one.
      const hex = ((this.#count * 0x9e3779) % 0x1000000).toString(16).padStart(6, "0");
      address = `52:54:00:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4)}`;
    } while (this.#used.has(address));
    this.#used.add(address);
    return address;
  }

  /** Keeps an address that came from elsewhere from being generated. */
  reserve(address: string): void {
    this.#used.add(address);
  }
}
