// All that is looked at on a host.
import type { Operator } from "../operator.ts";
import { checkApi } from "./api.ts";
import { checkLogs, checkRotation, checkSpace } from "./disk.ts";
import { checked, type Finding } from "./finding.ts";
import { checkBridges, checkServer } from "./server.ts";
import { checkSettings } from "./settings.ts";
import { checkToken } from "./token.ts";
import { checkTree } from "./tree.ts";

const SYNC = "sudo -u oneadmin onehost sync -f (on the front-end)";

export async function examineHost(operator: Operator): Promise<readonly Finding[]> {
  const { layout, terminal, options } = operator;
  terminal.progress("looking at this host");
  const { config, findings: settings } = checkSettings(operator, "host");
  const { token, findings: key } = checkToken(operator, "host", config);
  const logFolder = config?.logDir ?? layout.hookLogFolder;
  const api = config && token ? await checked("api", () => checkApi(operator, "host", config, token)) : [];
  const isOpen = api.some(({ id, level }) => id === "token" && level === "ok");
  return [
    ...settings,
    ...key,
    ...api,
    ...(config && token && isOpen ? await checked("server-id", () => checkServer(operator, config, token)) : []),
    ...(await checked("files", () => checkTree(operator, layout.hostRemotes, SYNC))),
    ...(await checked("bridge", () => checkBridges(operator, options.list("bridges") ?? []))),
    ...(await checked("logs", () => checkLogs(logFolder))),
    ...(await checked("rotation", () => checkRotation(operator, "host", logFolder))),
    ...(await checked("space", () => checkSpace([layout.hostRemotes, logFolder]))),
  ];
}
