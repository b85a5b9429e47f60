// Whether ZONE and PROJECT_ID are those of the machines: known before the first address is bought.
import type { Config } from "../../config.ts";
import { reasonOf } from "../../errors.ts";
import { listServers, type Server } from "../elastic-metal.ts";
import type { Operator } from "../operator.ts";
import { userAgentOf } from "../survey.ts";
import { type Finding, failure, ok } from "./finding.ts";
import { editing } from "./settings.ts";

export type Project = { readonly servers: readonly Server[] | undefined; readonly findings: readonly Finding[] };

/** The project's servers in the zone; undefined where they cannot be listed. */
export async function checkProject(operator: Operator, config: Config, token: string, file: string): Promise<Project> {
  const cure = editing(file, "frontend");
  const where = `project ${config.projectId} in ${config.zone}`;
  try {
    const servers = await listServers(config, token, userAgentOf(operator));
    if (servers.length > 0) return { servers, findings: [ok("project", `servers of ${where}: ${servers.length}`)] };
    const why = `there is no Elastic Metal server in ${where}: ZONE or PROJECT_ID is wrong`;
    return { servers, findings: [failure("project", why, cure)] };
  } catch (error) {
    return {
      servers: undefined,
      findings: [failure("project", `the servers of ${where} cannot be listed: ${reasonOf(error)}`, cure)],
    };
  }
}
