// Elastic Metal servers: the project's servers, and the server that a host says it is.
import { networkInterfaces } from "node:os";
import { type Config, readServerId } from "../../config.ts";
import { ApiError, reasonOf } from "../../errors.ts";
import { listServers, readServer, type Server } from "../elastic-metal.ts";
import type { Operator } from "../operator.ts";
import { userAgentOf } from "../survey.ts";
import { type Finding, failure, ok, warning } from "./finding.ts";
import { editing } from "./settings.ts";

/** Whether ZONE and PROJECT_ID are the servers', which matters before the first address is bought. */
export async function checkProject(
  operator: Operator,
  config: Config,
  token: string,
): Promise<{ readonly servers: readonly Server[] | undefined; readonly findings: readonly Finding[] }> {
  const cure = editing(operator, "frontend");
  const where = `project ${config.projectId} in ${config.zone}`;
  try {
    const servers = await listServers(config, token, userAgentOf(operator));
    const none = `there is no Elastic Metal server in ${where}: ZONE or PROJECT_ID is wrong`;
    const fine = ok("project", `servers of ${where}: ${servers.length}`);
    return { servers, findings: [servers.length > 0 ? fine : failure("project", none, cure)] };
  } catch (error) {
    const why = `the servers of ${where} cannot be listed: ${reasonOf(error)}`;
    return { servers: undefined, findings: [failure("project", why, cure)] };
  }
}

/** Whether this machine is the server that its file names, and whether the server is of our project. */
export async function checkServer(operator: Operator, config: Config, token: string): Promise<Finding[]> {
  const cure = "scw-flexip install --hosts HOST  # on the front-end; HOST: this host's name in OpenNebula";
  let id: string;
  try {
    id = readServerId(config);
  } catch (error) {
    return [failure("server-id", reasonOf(error), cure)];
  }
  try {
    const { addresses, projectId } = await readServer(config, token, userAgentOf(operator), id);
    const own = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
    if (!addresses.some((address) => own.includes(address))) {
      const theirs = addresses.join(", ") || "no address";
      return [failure("server-id", `server ${id} has ${theirs}, which this machine does not have`, cure, id)];
    }
    return [ok("server-id", `${id} is this machine`, id), ofProject(projectId, config)];
  } catch (error) {
    if (error instanceof ApiError && (error.status === 404 || error.status === 403)) {
      return [failure("server-id", `Scaleway has no server ${id} in ${config.zone} that this key may read`, cure, id)];
    }
    return [warning("server-id", `${id} cannot be compared with this machine: ${reasonOf(error)}`, cure, id)];
  }
}

function ofProject(projectId: string, config: Config): Finding {
  if (projectId === "" || projectId === config.projectId) return ok("project", `the server is of project ${projectId}`);
  const why = `this server is of project ${projectId}, but PROJECT_ID is ${config.projectId}`;
  return failure(
    "project",
    why,
    "sudoedit /var/lib/one/remotes/etc/ipam/scw-flexip/scw-flexip.conf  # on the front-end",
  );
}
