// Credentials, project and permissions.
import * as z from "zod";
import { ApiRefusal, type Scaleway } from "../remote/scaleway.ts";
import type { Settings } from "../settings.ts";
import { type Finding, missing, ok, unknown } from "./finding.ts";

const keySchema = z.object({ expires_at: z.string().nullish() });
const projectSchema = z.object({ name: z.string(), organization_id: z.string() });
const anything = z.looseObject({});

/** Whether the key exists, and how long it lasts. */
export async function checkKey(api: Scaleway, accessKey: string, now: Date): Promise<Finding[]> {
  try {
    const { expires_at: expiry } = await api.get(
      `/iam/v1alpha1/api-keys/${encodeURIComponent(accessKey)}`,
      {},
      keySchema,
    );
    if (typeof expiry === "string" && Date.parse(expiry) <= now.getTime()) {
      return [missing(`the API key ended on ${expiry}`, "make a new one and set SCW_ACCESS_KEY and SCW_SECRET_KEY")];
    }
    return [ok(`the API key is valid${typeof expiry === "string" ? ` until ${expiry}` : ""}`)];
  } catch (error) {
    if (!(error instanceof ApiRefusal)) throw error;
    // A key need not be allowed to read keys. checkPermissions looks at what it may read.
    if (error.status === 403)
      return [unknown("the API key may not read itself", "look in the console how long it lasts")];
    const next =
      error.status === undefined
        ? "check the network and proxies"
        : "set SCW_ACCESS_KEY and SCW_SECRET_KEY to a key that exists";
    return [missing(error.message, next)];
  }
}

/** Whether the project exists and belongs to the organization. */
export async function checkProject(api: Scaleway, { projectId, organizationId }: Settings): Promise<Finding[]> {
  try {
    const project = await api.get(`/account/v3/projects/${projectId}`, {}, projectSchema);
    if (project.organization_id !== organizationId) {
      return [
        missing(
          `project ${project.name} belongs to another organization`,
          "correct projectId or scaleway:organizationId",
        ),
      ];
    }
    return [ok(`project ${project.name}`)];
  } catch (error) {
    return [refused(error, "the project cannot be read", "make it with make state, or give the key ProjectReadOnly")];
  }
}

/** Whether the key may read what the stack manages. Only a write shows whether it may write. */
export async function checkPermissions(api: Scaleway, settings: Settings): Promise<Finding[]> {
  const { projectId, organizationId, region, zone } = settings;
  const project = { project_id: projectId, page_size: "1" };
  const wanted = [
    ["VPCFullAccess", `/vpc/v2/regions/${region}/vpcs`, project],
    ["PrivateNetworksFullAccess", `/vpc/v2/regions/${region}/private-networks`, project],
    ["IPAMFullAccess", `/ipam/v1/regions/${region}/ips`, project],
    ["ElasticMetalFullAccess", `/baremetal/v1/zones/${zone}/servers`, project],
    ["ElasticMetalFullAccess", `/flexible-ip/v1alpha1/zones/${zone}/fips`, project],
    ["SSHKeysFullAccess", "/iam/v1alpha1/ssh-keys", { ...project, organization_id: organizationId }],
    ["IAMApplicationManager", "/iam/v1alpha1/applications", { organization_id: organizationId, page_size: "1" }],
    ["IAMGroupManager", "/iam/v1alpha1/groups", { organization_id: organizationId, page_size: "1" }],
    ["IAMPolicyManager", "/iam/v1alpha1/policies", { organization_id: organizationId, page_size: "1" }],
  ] as const;
  return Promise.all(
    wanted.map(async ([permission, path, query]) => {
      try {
        await api.get(path, query, anything);
        return ok(`the key reads ${path.split("/").at(-1)}`);
      } catch (error) {
        return refused(error, `the key lacks ${permission}`, `add ${permission} to its policy`);
      }
    }),
  );
}

function refused(error: unknown, what: string, next: string): Finding {
  if (!(error instanceof ApiRefusal)) throw error;
  return missing(`${what} (${error.message})`, next);
}
