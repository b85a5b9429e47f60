// The journal of this front-end: whether it can be read, and what it says is unfinished.
import { globSync, readFileSync } from "node:fs";
import { messageOf } from "../../errors.ts";
import { deadIntents } from "../../ipam/recover.ts";
import { realMachine } from "../../session.ts";
import { Journal, parseJournal } from "../../state/journal.ts";
import { silentLog } from "../audit.ts";
import { type Finding, failure, ok, warning } from "./finding.ts";

export function checkJournal(file: string): Finding[] {
  const setAside = globSync(`${file}.damaged-*`).map((path) =>
    warning("journal", `${path} was set aside: it could not be read`, `scw-flexip reconcile && rm ${path}`),
  );
  return [...present(file), ...setAside];
}

function present(file: string): Finding[] {
  let content: string;
  try {
    content = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      return [ok("journal", "none yet: no range was added from this front-end")];
    }
    return [failure("journal", `${file} cannot be read (${messageOf(error)})`, `chown oneadmin:oneadmin ${file}`)];
  }
  try {
    parseJournal(content);
  } catch {
    return [warning("journal", `${file} is damaged; the next action begins a new one`, "scw-flexip reconcile")];
  }
  const journal = new Journal(file, silentLog());
  const dead = deadIntents({ journal, machine: realMachine }).length;
  const why = `registrations to undo: ${dead}`;
  const undo = "scw-flexip reconcile --apply";
  return [
    ok("journal", `${file} can be read`),
    dead === 0 ? ok("owed-work", why, "0") : warning("owed-work", why, undo, String(dead)),
  ];
}
