// Takes the driver out again: refuses while it holds addresses, leaves what may be needed, and says what it left.
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { RefusedError, UsageError } from "../../errors.ts";
import { EXIT } from "../exit.ts";
import { EXECUTABLE, SETTINGS } from "../layout.ts";
import type { Operator } from "../operator.ts";
import { Changes, lookAt } from "./changes.ts";
import { whyInUse } from "./in-use.ts";
import { isUnedited } from "./logrotate.ts";
import { removeFromOnedConf } from "./oned-conf.ts";
import { changeOnedConf, planOnedConf } from "./oned-conf-file.ts";
import { type Done, runNoted } from "./run.ts";
import { restartOned } from "./services.ts";
import { placeIn, settingIn } from "./settings.ts";
import { scripts } from "./tree.ts";

export function uninstall(operator: Operator): Promise<number> {
  const { options } = operator;
  if (!(options.has("frontend") || options.has("host"))) {
    throw new UsageError("one of --frontend and --host is needed, or both");
  }
  return runNoted(operator, () => uninstallHere(operator));
}

async function uninstallHere(operator: Operator): Promise<Done> {
  const { options, terminal, layout } = operator;
  const [isFrontEnd, isHost] = [options.has("frontend"), options.has("host")];
  const changes = new Changes(operator);
  const use = options.has("force") ? undefined : await whyInUse(operator);
  if (use !== undefined && !changes.isNoop) throw new RefusedError(use);
  const trees = [...(isFrontEnd ? [layout.remotes] : []), ...(isHost ? [layout.hostRemotes] : [])];
  const gone: Roles = {
    frontEnd: isFrontEnd || !existsSync(join(layout.remotes, EXECUTABLE)),
    host: isHost || !existsSync(join(layout.hostRemotes, EXECUTABLE)),
  };
  const kept = keptFiles(operator, trees, gone);
  if (isFrontEnd) {
    const planned = planOnedConf(layout.onedConf, removeFromOnedConf);
    if (planned !== undefined && changeOnedConf(changes, planned)) await restartOned(operator, true);
  }
  const ours = [...scripts(["bridge", "fw"]).map(({ path }) => path), EXECUTABLE];
  for (const path of trees.flatMap((tree) => ours.map((file) => join(tree, file)))) changes.remove(path);
  if (gone.frontEnd && gone.host && hasOurRotation(operator)) changes.remove(layout.logrotate);
  for (const { path } of options.has("purge") ? kept : []) {
    if (lookAt(path)?.isDirectory()) changes.removeEmptyFolder(path);
    else changes.remove(path);
  }
  const folders = [dirname(EXECUTABLE), dirname(SETTINGS), dirname(dirname(SETTINGS))];
  for (const path of trees.flatMap((tree) => folders.map((folder) => join(tree, folder)))) {
    changes.removeEmptyFolder(path);
  }
  if (changes.count === 0) terminal.note("nothing to delete");
  printWhatIsLeft(operator, kept, changes);
  if (!(gone.frontEnd && gone.host)) {
    terminal.note(`the key and the rotation of logs stay: ${gone.host ? "the front-end" : "the host"} here uses them`);
  }
  if (isFrontEnd) {
    const there = `sudo -u oneadmin ssh HOST ${join(layout.hostRemotes, EXECUTABLE)} uninstall --host`;
    terminal.note(`onehost sync deletes nothing on hosts; for each HOST: ${there}`);
  }
  const isChanged = changes.count > 0;
  if (use === undefined) return { exit: EXIT.done, isChanged };
  terminal.warn(`this would be refused: ${use}`);
  return { exit: EXIT.refused, isChanged };
}

/** Which roles are not installed here once this is done. What both need goes with the last one. */
type Roles = { readonly frontEnd: boolean; readonly host: boolean };
type KeptFile = { readonly what: string; readonly path: string };

/** What stays unless --purge is given: it cannot be made again, or it records what happened. */
function keptFiles(operator: Operator, trees: readonly string[], { frontEnd, host }: Roles): KeptFile[] {
  const { layout } = operator;
  const files = trees.map((tree) => join(tree, SETTINGS));
  const settings = files.filter((file) => existsSync(file)).map((file) => readFileSync(file, "utf8"))[0] ?? "";
  const place = (key: Parameters<typeof placeIn>[1]): string => layout.at(placeIn(settings, key));
  const logs = (usual: string): string => layout.at(settingIn(settings, "LOG_DIR") || usual);
  // A host's own scw-flexip.log is that of install; where the logs have one folder, it is the front-end's.
  const hookLogs = join(logs(layout.hookLogFolder), frontEnd ? "scw-flexip*.log*" : "scw-flexip-*.log*");
  const state = place("STATE_FILE");
  const kept: readonly (readonly [isKept: boolean, what: string, pattern: string])[] = [
    ...files.map((file) => [true, "settings", file] as const),
    [frontEnd && host, "secret key", place("TOKEN_FILE")],
    [frontEnd && host && !hasOurRotation(operator), "rotation of the logs", layout.logrotate],
    [host, "server id", place("SERVER_ID_FILE")],
    [host, "log", hookLogs],
    [frontEnd, "log", join(logs(layout.logFolder), "scw-flexip.log*")],
    [frontEnd, "journal", `${state}*`],
    [frontEnd, "folder of the journal", dirname(state)],
  ];
  return kept.flatMap(([isKept, what, pattern]) => (isKept ? globSync(pattern).map((path) => ({ what, path })) : []));
}

function hasOurRotation({ layout }: Operator): boolean {
  return existsSync(layout.logrotate) && isUnedited(readFileSync(layout.logrotate, "utf8"), layout);
}

function printWhatIsLeft({ terminal, layout, options }: Operator, kept: readonly KeptFile[], changes: Changes): void {
  const left = changes.isNoop && options.has("purge") ? [] : kept.filter(({ path }) => existsSync(path));
  const copies = globSync(`${layout.onedConf}.scw-flexip-*`).map((path) => ({ path, what: "earlier oned.conf" }));
  for (const { path, what } of [...left, ...copies]) terminal.print(`left ${path} (${what})\n`);
  if (left.length > 0) terminal.note("--purge deletes all of it but earlier versions of oned.conf");
}
