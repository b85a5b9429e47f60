// A front-end's journal, read as the driver reads it.
import { readFileSync } from "node:fs";
import { type JournalState, parseJournal } from "../../driver/state/journal.ts";

/** What the journal holds. Throws where the file is no whole journal. */
export function wholeJournal(file: string): JournalState {
  return parseJournal(readFileSync(file, "utf8"));
}
