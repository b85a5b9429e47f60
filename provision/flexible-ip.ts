// Component: a flexible IP of the operator's own with its virtual MAC, for ranges written by hand or adopted.
import * as pulumi from "@pulumi/pulumi";
import * as scw from "@pulumiverse/scaleway";

export type FlexibleIpArgs = {
  readonly projectId: string;
  readonly zone: string;
  readonly tags: readonly string[];
};

/** A flexible IP that belongs to no server yet. */
export class FlexibleIp extends pulumi.ComponentResource {
  readonly address: pulumi.Output<string>;
  readonly mac: pulumi.Output<string>;

  constructor(name: string, { projectId, zone, tags }: FlexibleIpArgs, options: pulumi.ComponentResourceOptions) {
    super("hosted-cloud:index:FlexibleIp", name, {}, options);
    const ip = new scw.elasticmetal.Ip(
      name,
      { zone, projectId, description: `${name} of the hosted cloud`, isIpv6: false, tags: [...tags] },
      // The driver attaches it, and marks it with tags when a range adopts it.
      { parent: this, ignoreChanges: ["serverId", "tags"] },
    );
    const mac = new scw.elasticmetal.IpMacAddress(name, { flexibleIpId: ip.id, type: "kvm", zone }, { parent: this });
    this.address = ip.ipAddress;
    this.mac = mac.address;
    this.registerOutputs({ address: this.address, mac: this.mac });
  }
}
