// Puts the driver where OpenNebula runs it: on a front-end, on a host, or on a machine that is both.
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { UsageError } from "../../errors.ts";
import { SETTINGS as DRIVER_SETTINGS } from "../../settings.ts";
import { EXIT } from "../exit.ts";
import { EXECUTABLE, SETTINGS } from "../layout.ts";
import { isRoot } from "../oneadmin.ts";
import type { Operator } from "../operator.ts";
import { Changes, isDryRun } from "./changes.ts";
import { installHosts } from "./hosts.ts";
import { isUnedited, logrotateFile } from "./logrotate.ts";
import { addToOnedConf } from "./oned-conf.ts";
import { changeOnedConf, type OnedConfChange, planOnedConf } from "./oned-conf-file.ts";
import { orAskForRoot, refuseWithoutOpenNebula } from "./refusals.ts";
import { givenServerId, givenToken } from "./secrets.ts";
import { enableTimers, needsRestart, restartOned, syncHosts } from "./services.ts";
import { firstSettings, newKeys, placeIn, settingIn } from "./settings.ts";
import { scripts, sourceTree } from "./tree.ts";

type Site = {
  readonly operator: Operator;
  readonly changes: Changes;
  readonly isNoop: boolean;
  /** The settings file as it is or is going to be. */
  readonly settings: string;
  readonly token: string | undefined;
  readonly serverId: string | undefined;
};

export async function install(operator: Operator): Promise<number> {
  const { options } = operator;
  const names = options.list("hosts");
  const isHere = options.has("frontend") || options.has("host");
  const hasTimer = options.has("timer");
  if (names === undefined && !isHere && !hasTimer) {
    throw new UsageError("--frontend or --host is needed, or both on a machine that is both; or --hosts, or --timer");
  }
  if (options.text("serverId") !== undefined && !options.has("host")) {
    throw new UsageError("--server-id is of a host: give --host too; --hosts finds the ids itself");
  }
  const token = await givenToken(options);
  const here = isHere ? await orAskForRoot(() => installHere(operator, token)) : EXIT.done;
  if (hasTimer) await enableTimers(operator, isDryRun(options));
  if (names === undefined) return here;
  return Math.max(here, await installHosts(operator, names, token));
}

async function installHere(operator: Operator, token: string | undefined): Promise<number> {
  const { options, terminal, layout, caller } = operator;
  const [isFrontEnd, isHost, isNoop] = [options.has("frontend"), options.has("host"), isDryRun(options)];
  refuseWithoutOpenNebula(layout, isFrontEnd);
  const serverId = givenServerId(options);
  // Read before anything is changed: what cannot be edited stops the installation.
  const source = isFrontEnd ? sourceTree(options.text("from"), caller.executable) : undefined;
  const onedConf = isFrontEnd ? planOnedConf(layout.onedConf, addToOnedConf) : undefined;
  const changes = new Changes(isNoop, (line) => terminal.print(`${line}\n`));
  const settings = settingsText(operator, source);
  const site: Site = { operator, changes, isNoop, settings, token, serverId };

  let exit: number = EXIT.done;
  if (source !== undefined) exit = await installFrontEnd(site, source, onedConf);
  if (isHost) exit = Math.max(exit, installHost(site));
  if (changes.count === 0) terminal.note("nothing to change");
  if (operator.oneadmin !== undefined || !isRoot()) return exit;
  terminal.warn(
    "there is no user oneadmin here, so all of it belongs to root; install OpenNebula, then run this again",
  );
  return EXIT.findings;
}

async function installFrontEnd(site: Site, source: string, onedConf: OnedConfChange | undefined): Promise<number> {
  const { operator, changes, isNoop } = site;
  const { terminal, layout, oneadmin, options } = operator;
  putTree(site, source);
  const stateFile = layout.at(placeIn(site.settings, "STATE_FILE"));
  changes.folder(dirname(stateFile), { mode: 0o700, owner: oneadmin });
  changes.folder(layout.at(settingIn(site.settings, "LOG_DIR") || layout.logFolder), { mode: 0o750, owner: oneadmin });
  putShared(site);
  const copy = onedConf && changeOnedConf(changes, onedConf, isNoop, (text) => terminal.print(text));
  if (options.has("sync")) await syncHosts(operator, isNoop);
  else terminal.note("hosts get the driver by: sudo -u oneadmin onehost sync -f");
  if (copy !== undefined || (onedConf !== undefined && needsRestart(operator))) await restartOned(operator, isNoop);
  if (onedConf !== undefined) return EXIT.done;
  terminal.warn(`there is no ${layout.onedConf}; install OpenNebula, then run this again`);
  return EXIT.findings;
}

function putTree(site: Site, source: string): void {
  const { operator, changes } = site;
  const { layout, oneadmin, options, terminal } = operator;
  const program = { mode: 0o755, owner: oneadmin };
  const put = (path: string): string => {
    const target = join(layout.remotes, path);
    changes.folder(dirname(target), program);
    return target;
  };
  changes.file(put(EXECUTABLE), readFileSync(join(source, EXECUTABLE)), program);
  for (const script of scripts(options.has("fw") ? ["bridge", "fw"] : ["bridge"])) {
    changes.file(put(script.path), readFileSync(join(source, script.source)), program);
  }
  const settings = put(SETTINGS);
  if (!existsSync(settings)) {
    changes.file(settings, site.settings, { mode: 0o640, owner: oneadmin });
    terminal.note(`set ZONE and PROJECT_ID in ${settings} before the first use`);
    terminal.note(
      `CLOUD is ${settingIn(site.settings, "CLOUD") ?? DRIVER_SETTINGS.CLOUD.default}; other front-ends of this OpenNebula need the same`,
    );
    return;
  }
  const added = newKeys(readFileSync(join(source, SETTINGS), "utf8"), site.settings);
  if (added.length > 0)
    terminal.note(`new settings, not in ${settings}: ${added.join(", ")}; they have their defaults`);
}

function installHost(site: Site): number {
  const { operator, changes, serverId } = site;
  const { terminal, layout, oneadmin } = operator;
  const file = layout.at(placeIn(site.settings, "SERVER_ID_FILE"));
  if (serverId !== undefined) {
    changes.folder(dirname(file), { mode: 0o750, owner: oneadmin });
    changes.file(file, `${serverId}\n`, { mode: 0o644, owner: oneadmin });
  } else if (!existsSync(file)) {
    terminal.note(`write zone/uuid of this server into ${file} before the first VM (--server-id)`);
  }
  putToken(site);
  const logs = layout.at(settingIn(site.settings, "LOG_DIR") || layout.hookLogFolder);
  const isReady = existsSync(logs) && existsSync(layout.logrotate);
  if (!(isReady || isRoot() || [dirname(logs), dirname(layout.logrotate)].every(canWrite)))
    return leaveToRoot(site, logs);
  changes.folder(logs, { mode: 0o750, owner: oneadmin });
  if (logs === layout.hookLogFolder) changes.owner(logs, oneadmin);
  if (isRoot() || canWrite(dirname(layout.logrotate))) putRotation(site);
  return EXIT.done;
}

/** oneadmin may write its own files, but not below /var/log and /etc: what is missing there is said. */
function leaveToRoot({ operator }: Site, logs: string): number {
  operator.terminal.warn(`root is needed for the rest: install -d -m 0750 -o oneadmin -g oneadmin ${logs}`);
  return EXIT.findings;
}

function canWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The token and the rotation of logs: the same on front-ends and hosts. */
function putShared(site: Site): void {
  putToken(site);
  putRotation(site);
}

function putToken({ operator, changes, token, settings }: Site): void {
  const { terminal, layout, oneadmin } = operator;
  const file = layout.at(placeIn(settings, "TOKEN_FILE"));
  if (token !== undefined) {
    changes.folder(dirname(file), { mode: 0o750, owner: oneadmin });
    changes.file(file, `${token}\n`, { mode: 0o600, owner: oneadmin });
  } else if (!existsSync(file)) {
    terminal.note(`there is no secret key yet in ${file}; give it with --token-stdin or --token-file`);
  }
}

/** Once it is edited, the rotation of logs is the administrator's, like the settings. Without its user it would fail. */
function putRotation({ operator, changes }: Site): void {
  const { terminal, layout, oneadmin } = operator;
  if (oneadmin === undefined) return;
  const file = layout.logrotate;
  if (existsSync(file) && !isUnedited(readFileSync(file, "utf8"), layout)) {
    terminal.note(`left as it is: ${file}, which differs from the one that comes with this version`);
    return;
  }
  changes.folder(dirname(file), { mode: 0o755, owner: undefined });
  changes.file(file, logrotateFile(layout), { mode: 0o644, owner: undefined });
}

function settingsText({ layout, options }: Operator, source: string | undefined): string {
  const both = [join(layout.remotes, SETTINGS), join(layout.hostRemotes, SETTINGS)];
  const installed = (options.has("frontend") ? both : both.toReversed()).find((file) => existsSync(file));
  if (installed !== undefined) return readFileSync(installed, "utf8");
  return source === undefined ? "" : firstSettings(readFileSync(join(source, SETTINGS), "utf8"), layout);
}
