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

/** The stamp with nine digits, or with six, rounded to the nearest. */
export function printTimestamp(stamp: bigint, digits: 9 | 6): string {
  const rounded = digits === 9 ? stamp : ((stamp + 500n) / 1_000n) * 1_000n;
  const date = new Date(Number(rounded / nanosPerMilli)).toISOString().slice(0, 19);
  return `${date}.${(rounded % nanosPerSecond).toString().padStart(9, "0").slice(0, digits)}Z`;
}

/** The stamp of an ISO text such as "2024-08-28T11:35:44.473875Z", with all its digits. */
export function parseTimestamp(text: string): bigint {
  const seconds = Date.parse(text.replace(/\.\d+/, ""));
  if (Number.isNaN(seconds)) throw new Error(`not a time stamp: ${text}`);
  const fraction = /\.(\d{1,9})/.exec(text)?.[1] ?? "0";
  return BigInt(seconds) * nanosPerMilli + BigInt(fraction.padEnd(9, "0"));
}
