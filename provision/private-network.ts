// Component: the cloud's VPC and its two private networks.
import * as pulumi from "@pulumi/pulumi";
import * as scw from "@pulumiverse/scaleway";
import { formerly } from "./former-names.ts";
import type { Settings } from "./settings.ts";

const TYPE = "hosted-cloud:index:PrivateNetworks";

/** A VPC with a network between hosts and a network that carries the guests' own. Pulumi never replaces or deletes them. */
export class PrivateNetworks extends pulumi.ComponentResource {
  /** Host to host: migration, storage, Ansible. */
  readonly hostToHostId: pulumi.Output<string>;
  /** VM to VM: carries the VXLAN of the guests. */
  readonly vmToVmId: pulumi.Output<string>;

  constructor(settings: Settings, tags: string[]) {
    const { projectId, region, namePrefix } = settings;
    super(TYPE, "networks", {}, formerly(namePrefix, TYPE));
    const guarded = { parent: this, protect: true };
    const vpc = new scw.network.Vpc(
      "vpc",
      { name: namePrefix, projectId, region, enableRouting: true, tags },
      { ...guarded, ...formerly(namePrefix, TYPE, "scaleway:network/vpc:Vpc") },
    );
    const network = (purpose: string, subnet: string) =>
      new scw.network.PrivateNetwork(
        purpose,
        { name: `${namePrefix}-${purpose}`, vpcId: vpc.id, projectId, region, ipv4Subnet: { subnet }, tags },
        {
          ...guarded,
          ...formerly(`${namePrefix}-${purpose}`, TYPE, "scaleway:network/privateNetwork:PrivateNetwork"),
        },
      );
    this.hostToHostId = network("hosttohost", settings.privateSubnet).id;
    this.vmToVmId = network("vmtovm", settings.vmtovmSubnet).id;
    this.registerOutputs();
  }
}
