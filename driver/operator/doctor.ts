// Looks at everything that has to be right, and says of each thing that is not which command mends it.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { UsageError } from "../errors.ts";
import { checkApi, checkServer } from "./doctor/api.ts";
import { checkLogs, checkSpace, checkState } from "./doctor/disk.ts";
import { type Finding, failure } from "./doctor/finding.ts";
import { checkHosts, checkNetworks, checkOnedConf } from "./doctor/opennebula.ts";
import { checkSettings } from "./doctor/settings.ts";
import { checkTree } from "./doctor/tree.ts";
import { EXIT } from "./exit.ts";
import { EXECUTABLE } from "./layout.ts";
import { asOneadmin, type Operator } from "./operator.ts";
import type { Column } from "./print/column.ts";
import { formOf, printRows } from "./print/rows.ts";
import type { Style } from "./terminal.ts";

const STYLES: Readonly<Record<string, Style>> = { ok: "green", warning: "yellow", failure: "red" };
const COLUMNS: readonly Column<Finding>[] = [
  { key: "level", title: "LEVEL", rank: 0, style: (level) => STYLES[level] },
  { key: "check", title: "CHECK", rank: 0 },
  { key: "why", title: "WHY", rank: 0, text: ({ why, cure }) => (cure === "" ? why : `${why}  → ${cure}`) },
];

export async function doctor(given: Operator): Promise<number> {
  const operator = asOneadmin(given);
  const { options, layout, terminal } = operator;
  const form = formOf(operator, COLUMNS);
  const [isFrontEnd, isHost] = [options.has("frontend"), options.has("host")];
  const isOpen = !(isFrontEnd || isHost);
  const frontEnd = isFrontEnd || (isOpen && existsSync(layout.onedConf));
  const host = isHost || (isOpen && existsSync(join(layout.hostRemotes, EXECUTABLE)));
  if (!(frontEnd || host)) {
    throw new UsageError(
      `neither ${layout.onedConf} nor a driver below ${layout.hostRemotes} is here; say --frontend or --host`,
    );
  }
  const findings = [
    ...checkUser(operator, frontEnd),
    ...(frontEnd ? await onFrontEnd(operator) : []),
    ...(host ? await onHostItself(operator) : []),
  ];
  terminal.progress("");
  printRows(operator, form, findings);
  const count = (level: Finding["level"]): number => findings.filter((finding) => finding.level === level).length;
  const [warnings, failures] = [count("warning"), count("failure")];
  terminal.note(`${count("ok")} ok, ${warnings} warnings, ${failures} failures`);
  if (failures > 0) return EXIT.failed;
  return warnings > 0 ? EXIT.findings : EXIT.done;
}

function checkUser({ oneadmin, layout }: Operator, isFrontEnd: boolean): Finding[] {
  if (oneadmin !== undefined) return [];
  const cure = `apt install ${isFrontEnd ? "opennebula" : "opennebula-node-kvm"} (or dnf)`;
  return [failure("user", `there is no user oneadmin${layout.root === "" ? "" : ` below ${layout.root}`}`, cure)];
}

async function onFrontEnd(operator: Operator): Promise<Finding[]> {
  const { layout, terminal, options } = operator;
  terminal.progress("looking at this front-end");
  const { config, token, findings } = checkSettings(operator, "frontend");
  const logFolder = config?.logDir ?? layout.logFolder;
  const isReady = config !== undefined && token !== undefined;
  const api = isReady ? await checkApi(operator, config, token, "frontend") : undefined;
  return [
    ...findings,
    ...(api?.findings ?? []),
    ...(await checkTree(operator, layout.remotes, "scw-flexip install --frontend --sync")),
    ...checkOnedConf(operator),
    checkLogs(logFolder),
    ...(config === undefined ? [] : checkState(config)),
    ...checkSpace([layout.remotes, logFolder, ...(config === undefined ? [] : [dirname(config.stateFile)])]),
    ...(await checkNetworks(operator, api?.count)),
    ...(options.has("hosts") ? await checkHosts(operator, config) : []),
  ];
}

async function onHostItself(operator: Operator): Promise<Finding[]> {
  const { layout, terminal } = operator;
  terminal.progress("looking at this host");
  const { config, token, findings } = checkSettings(operator, "host");
  const isReady = config !== undefined && token !== undefined;
  const sync = "onehost sync -f (on the front-end, as oneadmin)";
  const logFolder = config?.logDir ?? layout.hookLogFolder;
  return [
    ...findings,
    ...(isReady ? (await checkApi(operator, config, token, "host")).findings : []),
    ...(isReady ? [await checkServer(operator, config, token)] : []),
    ...(await checkTree(operator, layout.hostRemotes, sync)),
    checkLogs(logFolder),
    ...checkSpace([layout.hostRemotes, logFolder]),
  ];
}
