// The journal as a test reads it.
import { readFileSync } from "node:fs";
import { type JournalState, parseJournal } from "../driver/state/journal.ts";

/** What the journal holds. Throws when the file is no whole journal. */
export function readJournal(file: string): JournalState {
  return parseJournal(readFileSync(file, "utf8"));
}
