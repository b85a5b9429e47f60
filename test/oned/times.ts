// The section of docs/performance.md with the times that users feel.
export const SECTION = "make test-oned";
/** The descriptor on which the scene that measures leaves the section for the process that started it. */
export const CHANNEL = 3;

/** The section, without its marks. */
export function timesSection(times: ReadonlyMap<string, number>, version: string): string {
  const rows = [...times].map(([what, seconds]) => `| ${what} | ${seconds.toFixed(1)} |\n`);
  return `## Times that users feel

Written by \`make test-oned\` from its own run on OpenNebula ${version}; do not edit. The API is the simulator
with the recorded delays: an attach takes 2 s, a detach 6 s. Guests are files, so booting and copying take no time.

| what | s |
| --- | ---: |
${rows.join("")}`;
}
