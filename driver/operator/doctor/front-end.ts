// All that is looked at on a front-end.
import { dirname } from "node:path";
import { messageOf } from "../../errors.ts";
import type { Operator } from "../operator.ts";
import { settingsOf } from "../operator.ts";
import { checkApi } from "./api.ts";
import { checkLogs, checkRotation, checkSpace, checkState } from "./disk.ts";
import { checked, type Finding, failure } from "./finding.ts";
import { checkHosts, type FrontEnd, type HostFindings } from "./hosts.ts";
import { checkJournal } from "./journal.ts";
import { checkLeader } from "./leader.ts";
import { checkAddresses, checkNetworks } from "./networks.ts";
import { checkOned, checkOnedConf } from "./oned.ts";
import { checkProject, type Project } from "./project.ts";
import { checkSettings } from "./settings.ts";
import { checkTimer } from "./timer.ts";
import { checkToken } from "./token.ts";
import { checkRemotes, checkTree } from "./tree.ts";

const SYNC = "scw-flexip install --frontend --sync";

/** The front-end's own findings, and what its hosts are compared with. */
export async function examineFrontEnd(operator: Operator): Promise<FrontEnd> {
  const { layout, terminal } = operator;
  terminal.progress("looking at this front-end");
  const { config, findings: settings } = checkSettings(operator, "frontend");
  const { token, findings: key } = checkToken(operator, "frontend", config);
  const logFolder = config?.logDir ?? layout.logFolder;
  const api = config && token ? await checked("api", () => checkApi(operator, "frontend", config, token)) : [];
  const { networks, findings: opennebula } = await checkNetworks(operator);
  const isOpen = api.some(({ id, level }) => id === "token" && level === "ok");
  const project: Project =
    config && token && isOpen
      ? await checkProject(operator, config, token, settingsOf(operator, "frontend"))
      : { servers: undefined, findings: [] };
  const findings: readonly Finding[] = [
    ...settings,
    ...key,
    ...api,
    ...project.findings,
    ...(await checked("files", () => checkTree(operator, layout.remotes, SYNC))),
    ...(await checked("remotes", () => checkRemotes(layout.remotes))),
    ...(await checked("oned-conf", () => checkOnedConf(operator))),
    ...(await checked("oned", () => checkOned(operator))),
    ...(await checked("logs", () => checkLogs(logFolder))),
    ...(await checked("rotation", () => checkRotation(operator, "frontend", logFolder))),
    ...(config === undefined ? [] : await checked("state", () => checkState(config))),
    ...(config === undefined ? [] : await checked("journal", () => checkJournal(config.stateFile))),
    ...(await checked("space", () =>
      checkSpace([layout.remotes, logFolder, ...(config ? [dirname(config.stateFile)] : [])]),
    )),
    ...(await checked("timer", () => checkTimer(operator))),
    ...opennebula,
    ...(opennebula.some(({ level }) => level === "failure")
      ? []
      : await checked("leader", () => checkLeader(operator))),
    ...(config && isOpen ? await checked("addresses", () => checkAddresses(operator, config, networks)) : []),
  ];
  return { config, findings, networks, servers: project.servers };
}

/** The findings on the hosts, or why there are none. */
export async function examineHosts(
  operator: Operator,
  frontEnd: FrontEnd,
  names?: readonly string[],
): Promise<{ readonly hosts: readonly HostFindings[]; readonly obstacle: readonly Finding[] }> {
  try {
    return { hosts: await checkHosts(operator, frontEnd, names), obstacle: [] };
  } catch (error) {
    return { hosts: [], obstacle: [failure("hosts", messageOf(error), "sudo -u oneadmin onehost list")] };
  }
}
