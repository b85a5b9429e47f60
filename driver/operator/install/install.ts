// Puts the driver where OpenNebula runs it: on a front-end, on a host, or on a machine that is both.
import { constants, existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { UsageError } from "../../errors.ts";
import { SETTINGS as DRIVER_SETTINGS } from "../../settings.ts";
import { whyNoAccess } from "../access.ts";
import { EXIT } from "../exit.ts";
import { EXECUTABLE, type Layout, SETTINGS } from "../layout.ts";
import { isRoot } from "../oneadmin.ts";
import type { Operator } from "../operator.ts";
import { Changes } from "./changes.ts";
import { installHosts } from "./hosts.ts";
import { isUnedited, logrotateFile } from "./logrotate.ts";
import { addToOnedConf } from "./oned-conf.ts";
import { changeOnedConf, type OnedConfChange, planOnedConf } from "./oned-conf-file.ts";
import { type Done, runNoted } from "./run.ts";
import { givenServerId, givenToken } from "./secrets.ts";
import { enableTimers, restartOned, syncHosts } from "./services.ts";
import { firstSettings, newKeys, placeIn, settingIn } from "./settings.ts";
import { scripts, sourceTree } from "./tree.ts";

type Installation = {
  readonly operator: Operator;
  readonly changes: Changes;
  /** The settings file as it is or is going to be. */
  readonly settings: string;
  readonly token: string | undefined;
};

export function install(operator: Operator): Promise<number> {
  return runNoted(operator, () => installAll(operator));
}

async function installAll(operator: Operator): Promise<Done> {
  const { options } = operator;
  const names = options.list("hosts");
  const isHere = options.has("frontend") || options.has("host");
  if (names === undefined && !isHere && !options.has("timer")) {
    throw new UsageError("one of --frontend, --host, --hosts and --timer is needed, or several");
  }
  if (options.text("serverId") !== undefined && !options.has("host")) {
    throw new UsageError("--server-id needs --host; --hosts finds the ids itself");
  }
  const token = await givenToken(options);
  const here = isHere ? await installHere(operator, token) : { exit: EXIT.done, isChanged: false };
  if (options.has("timer")) await enableTimers(operator);
  const hosts = names === undefined ? EXIT.done : await installHosts(operator, names, token);
  const isElsewhereToo = names !== undefined || options.has("timer");
  return { exit: Math.max(here.exit, hosts), isChanged: here.isChanged || isElsewhereToo };
}

async function installHere(operator: Operator, token: string | undefined): Promise<Done> {
  const { options, terminal, layout, caller, oneadmin } = operator;
  const isFrontEnd = options.has("frontend");
  refuseWithoutOpenNebula(layout, isFrontEnd);
  const serverId = givenServerId(options);
  // Read before anything is changed: an oned.conf that cannot be edited stops the installation.
  const source = isFrontEnd ? sourceTree(options.text("from"), caller.executable) : undefined;
  const onedConf = isFrontEnd ? planOnedConf(layout.onedConf, addToOnedConf) : undefined;
  const changes = new Changes(operator);
  const installation: Installation = { operator, changes, settings: settingsText(operator, source), token };

  let exit: number = EXIT.done;
  if (source !== undefined) exit = await installFrontEnd(installation, source, onedConf);
  if (options.has("host")) exit = Math.max(exit, installHost(installation, serverId));
  if (changes.count === 0) terminal.note("nothing to change");
  const isChanged = changes.count > 0;
  if (oneadmin !== undefined || !isRoot()) return { exit, isChanged };
  terminal.warn("there is no user oneadmin here, so root owns all of it; install OpenNebula, then run this again");
  return { exit: EXIT.findings, isChanged };
}

/** A mistyped name must not become a tree of folders. Throws UsageError. */
function refuseWithoutOpenNebula({ root, onedConf, remotes }: Layout, isFrontEnd: boolean): void {
  if (root !== "" && !existsSync(root)) throw new UsageError(`--root: there is no ${root}`);
  if (!isFrontEnd || existsSync(onedConf) || existsSync(remotes)) return;
  const why = `no OpenNebula is here: neither ${onedConf} nor ${remotes}`;
  throw new UsageError(why, "install it first, or correct --root or --one-location");
}

async function installFrontEnd(
  installation: Installation,
  source: string,
  onedConf: OnedConfChange | undefined,
): Promise<number> {
  const { operator, changes, settings } = installation;
  const { terminal, layout, oneadmin, options } = operator;
  putTree(installation, source);
  const logs = layout.at(settingIn(settings, "LOG_DIR") || layout.logFolder);
  changes.folder(dirname(layout.at(placeIn(settings, "STATE_FILE"))), { mode: 0o700, owner: oneadmin });
  changes.folder(logs, { mode: 0o750, owner: oneadmin });
  putToken(installation);
  putRotation(installation);
  const isChanged = onedConf !== undefined && changeOnedConf(changes, onedConf);
  if (options.has("sync")) await syncHosts(operator);
  else terminal.note("copy the driver to the hosts: sudo -u oneadmin onehost sync -f");
  if (onedConf === undefined) {
    terminal.warn(`there is no ${layout.onedConf}; install OpenNebula, then run this again`);
    return EXIT.findings;
  }
  await restartOned(operator, isChanged);
  return EXIT.done;
}

function putTree({ operator, changes, settings }: Installation, source: string): void {
  const { layout, oneadmin, options, terminal } = operator;
  const program = { mode: 0o755, owner: oneadmin };
  const targetOf = (path: string): string => {
    const target = join(layout.remotes, path);
    changes.folder(dirname(target), program);
    return target;
  };
  const ours = scripts(options.has("fw") ? ["bridge", "fw"] : ["bridge"]);
  for (const { path, source: from } of [{ path: EXECUTABLE, source: EXECUTABLE }, ...ours]) {
    changes.file(targetOf(path), readFileSync(join(source, from)), program);
  }
  const file = targetOf(SETTINGS);
  if (existsSync(file)) {
    const added = newKeys(readFileSync(join(source, SETTINGS), "utf8"), settings).join(", ");
    if (added !== "") terminal.note(`new settings, not in ${file}: ${added}; they have their defaults`);
    return;
  }
  changes.file(file, settings, { mode: 0o640, owner: oneadmin });
  const cloud = settingIn(settings, "CLOUD") ?? DRIVER_SETTINGS.CLOUD.default;
  terminal.note(`set ZONE and PROJECT_ID in ${file} before the first use`);
  terminal.note(`CLOUD is ${cloud}; other front-ends of this OpenNebula need the same`);
}

function installHost(installation: Installation, serverId: string | undefined): number {
  const { operator, changes, settings } = installation;
  const { terminal, layout, oneadmin } = operator;
  const file = layout.at(placeIn(settings, "SERVER_ID_FILE"));
  if (serverId !== undefined) {
    changes.folder(dirname(file), { mode: 0o750, owner: oneadmin });
    changes.file(file, `${serverId}\n`, { mode: 0o644, owner: oneadmin });
  } else if (!existsSync(file)) {
    terminal.note(`write zone/uuid of this server into ${file} before the first VM (--server-id)`);
  }
  putToken(installation);
  const logs = layout.at(settingIn(settings, "LOG_DIR") || layout.hookLogFolder);
  const isReady = existsSync(logs) && existsSync(layout.logrotate);
  // oneadmin writes its own files, but may not write below /var/log and /etc.
  if (!(isReady || [dirname(logs), dirname(layout.logrotate)].every(canWrite))) {
    terminal.warn(`root is needed for the rest: install -d -m 0750 -o oneadmin -g oneadmin ${logs}`);
    return EXIT.findings;
  }
  changes.folder(logs, { mode: 0o750, owner: oneadmin });
  if (logs === layout.hookLogFolder) changes.owner(logs, oneadmin);
  if (canWrite(dirname(layout.logrotate))) putRotation(installation);
  return EXIT.done;
}

function canWrite(folder: string): boolean {
  return isRoot() || whyNoAccess(folder, constants.W_OK) === undefined;
}

function putToken({ operator, changes, token, settings }: Installation): void {
  const { terminal, layout, oneadmin } = operator;
  const file = layout.at(placeIn(settings, "TOKEN_FILE"));
  if (token !== undefined) {
    changes.folder(dirname(file), { mode: 0o750, owner: oneadmin });
    changes.file(file, `${token}\n`, { mode: 0o600, owner: oneadmin });
  } else if (!existsSync(file)) {
    terminal.note(`there is no secret key yet in ${file}; give it with --token-stdin or --token-file`);
  }
}

/** A rotation of logs that was edited is the administrator's, as the settings are. logrotate fails where its user is missing. */
function putRotation({ operator, changes }: Installation): void {
  const { terminal, layout, oneadmin } = operator;
  if (oneadmin === undefined) return;
  const file = layout.logrotate;
  if (existsSync(file) && !isUnedited(readFileSync(file, "utf8"), layout)) {
    terminal.note(`left as it is: ${file}, which differs from the file of this version`);
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
