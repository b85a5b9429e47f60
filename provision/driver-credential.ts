// Component: an API key for a program on the servers: the driver on front-end and hosts, the backup on the front-end.
import * as pulumi from "@pulumi/pulumi";
import * as scw from "@pulumiverse/scaleway";
import type { Settings } from "./settings.ts";

export type DriverCredentialArgs = {
  readonly settings: Settings;
  readonly purpose: string;
  /** What the key may do in `projectId`, the only project that it reaches. */
  readonly permissionSets: readonly string[];
  readonly projectId: string;
  /** Public addresses of the servers that use it. */
  readonly usedFrom: readonly pulumi.Output<string>[];
  readonly tags: string[];
};

/** An IAM application for one project alone, and an API key for each expiry date; the last key is in use. */
export class DriverCredential extends pulumi.ComponentResource {
  readonly accessKey: pulumi.Output<string>;
  readonly secretKey: pulumi.Output<string>;

  constructor(name: string, args: DriverCredentialArgs) {
    super("hosted-cloud:index:DriverCredential", name);
    const { settings, purpose, projectId } = args;
    const { organizationId } = settings;
    const description = `${purpose} (${settings.namePrefix})`;
    const common = { name: `${settings.namePrefix}-${name}`, description, organizationId, tags: args.tags };
    const application = new scw.iam.Application(name, common, { parent: this });
    const group = new scw.iam.Group(name, { ...common, applicationIds: [application.id] }, { parent: this });
    const policy = new scw.iam.Policy(
      name,
      {
        ...common,
        groupId: group.id,
        rules: [
          {
            permissionSetNames: [...args.permissionSets],
            projectIds: [projectId],
            ...(settings.driverKeyOnlyFromHosts && { condition: onlyFrom(args.usedFrom) }),
          },
        ],
      },
      { parent: this },
    );
    const keys = settings.driverKeyExpiries.map(
      (expiresAt) =>
        new scw.iam.ApiKey(
          `${name}-${expiresAt}`,
          { applicationId: application.id, defaultProjectId: projectId, description, expiresAt },
          { parent: this, dependsOn: [policy] },
        ),
    );
    const current = keys.at(-1);
    if (current === undefined) throw new pulumi.RunError("setting driverKeyExpiries is empty; add a date");
    this.accessKey = current.accessKey;
    this.secretKey = pulumi.secret(current.secretKey);
    this.registerOutputs();
  }
}

/** A CEL condition: the call comes from one of these addresses. */
function onlyFrom(addresses: readonly pulumi.Output<string>[]): pulumi.Output<string> {
  return pulumi
    .all([...addresses])
    .apply((known) => known.map((ip) => `inIpRange(request.ip, "${ip}/32")`).join(" || "));
}
