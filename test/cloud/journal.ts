// A front-end's journal, read as the driver reads it.
import { readFileSync } from "node:fs";
import { Journal, type JournalState, parseJournal } from "../../driver/state/journal.ts";

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, withSecret: () => SILENT };

/** What the journal holds; what is missing or damaged is empty. */
export function readJournal(file: string): JournalState {
  return new Journal(file, SILENT).read();
}

/** What the journal holds. Throws where the file is no whole journal. */
export function wholeJournal(file: string): JournalState {
  return parseJournal(readFileSync(file, "utf8"));
}
