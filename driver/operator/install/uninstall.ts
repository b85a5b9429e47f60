// Takes the driver out again: refuses while it holds addresses, leaves what may be needed, and says what it left.
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { RefusedError, UsageError } from "../../errors.ts";
import { EXIT } from "../exit.ts";
import { EXECUTABLE, SETTINGS } from "../layout.ts";
import type { Operator } from "../operator.ts";
import { Changes } from "./changes.ts";
import { whyInUse } from "./in-use.ts";
import { isUnedited } from "./logrotate.ts";
import { removeFromOnedConf } from "./oned-conf.ts";
import { changeOnedConf, planOnedConf } from "./oned-conf-file.ts";
import { runNoted } from "./run.ts";
import { restartOned } from "./services.ts";
import { placeIn, settingIn } from "./settings.ts";
import { scripts } from "./tree.ts";

export function uninstall(operator: Operator): Promise<number> {
  const { options } = operator;
  if (!(options.has("frontend") || options.has("host"))) {
    throw new UsageError("--frontend or --host is needed, or both on a machine that is both");
  }
  return runNoted(operator, () => uninstallHere(operator));
}

async function uninstallHere(operator: Operator): Promise<number> {
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
  const kept = keepsakes(operator, trees, gone);
  if (isFrontEnd) {
    const planned = planOnedConf(layout.onedConf, removeFromOnedConf);
    if (planned !== undefined && changeOnedConf(changes, planned)) await restartOned(operator, true);
  }
  for (const tree of trees) removeTree(tree, changes);
  if (gone.frontEnd && gone.host && hasOurRotation(operator)) changes.remove(layout.logrotate);
  if (options.has("purge")) purge(kept, changes);
  for (const tree of trees) removeFolders(tree, changes);
  if (changes.count === 0) terminal.note("nothing to delete");
  printWhatIsLeft(operator, kept, changes);
  if (!(gone.frontEnd && gone.host)) {
    terminal.note(`the key and the rotation of logs stay: ${gone.host ? "the front-end" : "the host"} here uses them`);
  }
  if (isFrontEnd) terminal.note("on each host: scw-flexip uninstall --host; onehost sync deletes nothing there");
  if (use === undefined) return EXIT.done;
  terminal.warn(`this would be refused: ${use}`);
  return EXIT.refused;
}

function removeTree(tree: string, changes: Changes): void {
  for (const { path } of scripts(["bridge", "fw"])) changes.remove(join(tree, path));
  changes.remove(join(tree, EXECUTABLE));
}

function removeFolders(tree: string, changes: Changes): void {
  const folders = [dirname(EXECUTABLE), dirname(SETTINGS), dirname(dirname(SETTINGS))];
  for (const folder of folders) changes.removeEmptyFolder(join(tree, folder));
}

/** Which roles are not installed here once this is done. What both need goes with the last one. */
type Roles = { readonly frontEnd: boolean; readonly host: boolean };
type Keepsake = { readonly path: string; readonly what: string; readonly isFolder?: true };

/** What stays unless --purge is given: it cannot be made again, or it records what happened. */
function keepsakes(operator: Operator, trees: readonly string[], { frontEnd, host }: Roles): Keepsake[] {
  const { layout } = operator;
  const files = trees.map((tree) => join(tree, SETTINGS));
  const settings = files.filter((file) => existsSync(file)).map((file) => readFileSync(file, "utf8"))[0] ?? "";
  const place = (key: Parameters<typeof placeIn>[1]): string => layout.at(placeIn(settings, key));
  const logs = (usual: string): string => layout.at(settingIn(settings, "LOG_DIR") || usual);
  const state = place("STATE_FILE");
  const all = (what: string, pattern: string): Keepsake[] => globSync(pattern).map((path) => ({ path, what }));
  const ofBoth = [
    { path: place("TOKEN_FILE"), what: "secret key" },
    ...(hasOurRotation(operator) ? [] : [{ path: layout.logrotate, what: "rotation of the logs" }]),
  ];
  const ofHost = [
    { path: place("SERVER_ID_FILE"), what: "server id" },
    // On a host, the log of install is scw-flexip.log beside the hooks' logs.
    ...all("log", join(logs(layout.hookLogFolder), frontEnd ? "scw-flexip*.log*" : "scw-flexip-*.log*")),
  ];
  const ofFrontEnd = [
    ...all("log", join(logs(layout.logFolder), "scw-flexip.log*")),
    ...all("journal", `${state}*`),
    { path: dirname(state), what: "folder of the journal", isFolder: true } as const,
  ];
  const kept: Keepsake[] = [
    ...files.map((path) => ({ path, what: "settings" })),
    ...(frontEnd && host ? ofBoth : []),
    ...(host ? ofHost : []),
    ...(frontEnd ? ofFrontEnd : []),
  ];
  return kept.filter(({ path }) => existsSync(path));
}

function hasOurRotation({ layout }: Operator): boolean {
  return existsSync(layout.logrotate) && isUnedited(readFileSync(layout.logrotate, "utf8"), layout);
}

function purge(kept: readonly Keepsake[], changes: Changes): void {
  for (const { path, isFolder } of kept) {
    if (isFolder) changes.removeEmptyFolder(path);
    else changes.remove(path);
  }
}

function printWhatIsLeft({ terminal, layout, options }: Operator, kept: readonly Keepsake[], changes: Changes): void {
  const left = changes.isNoop && options.has("purge") ? [] : kept.filter(({ path }) => existsSync(path));
  const copies = globSync(`${layout.onedConf}.scw-flexip-*`).map((path) => ({ path, what: "earlier oned.conf" }));
  for (const { path, what } of [...left, ...copies]) terminal.print(`left ${path} (${what})\n`);
  if (left.length > 0) terminal.note("--purge deletes all of it but earlier versions of oned.conf");
}
