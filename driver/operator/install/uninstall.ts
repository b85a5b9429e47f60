// Takes the driver out again: refuses while it holds addresses, leaves what may be needed, and says what it left.
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { messageOf, RefusedError, UsageError } from "../../errors.ts";
import { listRanges } from "../cloud/networks.ts";
import { EXIT } from "../exit.ts";
import { EXECUTABLE, SETTINGS } from "../layout.ts";
import type { Operator } from "../operator.ts";
import { Changes } from "./changes.ts";
import { removeFromOnedConf } from "./oned-conf.ts";
import { changeOnedConf, planOnedConf } from "./oned-conf-file.ts";
import { restartOned } from "./services.ts";
import { settingIn } from "./settings.ts";
import { scripts } from "./tree.ts";

export async function uninstall(operator: Operator): Promise<number> {
  const { options, terminal, layout } = operator;
  const [isFrontEnd, isHost, isNoop] = [options.has("frontend"), options.has("host"), options.has("noop")];
  if (!(isFrontEnd || isHost))
    throw new UsageError("--frontend or --host is needed, or both on a machine that is both");
  if (isFrontEnd && !options.has("force")) await refuseWhileInUse(operator);
  const trees = [...(isFrontEnd ? [layout.remotes] : []), ...(isHost ? [layout.hostRemotes] : [])];
  const kept = keepsakes(operator, trees);
  const changes = new Changes(isNoop, (line) => terminal.print(`${line}\n`));

  if (isFrontEnd) await cleanOnedConf(operator, changes, isNoop);
  for (const tree of trees) removeTree(tree, changes);
  changes.remove(layout.logrotate);
  if (options.has("purge")) purge(kept, changes);
  for (const tree of trees) removeFolders(tree, changes);
  if (changes.count === 0) terminal.note("nothing to delete");
  tellWhatIsLeft(operator, kept, isFrontEnd);
  return EXIT.done;
}

async function refuseWhileInUse(operator: Operator): Promise<void> {
  const ranges = await listRanges(operator).catch((error: unknown) => {
    throw new RefusedError(
      `whether address ranges still use the driver cannot be told (${messageOf(error)}); --force goes on all the same`,
    );
  });
  if (ranges.length === 0) return;
  const some = ranges.slice(0, 5).map(({ ip, network }) => `${ip} in ${network}`);
  const more = ranges.length > some.length ? `, and ${ranges.length - some.length} more` : "";
  throw new RefusedError(
    `${ranges.length} address ranges still use the driver: ${some.join(", ")}${more}; give them back by: scw-flexip range remove --all`,
  );
}

async function cleanOnedConf(operator: Operator, changes: Changes, isNoop: boolean): Promise<void> {
  const { terminal, layout } = operator;
  const planned = planOnedConf(layout.onedConf, removeFromOnedConf);
  const copy = planned && changeOnedConf(changes, planned, isNoop, (text) => terminal.print(text));
  if (copy !== undefined) await restartOned(operator, isNoop);
}

function removeTree(tree: string, changes: Changes): void {
  for (const { path } of scripts(["bridge", "fw"])) changes.remove(join(tree, path));
  changes.remove(join(tree, EXECUTABLE));
}

function removeFolders(tree: string, changes: Changes): void {
  const folders = [dirname(EXECUTABLE), dirname(SETTINGS), dirname(dirname(SETTINGS))];
  for (const folder of folders) changes.removeEmptyFolder(join(tree, folder));
}

type Keepsake = { readonly path: string; readonly what: string; readonly isFolder?: true };

/** What is left unless --purge: it holds what cannot be had again, or what tells the past. */
function keepsakes({ layout }: Operator, trees: readonly string[]): Keepsake[] {
  const files = trees.map((tree) => join(tree, SETTINGS));
  const settings = files.filter((file) => existsSync(file)).map((file) => readFileSync(file, "utf8"))[0] ?? "";
  const place = (key: string, otherwise: string): string => layout.at(settingIn(settings, key) || otherwise);
  const state = place("STATE_FILE", "/var/lib/one/scw-flexip/state.json");
  const logs = [place("LOG_DIR", layout.logFolder), place("LOG_DIR", layout.hookLogFolder)];
  const all: Keepsake[] = [
    ...files.map((path) => ({ path, what: "settings" })),
    { path: place("TOKEN_FILE", "/var/lib/one/.scw-flexip.token"), what: "secret key" },
    { path: place("SERVER_ID_FILE", "/var/lib/one/scw-server-id"), what: "server id" },
    ...globSync(`${state}*`).map((path) => ({ path, what: "journal" })),
    ...[...new Set(logs)].flatMap((folder) =>
      globSync(join(folder, "scw-flexip*.log*")).map((path) => ({ path, what: "log" })),
    ),
    { path: dirname(state), what: "folder of the journal", isFolder: true },
  ];
  return all.filter(({ path }) => existsSync(path));
}

function purge(kept: readonly Keepsake[], changes: Changes): void {
  for (const { path, isFolder } of kept) {
    if (isFolder) changes.removeEmptyFolder(path);
    else changes.remove(path);
  }
}

function tellWhatIsLeft({ terminal, layout, options }: Operator, kept: readonly Keepsake[], isFrontEnd: boolean): void {
  const isNoopPurge = options.has("noop") && options.has("purge");
  const left = isNoopPurge ? [] : kept.filter(({ path }) => existsSync(path));
  const copies = globSync(`${layout.onedConf}.scw-flexip-*`).map((path) => ({ path, what: "earlier oned.conf" }));
  for (const { path, what } of [...left, ...copies]) terminal.print(`left ${path} (${what})\n`);
  if (left.length > 0) terminal.note("--purge deletes all of it but earlier versions of oned.conf");
  if (isFrontEnd) terminal.note("on each host: scw-flexip uninstall --host; onehost sync deletes nothing there");
}
