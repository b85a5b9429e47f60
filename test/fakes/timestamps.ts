// Time stamps as the API writes them. They are kept in nanoseconds, because the answer of a write shows nine digits
// of what it wrote, and every later read shows six, rounded.

const nanosPerSecond = 1_000_000_000n;
const nanosPerMilli = 1_000_000n;

/** A clock whose stamps always differ by a microsecond or more: every change moves updated_at visibly. */
export class Clock {
  readonly #offset = BigInt(Date.now()) * nanosPerMilli - process.hrtime.bigint();
  #last = 0n;

  next(): bigint {
    const now = this.#offset + process.hrtime.bigint();
    this.#last = now > this.#last + 1_000n ? now : this.#last + 1_001n;
    return this.#last;
  }
}

/** The stamp with nine digits. */
export function toNanoseconds(stamp: bigint): string {
  return print(stamp / nanosPerSecond, stamp % nanosPerSecond, 9);
}

/** The stamp with six digits, rounded to the nearest. */
export function toMicroseconds(stamp: bigint): string {
  const micros = (stamp + 500n) / 1_000n;
  return print(micros / 1_000_000n, micros % 1_000_000n, 6);
}

/** The stamp of an ISO text such as "2024-08-28T11:35:44.473875Z", with all its digits. */
export function parseTimestamp(text: string): bigint {
  const seconds = Date.parse(text.replace(/\.\d+/, ""));
  if (Number.isNaN(seconds)) throw new Error(`not a time stamp: ${text}`);
  const fraction = /\.(\d{1,9})/.exec(text)?.[1] ?? "0";
  return BigInt(seconds) * nanosPerMilli + BigInt(fraction.padEnd(9, "0"));
}

function print(seconds: bigint, fraction: bigint, digits: number): string {
  const date = new Date(Number(seconds) * 1_000).toISOString().slice(0, 19);
  return `${date}.${fraction.toString().padStart(digits, "0")}Z`;
}
