// The times that users feel, as the scenes measure them, and the section of docs/performance.md that shows them.
import { writeFileSync } from "node:fs";
import { z } from "zod";

const seconds = z.number();
const times = z.strictObject({
  /** From `onevm deploy` until the guest runs with its address. */
  deploy: seconds,
  /** In a live migration, without its copy: how long the guest runs where its address is not. */
  migrationDirect: seconds,
  migrationRefused: seconds,
  /** `onevm create` while no call gets an answer. */
  createAway: seconds,
  createAwayTwenty: seconds,
});
export type Times = z.infer<typeof times>;

export const SECTION = "make test-oned";
/** Where a file of scenes leaves its times for the process that started it. */
const CHANNEL = 3;

export function handOver(measured: Times): void {
  // A file of scenes that was started by hand has nobody to tell.
  if (process.env.TIMES_CHANNEL === "1") writeFileSync(CHANNEL, JSON.stringify(measured));
}

/** The times that were handed over; undefined for none. */
export function takenOver(text: string): Times | undefined {
  return text === "" ? undefined : times.parse(JSON.parse(text));
}

/** The section, without its marks. */
export function timesSection(measured: Times, version: string): string {
  const row = (what: string, value: number): string => `| ${what} | ${value.toFixed(1)} |`;
  return `## Times that users feel

Written by \`make test-oned\` from its own run on OpenNebula ${version}; do not edit. The API is the simulator
with the recorded delays: an attach takes 2 s, a detach 6 s. Guests are files, so booting and copying take no time.

| what | s |
| --- | ---: |
${row("from `onevm deploy` until the guest runs with its address", measured.deploy)}
${row("live migration, the API moves an attached flexible IP: guest without its address for", measured.migrationDirect)}
${row("live migration, the API refuses that: guest without its address for", measured.migrationRefused)}
${row("`onevm create` while the API does not answer", measured.createAway)}
${row("the same in a network with 20 free ranges", measured.createAwayTwenty)}
`;
}
