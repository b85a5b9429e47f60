// Numbers that look random and are the same for the same seed.

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** From 0 to `below` - 1. Mulberry32. */
  int(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return (((bits ^ (bits >>> 14)) >>> 0) % below) | 0;
  }

  isOneIn(times: number): boolean {
    return this.int(times) === 0;
  }

  pick<T>(list: readonly [T, ...T[]]): T {
    return list[this.int(list.length)] ?? list[0];
  }

  text(alphabet: string, longest: number): string {
    const letters = [...alphabet];
    return Array.from({ length: this.int(longest + 1) }, () => letters[this.int(letters.length)] ?? "").join("");
  }
}
