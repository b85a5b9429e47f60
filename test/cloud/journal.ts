// A front-end's journal, read as the driver reads it.
import { Journal, type JournalState } from "../../driver/state/journal.ts";

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, withSecret: () => SILENT };

/** What the journal holds; what is missing or damaged is empty. */
export function readJournal(file: string): JournalState {
  return new Journal(file, SILENT).read();
}
