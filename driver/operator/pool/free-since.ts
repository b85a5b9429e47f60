// Since when each free range has been free, noted from run to run beside the journal. A lost note delays giving back.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import * as z from "zod/mini";

const schema = z.record(z.string(), z.iso.datetime());

/** Since when each of these flexible IPs has been in a free range; `now` for one that no earlier run saw free. */
export function freeSince(file: string, freeIds: readonly string[], now: Date): ReadonlyMap<string, Date> {
  const noted = read(file);
  return new Map(freeIds.map((id) => [id, new Date(noted[id] ?? now)]));
}

/** Notes it for the next run. */
export function noteFreeSince(file: string, since: ReadonlyMap<string, Date>): void {
  writeFileSync(`${file}.new`, JSON.stringify(Object.fromEntries(since)), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function read(file: string): z.infer<typeof schema> {
  try {
    return z.parse(schema, JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return {};
  }
}
