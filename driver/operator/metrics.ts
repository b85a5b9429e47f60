// The state of the cloud as metrics, once: a timer runs it, node_exporter's textfile collector reads the file.
import { chmodSync, closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { DriverError, messageOf, UsageError } from "../errors.ts";
import type { Row } from "./doctor/report.ts";
import { examine } from "./doctor.ts";
import { EXIT } from "./exit.ts";
import { readEntries } from "./log-files.ts";
import { callsOf } from "./metrics/calls.ts";
import { exposition } from "./metrics/family.ts";
import { familiesOf, type Snapshot } from "./metrics/snapshot.ts";
import { asOneadmin, configOf, type Operator } from "./operator.ts";
import { type Survey, survey } from "./survey.ts";
import { writeAll } from "./terminal.ts";

const HOUR_MS = 3_600_000;
const LAST_SUCCESS = /^scw_flexip_last_success_timestamp_seconds (\d+)$/m;

/** Prints the metrics, or writes them to --file in one piece. What does not answer is a metric, too. */
export async function metrics(given: Operator): Promise<number> {
  const operator = asOneadmin(given);
  const file = operator.options.text("file");
  if (file !== undefined && !file.startsWith("/")) {
    throw new UsageError(`--file ${file} is no absolute path`, "name a file in the textfile collector's folder");
  }
  const snapshot = await take(operator, file);
  const text = exposition(familiesOf(snapshot));
  if (file === undefined) writeAll(1, text);
  else writeWhole(file, text);
  return snapshot.survey === undefined ? EXIT.failed : EXIT.done;
}

async function take(operator: Operator, file: string | undefined): Promise<Snapshot> {
  const now = new Date();
  const config = configOf(operator);
  const found = await surveyOrWarn(operator);
  const since = new Date(now.getTime() - HOUR_MS);
  const entries = readEntries(operator, { lowest: "debug", since, vm: undefined, address: undefined });
  operator.terminal.progress("checking this cloud");
  const findings = await examineOrWarn(operator);
  operator.terminal.progress("");
  return {
    version: operator.caller.version,
    survey: found,
    findings,
    calls: callsOf(entries),
    lastSuccess: found === undefined ? lastSuccessIn(file) : now,
    priceMonth: config.priceMonth,
  };
}

async function surveyOrWarn(operator: Operator): Promise<Survey | undefined> {
  try {
    return await survey(operator);
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
    operator.terminal.warn(`scw-flexip metrics: ${messageOf(error)}`);
    return undefined;
  }
}

async function examineOrWarn(operator: Operator): Promise<Row[]> {
  try {
    return await examine(operator);
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
    operator.terminal.warn(`scw-flexip metrics: ${messageOf(error)}`);
    return [];
  }
}

/** What an earlier run wrote: a run that finds nothing keeps it, so its age can raise an alert. */
function lastSuccessIn(file: string | undefined): Date | undefined {
  if (file === undefined) return undefined;
  try {
    const [, seconds] = LAST_SUCCESS.exec(readFileSync(file, "utf8")) ?? [];
    return seconds === undefined ? undefined : new Date(1_000 * Number(seconds));
  } catch {
    return undefined;
  }
}

/** A reader sees the old file or the new one. Readable by all: node_exporter runs as a user of its own. */
function writeWhole(file: string, text: string): void {
  const temporary = `${file}.${process.pid}.new`;
  try {
    const descriptor = openSync(temporary, "wx", 0o644);
    try {
      writeFileSync(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    chmodSync(temporary, 0o644);
    renameSync(temporary, file);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw new DriverError(`${file} cannot be written (${messageOf(cause)})`, "let oneadmin write into its folder", {
      cause,
    });
  }
}
