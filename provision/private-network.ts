// Component: the cloud's VPC and its two private networks.
import * as pulumi from "@pulumi/pulumi";
import * as scw from "@pulumiverse/scaleway";

export type PrivateNetworksArgs = {
  readonly projectId: string;
  readonly region: string;
  /** Host to host: migration, storage, Ansible. */
  readonly privateSubnet: string;
  /** VM to VM: carries the VXLAN of the guests. */
  readonly vmtovmSubnet: string;
  readonly tags: readonly string[];
};

/** A VPC with one network between hosts and one that carries the guests' own network. */
export class PrivateNetworks extends pulumi.ComponentResource {
  readonly hostToHostId: pulumi.Output<string>;
  readonly vmToVmId: pulumi.Output<string>;

  constructor(name: string, args: PrivateNetworksArgs, options: pulumi.ComponentResourceOptions) {
    super("hosted-cloud:index:PrivateNetworks", name, {}, options);
    const { projectId, region } = args;
    const tags = [...args.tags];
    const vpc = new scw.network.Vpc(name, { name, projectId, region, enableRouting: true, tags }, { parent: this });
    const network = (purpose: string, subnet: string) =>
      new scw.network.PrivateNetwork(
        `${name}-${purpose}`,
        { name: `${name}-${purpose}`, vpcId: vpc.id, projectId, region, ipv4Subnet: { subnet }, tags },
        { parent: this },
      );
    this.hostToHostId = network("hosttohost", args.privateSubnet).id;
    this.vmToVmId = network("vmtovm", args.vmtovmSubnet).id;
    this.registerOutputs({ hostToHostId: this.hostToHostId, vmToVmId: this.vmToVmId });
  }
}
