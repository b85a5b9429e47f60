// The state of the cloud as metrics, once: a timer runs it, node_exporter's textfile collector reads the file.
import { readFileSync } from "node:fs";
import { DriverError, messageOf, UsageError } from "../errors.ts";
import { examine } from "./doctor/examine.ts";
import { EXIT } from "./exit.ts";
import { writeBeside } from "./install/changes.ts";
import { readEntries } from "./log-files.ts";
import { exposition } from "./metrics/family.ts";
import { callsOf, familiesOf, type Snapshot } from "./metrics/snapshot.ts";
import { asOneadmin, configOf, type Operator } from "./operator.ts";
import { type Survey, survey } from "./survey.ts";

const HOUR_MS = 3_600_000;
const LAST_SUCCESS = /^scw_flexip_last_success_timestamp_seconds (\d+)$/m;

/** Prints the metrics, or writes them to --file as a whole. What does not answer is a metric, too. */
export async function metrics(given: Operator): Promise<number> {
  const operator = asOneadmin(given);
  const file = operator.options.text("file");
  if (file !== undefined && !file.startsWith("/")) {
    throw new UsageError(`--file ${file} is no absolute path`, "name a file in the textfile collector's folder");
  }
  const snapshot = await take(operator, file);
  const text = exposition(familiesOf(snapshot));
  if (file === undefined) operator.terminal.print(text);
  else write(file, text);
  return snapshot.survey === undefined ? EXIT.failed : EXIT.done;
}

async function take(operator: Operator, file: string | undefined): Promise<Snapshot> {
  const now = new Date();
  const config = configOf(operator);
  const found = await orWarn<Survey | undefined>(operator, () => survey(operator), undefined);
  const since = new Date(now.getTime() - HOUR_MS);
  const entries = readEntries(operator, { lowest: "debug", since, vm: undefined, address: undefined });
  operator.terminal.progress("checking this cloud");
  const findings = await orWarn(operator, () => examine(operator, true), []);
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

/** What the work returns; `otherwise`, after a warning, where something does not answer. */
async function orWarn<T>({ terminal }: Operator, work: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
    terminal.warn(`scw-flexip metrics: ${messageOf(error)}`);
    return otherwise;
  }
}

/** What an earlier run wrote. A run that finds nothing keeps it: its age raises an alert. */
function lastSuccessIn(file: string | undefined): Date | undefined {
  if (file === undefined) return undefined;
  try {
    const [, seconds] = LAST_SUCCESS.exec(readFileSync(file, "utf8")) ?? [];
    return seconds === undefined ? undefined : new Date(1_000 * Number(seconds));
  } catch {
    return undefined;
  }
}

/** Readable by all: node_exporter runs as a user of its own. */
function write(file: string, text: string): void {
  try {
    writeBeside(file, text, { mode: 0o644, owner: undefined });
  } catch (cause) {
    const why = `${file} cannot be written (${messageOf(cause)})`;
    throw new DriverError(why, "let oneadmin write into its folder", { cause });
  }
}
