// Numbers that look random and are the same for everybody who starts from the same seed.

/** Mulberry32: each call gives the next number from 0 to 1. */
export function randomFrom(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A seed that nobody chose. */
export function anySeed(): number {
  return Math.floor(Math.random() * 0x7fffffff);
}
