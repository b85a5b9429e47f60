// Since when each free range has been free, noted from run to run beside the journal. A lost note delays giving back.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import * as z from "zod/mini";

const schema = z.record(z.string(), z.iso.datetime());

/** Since when each flexible IP has been in a free range: `now` if no earlier run saw it free. Noted unless `isDry`. */
export function freeSince(
  file: string,
  freeIds: readonly string[],
  now: Date,
  isDry: boolean,
): ReadonlyMap<string, Date> {
  const noted = read(file);
  const since = new Map(freeIds.map((id) => [id, new Date(noted[id] ?? now)]));
  if (!isDry) {
    writeFileSync(`${file}.new`, JSON.stringify(Object.fromEntries(since)), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  return since;
}

function read(file: string): z.infer<typeof schema> {
  try {
    return z.parse(schema, JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return {};
  }
}
