// The journal as a test reads it.
import assert from "node:assert/strict";
import { openLog } from "../driver/log.ts";
import { inspectJournal, Journal, type JournalState } from "../driver/state/journal.ts";

/** What the journal holds. Fails when the file is no whole journal. */
export function readJournal(file: string): JournalState {
  assert.equal(inspectJournal(file), "sound");
  return new Journal(file, openLog({ level: "error", file: "/dev/null", context: {} })).read();
}
